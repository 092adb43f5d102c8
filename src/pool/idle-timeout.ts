import { pauseAt } from "./tiers.ts";

/** Idle rule of `KEEP_POLICY`. */
export type KeepRule =
  | {
      readonly policy: "tiers";
      /** GIT_SANDBOX_TTL; bounds every tier but the top. */
      readonly ttlMs: number;
    }
  | {
      readonly policy: "learned";
      readonly ttlMs: number;
      /** From learned.ts; the budget already scales it through the value of waiting. */
      readonly keepMs: number;
    };

export interface IdleWorkspace {
  /** End of its last operation; while one runs, the latest time at which it must have ended. */
  readonly idleSince: number;
  /** Whether it is the most recently used workspace of a repository in the top (top.ts): at most one per repository. */
  readonly top: boolean;
  /** Whether its session announced its end. */
  readonly ended: boolean;
}

/**
 * Returns when an idle workspace is paused; Infinity: never by us.
 * @param kappa budget factor in [0, 1] (budget.ts): 1 = no pressure, 0 = pause idle workspaces at once
 */
export function keepUntil(workspace: IdleWorkspace, rule: KeepRule, kappa: number): number {
  const { idleSince, top, ended } = workspace;
  if (ended || kappa === 0) return idleSince;
  if (rule.policy === "learned") return idleSince + Math.round(Math.min(rule.keepMs, rule.ttlMs));
  // Any pressure on the budget removes the privilege of the top.
  if (top && kappa === 1) return Infinity;
  return idleSince + Math.round(kappa * (pauseAt(idleSince, rule.ttlMs) - idleSince));
}
