import * as z from "zod/v4";
import type { RunTable } from "./run-table.ts";
import type { RunRow, RunView } from "./types.ts";

/** JSON of the column `ops`. */
export const opsOf = ({ ops }: Pick<RunRow, "ops">): string[] => z.array(z.string()).parse(JSON.parse(ops));

/** A run as its owner sees it. */
export function viewOf(row: RunRow, rows: RunTable): RunView {
  const ops = opsOf(row);
  const states = row.items === null ? undefined : [...rows.itemStates(row.run, ops.length).values()];
  const count = (state: string) => states?.filter((one) => one === state).length ?? 0;
  return {
    run: row.run,
    tenant: row.tenant,
    status: row.status,
    ops,
    createdAt: row.created_at,
    steps: rows.stepCounts(row.run),
    ...(row.began_at !== null && { beganAt: row.began_at }),
    ...(row.ended_at !== null && { endedAt: row.ended_at }),
    ...(row.delete_at !== null && { keptUntil: row.delete_at }),
    ...(row.items !== null && { items: row.items }),
    ...(states && { itemCounts: { done: count("done"), failed: count("failed"), running: count("running") } }),
  };
}
