import type { EventTable } from "./event-table.ts";
import type { Counts, StepReport, StepRow } from "./types.ts";

const STATES = ["done", "failed", "running"] as const;
const NONE: Counts = { done: 0, failed: 0, running: 0 };

type ItemCounts = Counts & { readonly item: number };

/** SQL of the steps of runs. Keeps their numbers in the rows of runs. Synchronous; call it within a transaction. */
export class StepTable {
  readonly #sql: SqlStorage;
  readonly #events: EventTable;

  constructor(storage: DurableObjectStorage, events: EventTable) {
    this.#sql = storage.sql;
    this.#events = events;
  }

  of(run: string, item: number): StepRow[] {
    const query = "SELECT * FROM step WHERE run = ? AND item = ? ORDER BY step";
    return this.#sql.exec<StepRow>(query, run, item).toArray();
  }

  /** The first failed step of each item. */
  failures(run: string): StepRow[] {
    const query = "SELECT * FROM step WHERE run = ? AND status = 'failed' GROUP BY item HAVING step = MIN(step)";
    return this.#sql.exec<StepRow>(query, run).toArray();
  }

  /** State of each item of a run that was begun. */
  itemStates(run: string): Map<number, keyof Counts> {
    const steps = this.#stepsOfItem(run);
    return new Map(this.#counts(run).map((counts) => [counts.item, stateOf(counts, steps)]));
  }

  /** Writes what is reported of an item's steps, and tells of it. What is known already changes nothing. */
  report(run: string, item: number, reports: readonly StepReport[], now: number): void {
    this.#counted(run, item, () => {
      for (const report of reports) this.#change(run, item, report, now);
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
    const isNews = status !== known && !(status === "not_begun" && known === undefined);
    if (isNews) this.#events.tell(run, status, now, item, step);
  }

  /** The run ends: a step that waits has failed, as has one during which the run was given up. */
  giveUp(run: string, error: string, now: number): void {
    const query = "SELECT item, step, error FROM step WHERE run = ? AND status IN ('running', 'waiting')";
    type Open = { item: number; step: number; error: string | null };
    for (const { item, step, error: own } of this.#sql.exec<Open>(query, run).toArray()) {
      this.report(run, item, [{ step, status: "failed", error: own ?? error }], now);
    }
  }

  /** The run goes on: steps that are not done are as if they had never been begun. */
  forgetUndone(run: string): void {
    const forget = "DELETE FROM step WHERE run = ? AND item = ? AND status <> 'done'";
    for (const { item } of this.#counts(run)) this.#counted(run, item, () => this.#sql.exec(forget, run, item));
  }

  /** Adds to the counts of a run what a change does to those of an item. */
  #counted(run: string, item: number, change: () => void): void {
    const before = this.#standing(run, item);
    change();
    const after = this.#standing(run, item);
    const steps = STATES.map((state) => after.counts[state] - before.counts[state]);
    const items = STATES.map((state) => Number(after.state === state) - Number(before.state === state));
    const add = `UPDATE run SET steps_done = steps_done + ?, steps_failed = steps_failed + ?,
      steps_running = steps_running + ?, items_done = items_done + ?, items_failed = items_failed + ?,
      items_running = items_running + ? WHERE run = ?`;
    this.#sql.exec(add, ...steps, ...items, run);
  }

  #standing(run: string, item: number): { readonly counts: Counts; readonly state?: keyof Counts } {
    const [counts] = this.#counts(run, item);
    return counts ? { counts, state: stateOf(counts, this.#stepsOfItem(run)) } : { counts: NONE };
  }

  /** Number of steps in each state, by item. @param item absent: of every item */
  #counts(run: string, item?: number): ItemCounts[] {
    const of = item === undefined ? "" : "AND item = ?";
    const query = `SELECT item, SUM(status = 'done') AS done, SUM(status = 'failed') AS failed,
      SUM(status IN ('running', 'waiting')) AS running FROM step WHERE run = ? ${of} GROUP BY item`;
    const keys = item === undefined ? [run] : [run, item];
    return this.#sql.exec<Record<"item" | keyof Counts, number>>(query, ...keys).toArray();
  }

  #stepsOfItem(run: string): number {
    const query = "SELECT json_array_length(ops) AS number FROM run WHERE run = ?";
    return this.#sql.exec<{ number: number }>(query, run).one().number;
  }
}

const stateOf = ({ done, failed }: Counts, stepsOfItem: number): keyof Counts =>
  failed > 0 ? "failed" : done === stepsOfItem ? "done" : "running";
