import {
  type Budget,
  type BudgetState,
  budgetState,
  correctBudget,
  restoreBudget,
  worthUnder,
} from "../../pool/budget.ts";
import { keepUntil } from "../../pool/idle-timeout.ts";
import { type Learned, observeGap, observeResume, relearn, restoreLearned } from "../../pool/learned.ts";
import type { Worth } from "../../pool/price.ts";
import { dropTime, type PausedWorkspace, type Retention, retention } from "../../pool/retention.ts";
import type { Spend } from "../../pool/spend.ts";
import { dueWhenKept, idleFrom, type KeptDue } from "../../pool/tiers.ts";
import { NO_TOP, placeInTop, restoreTop, scoreAfterUse, type Top } from "../../pool/top.ts";
import type { Ledger } from "../storage/ledger.ts";
import type { Row } from "../storage/row.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";
import type { KeyValues } from "../storage/key-values.ts";

/** Spend moves slowly; adding up a month of hours for each decision would not be in proportion. */
const SPEND_FRESH_MS = 10_000;

export interface IdlePolicyOptions {
  readonly policy: "tiers" | "learned";
  readonly ttlMs: number;
  readonly worth: Worth;
  /** Dollars a month, of this shard; undefined: no limit. */
  readonly budgetUsd: number | undefined;
}

/** How long idle workspaces run, and what the budget still allows: the rules of src/pool with what they remember. */
export class IdlePolicy {
  readonly #rows: SandboxTable;
  readonly #settings: KeyValues;
  readonly #ledger: Ledger;
  readonly #options: IdlePolicyOptions;
  #learned: Learned;
  #budget: Budget;
  #top: Top;
  #spend: { at: number; spend: Spend } | undefined;

  constructor(rows: SandboxTable, settings: KeyValues, ledger: Ledger, options: IdlePolicyOptions, now: number) {
    this.#rows = rows;
    this.#settings = settings;
    this.#ledger = ledger;
    this.#options = options;
    this.#learned = restoreLearned(settings.json("learned"), options.worth);
    this.#budget = restoreBudget(settings.json("budget"), now);
    this.#top = restoreTop(settings.json("top") ?? NO_TOP);
  }

  budget(now: number): BudgetState {
    const { budgetUsd, worth } = this.#options;
    if (budgetUsd === undefined) return { state: "ample", kappa: 1 };
    if (this.#spend === undefined || now - this.#spend.at >= SPEND_FRESH_MS) {
      this.#spend = { at: now, spend: this.#ledger.spend(now) };
    }
    const before = this.#budget;
    this.#budget = correctBudget(before, this.#spend.spend, budgetUsd, now);
    if (this.#budget !== before) {
      this.#settings.setJson("budget", this.#budget);
      this.#learned = relearn(this.#learned, worthUnder(worth, this.#budget.kappa));
    }
    return budgetState(this.#budget, this.#spend.spend.monthUsd, budgetUsd, now);
  }

  /** What waiting is worth now, under the budget. */
  worth(now: number): Worth {
    return worthUnder(this.#options.worth, this.budget(now).kappa);
  }

  /** When an idle workspace is paused; undefined: not by us. */
  keepUntil(row: Row, now: number): number | undefined {
    const until = this.#keepUntil(row, now);
    return until === Infinity ? undefined : until;
  }

  #keepUntil(row: Row, now: number): number {
    // A blank sandbox waits for its claim, however long; the pool's size is what bounds it.
    if (row.tenant === null) return Infinity;
    const { policy, ttlMs } = this.#options;
    const rule = policy === "tiers" ? { policy, ttlMs } : { policy, ttlMs, keepMs: this.#learned.keepMs };
    const top = policy === "tiers" && this.#isTop(row);
    return keepUntil({ idleSince: row.last_used_at, top, ended: false }, rule, this.budget(now).kappa);
  }

  /** What becomes of a paused workspace. */
  retain(row: Row, now: number): Retention {
    return retention(pausedOf(row), now);
  }

  /** When a paused workspace is dropped, if nobody uses it. */
  dropsAt(row: Row, now: number): number {
    return dropTime(pausedOf(row), now);
  }

  /** When that is decided next. */
  retainUntil(row: Row, now: number): number {
    const kept = this.retain(row, now);
    return kept.decision === "keep" ? kept.until : now;
  }

  #isTop({ tenant, repository, sandbox_id }: Row): boolean {
    if (tenant === null || repository === null) return false;
    const name = topName(tenant, repository);
    return (
      this.#top.entries.some((entry) => entry.repository === name) &&
      this.#rows.lastUsedOf(tenant, repository) === sandbox_id
    );
  }

  /** The tier of a workspace that runs. */
  tier(row: Row, now: number): "top" | "active" | "idle" {
    if (this.#options.policy === "tiers" && this.#isTop(row)) return "top";
    return now < idleFrom(row.last_used_at) ? "active" : "idle";
  }

  due(row: Row, now: number): KeptDue {
    return dueWhenKept({ keepUntil: this.#keepUntil(row, now), endsAt: row.ends_at }, now);
  }

  /** When the alarm has to look at a running workspace next. */
  dueAt(row: Row, now: number): number {
    const due = this.due(row, now);
    return due.action === "wait" ? due.until : now;
  }

  /** A workspace was used after `gapMs` without a use. Kept in memory until `remember`. */
  used(gapMs: number, now: number): void {
    if (this.#options.policy === "learned") this.#learned = observeGap(this.#learned, gapMs, this.worth(now));
  }

  resumed(seconds: number): void {
    this.#learned = observeResume(this.#learned, seconds);
  }

  /** Writes down what uses taught. Called with the coarse touch of a row: losing less than that costs nothing. */
  remember(row: Row, now: number): void {
    if (this.#options.policy === "learned") return this.#settings.setJson("learned", this.#learned);
    if (row.tenant === null || row.repository === null) return;
    const score = this.#rows.addUse(row.tenant, row.repository, (known) => scoreAfterUse(known, now));
    const top = placeInTop(this.#top, topName(row.tenant, row.repository), score);
    if (top !== this.#top) this.#settings.setJson("top", top);
    this.#top = top;
  }
}

const topName = (tenant: string, repository: string) => `${tenant}\n${repository}`;

function pausedOf({ last_used_at: lastUsedAt, unpushed, announced_at }: Row): PausedWorkspace {
  return {
    lastUsedAt,
    unpushed: unpushed === null ? undefined : unpushed === 1,
    announcedAt: announced_at ?? undefined,
  };
}
