import type { Emission } from "../../webhooks/events.ts";
import type { Counts, RunRow, RunStatus } from "./types.ts";
import { viewOf } from "./view.ts";

export type EndedStatus = Extract<RunStatus, "done" | "failed" | "canceled">;

/**
 * Returns the events of a run's end: for the tenant's endpoints, and for the run's own webhook address. An endpoint
 * with that address receives one of them, because their ids are equal. The end of a retried run has another id.
 */
export function finishedEvents(row: RunRow, status: EndedStatus, now: number): Emission[] {
  const { run, tenant, attempt, webhook } = row;
  const { ops, items, steps, itemCounts } = viewOf(row);
  const event: Emission = {
    tenant,
    id: `${run}.${attempt}`,
    at: now,
    type: "run.finished",
    data: {
      run,
      ok: status === "done",
      status,
      steps: countsOf(ops.length * (items ?? 1), steps),
      ...(items !== undefined && itemCounts && { items: countsOf(items, itemCounts) }),
      url: `/v1/runs/${run}`,
    },
  };
  return webhook === null ? [event] : [event, { ...event, url: webhook }];
}

const countsOf = (total: number, { done, failed, running }: Counts) => ({
  total,
  done,
  failed,
  not_begun: total - done - failed - running,
});
