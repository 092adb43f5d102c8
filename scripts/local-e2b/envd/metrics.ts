import { ApiError } from "../http/reply.ts";
import type { Sandbox } from "../state/sandbox.ts";

/** Returns the body of envd's GET /metrics, whose field names differ from the control plane's. @throws ApiError 500 */
export function metrics(sandbox: Sandbox): object {
  const sample = sandbox.usage.sample(sandbox);
  if (sample === undefined) throw new ApiError(500, "this machine has no /proc to measure by");
  return {
    ts: sample.timestampUnix,
    cpu_count: sample.cpuCount,
    cpu_used_pct: sample.cpuUsedPct,
    mem_total: sample.memTotal,
    mem_used: sample.memUsed,
    mem_cache: sample.memCache,
    disk_total: sample.diskTotal,
    disk_used: sample.diskUsed,
  };
}
