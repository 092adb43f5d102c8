import { setTimeout as sleep } from "node:timers/promises";
import { overviewSchema } from "../../src/metrics/overview-schema.ts";

const POLL_MS = 100;
/** Timeout: E2B starts a sandbox in a second or two, this machine sooner; a report takes a second. */
const WARM_WITHIN_MS = 20_000;

interface Keys {
  readonly key: string;
  readonly operatorKey: string | undefined;
}

/**
 * Starts the warm pool of the Worker at `url` by a first call, and waits until it has its target size.
 * @returns whether it has
 */
export async function poolWarmed(url: string, { key, operatorKey }: Keys, signal: AbortSignal): Promise<boolean> {
  await fetch(`${url}/v1/workspaces`, { headers: { Authorization: `Bearer ${key}` } });
  const headers: Record<string, string> = operatorKey === undefined ? {} : { Authorization: `Bearer ${operatorKey}` };
  const until = performance.now() + WARM_WITHIN_MS;
  while (performance.now() < until && !signal.aborted) {
    const response = await fetch(`${url}/v1/operator/overview`, { headers });
    // With METRICS_SHARDS=0 there is no overview.
    if (!response.ok) return false;
    const { pool, sandboxes } = overviewSchema.parse(await response.json());
    if (pool.target > 0 && pool.size >= Math.min(pool.target, sandboxes.most)) return true;
    await sleep(POLL_MS);
  }
  return false;
}
