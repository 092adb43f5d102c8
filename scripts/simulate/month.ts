import { boundsUnder, budgetState, correctBudget, fullBudget, worthUnder } from "../../src/pool/budget.ts";
import { keepUntil } from "../../src/pool/idle-timeout.ts";
import { nothingLearned, observeGap, observeResume, PAUSE_S, relearn } from "../../src/pool/learned.ts";
import { HOUR_MS, hourOf } from "../../src/pool/spend.ts";
import { Meter } from "./meter.ts";
import { byDemand, WarmPool } from "./pools.ts";
import type { Trace } from "./trace.ts";
import { CREATE_S, NO_TTL_MS, RESUME_S, startsOf, WORTH } from "./world.ts";

/** Start of a month of 30 days, the length that the trace must have. */
const MONTH_BEGINS = Date.UTC(2026, 5);
const BOUNDS = { min: 2, max: 10 };

export type Brake =
  | "none"
  /** At the limit: no pool, no idle time and no new workspaces; before it: no restriction. */
  | "stop"
  /** The rule of src/pool/budget.ts. */
  | "budget";

export interface MonthOutcome {
  readonly brake: Brake;
  readonly usd: number;
  readonly of_limit: number;
  /** Refused workspaces, as a share of all. */
  readonly refused: number;
  readonly mean_wait_s: number;
}

/** Plays a month of `KEEP_POLICY=learned` with pause and a warm pool, under a limit. */
export function playMonth(trace: Trace, limitUsd: number, brake: Brake): MonthOutcome {
  const starts = startsOf(trace, false);
  const lastUse = new Float64Array(trace.repositoryOf.length).fill(-1);
  const until = new Float64Array(trace.repositoryOf.length);
  const refused = new Set<number>();
  const meter = new Meter();
  let budget = fullBudget(MONTH_BEGINS);
  let kappa = 1;
  let learned = nothingLearned(WORTH);
  const pool = new WarmPool(
    byDemand(() => ({ bounds: boundsUnder(BOUNDS, kappa), worth: worthUnder(WORTH, kappa) }))(),
    MONTH_BEGINS,
  );
  let poolChargedMs = 0;
  let waitS = 0;
  let sessions = 0;

  const settle = (workspace: number, now: number): void => {
    const stopsAt = until[workspace] ?? 0;
    const stops = stopsAt <= now;
    meter.settle(workspace, Math.min(stopsAt, now), stops);
    if (stops) meter.charge(stopsAt, stopsAt + PAUSE_S * 1000);
  };
  /** Ends an hour: charges the running workspaces, corrects the budget, and learns the new worth of idle time. */
  const closeHour = (hour: number): void => {
    const now = hour + HOUR_MS;
    for (const workspace of meter.running()) settle(workspace, now);
    pool.runTo(now);
    meter.add(hour, pool.idleMs - poolChargedMs);
    poolChargedMs = pool.idleMs;
    if (brake !== "budget") return;
    budget = correctBudget(budget, meter.spend(now), limitUsd, now);
    learned = relearn(learned, worthUnder(WORTH, budget.kappa));
  };
  const start = (workspace: number, now: number): number => {
    const { workS } = starts(workspace);
    const wait = pool.claim(now) ? workS : CREATE_S + workS;
    meter.charge(now, now + Math.round((CREATE_S + workS) * 1000));
    return wait;
  };
  const comeBack = (workspace: number, now: number): number => {
    const last = lastUse[workspace] ?? 0;
    const wait = (until[workspace] ?? 0) > now ? 0 : RESUME_S;
    settle(workspace, now);
    if (wait > 0) {
      meter.charge(now, now + RESUME_S * 1000);
      learned = observeResume(learned, RESUME_S);
    }
    learned = observeGap(learned, now - last, worthUnder(WORTH, kappa));
    return wait;
  };

  let hour = MONTH_BEGINS;
  for (let index = 0; index < trace.at.length; index++) {
    const now = MONTH_BEGINS + (trace.at[index] ?? 0);
    for (; hour < hourOf(now); hour += HOUR_MS) closeHour(hour);
    const workspace = trace.workspace[index] ?? 0;
    const isNew = (lastUse[workspace] ?? -1) < 0;
    const state = budgetState(budget, meter.usd, limitUsd, now);
    kappa = brake === "none" ? 1 : state.kappa;
    if (isNew && brake !== "none" && state.state === "exhausted") refused.add(workspace);
    if (refused.has(workspace)) continue;
    waitS += isNew ? start(workspace, now) : comeBack(workspace, now);
    if (trace.opens[index] === 1) sessions++;
    lastUse[workspace] = now;
    meter.runsFrom(workspace, now);
    const rule = { policy: "learned", ttlMs: NO_TTL_MS, keepMs: learned.keepMs } as const;
    until[workspace] = keepUntil({ idleSince: now, top: false, ended: false }, rule, kappa);
  }
  for (; hour < MONTH_BEGINS + trace.lengthMs; hour += HOUR_MS) closeHour(hour);
  return {
    brake,
    usd: meter.usd,
    of_limit: meter.usd / limitUsd,
    refused: refused.size / trace.repositoryOf.length,
    mean_wait_s: waitS / sessions,
  };
}

/** Returns the mean of months under the same brake. */
export function meanMonth(months: readonly MonthOutcome[]): MonthOutcome {
  const mean = (of: (month: MonthOutcome) => number): number =>
    months.reduce((sum, month) => sum + of(month), 0) / months.length;
  return {
    brake: months[0]?.brake ?? "none",
    usd: mean((month) => month.usd),
    of_limit: mean((month) => month.of_limit),
    refused: mean((month) => month.refused),
    mean_wait_s: mean((month) => month.mean_wait_s),
  };
}
