import * as z from "zod/v4";
import type {
  durableStepSchema,
  runEventSchema,
  runEventsSchema,
  runItemSchema,
  runSummarySchema,
} from "../api/run-schemas.ts";
import { type EventPage, type EventView, hasEnded, type RunView, type StepRow } from "../durable/runs/types.ts";

export type WireStep = z.output<typeof durableStepSchema>;
export type WireSummary = z.output<typeof runSummarySchema>;
export type WireItem = Omit<z.output<typeof runItemSchema>, "steps">;

const errorBody = z.looseObject({ code: z.string(), detail: z.string(), retryable: z.boolean() });
const resultBody = z.looseObject({});

const time = (ms: number) => new Date(ms).toISOString();

/** Returns a run without its steps. */
export function summaryOf(view: RunView): WireSummary {
  const { run, status, ops, about, items, itemCounts, steps } = view;
  const counts = items !== undefined && itemCounts && { items: itemsOf(items, itemCounts, hasEnded(status)) };
  return {
    run,
    status,
    created_at: time(view.createdAt),
    ...(view.beganAt !== undefined && { began_at: time(view.beganAt) }),
    ...(view.endedAt !== undefined && { ended_at: time(view.endedAt) }),
    ...(view.keptUntil !== undefined && { kept_until: time(view.keptUntil) }),
    ...(view.error !== undefined && { error: errorBody.parse(JSON.parse(view.error)) }),
    ...(about && { about: { ...about } }),
    ops: [...ops],
    steps_total: ops.length * (items ?? 1),
    steps_done: steps.done,
    steps_failed: steps.failed,
    ...counts,
  };
}

/** Returns the counts of items. In an ended run, an item that is only partly done counts as canceled. */
const itemsOf = (total: number, { done, failed, running }: NonNullable<RunView["itemCounts"]>, isOver: boolean) => ({
  total,
  done,
  failed,
  running: isOver ? 0 : running,
  canceled: isOver ? running : 0,
  not_begun: total - done - failed - running,
});

/** Returns the steps of one item, including those that were not begun. */
export function stepsOf(ops: readonly string[], rows: readonly StepRow[]): WireStep[] {
  const begun = new Map(rows.map((row) => [row.step, row]));
  return ops.map((op, at): WireStep => {
    const row = begun.get(at);
    if (!row) return { step: at + 1, op, status: "not_begun", tries: 0 };
    const { status, tries } = row;
    return {
      step: at + 1,
      op,
      status,
      tries,
      began_at: time(row.began_at),
      ...(row.ended_at !== null && { ended_at: time(row.ended_at) }),
      ...(row.retry_at !== null && { retry_at: time(row.retry_at) }),
      ...(row.result !== null && { result: resultBody.parse(JSON.parse(row.result)) }),
      ...(row.is_cut === 1 && { result_too_large: true as const }),
      ...(row.error !== null && { error: errorBody.parse(JSON.parse(row.error)) }),
    };
  });
}

/** Returns an item without its steps. */
export function itemOf(
  item: number,
  values: Readonly<Record<string, string>>,
  known: { readonly status: string; readonly failure?: StepRow } | undefined,
  isOver: boolean,
): WireItem {
  const { status, failure } = known ?? {};
  const begun = status === "done" || status === "failed" || status === "running" ? status : "not_begun";
  return {
    item,
    values: { ...values },
    status: isOver && begun === "running" ? "canceled" : begun,
    ...(failure && { step: failure.step + 1 }),
    ...(failure?.error && { error: errorBody.parse(JSON.parse(failure.error)) }),
  };
}

/** Returns events, and the cursor for the next ones. */
export function eventsOf({ events, hasItems, ended }: EventPage, after: number): z.output<typeof runEventsSchema> {
  return {
    events: events.map((event) => eventOf(event, hasItems)),
    cursor: events.at(-1)?.id ?? after,
    ended,
  };
}

function eventOf({ id, at, status, item, step, op, result, error, retryAt }: EventView, hasItems: boolean) {
  return {
    id,
    at: time(at),
    type: step === undefined ? "run" : "step",
    status,
    ...(hasItems && item !== undefined && { item }),
    ...(step !== undefined && { step: step + 1 }),
    ...(op !== undefined && { op }),
    ...(result !== undefined && { result: resultBody.parse(JSON.parse(result)) }),
    ...(error !== undefined && { error: errorBody.parse(JSON.parse(error)) }),
    ...(retryAt !== undefined && { retry_at: time(retryAt) }),
  } satisfies z.output<typeof runEventSchema>;
}
