import { beyond } from "../../pool/newest.ts";
import { EventTable } from "./event-table.ts";
import { StepTable } from "./step-table.ts";
import { createTables, forgetText, keepText, textOf } from "./tables.ts";
import { hasEnded, type NewRun, type RunPageEnd, type RunRow, type RunStatus, type StepReport } from "./types.ts";

/** How long an ended run is stored: one week. */
const KEPT_MS = 7 * 24 * 3_600_000;

/** Limits on one tenant's ended runs, inputs and results together: an object stores 10 GB for all its tenants. */
const MOST_ENDED = { number: 2_000, bytes: 1_000_000_000 };
/** Limit on the input and results of one run. */
const MAX_RESULT_BYTES = 100_000_000;

/** SQL of runs, with their steps and events. Synchronous; each writing method is one transaction. */
export class RunTable {
  readonly events: EventTable;
  readonly steps: StepTable;
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
    createTables(this.#sql);
    this.events = new EventTable(storage);
    this.steps = new StepTable(storage, this.events);
  }

  get(run: string): RunRow | undefined {
    return this.#sql.exec<RunRow>("SELECT * FROM run WHERE run = ?", run).toArray()[0];
  }

  input(run: string): string {
    return textOf(this.#sql, run);
  }

  /** Returns the JSON of `for_each`; "" if the run has none. */
  items(run: string): string {
    return textOf(this.#sql, itemsOf(run));
  }

  unfinished(tenant: string): number {
    const query = "SELECT COUNT(*) AS number FROM run WHERE tenant = ? AND ended_at IS NULL";
    return this.#sql.exec<{ number: number }>(query, tenant).one().number;
  }

  /** Adds a run, unless it exists. */
  add(given: NewRun, leaseUntil: number, now: number): void {
    const { run, tenant, input, items, about, seed, sealed = null, webhook = null, done = [] } = given;
    this.#storage.transactionSync(() => {
      if (this.get(run)) return;
      const insert = `INSERT INTO run
        (run, tenant, status, ops, about, items, lease_until, seed, sealed, caller, webhook, bytes, created_at)
        VALUES (?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
      const [ops, caller] = [JSON.stringify(given.ops), JSON.stringify(given.caller)];
      const columns = [
        run,
        tenant,
        ops,
        about ? JSON.stringify(about) : null,
        items?.length ?? null,
        leaseUntil,
        seed,
        sealed,
        caller,
        webhook,
        input.length,
        now,
      ];
      this.#sql.exec(insert, ...columns);
      keepText(this.#sql, run, input);
      if (items) keepText(this.#sql, itemsOf(run), JSON.stringify(items));
      this.events.tell(run, "queued", now);
      const reports = done.flatMap(({ step, ...kept }): StepReport[] => [
        { step, status: "running" },
        { step, status: "done", ...kept },
      ]);
      this.#grow(run, this.steps.report(run, 0, reports, now));
      this.#trim(tenant);
    });
  }

  /** Changes a run's status, and adds an event. An end deletes the tokens, and starts the retention period. */
  setStatus(row: RunRow, status: RunStatus, now: number): void {
    this.#storage.transactionSync(() => {
      this.#sql.exec("UPDATE run SET status = ?, began_at = COALESCE(began_at, ?) WHERE run = ?", status, now, row.run);
      if (hasEnded(status)) {
        const end = "UPDATE run SET ended_at = ?, lease_until = NULL, sealed = NULL, delete_at = ? WHERE run = ?";
        this.#sql.exec(end, now, now + KEPT_MS, row.run);
      }
      // A completed run no longer needs its input.
      if (status === "done") forgetText(this.#sql, row.run);
      if (row.status !== status) this.events.tell(row.run, status, now);
    });
  }

  setLease(run: string, until: number): void {
    this.#sql.exec("UPDATE run SET lease_until = ? WHERE run = ?", until, run);
  }

  /** Assigns a run to the next Workflow instance: the previous one may no longer write. */
  handOver(row: RunRow, leaseUntil: number): RunRow {
    const next = "UPDATE run SET generation = generation + 1, stalls = stalls + 1, lease_until = ? WHERE run = ?";
    this.#sql.exec(next, leaseUntil, row.run);
    return { ...row, generation: row.generation + 1, stalls: row.stalls + 1, lease_until: leaseUntil };
  }

  /** Reopens an ended run, to continue with the steps that are not done. */
  reopen({ run }: RunRow, sealed: string | undefined, leaseUntil: number, now: number): void {
    this.#storage.transactionSync(() => {
      this.steps.reopen(run, now);
      const open = `UPDATE run SET status = 'queued', attempt = attempt + 1, generation = generation + 1, stalls = 0,
        sealed = ?, lease_until = ?, ended_at = NULL, delete_at = NULL, error = NULL WHERE run = ?`;
      this.#sql.exec(open, sealed ?? null, leaseUntil, run);
      this.events.tell(run, "queued", now);
    });
  }

  /** Stores an instance's reports of an item's steps. */
  report({ run, bytes }: RunRow, item: number, reports: readonly StepReport[], now: number): void {
    this.#storage.transactionSync(() => {
      const kept = bytes < MAX_RESULT_BYTES ? reports : reports.map(withoutResult);
      this.#grow(run, this.steps.report(run, item, kept, now));
      const isProgress = reports.some(({ status }) => status === "done");
      if (isProgress) this.#sql.exec("UPDATE run SET stalls = 0 WHERE run = ?", run);
    });
  }

  #grow(run: string, length: number): void {
    if (length > 0) this.#sql.exec("UPDATE run SET bytes = bytes + ? WHERE run = ?", length, run);
  }

  /**
   * Ends all open steps of a run.
   * @param error error of the steps that were running
   */
  giveUp(run: string, error: string, now: number): void {
    this.#storage.transactionSync(() => this.steps.giveUp(run, error, now));
  }

  /** Stores why a run ended, if no step has the reason. */
  setError(run: string, error: string): void {
    this.#sql.exec("UPDATE run SET error = ? WHERE run = ?", error, run);
  }

  /** Deletes the oldest ended runs of a tenant above its limits. */
  #trim(tenant: string): void {
    const query = `SELECT run, bytes FROM run WHERE tenant = ? AND ended_at IS NOT NULL ORDER BY ended_at DESC`;
    const ended = this.#sql.exec<{ run: string; bytes: number }>(query, tenant).toArray();
    for (const { run } of beyond(ended, MOST_ENDED)) this.#delete(run);
  }

  #delete(run: string): void {
    for (const table of ["run", "step", "event"]) this.#sql.exec(`DELETE FROM ${table} WHERE run = ?`, run);
    for (const owner of [run, itemsOf(run)]) forgetText(this.#sql, owner);
  }

  /** Lists runs, newest first. @param tenant undefined: all tenants */
  list(
    { tenant, status }: { tenant: string | undefined; status: RunStatus | undefined },
    end: RunPageEnd | undefined,
    limit: number,
  ): RunRow[] {
    const own = Object.entries({ tenant, status }).flatMap(([column, value]) =>
      value === undefined ? [] : [{ text: ` AND ${column} = ?`, value }],
    );
    const query = `SELECT * FROM run WHERE (created_at, run) < (?, ?)${own.map(({ text }) => text).join("")}
      ORDER BY created_at DESC, run DESC LIMIT ?`;
    const before = [end?.createdAt ?? Number.MAX_SAFE_INTEGER, end?.run ?? ""];
    return this.#sql.exec<RunRow>(query, ...before, ...own.map(({ value }) => value), limit).toArray();
  }

  /** Lists runs whose instance has not reported in time. */
  lost(now: number): RunRow[] {
    return this.#sql.exec<RunRow>("SELECT * FROM run WHERE lease_until <= ?", now).toArray();
  }

  deleteExpired(now: number): void {
    this.#storage.transactionSync(() => {
      const expired = this.#sql.exec<{ run: string }>("SELECT run FROM run WHERE delete_at <= ?", now).toArray();
      for (const { run } of expired) this.#delete(run);
    });
  }

  nextAt(): number | undefined {
    const query = `SELECT MIN(at) AS at FROM
      (SELECT MIN(lease_until) AS at FROM run UNION ALL SELECT MIN(delete_at) FROM run)`;
    return this.#sql.exec<{ at: number | null }>(query).one().at ?? undefined;
  }
}

/** Returns the `owner` of a run's items in `piece`. Stored apart from the input, because they are read more often. */
const itemsOf = (run: string) => `${run}\nitems`;

/** Removes the result from a report of a run that has reached its limit. */
function withoutResult({ result, ...report }: StepReport): StepReport {
  return result === undefined ? report : { ...report, result: "{}", isCut: true };
}
