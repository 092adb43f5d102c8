import type { EventView } from "./types.ts";

const MAX_EVENTS = 500;
/** Limit on the results and errors in one page: a message to the Worker holds at most 32 MiB. */
const MAX_LENGTH = 4_000_000;

/** A row of `event`, with the result of its step. */
type Found = {
  id: number;
  at: number;
  status: string;
  item: number | null;
  step: number | null;
  result: string | null;
  error: string | null;
  retry_at: number | null;
};

/** The step of an event. */
interface OfStep {
  readonly item?: number;
  readonly step?: number;
  readonly error?: string | undefined;
  readonly retryAt?: number | undefined;
}

/** SQL of the events of runs. */
export class EventTable {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  /** Adds the next event of a run. */
  tell(run: string, status: string, now: number, of: OfStep = {}): void {
    const { item = null, step = null, error = null, retryAt = null } = of;
    const add = `INSERT INTO event SELECT ?, COALESCE(MAX(id), 0) + 1, ?, ?, ?, ?, ?, ? FROM event WHERE run = ?`;
    this.#sql.exec(add, run, now, status, item, step, error, retryAt, run);
  }

  /** Returns the events after a known event. The event of a completed step includes its result, which never changes. */
  after(run: string, known: number): EventView[] {
    const query = `SELECT event.id, event.at, event.status, event.item, event.step, event.error, event.retry_at,
        step.result
      FROM event LEFT JOIN step ON step.run = event.run AND step.item = event.item AND step.step = event.step
        AND step.status = 'done' AND event.status = 'done'
      WHERE event.run = ? AND event.id > ? ORDER BY event.id LIMIT ?`;
    const page: EventView[] = [];
    let length = 0;
    for (const found of this.#sql.exec<Found>(query, run, known, MAX_EVENTS)) {
      page.push(eventOf(found));
      length += (found.result?.length ?? 0) + (found.error?.length ?? 0);
      if (length > MAX_LENGTH) break;
    }
    return page;
  }

  last(run: string): number {
    const query = "SELECT COALESCE(MAX(id), 0) AS id FROM event WHERE run = ?";
    return this.#sql.exec<{ id: number }>(query, run).one().id;
  }
}

const eventOf = ({ id, at, status, item, step, result, error, retry_at }: Found): EventView => ({
  id,
  at,
  status,
  ...(item !== null && { item }),
  ...(step !== null && { step }),
  ...(result !== null && { result }),
  ...(error !== null && { error }),
  ...(retry_at !== null && { retryAt: retry_at }),
});
