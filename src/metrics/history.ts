import * as z from "zod/v4";
import { ERROR_KINDS, type ErrorCode } from "../errors.ts";
import { type State, STATES } from "../pool/reconcile.ts";
import { type Source, SOURCES } from "../pool/sources.ts";
import { each, sum } from "./each.ts";
import type { PoolSample } from "./pool-sample.ts";

/** Slot length of the recent history for the dashboard: fine enough to watch, coarse enough to be small. */
const SLOT_MS = 5000;
/** Length of the history; Prometheus keeps more. */
export const HISTORY_MS = 60 * 60_000;
/** Number of operations in the list of the newest: as many as a person reads. */
const NEWEST_KEPT = 50;

const SECONDS_PER_HOUR = 3600;

/** The workspace of an operation. */
export interface Given {
  /** Host and path, without credentials. */
  readonly repository?: string;
  readonly agentId?: string;
  /** Source of its sandbox; absent: it ended before it had one. */
  readonly source?: Source;
  readonly sandboxId?: string;
}

/** An ended operation for the dashboard's list. Excludes its input, which may contain secrets. */
export interface EndedOperation extends Given {
  /** Unix milliseconds. */
  readonly at: number;
  readonly operation: string;
  readonly tenant: string;
  readonly seconds: number;
  /** Absent: it succeeded. */
  readonly code?: ErrorCode;
  /** The response's X-Request-Id. */
  readonly requestId?: string;
}

/** Combined state of several pool shards. */
export interface Standing {
  readonly sandboxes: Readonly<Record<State, number>>;
  readonly poolTarget: number;
  /** Cost of the running sandboxes. */
  readonly usdPerHour: number;
}

/** Counts of one slot. */
export interface Slot {
  /** Start of the slot, in Unix milliseconds. */
  readonly at: number;
  readonly counts: ReadonlyMap<string, number>;
  /** Pool state at its end; absent: unchanged. */
  readonly standing?: Standing;
}

export interface History {
  /** Oldest first; empty slots are missing. */
  readonly slots: readonly Slot[];
  /** Pool state before the first slot; absent: unknown. */
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
  repository: z.string().exactOptional(),
  agentId: z.string().exactOptional(),
  requestId: z.string().exactOptional(),
});

/** Returns the start of the slot of a time. */
export function slotOf(time: number, lengthMs = SLOT_MS): number {
  return time - (time % lengthMs);
}

/** Combines the newest samples of several pool shards. */
export function standingOf(samples: readonly PoolSample[]): Standing {
  return {
    sandboxes: each(STATES, (state) => sum(samples, ({ sandboxes }) => sandboxes[state])),
    poolTarget: sum(samples, ({ poolTarget }) => poolTarget),
    usdPerHour: sum(samples, ({ usdPerSecond }) => usdPerSecond) * SECONDS_PER_HOUR,
  };
}

/** Returns the newest operations. Isolates flush at different times, so operations arrive out of order. */
export function newestOf(ended: readonly EndedOperation[]): EndedOperation[] {
  return ended.toSorted((a, b) => b.at - a.at).slice(0, NEWEST_KEPT);
}
