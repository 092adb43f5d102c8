import { retryable } from "cloudflare:durable-objects";
import { DurableObject } from "cloudflare:workers";
import * as z from "zod/v4";
import { errorBody, WarmtreeError } from "../errors.ts";
import { AnswerTable, type KeptAnswer, type KeyedRequest, type Met } from "./runs/answer-table.ts";
import { configOf } from "../config.ts";
import { webhooksOf } from "../webhooks/object.ts";
import { Outbox } from "./reporting/outbox.ts";
import { type EndedStatus, finishedEvents } from "./runs/finished-event.ts";
import { RunTable } from "./runs/run-table.ts";
import {
  type EventPage,
  hasEnded,
  type NewRun,
  type RunPageEnd,
  type RunRow,
  type RunStatus,
  type RunView,
  type StepReport,
  type StepRow,
  type StoredRun,
} from "./runs/types.ts";
import { opsOf, viewOf } from "./runs/view.ts";
import { Waiters } from "./runs/waiters.ts";

/** An instance reports every few seconds; one that is silent for so long is lost. */
const LEASE_MS = 12_000;
/** Instances in a row that were lost without a completed step: a run that ends each of them must not go on for ever. */
const MAX_STALLS = 20;
/** One tenant's runs must not take all instances of the account. */
const MAX_UNFINISHED = 100;

/** A repeat waits so long for the answer of a request that is under way. */
const MEET_WAIT_MS = 20_000;

/** Error of a step during which the run was given up. */
const INTERRUPTED = errorBody(
  new WarmtreeError(
    "internal",
    "The run was interrupted too often during this step. See with status what has become of the work, then retry the run.",
  ),
);

const caller = z.object({
  key: z.string().optional(),
  requestId: z.string().optional(),
  calledAt: z.string().optional(),
});
const METHODS = [
  ...(["start", "begin", "states", "report", "renew", "finish"] as const),
  ...(["view", "list", "steps", "failures", "items", "tenantOf", "cancel", "events", "meet", "settle"] as const),
] as const;

/** An instance of the Workflow that carries out a run. */
interface Instance {
  readonly run: string;
  readonly generation: number;
}

interface Own {
  readonly tenant: string;
  readonly run: string;
}

/**
 * One shard of the runs: what is asked of each, and what became of each step. A Workflow carries them out and reports
 * here. If its instance is lost, the alarm starts another, which goes on at the step that the run was in.
 */
export class Runs extends DurableObject<Env> {
  static {
    // Every method may be retried when its answer is lost: it is idempotent.
    for (const method of METHODS) retryable(this.prototype[method]);
  }

  readonly #rows: RunTable;
  readonly #answers: AnswerTable;
  readonly #outbox: Outbox;
  readonly #waiters = new Waiters();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#rows = new RunTable(ctx.storage);
    this.#answers = new AnswerTable(ctx.storage);
    const config = configOf(env);
    this.#outbox = new Outbox(ctx.storage, {
      isOpen: config.leaseKeys.length > 0,
      send: (event) => webhooksOf(env, config, event.tenant).emit(event),
    });
  }

  /** Adds a run and starts it. @returns false if the tenant has too many unfinished ones */
  async start(run: NewRun): Promise<boolean> {
    if (!this.#rows.get(run.run) && this.#rows.unfinished(run.tenant) >= MAX_UNFINISHED) return false;
    const now = Date.now();
    this.#rows.add(run, now + LEASE_MS, now);
    const row = this.#rows.get(run.run);
    if (row?.status === "queued") await this.#launch(row);
    await this.#arm();
    return true;
  }

  /** An instance begins, or begins again. @returns undefined if it has nothing to do */
  async begin({ run, generation }: Instance): Promise<StoredRun | undefined> {
    const queued = this.#rows.get(run);
    const now = Date.now();
    if (queued?.status === "queued" && queued.generation === generation) this.#rows.setStatus(queued, "running", now);
    const row = this.#of({ run, generation });
    if (!row) return undefined;
    this.#rows.setLease(run, now + LEASE_MS);
    this.#waiters.wake(run);
    await this.#arm();
    const { tenant, seed, attempt, sealed } = row;
    const told = caller.parse(JSON.parse(row.caller));
    const known = {
      ...(told.key !== undefined && { key: told.key }),
      ...(told.requestId !== undefined && { requestId: told.requestId }),
      ...(told.calledAt !== undefined && { calledAt: told.calledAt }),
    };
    return { tenant, input: this.#rows.input(run), seed, attempt, ...(sealed !== null && { sealed }), caller: known };
  }

  /** What became of an item's steps so far, for an instance. */
  states({ run, generation }: Instance, item: number): StepRow[] {
    return this.#of({ run, generation }) ? this.#rows.steps.of(run, item) : [];
  }

  /**
   * Writes what an instance reports of an item's steps.
   * @param restsUntil when the instance reports next, if it waits longer than usual
   * @returns whether more steps may be begun
   */
  report(instance: Instance, item: number, steps: readonly StepReport[], restsUntil = 0): boolean {
    const row = this.#of(instance);
    if (!row) return false;
    this.#rows.report(row.run, item, steps, Date.now());
    this.#waiters.wake(row.run);
    return this.renew(instance, restsUntil);
  }

  /** An instance is at work. @returns whether more steps may be begun */
  renew(instance: Instance, restsUntil = 0): boolean {
    const row = this.#of(instance);
    if (row) this.#rows.setLease(row.run, Math.max(Date.now(), restsUntil) + LEASE_MS);
    return row?.status === "running";
  }

  /** Nothing of a run is left to do. */
  async finish(instance: Instance): Promise<void> {
    const row = this.#of(instance);
    if (row) await this.#end(row);
  }

  async #end(row: RunRow): Promise<void> {
    const now = Date.now();
    this.#rows.giveUp(row.run, JSON.stringify(INTERRUPTED), now);
    const hasFailed = (this.#rows.get(row.run)?.steps_failed ?? 0) > 0 || row.stalls > MAX_STALLS;
    this.#endAs(row, row.status === "canceling" ? "canceled" : hasFailed ? "failed" : "done", now);
    this.#waiters.wake(row.run);
    await this.#arm();
  }

  #endAs(row: RunRow, status: EndedStatus, now: number): void {
    this.#rows.setStatus(row, status, now);
    const ended = this.#rows.get(row.run);
    if (ended) for (const event of finishedEvents(ended, status, now)) this.#outbox.add(event);
  }

  /**
   * Returns a run of a tenant.
   * @param waitMs waits so long for its end
   */
  async view({ tenant, run, waitMs = 0 }: Own & { readonly waitMs?: number }): Promise<RunView | undefined> {
    const until = Date.now() + waitMs;
    for (;;) {
      const row = this.#owned({ tenant, run });
      const leftMs = until - Date.now();
      if (!row || hasEnded(row.status) || leftMs <= 0) return row && viewOf(row);
      await this.#waiters.wait(run, leftMs);
    }
  }

  steps(own: Own, item: number): StepRow[] {
    return this.#owned(own) ? this.#rows.steps.of(own.run, item) : [];
  }

  /** What became of the items of a run: the state of each that was begun, and the first failure. */
  failures(own: Own): { readonly item: number; readonly status: string; readonly failure?: StepRow }[] {
    const row = this.#owned(own);
    if (!row) return [];
    const failures = new Map(this.#rows.steps.failures(row.run).map((failure) => [failure.item, failure]));
    return Array.from(this.#rows.steps.itemStates(row.run), ([item, status]) => {
      const failure = failures.get(item);
      return { item, status, ...(failure && { failure }) };
    });
  }

  /** JSON of the items of a run; "" if it has none. */
  items(own: Own): string {
    return this.#owned(own) ? this.#rows.items(own.run) : "";
  }

  /** Lists runs, newest first: a tenant's, or all. */
  list(request: { tenant?: string; status?: RunStatus; end?: RunPageEnd; limit: number }): RunView[] {
    const { tenant, status, end, limit } = request;
    return this.#rows.list({ tenant, status }, end, limit).map((row) => viewOf(row));
  }

  /** Whose run it is, for the operator. */
  tenantOf(run: string): string | undefined {
    return this.#rows.get(run)?.tenant;
  }

  /** No step is begun any more. An ended run stays as it is. */
  async cancel(own: Own): Promise<void> {
    const row = this.#owned(own);
    // A run that no instance has begun ends at once.
    if (row?.status === "queued") this.#endAs(row, "canceled", Date.now());
    else if (row?.status === "running") this.#rows.setStatus(row, "canceling", Date.now());
    this.#waiters.wake(own.run);
    await this.#arm();
  }

  /** Goes on with an ended run. @returns false if it has not failed, and was not canceled */
  async retry(own: Own & { readonly sealed?: string }): Promise<boolean> {
    const row = this.#owned(own);
    if (row?.status !== "failed" && row?.status !== "canceled") return false;
    const now = Date.now();
    this.#rows.reopen(row, own.sealed, now + LEASE_MS, now);
    const reopened = this.#rows.get(row.run);
    if (reopened) await this.#launch(reopened);
    this.#waiters.wake(row.run);
    await this.#arm();
    return true;
  }

  /**
   * Returns the events of a run after a known one.
   * @param waitMs waits so long for an event, if there is none
   */
  async events(request: Own & { readonly after: number; readonly waitMs: number }): Promise<EventPage | undefined> {
    const { tenant, run, after, waitMs } = request;
    const isKnown = () => this.#owned({ tenant, run }) !== undefined;
    const isOver = () => hasEnded(this.#rows.get(run)?.status ?? "done");
    if (isKnown() && this.#rows.events.last(run) <= after && !isOver()) await this.#waiters.wait(run, waitMs);
    const row = this.#owned({ tenant, run });
    if (!row) return undefined;
    const ops = opsOf(row);
    const events = this.#rows.events.after(run, after).map((event) => {
      const op = event.step === undefined ? undefined : ops[event.step];
      return { ...event, ...(op !== undefined && { op }) };
    });
    const ended = hasEnded(row.status) && (events.at(-1)?.id ?? after) >= this.#rows.events.last(run);
    return { events, hasItems: row.items !== null, ended };
  }

  /** Begins a request with an Idempotency-Key, or returns what there is of it. */
  async meet(request: KeyedRequest): Promise<Met> {
    const isUnderWay = this.#answers.meet(request, Date.now()).kind === "under_way";
    // Nothing may come between the look and the wait.
    if (isUnderWay) await this.#waiters.wait(request.name, MEET_WAIT_MS);
    const met = this.#answers.meet(request, Date.now());
    await this.#arm();
    return met;
  }

  /** Ends such a request. Without an answer, it may be sent again. */
  settle(request: KeyedRequest, answer?: KeptAnswer): void {
    this.#answers.settle(request, answer, Date.now());
    this.#waiters.wake(request.name);
  }

  /** The row of a run that is under way, if this instance may write. */
  #of({ run, generation }: Instance): RunRow | undefined {
    const row = this.#rows.get(run);
    const isUnderWay = row?.status === "running" || row?.status === "canceling";
    return isUnderWay && row.generation === generation ? row : undefined;
  }

  #owned({ tenant, run }: Own): RunRow | undefined {
    const row = this.#rows.get(run);
    return row?.tenant === tenant ? row : undefined;
  }

  /** Starts the instance of the Workflow. If that fails, its lease ends without a report, and the alarm starts another. */
  async #launch({ run, generation }: RunRow): Promise<void> {
    const instance = { id: `${run}-${generation}`, params: { run, generation } };
    await this.env.RUN.createBatch({ instances: [instance] }).catch(() => undefined);
  }

  override async alarm(): Promise<void> {
    try {
      const now = Date.now();
      for (const row of this.#rows.lost(now)) {
        const next = this.#rows.handOver(row, now + LEASE_MS);
        if (next.stalls > MAX_STALLS) await this.#end(next);
        else await this.#launch(next);
      }
      await this.#outbox.runIfDue(now);
      this.#rows.deleteExpired(now);
      this.#answers.deleteExpired(now);
    } finally {
      await this.#arm();
    }
  }

  /** Sets the alarm, always computed from rows. It may fire early: then it finds nothing due. */
  async #arm(): Promise<void> {
    const times = [this.#rows.nextAt(), this.#answers.nextAt(), this.#outbox.dueAt()].filter(
      (time) => time !== undefined,
    );
    if (times.length === 0) return this.ctx.storage.deleteAlarm();
    const at = Math.max(Math.min(...times), Date.now());
    const set = await this.ctx.storage.getAlarm();
    // A lease that is renewed moves the time on; the alarm that is set finds the new one.
    if (set === null || set > at) await this.ctx.storage.setAlarm(at);
  }
}
