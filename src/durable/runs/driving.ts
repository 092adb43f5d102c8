import * as z from "zod/v4";
import { errorBody, WarmtreeError } from "../../errors.ts";
import type { Outbox } from "../reporting/outbox.ts";
import { type EndedStatus, finishedEvents } from "./finished-event.ts";
import type { RunTable } from "./run-table.ts";
import { hasEnded, type RunRow, type StepReport, type StoredRun } from "./types.ts";
import type { Waiters } from "./waiters.ts";

/** An instance reports every few seconds while it works. After this time without a report it counts as lost. */
export const LEASE_MS = 25_000;
/** Limit of lease doublings: each next instance gets twice the time, because Cloudflare may delay its start. */
const MAX_DOUBLINGS = 6;
/** Limit of consecutive lost instances without a completed step: a run that kills its instances must end. */
const MAX_STALLS = 20;

/** Error of a step or run whose instances were lost. */
const INTERRUPTED = JSON.stringify(
  errorBody(
    new WarmtreeError(
      "internal",
      "The run ended here, and the effect of this step is unknown. Check the work with status, then retry the run: completed steps are not repeated.",
    ),
  ),
);

const storedCaller = z.object({
  key: z.string().optional(),
  requestId: z.string().optional(),
  calledAt: z.string().optional(),
});

/** A Workflow instance that executes a run. */
export interface Instance {
  readonly run: string;
  readonly generation: number;
}

interface Parts {
  readonly rows: RunTable;
  readonly outbox: Outbox;
  readonly waiters: Waiters;
}

/** Stores the reports of Workflow instances, and hands over runs whose instances are lost. Synchronous. */
export class Driving {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Records that an instance begins, or begins again. @returns its run; undefined if it has nothing to do */
  begin({ run, generation }: Instance): StoredRun | undefined {
    const { rows, waiters } = this.#parts;
    const queued = rows.get(run);
    const now = Date.now();
    if (queued?.status === "queued" && queued.generation === generation) rows.setStatus(queued, "running", now);
    const row = this.of({ run, generation });
    if (!row) return undefined;
    rows.setLease(run, now + LEASE_MS);
    waiters.wake(run);
    const { tenant, seed, sealed } = row;
    const { key, requestId, calledAt } = storedCaller.parse(JSON.parse(row.caller));
    const caller = {
      ...(key !== undefined && { key }),
      ...(requestId !== undefined && { requestId }),
      ...(calledAt !== undefined && { calledAt }),
    };
    return { tenant, input: rows.input(run), seed, ...(sealed !== null && { sealed }), caller };
  }

  /** @returns whether the instance may begin more steps */
  report(instance: Instance, item: number, reports: readonly StepReport[], restsUntil: number): boolean {
    const { rows, waiters } = this.#parts;
    const row = this.of(instance);
    if (!row) return false;
    // In a run that is being canceled, no step begins.
    const isLate = ({ status }: StepReport) => status === "running" && row.status === "canceling";
    rows.report(
      row,
      item,
      reports.filter((report) => !isLate(report)),
      Date.now(),
    );
    waiters.wake(row.run);
    return this.renew(instance, restsUntil);
  }

  /** @returns whether the instance may begin more steps */
  renew(instance: Instance, restsUntil: number): boolean {
    const row = this.of(instance);
    if (row) this.#parts.rows.setLease(row.run, Math.max(Date.now(), restsUntil) + LEASE_MS);
    return row?.status === "running";
  }

  /** Ends a run that is complete, or that cannot continue. @param error JSON of the reason */
  finish(instance: Instance, error?: string): void {
    const row = this.of(instance);
    if (!row) return;
    if (error !== undefined) this.#parts.rows.setError(row.run, error);
    this.#end(row, row.status === "canceling" ? "canceled" : undefined);
  }

  /** Cancels a run: no more steps begin. A run without a running step ends at once. */
  cancel(row: RunRow): void {
    const { rows, waiters } = this.#parts;
    if (row.status === "queued" || (row.status === "running" && !rows.steps.isRunning(row.run))) {
      this.#end(rows.handOver(row, Date.now()), "canceled");
    } else if (row.status === "running") rows.setStatus(row, "canceling", Date.now());
    waiters.wake(row.run);
  }

  /** Hands over runs whose instance is lost. @returns those that need the next instance; the others are ended */
  handOverLost(now: number): RunRow[] {
    const { rows } = this.#parts;
    return rows.lost(now).flatMap((row) => {
      const next = rows.handOver(row, now + leaseMs(row.stalls + 1));
      if (next.status !== "canceling" && next.stalls <= MAX_STALLS) return [next];
      if (next.status !== "canceling") rows.setError(next.run, INTERRUPTED);
      this.#end(next, next.status === "canceling" ? "canceled" : "failed");
      return [];
    });
  }

  /** Returns the row of a run in progress, if this instance may write to it. */
  of({ run, generation }: Instance): RunRow | undefined {
    const row = this.#parts.rows.get(run);
    const isUnderWay = row?.status === "running" || row?.status === "canceling";
    return isUnderWay && row.generation === generation ? row : undefined;
  }

  /** Ends a run. @param as final status; absent: derived from the states of its steps */
  #end({ run }: RunRow, as?: EndedStatus): void {
    const { rows, outbox, waiters } = this.#parts;
    const now = Date.now();
    rows.giveUp(run, INTERRUPTED, now);
    const row = rows.get(run);
    if (!row || hasEnded(row.status)) return;
    const status = as ?? (row.steps_failed > 0 || row.error !== null ? "failed" : "done");
    rows.setStatus(row, status, now);
    const ended = rows.get(run);
    if (ended) for (const event of finishedEvents(ended, status, now)) outbox.add(event);
    waiters.wake(run);
  }
}

const leaseMs = (stalls: number) => LEASE_MS * 2 ** Math.min(stalls, MAX_DOUBLINGS);
