import { apiOf, QUICK, SLOW } from "./api.ts";
import { ApiVersions } from "./api-version.ts";
import { SANDBOX_ID } from "./config.ts";
import type { E2bConfig } from "./config.ts";
import { envdHas, OLDEST_ENVD } from "./envd-version.ts";
import { E2bError } from "./error.ts";
import { readJson } from "./exchange.ts";
import { sandboxDetail, sandboxList, sandboxSession } from "./schema.ts";
import type { ListedSandbox, SandboxDetail, SandboxSession } from "./schema.ts";

interface CreateRequest {
  /** Template id, alias or snapshot id. */
  template: string;
  timeoutS: number;
  metadata: Record<string, string>;
  envs?: Record<string, string>;
  /** Pause instead of kill at the end of the timeout. */
  autoPause: boolean;
  /** The only host that it may connect to; undefined: any. */
  sealedTo?: string | undefined;
}

/** The calls of E2B's control plane that Warmtree uses. Every method throws E2bError. */
export interface ControlPlane {
  /**
   * Creates a sandbox. Not idempotent: retried only if the refusal proves that none was created. Throws invalid_request
   * if the template's envd is too old.
   */
  create(request: CreateRequest): Promise<SandboxSession>;
  /** Resumes a paused sandbox, with `timeoutS` from now; on a running one it only postpones the end. */
  connect(sandboxId: string, timeoutS: number): Promise<SandboxSession>;
  /** Returns a sandbox without waking or extending it. */
  get(sandboxId: string): Promise<SandboxDetail>;
  /** Lists, over all pages, the sandboxes that carry all of `metadata` and are in one of `states`, latest first. */
  list(query: { metadata: Record<string, string>; states: ("running" | "paused")[] }): Promise<ListedSandbox[]>;
  /** Sets the timeout from now; may shorten it. Throws not_found for a paused sandbox. */
  setTimeout(sandboxId: string, timeoutS: number): Promise<void>;
  /** Sets the only host that a running sandbox may connect to from now on; undefined: any. */
  seal(sandboxId: string, host: string | undefined): Promise<void>;
  /** Kills a sandbox, also a paused one. Returns false if it was gone already. */
  kill(sandboxId: string): Promise<boolean>;
  pause(sandboxId: string): Promise<"paused" | "already_paused">;
}

/** Every address, in E2B's rules. */
const ALL_TRAFFIC = "0.0.0.0/0";

const PAGE_SIZE = 100;
/** 20,000 sandboxes, many times the limit of any plan. More pages would mean that E2B's cursor repeats. */
const MAX_PAGES = 200;

/**
 * Creates a control plane client for an account.
 * @param fetcher replaces fetch in tests
 * @example
 * const plane = controlPlane(config.e2b);
 * const session = await plane.create({ template: "base", timeoutS: 300, metadata: {}, autoPause: true });
 * await plane.kill(session.sandboxId);
 */
export function controlPlane(config: E2bConfig, fetcher: typeof fetch = fetch): ControlPlane {
  const { send, forJson, forNothing } = apiOf(config, fetcher);
  const versions = new ApiVersions();
  const plane: ControlPlane = {
    create: async ({ template, timeoutS, metadata, envs, autoPause, sealedTo }) => {
      const what = "create a sandbox";
      const body = {
        templateID: template,
        timeout: timeoutS,
        metadata,
        ...(envs ? { envVars: envs } : {}),
        autoPause,
        ...(sealedTo === undefined ? {} : { network: egressTo(sealedTo) }),
      };
      const made = await versions.newest((version) => {
        const request =
          version === "v2"
            ? { path: "/v2/sandboxes", body }
            : // By default, this version lets anyone who knows a sandbox's id reach it.
              { path: "/sandboxes", body: { ...body, secure: true } };
        return forJson({ what, method: "POST", ...request, idempotent: false, ...SLOW }, sandboxSession);
      });
      if (envdHas("processes", made.envdVersion)) return made;
      await plane.kill(made.sandboxId);
      const message = `Template ${template} has envd ${made.envdVersion}, and nothing before ${OLDEST_ENVD} can be used: build it anew. Its sandbox was ended.`;
      throw new E2bError("invalid_request", message, { started: false });
    },

    connect: async (sandboxId, timeoutS) => {
      const what = "connect to a sandbox";
      const path = `${sandboxPath(sandboxId)}/connect`;
      const body = { timeout: timeoutS };
      return versions.newest((version) => {
        const request = { path: version === "v2" ? `/v2${path}` : path, body };
        return forJson({ what, method: "POST", ...request, idempotent: true, ...SLOW }, sandboxSession);
      });
    },

    get: async (sandboxId) => {
      const path = sandboxPath(sandboxId);
      return forJson({ what: "get a sandbox", method: "GET", path, idempotent: true, ...QUICK }, sandboxDetail);
    },

    list: async ({ metadata, states }) => {
      const what = "list sandboxes";
      const found: ListedSandbox[] = [];
      let token = "";
      for (let page = 0; page < MAX_PAGES; page++) {
        const path = `/v2/sandboxes?${listQuery(metadata, states, token)}`;
        token = await send({ what, method: "GET", path, idempotent: true, ...QUICK }, async (response) => {
          found.push(...(await readJson(response, what, sandboxList)));
          return response.headers.get("x-next-token") ?? "";
        });
        if (token === "") return found;
      }
      const message = `E2B's list of sandboxes has no end after ${MAX_PAGES} pages. Nothing was changed.`;
      throw new E2bError("protocol", message, { started: false });
    },

    setTimeout: async (sandboxId, timeoutS) => {
      const path = `${sandboxPath(sandboxId)}/timeout`;
      const body = { timeout: timeoutS };
      await forNothing({ what: "set a sandbox's timeout", method: "POST", path, body, idempotent: true, ...QUICK });
    },

    seal: async (sandboxId, host) => {
      const path = `${sandboxPath(sandboxId)}/network`;
      const body = host === undefined ? { allowOut: [], denyOut: [] } : egressTo(host);
      await forNothing({ what: "set a sandbox's network", method: "PUT", path, body, idempotent: true, ...QUICK });
    },

    kill: async (sandboxId) => {
      const path = sandboxPath(sandboxId);
      try {
        await forNothing({ what: "kill a sandbox", method: "DELETE", path, idempotent: true, ...QUICK });
        return true;
      } catch (error) {
        if (error instanceof E2bError && error.code === "not_found") return false;
        throw error;
      }
    },

    pause: async (sandboxId) => {
      const path = `${sandboxPath(sandboxId)}/pause`;
      try {
        await forNothing({ what: "pause a sandbox", method: "POST", path, body: {}, idempotent: true, ...SLOW });
        return "paused";
      } catch (error) {
        // E2B answers 409 both for "already paused" and for "being killed".
        const isConflict = error instanceof E2bError && error.code === "conflict";
        if (isConflict && (await plane.get(sandboxId)).state === "paused") return "already_paused";
        throw error;
      }
    },
  };
  return plane;
}

/** Egress rules that allow one host. E2B takes a name only where everything else is denied. */
function egressTo(host: string) {
  return { allowOut: [host], denyOut: [ALL_TRAFFIC] };
}

/** Rejects an id that would break out of its place in the URL. */
function sandboxPath(sandboxId: string): string {
  if (SANDBOX_ID.test(sandboxId)) return `/sandboxes/${sandboxId}`;
  throw new E2bError("invalid_request", "That is not the id of a sandbox. E2B was not asked.", { started: false });
}

/**
 * Builds the list query. E2B decodes the metadata filter three times (as a query parameter, as a query of its own, and
 * each name and value in it), so it is encoded three times. The states are separated by a bare comma.
 */
function listQuery(metadata: Record<string, string>, states: string[], token: string): string {
  const filter = new URLSearchParams();
  for (const [name, value] of Object.entries(metadata)) filter.set(encodeURIComponent(name), encodeURIComponent(value));
  const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
  if (filter.size > 0) query.set("metadata", filter.toString());
  if (token !== "") query.set("nextToken", token);
  return `${query.toString()}&state=${states.join(",")}`;
}
