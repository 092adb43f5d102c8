import { retryable } from "cloudflare:durable-objects";
import { DurableObject } from "cloudflare:workers";
import { configOf } from "../config.ts";
import { logEvent } from "../redaction/log-line.ts";
import { startInstance } from "../start-instance.ts";
import { webhooksOf } from "../webhooks/object.ts";
import { Outbox } from "./reporting/outbox.ts";
import { AnswerTable, type KeptAnswer, type KeyedRequest, type Met } from "./runs/answer-table.ts";
import { Driving, type Instance, LEASE_MS } from "./runs/driving.ts";
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

/** Limit of unfinished runs per tenant: one tenant must not take all Workflow instances of the account. */
const MAX_UNFINISHED = 100;
/** How long a repeated request waits for the response to the first one. */
const MEET_WAIT_MS = 20_000;
/** Settled requests between two checks of the limits on a tenant's stored responses. */
const TRIM_EVERY = 32;

const METHODS = [
  ...(["start", "begin", "states", "report", "renew", "finish"] as const),
  ...(["view", "list", "steps", "failures", "items", "tenantOf", "cancel", "events", "meet", "settle"] as const),
] as const;

interface Own {
  readonly tenant: string;
  readonly run: string;
}

/**
 * One shard of the runs: stores the requested steps of each run, and the state of each step. A Workflow instance
 * executes them and reports here. If the instance is lost, the alarm starts another, which resumes at the same step.
 */
export class Runs extends DurableObject<Env> {
  static {
    // These methods are idempotent, so callers may retry if the response is lost.
    for (const method of METHODS) retryable(this.prototype[method]);
  }

  readonly #rows: RunTable;
  readonly #answers: AnswerTable;
  readonly #outbox: Outbox;
  readonly #waiters = new Waiters();
  readonly #driving: Driving;
  #settled = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#rows = new RunTable(ctx.storage);
    this.#answers = new AnswerTable(ctx.storage);
    const config = configOf(env);
    this.#outbox = new Outbox(ctx.storage, {
      isOpen: config.leaseKeys.length > 0,
      send: (event) => webhooksOf(env, config, event.tenant).emit(event),
    });
    this.#driving = new Driving({ rows: this.#rows, outbox: this.#outbox, waiters: this.#waiters });
  }

  /** Adds a run and starts it. @returns false if the tenant has too many unfinished runs */
  async start(run: NewRun): Promise<boolean> {
    const known = this.#rows.get(run.run);
    if (!known && this.#rows.unfinished(run.tenant) >= MAX_UNFINISHED) return false;
    const now = Date.now();
    this.#rows.add(run, now + LEASE_MS, now);
    await this.#arm();
    const row = this.#rows.get(run.run);
    if (row?.status === "queued") await this.#launch(row);
    return true;
  }

  /** Records that an instance begins, or begins again. @returns its run; undefined if it has nothing to do */
  async begin(instance: Instance): Promise<StoredRun | undefined> {
    const stored = this.#driving.begin(instance);
    await this.#arm();
    return stored;
  }

  /** Returns the states of an item's steps, for an instance. */
  states(instance: Instance, item: number): StepRow[] {
    return this.#driving.of(instance) ? this.#rows.steps.of(instance.run, item) : [];
  }

  /**
   * Stores an instance's reports of an item's steps.
   * @param restsUntil when the instance reports next, if all its work waits until then
   * @returns whether the instance may begin more steps
   */
  report(instance: Instance, item: number, reports: readonly StepReport[], restsUntil = 0): boolean {
    return this.#driving.report(instance, item, reports, restsUntil);
  }

  /** Renews the lease of a working instance. @returns whether the instance may begin more steps */
  renew(instance: Instance): boolean {
    return this.#driving.renew(instance, 0);
  }

  /** Ends a run that is complete, or that cannot continue. @param error JSON of the reason */
  async finish(instance: Instance, error?: string): Promise<void> {
    this.#driving.finish(instance, error);
    await this.#arm();
  }

  /**
   * Returns a run of a tenant.
   * @param waitMs longest wait for the end of the run
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

  /** Returns the state of each item that was begun, and its first failed step. */
  failures(own: Own): { readonly item: number; readonly status: string; readonly failure?: StepRow }[] {
    const row = this.#owned(own);
    if (!row) return [];
    const failures = new Map(this.#rows.steps.failures(row.run).map((failure) => [failure.item, failure]));
    return Array.from(this.#rows.steps.itemStates(row.run), ([item, status]) => {
      const failure = failures.get(item);
      return { item, status, ...(failure && { failure }) };
    });
  }

  /** Returns the items of a run as JSON; "" if it has none. */
  items(own: Own): string {
    return this.#owned(own) ? this.#rows.items(own.run) : "";
  }

  /** Lists runs, newest first: a tenant's, or all. */
  list(request: { tenant?: string; status?: RunStatus; end?: RunPageEnd; limit: number }): RunView[] {
    const { tenant, status, end, limit } = request;
    return this.#rows.list({ tenant, status }, end, limit).map((row) => viewOf(row));
  }

  /** Returns the tenant of a run, for the operator. */
  tenantOf(run: string): string | undefined {
    return this.#rows.get(run)?.tenant;
  }

  /** Cancels a run: no more steps begin. An ended run stays unchanged. */
  async cancel(own: Own): Promise<void> {
    const row = this.#owned(own);
    if (row) this.#driving.cancel(row);
    await this.#arm();
  }

  /** Continues a failed or canceled run. @returns false if the run is in another state */
  async retry(own: Own & { readonly sealed?: string }): Promise<boolean> {
    const row = this.#owned(own);
    if (row?.status !== "failed" && row?.status !== "canceled") return false;
    const now = Date.now();
    this.#rows.reopen(row, own.sealed, now + LEASE_MS, now);
    this.#waiters.wake(row.run);
    await this.#arm();
    const reopened = this.#rows.get(row.run);
    if (reopened) await this.#launch(reopened);
    return true;
  }

  /**
   * Returns the events of a run after a known event.
   * @param waitMs longest wait for an event, if there is none yet
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

  /** Begins a request with an Idempotency-Key, or returns its state if it was begun before. */
  async meet(request: KeyedRequest): Promise<Met> {
    const isUnderWay = this.#answers.meet(request, Date.now()).kind === "under_way";
    // No await between the check and the wait: `settle` must not run in between.
    if (isUnderWay) await this.#waiters.wait(newsOf(request), MEET_WAIT_MS);
    const met = this.#answers.meet(request, Date.now());
    await this.#arm();
    return met;
  }

  /** Ends a request with an Idempotency-Key. Without an answer, the client may send it again. */
  settle(request: KeyedRequest, answer?: KeptAnswer): void {
    this.#answers.settle(request, answer, Date.now());
    this.#settled += 1;
    if (this.#settled % TRIM_EVERY === 0) this.#answers.trim(request.tenant);
    this.#waiters.wake(newsOf(request));
  }

  #owned({ tenant, run }: Own): RunRow | undefined {
    const row = this.#rows.get(run);
    return row?.tenant === tenant ? row : undefined;
  }

  /** Starts the Workflow instance. If that fails, its lease expires without a report, and the alarm starts another. */
  async #launch({ run, generation }: RunRow): Promise<void> {
    try {
      await startInstance(this.env.RUN, { id: `${run}-${generation}`, params: { run, generation } });
    } catch (error) {
      logEvent("warn", { event: "run_not_launched", run, generation, reason: String(error) });
    }
  }

  override async alarm(): Promise<void> {
    try {
      const now = Date.now();
      const lost = this.#driving.handOverLost(now);
      await this.#arm();
      await Promise.all(lost.map((row) => this.#launch(row)));
      await this.#outbox.runIfDue(now);
      this.#rows.deleteExpired(now);
      this.#answers.deleteExpired(now);
    } finally {
      await this.#arm();
    }
  }

  /** Sets the alarm to the earliest due time of any row. It may fire early, and then finds nothing due. */
  async #arm(): Promise<void> {
    const times = [this.#rows.nextAt(), this.#answers.nextAt(), this.#outbox.dueAt()].filter(
      (time) => time !== undefined,
    );
    if (times.length === 0) return this.ctx.storage.deleteAlarm();
    const at = Math.max(Math.min(...times), Date.now());
    const set = await this.ctx.storage.getAlarm();
    // A renewed lease moves the due time later: keep the earlier alarm, which then sets the next one.
    if (set === null || set > at) await this.ctx.storage.setAlarm(at);
  }
}

const newsOf = ({ tenant, name }: KeyedRequest) => `${tenant}\n${name}`;
