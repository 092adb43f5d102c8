import { marksReached, NOTHING_TOLD, restoreTold } from "../../pool/budget-marks.ts";
import { monthOf } from "../../pool/spend.ts";
import { OPERATOR } from "../../webhooks/events.ts";
import type { Outbox } from "../reporting/outbox.ts";
import type { KeyValues } from "../storage/key-values.ts";
import type { IdlePolicy } from "./idle-policy.ts";

export interface BudgetWatchParts {
  readonly settings: KeyValues;
  readonly idlePolicy: IdlePolicy;
  readonly outbox: Outbox;
  /** Monthly budget of this shard in USD; undefined: unlimited. */
  readonly budgetUsd: number | undefined;
  readonly shards: number;
}

/** Sends the operator an event when 80 and 100 percent of the budget are spent, once a month each. */
export class BudgetWatch {
  readonly #parts: BudgetWatchParts;

  constructor(parts: BudgetWatchParts) {
    this.#parts = parts;
  }

  /** Sends an event for each newly reached mark. Called by every alarm; the spend may be a few seconds old. */
  look(now: number): void {
    const { settings, idlePolicy, outbox, budgetUsd, shards } = this.#parts;
    if (budgetUsd === undefined || !outbox.isOpen) return;
    const spentUsd = idlePolicy.spend(now).monthUsd;
    const told = restoreTold(settings.json("budget_told")) ?? NOTHING_TOLD;
    const marks = marksReached(spentUsd, budgetUsd, told, now);
    if (marks.length === 0) return;
    settings.setJson("budget_told", { month: monthOf(now), percent: Math.max(...marks) });
    const month = new Date(now).toISOString().slice(0, "2026-11".length);
    for (const percent of marks) {
      const data = { percent, month, spent_usd: rounded(spentUsd), budget_usd: rounded(budgetUsd), shards };
      // Shards share the budget: events have the same id, so only the first shard to reach a mark is reported.
      outbox.add({ tenant: OPERATOR, id: `budget ${month} ${percent}`, at: now, type: "budget.reached", data });
    }
  }
}

/** Rounds to six digits, enough for any budget. */
const rounded = (usd: number) => Number(usd.toPrecision(6));
