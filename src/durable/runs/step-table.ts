import type { EventTable } from "./event-table.ts";
import type { Counts, StepReport, StepRow } from "./types.ts";

const STATES = ["done", "failed", "running"] as const;
const NONE: Counts = { done: 0, failed: 0, running: 0 };

type ItemCounts = Counts & { readonly item: number };

/** SQL of the steps of runs. Updates the counts in the rows of runs. Synchronous; call it within a transaction. */
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

  /** Returns the first failed step of each item. */
  failures(run: string): StepRow[] {
    const query = "SELECT * FROM step WHERE run = ? AND status = 'failed' GROUP BY item HAVING step = MIN(step)";
    return this.#sql.exec<StepRow>(query, run).toArray();
  }

  /** Returns the state of each begun item of a run. */
  itemStates(run: string): Map<number, keyof Counts> {
    const steps = this.#stepsOfItem(run);
    return new Map(
      this.#counts(run).flatMap((counts): [number, keyof Counts][] => {
        const state = stateOf(counts, steps);
        return state ? [[counts.item, state]] : [];
      }),
    );
  }

  /**
   * Stores reports of an item's steps, and adds an event for each change. A report about an ended step changes nothing.
   * @returns length of the new results
   */
  report(run: string, item: number, reports: readonly StepReport[], now: number): number {
    let length = 0;
    this.#counted(run, item, () => {
      for (const report of reports) if (this.#change(run, item, report, now)) length += report.result?.length ?? 0;
    });
    return length;
  }

  #change(run: string, item: number, report: StepReport, now: number): boolean {
    const { step, status, result, isCut = false, error, retryAt } = report;
    const key = [run, item, step];
    const where = "WHERE run = ? AND item = ? AND step = ?";
    const known = this.#sql.exec<{ status: string }>(`SELECT status FROM step ${where}`, ...key).toArray()[0]?.status;
    // After a restart, an instance may report an ended step as running again.
    if (known === "done" || known === "failed") return false;
    if (status === "running") {
      const begin = `INSERT INTO step (run, item, step, status, tries, began_at) VALUES (?, ?, ?, 'running', 1, ?)
        ON CONFLICT DO UPDATE SET status = 'running', tries = tries + 1, retry_at = NULL, error = NULL`;
      this.#sql.exec(begin, ...key, now);
    } else {
      const end = `UPDATE step SET status = ?, ended_at = ?, retry_at = ?, result = ?, is_cut = ?, error = ? ${where}`;
      const endedAt = status === "done" || status === "failed" ? now : null;
      this.#sql.exec(end, status, endedAt, retryAt ?? null, result ?? null, Number(isCut), error ?? null, ...key);
    }
    const isNews = status !== known && !(status === "not_begun" && known === undefined);
    if (isNews) this.#events.tell(run, status, now, { item, step, error, retryAt });
    return true;
  }

  /**
   * Ends the open steps of a run: running steps become `failed`, steps that wait for a retry become `not_begun`.
   * @param error error of the running steps
   */
  giveUp(run: string, error: string, now: number): void {
    const query = "SELECT item, step, status FROM step WHERE run = ? AND status IN ('running', 'waiting')";
    type Open = { item: number; step: number; status: string };
    for (const { item, step, status } of this.#sql.exec<Open>(query, run).toArray()) {
      const end = status === "running" ? ({ status: "failed", error } as const) : ({ status: "not_begun" } as const);
      this.report(run, item, [{ step, ...end }], now);
    }
  }

  /**
   * Reopens a run: its failed steps wait for a retry. A step that failed permanently gets a new attempt number, and so
   * counts as another operation. Any other step keeps its number: its effect is unknown, and must not happen twice.
   */
  reopen(run: string, now: number): void {
    const open = `UPDATE step SET status = 'waiting', ended_at = NULL, retry_at = ?,
      attempt = attempt + (json_extract(error, '$.retryable') = 0 AND json_extract(error, '$.code') <> 'internal')
      WHERE run = ? AND item = ? AND status = 'failed' RETURNING step`;
    for (const { item } of this.#counts(run)) {
      this.#counted(run, item, () => {
        const steps = this.#sql.exec<{ step: number }>(open, now, run, item).toArray();
        for (const { step } of steps) this.#events.tell(run, "waiting", now, { item, step, retryAt: now });
      });
    }
  }

  /** Whether a step was reported as running and not as ended. */
  isRunning(run: string): boolean {
    const query = "SELECT 1 FROM step WHERE run = ? AND status = 'running' LIMIT 1";
    return this.#sql.exec(query, run).toArray().length > 0;
  }

  /** Adds a change of an item's counts to those of its run. */
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
    const [counts = NONE] = this.#counts(run, item);
    const state = stateOf(counts, this.#stepsOfItem(run));
    return { counts, ...(state && { state }) };
  }

  /** Returns the number of steps in each state, by item. @param item absent: all items */
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

/** Returns the state of an item; undefined: none of its steps was begun. */
function stateOf({ done, failed, running }: Counts, stepsOfItem: number): keyof Counts | undefined {
  if (failed > 0) return "failed";
  if (done === stepsOfItem) return "done";
  return done + running > 0 ? "running" : undefined;
}
