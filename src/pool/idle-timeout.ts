import { pauseAt } from "./tiers.ts";

/** `KEEP_POLICY`: how long an idle workspace runs. */
export type KeepRule =
  | {
      readonly policy: "tiers";
      /** GIT_SANDBOX_TTL bounds every tier but the top. */
      readonly ttlMs: number;
    }
  | {
      readonly policy: "learned";
      readonly ttlMs: number;
      /** From learned.ts, which the budget reaches through the worth of waiting. */
      readonly keepMs: number;
    };

export interface IdleWorkspace {
  /** When its last operation ended; while one runs, when that must have ended at the latest. */
  readonly idleSince: number;
  /** It is the last used workspace of a repository in the top (top.ts): at most one of each stays. */
  readonly top: boolean;
  /** Its session said that it ends. */
  readonly ended: boolean;
}

/**
 * When an idle workspace is paused; Infinity: not by us.
 * @param kappa what the budget lets waiting be worth (budget.ts): 1 is all, 0 is that nothing idle may run
 */
export function keepUntil(workspace: IdleWorkspace, rule: KeepRule, kappa: number): number {
  const { idleSince, top, ended } = workspace;
  if (ended || kappa === 0) return idleSince;
  if (rule.policy === "learned") return idleSince + Math.round(Math.min(rule.keepMs, rule.ttlMs));
  // The top is a luxury: a budget that is tight at all has none.
  if (top && kappa === 1) return Infinity;
  return idleSince + Math.round(kappa * (pauseAt(idleSince, rule.ttlMs) - idleSince));
}
