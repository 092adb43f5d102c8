import { createTables, forgetText, keepText, textOf } from "./tables.ts";
import {
  type Counts,
  type EventView,
  hasEnded,
  type NewRun,
  type RunPageEnd,
  type RunRow,
  type RunStatus,
  type StepReport,
  type StepRow,
} from "./types.ts";

const MAX_EVENTS = 500;

/** The results of a run that has ended are kept for a week. */
const KEPT_MS = 7 * 24 * 3_600_000;

/** SQL of runs, their steps and events. Synchronous; a method that writes is one transaction. */
export class RunTable {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
    createTables(this.#sql);
  }

  get(run: string): RunRow | undefined {
    return this.#sql.exec<RunRow>("SELECT * FROM run WHERE run = ?", run).toArray()[0];
  }

  input(run: string): string {
    return textOf(this.#sql, run);
  }

  /** JSON of `for_each`; "" if the run has none. */
  items(run: string): string {
    return textOf(this.#sql, itemsOf(run));
  }

  unfinished(tenant: string): number {
    const query = "SELECT COUNT(*) AS number FROM run WHERE tenant = ? AND ended_at IS NULL";
    return this.#sql.exec<{ number: number }>(query, tenant).one().number;
  }

  /** Adds a run; one that is there already stays as it is. */
  add(run: NewRun, leaseUntil: number, now: number): void {
    this.#storage.transactionSync(() => {
      if (this.get(run.run)) return;
      const { tenant, seed, sealed = null, webhook = null } = run;
      const [ops, caller] = [JSON.stringify(run.ops), JSON.stringify(run.caller)];
      const insert = `INSERT INTO run (run, tenant, status, ops, items, lease_until, seed, sealed, caller, webhook, created_at)
        VALUES (?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?)`;
      this.#sql.exec(
        insert,
        run.run,
        tenant,
        ops,
        run.items?.length ?? null,
        leaseUntil,
        seed,
        sealed,
        caller,
        webhook,
        now,
      );
      keepText(this.#sql, run.run, run.input);
      if (run.items) keepText(this.#sql, itemsOf(run.run), JSON.stringify(run.items));
      this.#tell(run.run, "queued", now);
      for (const { step, result } of run.done ?? []) {
        this.#change(run.run, 0, { step, status: "running" }, now);
        this.#change(run.run, 0, { step, status: "done", result }, now);
      }
    });
  }

  /** Changes a run's status, and tells of it. An end deletes the tokens and starts the time that results are kept. */
  setStatus(row: RunRow, status: RunStatus, now: number): void {
    this.#storage.transactionSync(() => {
      this.#sql.exec("UPDATE run SET status = ?, began_at = COALESCE(began_at, ?) WHERE run = ?", status, now, row.run);
      if (hasEnded(status)) {
        const end = "UPDATE run SET ended_at = ?, lease_until = NULL, sealed = NULL, delete_at = ? WHERE run = ?";
        this.#sql.exec(end, now, now + KEPT_MS, row.run);
      }
      if (row.status !== status) this.#tell(row.run, status, now);
    });
  }

  setLease(run: string, until: number): void {
    this.#sql.exec("UPDATE run SET lease_until = ? WHERE run = ?", until, run);
  }

  /** The run gets another instance of the Workflow: the one before may write no more. */
  handOver(row: RunRow, leaseUntil: number): RunRow {
    const next = "UPDATE run SET generation = generation + 1, stalls = stalls + 1, lease_until = ? WHERE run = ?";
    this.#sql.exec(next, leaseUntil, row.run);
    return { ...row, generation: row.generation + 1, stalls: row.stalls + 1, lease_until: leaseUntil };
  }

  /** An ended run goes on: steps that are not done are as if they had never been begun. */
  reopen(row: RunRow, sealed: string | undefined, leaseUntil: number, now: number): void {
    this.#storage.transactionSync(() => {
      this.#sql.exec("DELETE FROM step WHERE run = ? AND status <> 'done'", row.run);
      const open = `UPDATE run SET status = 'queued', attempt = attempt + 1, generation = generation + 1, stalls = 0,
        sealed = ?, lease_until = ?, ended_at = NULL, delete_at = NULL WHERE run = ?`;
      this.#sql.exec(open, sealed ?? null, leaseUntil, row.run);
      this.#tell(row.run, "queued", now);
    });
  }

  /** Writes what an instance reports of steps. What is known already changes nothing. */
  report(run: string, item: number, steps: readonly StepReport[], now: number): void {
    this.#storage.transactionSync(() => {
      for (const step of steps) this.#change(run, item, step, now);
      if (steps.some(({ status }) => status === "done")) this.#sql.exec("UPDATE run SET stalls = 0 WHERE run = ?", run);
    });
  }

  #change(run: string, item: number, { step, status, result, error, retryAt }: StepReport, now: number): void {
    const key = [run, item, step];
    const where = "WHERE run = ? AND item = ? AND step = ?";
    const known = this.#sql.exec<{ status: string }>(`SELECT status FROM step ${where}`, ...key).toArray()[0]?.status;
    // After a crash, steps that were under way are reported as running once more.
    if (known === "done" || known === "failed") return;
    if (status === "not_begun") {
      this.#sql.exec(`DELETE FROM step ${where}`, ...key);
    } else if (status === "running") {
      const begin = `INSERT INTO step (run, item, step, status, tries, began_at) VALUES (?, ?, ?, 'running', 1, ?)
        ON CONFLICT DO UPDATE SET status = 'running', tries = tries + 1, retry_at = NULL, error = NULL`;
      this.#sql.exec(begin, ...key, now);
    } else {
      const end = `UPDATE step SET status = ?, ended_at = ?, retry_at = ?, result = ?, error = ? ${where}`;
      const endedAt = status === "waiting" ? null : now;
      this.#sql.exec(end, status, endedAt, retryAt ?? null, result ?? null, error ?? null, ...key);
    }
    if (status !== known && !(status === "not_begun" && known === undefined)) this.#tell(run, status, now, item, step);
  }

  /** The run ends: a step that waits has failed, as has one during which the run was given up. */
  giveUp(run: string, error: string, now: number): void {
    this.#storage.transactionSync(() => {
      const query = "SELECT item, step, error FROM step WHERE run = ? AND status IN ('running', 'waiting')";
      type Open = { item: number; step: number; error: string | null };
      for (const open of this.#sql.exec<Open>(query, run).toArray()) {
        this.#change(run, open.item, { step: open.step, status: "failed", error: open.error ?? error }, now);
      }
    });
  }

  #tell(run: string, status: string, now: number, item?: number, step?: number): void {
    const add = `INSERT INTO event SELECT ?, COALESCE(MAX(id), 0) + 1, ?, ?, ?, ? FROM event WHERE run = ?`;
    this.#sql.exec(add, run, now, status, item ?? null, step ?? null, run);
  }

  steps(run: string, item: number): StepRow[] {
    const query = "SELECT * FROM step WHERE run = ? AND item = ? ORDER BY step";
    return this.#sql.exec<StepRow>(query, run, item).toArray();
  }

  /** The first failed step of each item. */
  failures(run: string): StepRow[] {
    const query = "SELECT * FROM step WHERE run = ? AND status = 'failed' GROUP BY item HAVING step = MIN(step)";
    return this.#sql.exec<StepRow>(query, run).toArray();
  }

  /** Number of steps in each state, by item. */
  #countsByItem(run: string): Map<number, Counts> {
    const query = `SELECT item, SUM(status = 'done') AS done, SUM(status = 'failed') AS failed,
      SUM(status IN ('running', 'waiting')) AS running FROM step WHERE run = ? GROUP BY item`;
    const rows = this.#sql.exec<Record<"item" | keyof Counts, number>>(query, run);
    return new Map(Array.from(rows, ({ item, ...counts }) => [item, counts]));
  }

  /** State of each item; absent: none of its steps was begun. */
  itemStates(run: string, stepsOfItem: number): Map<number, keyof Counts> {
    const states = Array.from(this.#countsByItem(run), ([item, { done, failed }]): [number, keyof Counts] => [
      item,
      failed > 0 ? "failed" : done === stepsOfItem ? "done" : "running",
    ]);
    return new Map(states);
  }

  stepCounts(run: string): Counts {
    const all = [...this.#countsByItem(run).values()];
    const sum = (of: keyof Counts) => all.reduce((total, counts) => total + counts[of], 0);
    return { done: sum("done"), failed: sum("failed"), running: sum("running") };
  }

  list(
    tenant: string | undefined,
    status: RunStatus | undefined,
    end: RunPageEnd | undefined,
    limit: number,
  ): RunRow[] {
    const where = ["(created_at, run) < (?, ?)"];
    const values: (string | number)[] = [end?.createdAt ?? Number.MAX_SAFE_INTEGER, end?.run ?? ""];
    if (tenant !== undefined) {
      where.push("tenant = ?");
      values.push(tenant);
    }
    if (status !== undefined) {
      where.push("status = ?");
      values.push(status);
    }
    const query = `SELECT * FROM run WHERE ${where.join(" AND ")} ORDER BY created_at DESC, run DESC LIMIT ?`;
    return this.#sql.exec<RunRow>(query, ...values, limit).toArray();
  }

  /** Events after a known one; those of a step have its answer or error, as long as that is its state. */
  events(run: string, after: number): EventView[] {
    const query = `SELECT event.id, event.at, event.status, event.item, event.step, step.result, step.error
      FROM event LEFT JOIN step ON step.run = event.run AND step.item = event.item AND step.step = event.step
        AND step.status = event.status
      WHERE event.run = ? AND event.id > ? ORDER BY event.id LIMIT ?`;
    type Found = { [Name in "id" | "at"]: number } & { status: string } & {
      [Name in "item" | "step"]: number | null;
    } & { [Name in "result" | "error"]: string | null };
    return Array.from(this.#sql.exec<Found>(query, run, after, MAX_EVENTS), (found) => ({
      id: found.id,
      at: found.at,
      status: found.status,
      ...(found.item !== null && { item: found.item }),
      ...(found.step !== null && { step: found.step }),
      ...(found.result !== null && { result: found.result }),
      ...(found.error !== null && { error: found.error }),
    }));
  }

  lastEvent(run: string): number {
    const query = "SELECT COALESCE(MAX(id), 0) AS id FROM event WHERE run = ?";
    return this.#sql.exec<{ id: number }>(query, run).one().id;
  }

  /** Runs whose instance has not reported in time. */
  lost(now: number): RunRow[] {
    return this.#sql.exec<RunRow>("SELECT * FROM run WHERE lease_until <= ?", now).toArray();
  }

  deleteExpired(now: number): void {
    this.#storage.transactionSync(() => {
      const expired = this.#sql.exec<{ run: string }>("SELECT run FROM run WHERE delete_at <= ?", now).toArray();
      for (const { run } of expired) {
        for (const table of ["run", "step", "event"]) this.#sql.exec(`DELETE FROM ${table} WHERE run = ?`, run);
        for (const owner of [run, itemsOf(run)]) forgetText(this.#sql, owner);
      }
    });
  }

  nextAt(): number | undefined {
    const { at } = this.#sql
      .exec<{
        at: number | null;
      }>("SELECT MIN(at) AS at FROM (SELECT MIN(lease_until) AS at FROM run UNION ALL SELECT MIN(delete_at) FROM run)")
      .one();
    return at ?? undefined;
  }
}

/** Owner of the pieces of a run's items, which are read more often than its whole input. */
const itemsOf = (run: string) => `${run}\nitems`;
