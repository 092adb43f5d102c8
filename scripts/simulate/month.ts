import { type Budget, budgetState, correctBudget, boundsUnder, fullBudget, worthUnder } from "../../src/pool/budget.ts";
import { keepUntil } from "../../src/pool/keep.ts";
import { type Learned, nothingLearned, observeGap, observeResume, PAUSE_S, relearn } from "../../src/pool/learned.ts";
import { chargesOf, HOUR_MS, hourOf, ledgerFrom, spendAt } from "../../src/pool/spend.ts";
import { byDemand, WarmPool } from "./pools.ts";
import type { Trace } from "./trace.ts";
import { CREATE_S, RESUME_S, startsOf, WORTH } from "./world.ts";

/** A month of 30 days, for a trace of as many. */
const MONTH_BEGINS = Date.UTC(2026, 5);
const BOUNDS = { min: 2, max: 10 };

export type Brake =
  /** Nothing. */
  | "none"
  /** At the limit new workspaces are refused; nothing happens before. */
  | "stop"
  /** The rule of src/pool/budget.ts. */
  | "budget";

export interface Month {
  readonly brake: Brake;
  readonly spent_usd: number;
  readonly workspaces: number;
  readonly refused: number;
  readonly mean_wait_s: number;
  /** Least κ of the month: how little waiting was worth at its tightest. */
  readonly least_kappa: number;
}

/** Plays a month with `KEEP_POLICY=learned` and a warm pool under a limit, with a ledger like the pool's own. */
export function playMonth(trace: Trace, limitUsd: number, brake: Brake): Month {
  const starts = startsOf(trace, false);
  const count = trace.repositoryOf.length;
  const lastUse = new Float64Array(count).fill(-1);
  const until = new Float64Array(count);
  const chargedUntil = new Float64Array(count);
  const refused = new Uint8Array(count);
  const running = new Set<number>();
  const ledger = new Map<number, number>();
  let monthMs = 0;
  let budget: Budget = fullBudget(MONTH_BEGINS);
  let kappa = 1;
  let leastKappa = 1;
  let learned: Learned = nothingLearned(WORTH);
  const pool = new WarmPool(byDemand((): typeof BOUNDS => boundsUnder(BOUNDS, kappa), () => worthUnder(WORTH, kappa))());
  let poolChargedMs = 0;
  let waitS = 0;
  let sessions = 0;

  const charge = (from: number, to: number): void => {
    for (const { hour, runningMs } of chargesOf(Math.round(from), Math.round(to))) {
      ledger.set(hour, (ledger.get(hour) ?? 0) + runningMs);
      monthMs += runningMs;
    }
  };
  const chargeS = (at: number, seconds: number): void => charge(at, at + seconds * 1000);
  /** Charges a workspace up to `now`; forgets it when it was paused before that. */
  const settle = (workspace: number, now: number): void => {
    const end = until[workspace] ?? 0;
    charge(chargedUntil[workspace] ?? 0, Math.min(now, end));
    chargedUntil[workspace] = now;
    if (end > now) return;
    running.delete(workspace);
    chargeS(end, PAUSE_S);
  };
  const spent = (): number => (monthMs / 1000) * WORTH.rentUsdPerS;
  const isExhausted = (): boolean => brake !== "none" && spent() >= limitUsd;
  /** The hourly work: the ledger of what runs, then κ, then what follows from it. */
  const tick = (now: number): void => {
    for (const workspace of running) settle(workspace, now);
    pool.runTo(now - MONTH_BEGINS);
    chargeS(now - HOUR_MS, (pool.idleMs - poolChargedMs) / 1000 / HOUR_MS);
    poolChargedMs = pool.idleMs;
    if (brake !== "budget") return;
    const hours = [...ledger].map(([hour, runningMs]) => ({ hour, runningMs, usdPerS: WORTH.rentUsdPerS }));
    const spend = spendAt(hours.filter(({ hour }) => hour >= ledgerFrom(now)), now);
    budget = correctBudget(budget, spend, limitUsd, now);
    kappa = budgetState(budget, spend, limitUsd, now).kappa;
    leastKappa = Math.min(leastKappa, kappa);
    learned = relearn(learned, worthUnder(WORTH, kappa));
  };
  void hourOf; void isExhausted; void CREATE_S; void RESUME_S; void starts; void lastUse; void refused; void waitS; void sessions; void keepUntil; void observeGap; void observeResume; void tick;
  return { brake, spent_usd: 0, workspaces: 0, refused: 0, mean_wait_s: 0, least_kappa: leastKappa };
}
