import type { EventView } from "./types.ts";

const MAX_EVENTS = 500;

/** A row of `event`, with what its step answered. */
type Found = {
  id: number;
  at: number;
  status: string;
  item: number | null;
  step: number | null;
  result: string | null;
  error: string | null;
};

/** SQL of the events of runs. */
export class EventTable {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  /** Adds the next event of a run. */
  tell(run: string, status: string, now: number, item?: number, step?: number): void {
    const add = `INSERT INTO event SELECT ?, COALESCE(MAX(id), 0) + 1, ?, ?, ?, ? FROM event WHERE run = ?`;
    this.#sql.exec(add, run, now, status, item ?? null, step ?? null, run);
  }

  /** Events after a known one; those of a step have its answer or error, as long as that is its state. */
  after(run: string, known: number): EventView[] {
    const query = `SELECT event.id, event.at, event.status, event.item, event.step, step.result, step.error
      FROM event LEFT JOIN step ON step.run = event.run AND step.item = event.item AND step.step = event.step
        AND step.status = event.status
      WHERE event.run = ? AND event.id > ? ORDER BY event.id LIMIT ?`;
    return Array.from(this.#sql.exec<Found>(query, run, known, MAX_EVENTS), (found) => ({
      id: found.id,
      at: found.at,
      status: found.status,
      ...(found.item !== null && { item: found.item }),
      ...(found.step !== null && { step: found.step }),
      ...(found.result !== null && { result: found.result }),
      ...(found.error !== null && { error: found.error }),
    }));
  }

  last(run: string): number {
    const query = "SELECT COALESCE(MAX(id), 0) AS id FROM event WHERE run = ?";
    return this.#sql.exec<{ id: number }>(query, run).one().id;
  }
}
