import * as z from "zod/v4";
import { ERROR_KINDS, type ErrorCode } from "../errors.ts";
import { type State, STATES } from "../pool/reconcile.ts";
import { type Source, SOURCES } from "../pool/sources.ts";
import { each, sum } from "./each.ts";
import type { PoolSample } from "./pool-sample.ts";

/** The newest past is kept in slots of this length, for the page: fine enough to watch, coarse enough to be small. */
const SLOT_MS = 5000;
/** Whoever wants to look further back asks Prometheus. */
export const HISTORY_MS = 60 * 60_000;
/** As many as a person reads through. */
const NEWEST_KEPT = 50;

const SECONDS_PER_HOUR = 3600;

/** An operation that ended, as the page lists it. Nothing of what it was asked for: inputs may hold secrets. */
export interface EndedOperation {
  /** Unix milliseconds. */
  readonly at: number;
  readonly operation: string;
  readonly tenant: string;
  readonly seconds: number;
  /** Absent: it succeeded. */
  readonly code?: ErrorCode;
  /** Where its sandbox came from; absent: it ended before it had one. */
  readonly source?: Source;
  readonly sandboxId?: string;
}

/** How shards of the pool stand together. */
export interface Standing {
  readonly sandboxes: Readonly<Record<State, number>>;
  readonly poolTarget: number;
  /** What the running sandboxes cost. */
  readonly usdPerHour: number;
}

/** What happened in one slot. */
export interface Slot {
  /** When it began, in Unix milliseconds. */
  readonly at: number;
  readonly counts: ReadonlyMap<string, number>;
  /** At its end; absent: as it was before. */
  readonly standing?: Standing;
}

export interface History {
  /** Oldest first; where nothing happened there is none. */
  readonly slots: readonly Slot[];
  /** How the pool stood when the first of them began; absent: nobody knows. */
  readonly before?: Standing;
}

export const standingSchema: z.ZodType<Standing> = z.object({
  sandboxes: z.record(z.enum(STATES), z.number()),
  poolTarget: z.number(),
  usdPerHour: z.number(),
});

const isCode = (text: unknown): text is ErrorCode => typeof text === "string" && text in ERROR_KINDS;

export const endedSchema: z.ZodType<EndedOperation> = z.object({
  at: z.number(),
  operation: z.string(),
  tenant: z.string(),
  seconds: z.number(),
  code: z.custom<ErrorCode>(isCode).exactOptional(),
  source: z.enum(SOURCES).exactOptional(),
  sandboxId: z.string().exactOptional(),
});

/** Start of the slot of a time. */
export function slotOf(time: number, lengthMs = SLOT_MS): number {
  return time - (time % lengthMs);
}

export function standingOf(samples: readonly PoolSample[]): Standing {
  return {
    sandboxes: each(STATES, (state) => sum(samples, ({ sandboxes }) => sandboxes[state])),
    poolTarget: sum(samples, ({ poolTarget }) => poolTarget),
    usdPerHour: sum(samples, ({ usdPerSecond }) => usdPerSecond) * SECONDS_PER_HOUR,
  };
}

/** Isolates flush when they like, so operations do not come in the order in which they ended. */
export function newestOf(ended: readonly EndedOperation[]): EndedOperation[] {
  return ended.toSorted((a, b) => b.at - a.at).slice(0, NEWEST_KEPT);
}
