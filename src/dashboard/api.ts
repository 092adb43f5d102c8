import type * as z from "zod/v4";
import type { problemSchema } from "../api/schemas.ts";
import type {
  Health,
  Minutes,
  Overview,
  Run,
  RunItemSteps,
  RunPage,
  Status,
  Workspace,
  WorkspacePage,
} from "./types.ts";

/** Timeout of requests that only read reported data: they respond at once or not at all. */
const LOOK_TIMEOUT_MS = 10_000;
/** Timeout of requests that may have to resume a paused sandbox first. */
const ACT_TIMEOUT_MS = 120_000;

/** The service refused the request; the message says why. Any other error means that the service was not reached. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

/** Error message for a person. */
export function explained(error: unknown): string {
  if (error instanceof Refused) return error.message;
  if (error instanceof DOMException && error.name === "TimeoutError") return "The service did not answer in time.";
  return "The service cannot be reached.";
}

/** Client of `/healthz` and `/v1/operator` on the service that served this page. */
export class Api {
  /** OPERATOR_KEY; undefined: a service on this machine needs none. */
  readonly key: string | undefined;

  constructor(key: string | undefined) {
    this.key = key;
  }

  health(): Promise<Health> {
    return this.#ask("GET", "/healthz", LOOK_TIMEOUT_MS);
  }

  overview(minutes: Minutes): Promise<Overview> {
    return this.#ask("GET", `/v1/operator/overview?minutes=${minutes}`, LOOK_TIMEOUT_MS);
  }

  workspaces(page: { tenant: string; text: string; cursor?: string }): Promise<WorkspacePage> {
    return this.#ask("GET", `/v1/operator/workspaces?${queryOf(page)}`, LOOK_TIMEOUT_MS);
  }

  workspace(sandboxId: string): Promise<Workspace> {
    return this.#ask("GET", `/v1/operator/workspaces/${encodeURIComponent(sandboxId)}`, LOOK_TIMEOUT_MS);
  }

  status(sandboxId: string): Promise<Status> {
    return this.#ask("POST", `/v1/operator/workspaces/${encodeURIComponent(sandboxId)}/status`, ACT_TIMEOUT_MS);
  }

  pause(sandboxId: string): Promise<void> {
    return this.#ask("POST", `/v1/operator/workspaces/${encodeURIComponent(sandboxId)}/pause`, ACT_TIMEOUT_MS);
  }

  end(sandboxId: string): Promise<void> {
    return this.#ask("DELETE", `/v1/operator/workspaces/${encodeURIComponent(sandboxId)}`, ACT_TIMEOUT_MS);
  }

  runs(page: { tenant: string; status: string; cursor: string; limit: string }): Promise<RunPage> {
    return this.#ask("GET", `/v1/operator/runs?${queryOf(page)}`, LOOK_TIMEOUT_MS);
  }

  run(run: string): Promise<Run> {
    return this.#ask("GET", `/v1/operator/runs/${encodeURIComponent(run)}`, LOOK_TIMEOUT_MS);
  }

  runItem(run: string, item: number): Promise<RunItemSteps> {
    return this.#ask("GET", `/v1/operator/runs/${encodeURIComponent(run)}/items/${item}`, LOOK_TIMEOUT_MS);
  }

  cancel(run: string): Promise<Run> {
    return this.#ask("DELETE", `/v1/operator/runs/${encodeURIComponent(run)}`, LOOK_TIMEOUT_MS);
  }

  retry(run: string): Promise<Run> {
    return this.#ask("POST", `/v1/operator/runs/${encodeURIComponent(run)}/retry`, LOOK_TIMEOUT_MS);
  }

  async #ask<Answer>(method: string, path: string, timeoutMs: number): Promise<Answer> {
    const response = await fetch(path, {
      method,
      headers: this.key === undefined ? {} : { Authorization: `Bearer ${this.key}` },
      signal: AbortSignal.timeout(timeoutMs),
    });
    // The response has these types, because the page and the service are of one build (header.tsx reports a
    // difference).
    const body = response.status === 204 ? undefined : await response.json();
    if (response.ok) return body;
    const { detail }: z.output<typeof problemSchema> = body;
    throw new Refused(response.status, detail);
  }
}

/** Empty values are left out. */
const queryOf = (page: Readonly<Record<string, string>>) =>
  new URLSearchParams(Object.entries(page).filter(([, value]) => value !== "")).toString();
