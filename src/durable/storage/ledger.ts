import { chargesOf, ledgerFrom, type LedgerHour, type Spend, spendAt } from "../../pool/spend.ts";
import type { Row } from "./row.ts";
import type { SandboxTable } from "./sandbox-table.ts";

type LedgerRow = { hour: number; usd_per_s: number; running_ms: number };

/**
 * Cost of sandboxes. A running row stores how far it is charged. Moving that mark and adding to the ledger happen in
 * one transaction, so every millisecond is charged once, despite retries and lost answers.
 */
export class Ledger {
  readonly #sql: SqlStorage;
  readonly #rows: SandboxTable;
  readonly #rentOf: (row: Row) => number;

  /** @param rentOf price of a row's sandbox in USD per second */
  constructor(storage: DurableObjectStorage, rows: SandboxTable, rentOf: (row: Row) => number) {
    this.#sql = storage.sql;
    this.#rows = rows;
    this.#rentOf = rentOf;
  }

  /**
   * Charges a row that stopped at `stoppedAt`, or at E2B's own timeout if earlier. Call it with the transition that
   * sets the mark to null, before any await.
   */
  close(row: Row, stoppedAt: number): void {
    if (row.charged_until === null) return;
    for (const { hour, runningMs } of chargesOf(row.charged_until, Math.min(stoppedAt, row.ends_at))) {
      this.#sql.exec(
        "INSERT INTO ledger VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET running_ms = running_ms + excluded.running_ms",
        hour,
        this.#rentOf(row),
        runningMs,
      );
    }
  }

  /** Returns the total running time of all sandboxes so far, in seconds. */
  ranSeconds(now: number): number {
    const { ms } = this.#sql.exec<{ ms: number }>("SELECT COALESCE(SUM(running_ms), 0) AS ms FROM ledger").one();
    const open = this.#rows
      .charging()
      .reduce((sum, row) => sum + Math.max(0, Math.min(now, row.ends_at) - (row.charged_until ?? now)), 0);
    return (ms + open) / 1000;
  }

  /** Returns the cost in USD up to `now`, running sandboxes included. */
  spend(now: number): Spend {
    const from = ledgerFrom(now);
    const closed = this.#sql
      .exec<LedgerRow>("SELECT hour, usd_per_s, running_ms FROM ledger WHERE hour >= ?", from)
      .toArray()
      .map((row): LedgerHour => ({ hour: row.hour, usdPerS: row.usd_per_s, runningMs: row.running_ms }));
    const open = this.#rows.charging().flatMap((row) => {
      const charges = chargesOf(row.charged_until ?? now, Math.min(now, row.ends_at));
      return charges.map((charge): LedgerHour => ({ ...charge, usdPerS: this.#rentOf(row) }));
    });
    return spendAt([...closed, ...open], now);
  }
}
