import * as z from "zod/v4";
import manifest from "../../package.json" with { type: "json" };
import { checksSchema } from "../../src/api/checks-schema.ts";
import { healthSchema, problemSchema } from "../../src/api/schemas.ts";
import { problemText } from "../support/client.ts";
import { advised, fine, missing, type Finding, unknown } from "./finding.ts";
import type { DoctorOptions } from "./options.ts";
import { setupFindings } from "./setup.ts";

/** Timeout of all requests together. */
const WITHIN_MS = 9000;
const NAME = /\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/;
/** An older version does not report `credentials` and `sandbox_egress`. */
const OF_ANY_VERSION = healthSchema.partial({ credentials: true, sandbox_egress: true });
const DEPLOY = "npx wrangler deploy prints the address";

interface Answer {
  readonly status: number;
  readonly json: unknown;
  readonly ms: number;
}

/** Examines the service. Sends the key only to a Warmtree, and follows no redirect. */
export async function examine({ url, key }: Pick<DoctorOptions, "url" | "key">): Promise<Finding[]> {
  const signal = AbortSignal.timeout(WITHIN_MS);
  const health = await ask(`${url}/healthz`, signal);
  if (typeof health === "string") return [missing("reachable", `${url} ${health}`, DEPLOY)];
  const reached = fine("reachable", `${url} answers in ${health.ms} ms`);
  const served = OF_ANY_VERSION.safeParse(health.json).data;
  const wrong = problemSchema.safeParse(health.json).data;
  if (!served && wrong?.code === "misconfigured") return [reached, settings(wrong.detail)];
  if (!served) return [reached, missing("Warmtree", `HTTP ${health.status}, and not as Warmtree answers`, DEPLOY)];
  const safety = [...credentials(served), ...egress(served)];
  const found = [reached, versionOf(served.version), fine("settings", "valid"), ...safety];
  if (key === undefined) return [...found, unknown("key", "none was given: --key or WARMTREE_KEY shows the rest")];
  const answer = await ask(`${url}/v1/checks`, signal, key);
  if (typeof answer === "string") return [...found, unknown("set-up", answer)];
  const checks = checksSchema.safeParse(answer.json);
  if (checks.success) return [...found, fine("key", "accepted"), ...setupFindings(checks.data, Date.now())];
  return [...found, refused(answer)];
}

function versionOf(version: string): Finding {
  const found = `version ${version}`;
  if (version === manifest.version) return fine("Warmtree", found);
  return advised("Warmtree", `${found}; this checkout is ${manifest.version}`, "npx wrangler deploy");
}

function credentials({ credentials: how }: z.output<typeof OF_ANY_VERSION>): Finding[] {
  if (how === undefined) return [];
  if (how === "broker") return [fine("credentials", "do not enter sandboxes")];
  const mend = "npm run key -- --lease, then npx wrangler secret put LEASE_KEY";
  return [advised("credentials", "enter the sandbox while git uses them", mend)];
}

/** Returns no finding without the broker: sandboxes then need more than one host. */
function egress({ credentials: how, sandbox_egress: reach }: z.output<typeof OF_ANY_VERSION>): Finding[] {
  if (reach === undefined || how !== "broker") return [];
  if (reach === "sealed") return [fine("sandboxes", "connect to this Worker alone")];
  const mend =
    "PUBLIC_URL (the Worker's address) in [vars] of wrangler.toml, no SANDBOX_EGRESS=open, npx wrangler deploy";
  return [advised("sandboxes", "can connect to anything", mend)];
}

function settings(detail: string): Finding {
  const [name = "<name>"] = NAME.exec(detail) ?? [];
  return missing(
    "settings",
    detail,
    `npx wrangler secret put ${name}, or [vars] of wrangler.toml and npx wrangler deploy`,
  );
}

function refused({ status, json }: Answer): Finding {
  const detail = problemText(json);
  if (status !== 401) return unknown("set-up", `HTTP ${status}: ${detail}`);
  return missing("key", detail, "npm run key -- <tenant>, then npx wrangler secret put API_KEYS with its entry");
}

/** Returns the response, or the reason why there is none. */
async function ask(address: string, signal: AbortSignal, key?: string): Promise<Answer | string> {
  const startedAt = performance.now();
  const headers: Record<string, string> = key === undefined ? {} : { Authorization: `Bearer ${key}` };
  try {
    const response = await fetch(address, { headers, signal, redirect: "manual" });
    const json = z.json().safeParse(await response.json().catch(() => null)).data;
    return { status: response.status, json, ms: Math.round(performance.now() - startedAt) };
  } catch (error) {
    return signal.aborted ? `does not answer within ${WITHIN_MS / 1000} s` : `is not reached: ${reasonOf(error)}`;
  }
}

/** Returns the reason of an error; fetch puts it into the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
