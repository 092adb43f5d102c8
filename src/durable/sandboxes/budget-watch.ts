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

/** Tells the operator once a month each that 80 and 100 percent of the budget are spent. */
export class BudgetWatch {
  readonly #parts: BudgetWatchParts;

  constructor(parts: BudgetWatchParts) {
    this.#parts = parts;
  }

  /** Tells of reached marks that were not told yet. Every alarm asks, so the spend may be a few seconds old. */
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
      // Shards share the budget: of all that reach a mark, the first is heard.
      outbox.add({ tenant: OPERATOR, id: `budget ${month} ${percent}`, at: now, type: "budget.reached", data });
    }
  }
}

/** Enough figures for any budget. */
const rounded = (usd: number) => Number(usd.toPrecision(6));
