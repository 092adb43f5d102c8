import { ago, count, NOTHING, plural, seconds } from "./format.ts";
import type { RunItem, RunStatus, RunStep, RunSummary } from "./types.ts";

/** More operations would not tell runs apart. */
const OPS_SHOWN = 4;

/** Returns the operations of a run, and its number of items. */
export function whatOf({ ops, items }: Pick<RunSummary, "ops" | "items">): string {
  const more = ops.length - OPS_SHOWN;
  const named = ops.slice(0, OPS_SHOWN).join(", ") + (more > 0 ? ` and ${count(more)} more` : "");
  return items ? `${named} ×${count(items.total)}` : named;
}

/** Enough to tell runs apart. */
const ID_LENGTH = "r0-".length + 8;

/** Returns the facts that tell runs of the same operations apart. */
export const whichOf = ({ run, about }: Pick<RunSummary, "run" | "about">) =>
  [...(about ? [about.repository, agentOf(about)] : []), run.slice(0, ID_LENGTH)]
    .filter((part) => part !== "")
    .join(" · ");

export const agentOf = ({ agent_id, task_id }: NonNullable<RunSummary["about"]>) =>
  [agent_id, task_id].filter((part) => part !== undefined).join(" / ");

/** How far a run is. */
export function progressOf({ items, steps_done, steps_total, steps_failed }: RunSummary) {
  const [done, total, failed, unit] = items
    ? [items.done, items.total, items.failed, "item"]
    : [steps_done, steps_total, steps_failed, "step"];
  const text = `${count(done)} of ${plural(total, unit)}${failed > 0 ? `, ${count(failed)} failed` : ""}`;
  return { text, done: done / total, failed: failed / total };
}

export function beganOf({ status, created_at, began_at }: RunSummary, now: number): string {
  if (began_at !== undefined) return ago(began_at, now);
  return status === "queued" ? `queued ${ago(created_at, now)}` : "never";
}

/** How long a run or a step took, or has taken so far. */
export function tookOf({ began_at, ended_at }: Pick<RunSummary, "began_at" | "ended_at">, now: number): string {
  if (began_at === undefined) return NOTHING;
  const end = ended_at === undefined ? now : Date.parse(ended_at);
  return seconds(Math.max(end - Date.parse(began_at), 0) / 1000);
}

/** Whether the service permits to cancel or retry a run. */
export const canCancel = (status: RunStatus) => status === "queued" || status === "running";
export const canRetry = (status: RunStatus) => status === "failed" || status === "canceled";

/** Whether an item is finished, unless its run is retried. */
export const isOver = (status: RunItem["status"]) => status === "done" || status === "failed" || status === "canceled";

const RANKS: Readonly<Record<RunItem["status"], number>> = {
  failed: 0,
  running: 1,
  canceled: 2,
  done: 3,
  not_begun: 4,
};

/** Sorts items: failed ones first, then running ones. */
export const inOrder = (items: readonly RunItem[]) =>
  items.toSorted((a, b) => RANKS[a.status] - RANKS[b.status] || a.item - b.item);

/** Tries of a step, if there were several, and how long it took. */
export function effortOf(step: RunStep, now: number): string {
  const parts = [...(step.tries > 1 ? [plural(step.tries, "try", "tries")] : []), tookOf(step, now)];
  return parts.filter((part) => part !== NOTHING).join(", ");
}

export const stateName = (status: string) => status.replace("_", " ");
