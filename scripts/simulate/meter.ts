import { chargesOf, type Spend, spendAt } from "../../src/pool/spend.ts";
import { WORTH } from "./world.ts";

/** A spend ledger like the pool's own: running time by hour, and the charged time of each running workspace. */
export class Meter {
  readonly #hours = new Map<number, number>();
  readonly #chargedUntil = new Map<number, number>();
  #totalMs = 0;

  /** Dollars since the meter began. */
  get usd(): number {
    return (this.#totalMs / 1000) * WORTH.rentUsdPerS;
  }

  charge(from: number, to: number): void {
    for (const { hour, runningMs } of chargesOf(from, to)) this.add(hour, runningMs);
  }

  add(hour: number, runningMs: number): void {
    this.#hours.set(hour, (this.#hours.get(hour) ?? 0) + runningMs);
    this.#totalMs += runningMs;
  }

  runsFrom(workspace: number, now: number): void {
    this.#chargedUntil.set(workspace, now);
  }

  /** Charges a running workspace up to `until`; if `stops`, it stops there. */
  settle(workspace: number, until: number, stops: boolean): void {
    const chargedUntil = this.#chargedUntil.get(workspace);
    if (chargedUntil === undefined) return;
    this.charge(chargedUntil, until);
    if (stops) this.#chargedUntil.delete(workspace);
    else this.#chargedUntil.set(workspace, Math.max(chargedUntil, until));
  }

  running(): Iterable<number> {
    return [...this.#chargedUntil.keys()];
  }

  spend(now: number): Spend {
    const hours = Array.from(this.#hours, ([hour, runningMs]) => ({ hour, runningMs, usdPerS: WORTH.rentUsdPerS }));
    return spendAt(hours, now);
  }
}
