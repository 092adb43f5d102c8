import { type Limit, WarmtreeError } from "../errors.ts";
import type { Identity } from "./auth.ts";

/** Bindings of wrangler.toml, which sets the limits. A runtime without a binding has no limit. */
type Limiters = Partial<Pick<Env, "REQUESTS_PER_KEY" | "REQUESTS_PER_TENANT">>;

/** The longest period that the platform counts in; it does not tell when a period ends. */
const PERIOD_S = 60;

/**
 * Counts a request of a caller.
 * @throws rate_limited if its key or its tenant sends too many
 */
export async function countRequest(limiters: Limiters, { tenant, key }: Identity): Promise<void> {
  // One after the other: a request refused for its key takes nothing from the tenant's other keys.
  if (await isOver(limiters.REQUESTS_PER_KEY, `${tenant}/${key}`)) throw tooMany("API key", "requests_per_key");
  if (await isOver(limiters.REQUESTS_PER_TENANT, tenant)) throw tooMany("tenant", "requests_per_tenant");
}

/** Whether a key is over its limit. A failing limiter limits nobody. */
async function isOver(limiter: RateLimit | undefined, key: string): Promise<boolean> {
  if (!limiter) return false;
  try {
    return !(await limiter.limit({ key })).success;
  } catch {
    return false;
  }
}

function tooMany(whose: string, limit: Limit): WarmtreeError {
  return new WarmtreeError(
    "rate_limited",
    `Your ${whose} sends too many requests a minute. Nothing was done. Wait a minute, then send fewer: ` +
      "git_run (MCP) does several steps in one request.",
    { retryAfterS: PERIOD_S, limit },
  );
}
