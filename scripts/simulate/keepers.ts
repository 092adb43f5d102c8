import { type KeepRule, keepUntil } from "../../src/pool/idle-timeout.ts";
import { breakEvenMs, type Learned, nothingLearned, observeGap, observeResume } from "../../src/pool/learned.ts";
import { NO_TOP, placeInTop, scoreAfterUse, TOP_COUNT } from "../../src/pool/top.ts";
import type { Trace } from "./trace.ts";
import { NO_TTL_MS, WORTH } from "./world.ts";

const MINUTE_MS = 60_000;
/** The other reading of the plan: an active workspace stays two hours. */
const TWO_HOURS_MS = 120 * MINUTE_MS;

/** A policy: decides how long each workspace keeps running after a use. */
export interface Keeper {
  /** Time at which each workspace, by index, stops running unless it is used before. */
  readonly until: Float64Array;
  /** @param ended whether the session said that it ends */
  used(workspace: number, now: number, ended: boolean): void;
  /** Called when a workspace is used again after `gapMs`; `missS` is the time to bring it back, if it had stopped. */
  returned(gapMs: number, missS: number | undefined): void;
}

export type MakeKeeper = (trace: Trace) => Keeper;

const IGNORE = (): void => {};

function byRule(trace: Trace, ruleOf: (workspace: number) => KeepRule, returned: Keeper["returned"]): Keeper {
  const until = new Float64Array(trace.repositoryOf.length);
  const used: Keeper["used"] = (workspace, now, ended) => {
    until[workspace] = keepUntil({ idleSince: now, top: false, ended }, ruleOf(workspace), 1);
  };
  return { until, used, returned };
}

/** Keeps every workspace for the same time. */
export const fixed =
  (keepMs: number): MakeKeeper =>
  (trace) =>
    byRule(trace, () => ({ policy: "learned", ttlMs: NO_TTL_MS, keepMs }), IGNORE);

/** Keeps a workspace while its rent is below the cost of the last misses; it does not learn from the gaps. */
export const breakEven: MakeKeeper = (trace) => {
  let state: Learned = nothingLearned(WORTH);
  return byRule(
    trace,
    () => ({ policy: "learned", ttlMs: NO_TTL_MS, keepMs: breakEvenMs(state.resumeS, WORTH) }),
    (_, missS) => {
      if (missS !== undefined) state = observeResume(state, missS);
    },
  );
};

export const learned: MakeKeeper = (trace) => {
  let state: Learned = nothingLearned(WORTH);
  return byRule(
    trace,
    () => ({ policy: "learned", ttlMs: NO_TTL_MS, keepMs: state.keepMs }),
    (gapMs, missS) => {
      if (missS !== undefined) state = observeResume(state, missS);
      state = observeGap(state, gapMs, WORTH);
    },
  );
};

/** Keeps workspaces by the plan's tiers, with the top ten repositories. */
function tiersOf(restUntil: (idleSince: number) => number): MakeKeeper {
  return (trace) => {
    const until = new Float64Array(trace.repositoryOf.length);
    const scores: (number | undefined)[] = [];
    /** Last used workspace of each repository, and the time of the use: it stays while its repository is in the top. */
    const lastWorkspace: number[] = [];
    const lastAt: number[] = [];
    let top = NO_TOP;
    const leavesTop = (repository: number, now: number): void => {
      const workspace = lastWorkspace[repository];
      if (workspace !== undefined) until[workspace] = Math.max(now, restUntil(lastAt[repository] ?? 0));
    };
    return {
      until,
      returned: IGNORE,
      used(workspace, now, ended) {
        const repository = trace.repositoryOf[workspace] ?? 0;
        const score = scoreAfterUse(scores[repository], now);
        scores[repository] = score;
        const before = top.entries;
        top = placeInTop(top, String(repository), score);
        const stays = top.entries !== before;
        if (stays && lastWorkspace[repository] !== workspace) leavesTop(repository, now);
        lastWorkspace[repository] = workspace;
        lastAt[repository] = now;
        until[workspace] = ended ? now : stays ? Infinity : restUntil(now);
        const last = before[TOP_COUNT - 1];
        const isOut = stays && last !== undefined && !top.entries.some((entry) => entry.repository === last.repository);
        if (isOut) leavesTop(Number(last.repository), now);
      },
    };
  };
}

const TIERS: KeepRule = { policy: "tiers", ttlMs: NO_TTL_MS };
export const tiers = tiersOf((idleSince) => keepUntil({ idleSince, top: false, ended: false }, TIERS, 1));
export const tiersOfTwoHours = tiersOf((idleSince) => idleSince + TWO_HOURS_MS);

/** Keeps at most `size` workspaces running; stops the one whose last use has the lowest value. */
function cache(size: number, valueOfUse: (uses: number, now: number) => number): MakeKeeper {
  return (trace) => {
    const until = new Float64Array(trace.repositoryOf.length);
    const uses = new Float64Array(trace.repositoryOf.length);
    const running = new Map<number, number>();
    return {
      until,
      returned: IGNORE,
      used(workspace, now) {
        const count = (uses[workspace] ?? 0) + 1;
        uses[workspace] = count;
        running.set(workspace, valueOfUse(count, now));
        until[workspace] = Infinity;
        if (running.size <= size) return;
        let [victim, least] = [workspace, Infinity];
        for (const [candidate, value] of running) {
          if (candidate !== workspace && value < least) [victim, least] = [candidate, value];
        }
        running.delete(victim);
        until[victim] = now;
      },
    };
  };
}

export const lru = (size: number): MakeKeeper => cache(size, (_, now) => now);
export const lfu = (size: number): MakeKeeper => cache(size, (uses) => uses);
