import { WarmtreeError } from "../errors.ts";
import { UNTOUCHED } from "../ops/work.ts";
import type { Caller } from "./caller.ts";

/** An operation can be under way for so much longer than its own time: the wait for a sandbox or for a turn. */
const MARGIN_S = 60;

/**
 * Operations under way in this isolate: for each tenant the times at which they count no more. A request that the
 * runtime drops never tells its end.
 */
const lapses = new Map<string, Set<{ readonly at: number }>>();

/**
 * Runs an operation, unless MAX_OPERATIONS_PER_TENANT of its tenant are under way in this isolate.
 * @throws rate_limited
 */
export async function atOnce<Result>(caller: Caller, work: () => Promise<Result>): Promise<Result> {
  const { tenant, config } = caller;
  const now = Date.now();
  const running = lapses.get(tenant) ?? new Set();
  if (running.size >= config.maxOperationsPerTenant) {
    for (const lapse of running) if (lapse.at <= now) running.delete(lapse);
  }
  if (running.size >= config.maxOperationsPerTenant) throw tooMany(config.maxOperationsPerTenant);
  const lapse = { at: now + (config.operationTimeoutS + MARGIN_S) * 1000 };
  lapses.set(tenant, running.add(lapse));
  try {
    return await work();
  } finally {
    running.delete(lapse);
    if (running.size === 0 && lapses.get(tenant) === running) lapses.delete(tenant);
  }
}

function tooMany(most: number): WarmtreeError {
  return new WarmtreeError(
    "rate_limited",
    `${most} operations of your tenant are under way, and more may not be at once (MAX_OPERATIONS_PER_TENANT). ` +
      "Nothing was done. Call again when one of them has ended.",
    { retryAfterS: 1, limit: "operations_per_tenant", work: UNTOUCHED },
  );
}
