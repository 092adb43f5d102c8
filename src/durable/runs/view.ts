import * as z from "zod/v4";
import type { RunRow, RunView } from "./types.ts";

/** JSON of the column `ops`. */
export const opsOf = ({ ops }: Pick<RunRow, "ops">): string[] => z.array(z.string()).parse(JSON.parse(ops));

/** JSON of the column `about`. */
const about = z.object({
  repository: z.string(),
  agent_id: z.string().exactOptional(),
  task_id: z.string().exactOptional(),
});

/** Returns the owner's view of a run. */
export function viewOf(row: RunRow): RunView {
  return {
    run: row.run,
    tenant: row.tenant,
    status: row.status,
    ops: opsOf(row),
    createdAt: row.created_at,
    steps: { done: row.steps_done, failed: row.steps_failed, running: row.steps_running },
    ...(row.began_at !== null && { beganAt: row.began_at }),
    ...(row.ended_at !== null && { endedAt: row.ended_at }),
    ...(row.delete_at !== null && { keptUntil: row.delete_at }),
    ...(row.error !== null && { error: row.error }),
    ...(row.about !== null && { about: about.parse(JSON.parse(row.about)) }),
    ...(row.items !== null && {
      items: row.items,
      itemCounts: { done: row.items_done, failed: row.items_failed, running: row.items_running },
    }),
  };
}
