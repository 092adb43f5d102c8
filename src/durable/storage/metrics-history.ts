import * as z from "zod/v4";
import {
  type EndedOperation,
  endedSchema,
  type History,
  HISTORY_MS,
  newestOf,
  type Slot,
  slotOf,
  type Standing,
  standingSchema,
} from "../../metrics/history.ts";

/**
 * The recent history of a Metrics object. The number of rows does not depend on the traffic. Bodies are JSON: each
 * flush writes one slot or the list as one row.
 *
 * slot    counts of 5 s, by series; standing: pool state at its end, null: unchanged
 * newest  one row: the operations that ended last
 */
const TABLES = `
  CREATE TABLE IF NOT EXISTS slot (at INTEGER PRIMARY KEY, counts TEXT NOT NULL, standing TEXT) STRICT;
  CREATE TABLE IF NOT EXISTS newest (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL) STRICT;`;

type Row = { at: number; counts: string; standing: string | null };

const countsSchema = z.record(z.string(), z.number());
const newestSchema = z.array(endedSchema);

/** SQL of the history. Synchronous, like MetricsTable. */
export class MetricsHistory {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#sql.exec(TABLES);
  }

  /** Adds counts to the current slot, and ended operations to the list of the newest. */
  add(deltas: ReadonlyMap<string, number>, ended: readonly EndedOperation[], now: number): void {
    const slot = this.#current(now);
    const counts = new Map(slot.counts);
    for (const [series, delta] of deltas) counts.set(series, (counts.get(series) ?? 0) + delta);
    this.#write({ ...slot, counts });
    if (ended.length === 0) return;
    const body = JSON.stringify(newestOf([...this.newest(), ...ended]));
    this.#sql.exec("INSERT OR REPLACE INTO newest VALUES (1, ?)", body);
  }

  /** Records the pool state in the current slot. */
  stand(standing: Standing, now: number): void {
    this.#write({ ...this.#current(now), standing });
  }

  /** Returns the slots from `since` on, and the pool state before them. */
  read(since: number): History {
    const slots = this.#slots("at >= ? ORDER BY at", since);
    const [before] = this.#slots("at < ? AND standing IS NOT NULL ORDER BY at DESC LIMIT 1", since);
    return { slots, ...(before?.standing && { before: before.standing }) };
  }

  newest(): EndedOperation[] {
    const [row] = this.#sql.exec<{ body: string }>("SELECT body FROM newest").toArray();
    return row ? newestSchema.parse(JSON.parse(row.body)) : [];
  }

  #current(now: number): Slot {
    const at = slotOf(now);
    const [slot] = this.#slots("at = ?", at);
    // Only a new slot can make an old one expire.
    if (!slot) this.#sql.exec("DELETE FROM slot WHERE at < ?", at - HISTORY_MS);
    return slot ?? { at, counts: new Map() };
  }

  #write({ at, counts, standing }: Slot): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO slot VALUES (?, ?, ?)",
      at,
      JSON.stringify(Object.fromEntries(counts)),
      standing === undefined ? null : JSON.stringify(standing),
    );
  }

  #slots(where: string, bound: number): Slot[] {
    return this.#sql.exec<Row>(`SELECT * FROM slot WHERE ${where}`, bound).toArray().map(slotFrom);
  }
}

function slotFrom({ at, counts, standing }: Row): Slot {
  return {
    at,
    counts: new Map(Object.entries(countsSchema.parse(JSON.parse(counts)))),
    ...(standing !== null && { standing: standingSchema.parse(JSON.parse(standing)) }),
  };
}
