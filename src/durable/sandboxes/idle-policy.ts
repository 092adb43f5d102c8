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
import { DROP_TOLD_MS, dropTime, type PausedWorkspace, type Retention, retention } from "../../pool/retention.ts";
import { monthOf, type Spend } from "../../pool/spend.ts";
import { dueWhenKept, idleFrom, type KeptDue } from "../../pool/tiers.ts";
import { NO_TOP, placeInTop, restoreTop, scoreAfterUse, type Top } from "../../pool/top.ts";
import type { Ledger } from "../storage/ledger.ts";
import type { Row } from "../storage/row.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";
import type { KeyValues } from "../storage/key-values.ts";

/** Cache lifetime of the spend. It changes slowly, and each computation adds up a month of hours. */
const SPEND_FRESH_MS = 10_000;

export interface IdlePolicyOptions {
  readonly policy: "tiers" | "learned";
  readonly ttlMs: number;
  readonly worth: Worth;
  /** Monthly budget of this shard in USD; undefined: unlimited. */
  readonly budgetUsd: number | undefined;
  /** Whether webhooks announce drops. */
  readonly tellsDrops: boolean;
}

/** Applies the idle-timeout and budget rules of src/pool, and stores their learned state. */
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

  /** Returns the budget state, after the hourly correction. */
  budget(now: number): BudgetState {
    const { budgetUsd, worth } = this.#options;
    if (budgetUsd === undefined) return { state: "ample", kappa: 1 };
    const spend = this.spend(now);
    const before = this.#budget;
    this.#budget = correctBudget(before, spend, budgetUsd, now);
    if (this.#budget !== before) {
      this.#settings.setJson("budget", this.#budget);
      this.#learned = relearn(this.#learned, worthUnder(worth, this.#budget.kappa));
    }
    return budgetState(this.#budget, spend.monthUsd, budgetUsd, now);
  }

  /** Returns the cost in USD up to `now`, at most SPEND_FRESH_MS old, and of the month of `now`. */
  spend(now: number): Spend {
    const known = this.#spend;
    if (known && now - known.at < SPEND_FRESH_MS && monthOf(now) === monthOf(known.at)) return known.spend;
    const spend = this.#ledger.spend(now);
    this.#spend = { at: now, spend };
    return spend;
  }

  /** Returns the value of an agent's waiting time under the budget. */
  worth(now: number): Worth {
    return worthUnder(this.#options.worth, this.budget(now).kappa);
  }

  /** Returns when an idle workspace is paused; undefined: never by us. */
  keepUntil(row: Row, now: number): number | undefined {
    const until = this.#keepUntil(row, now);
    return until === Infinity ? undefined : until;
  }

  #keepUntil(row: Row, now: number): number {
    // A warm sandbox waits for its claim without a limit: the pool size bounds the number.
    if (row.tenant === null) return Infinity;
    const { policy, ttlMs } = this.#options;
    const rule = policy === "tiers" ? { policy, ttlMs } : { policy, ttlMs, keepMs: this.#learned.keepMs };
    const top = policy === "tiers" && this.#isTop(row);
    return keepUntil({ idleSince: row.last_used_at, top, ended: false }, rule, this.budget(now).kappa);
  }

  /** Decides the retention of a paused workspace. */
  retain(row: Row, now: number): Retention {
    return retention(pausedOf(row), now);
  }

  /** Returns when a paused workspace is dropped if it stays unused. */
  dropsAt(row: Row, now: number): number {
    return dropTime(pausedOf(row), now);
  }

  /** Returns the next time to decide on retention, or to send the event of the drop. */
  retainUntil(row: Row, now: number): number {
    const kept = this.retain(row, now);
    if (kept.decision !== "keep") return Math.max(now, row.save_after ?? 0);
    const tellAt = this.tellsDropAt(row, now);
    return tellAt === undefined ? kept.until : Math.min(kept.until, Math.max(now, tellAt));
  }

  /** Returns when to send the event of a workspace's drop; undefined: never, or it was sent. */
  tellsDropAt(row: Row, now: number): number | undefined {
    if (!this.#options.tellsDrops || row.drop_told === 1) return undefined;
    return this.dropsAt(row, now) - DROP_TOLD_MS;
  }

  #isTop({ tenant, repository, sandbox_id }: Row): boolean {
    if (tenant === null || repository === null) return false;
    const name = topName(tenant, repository);
    return (
      this.#top.entries.some((entry) => entry.repository === name) &&
      this.#rows.lastUsedOf(tenant, repository) === sandbox_id
    );
  }

  /** Returns the tier of a running workspace. */
  tier(row: Row, now: number): "top" | "active" | "idle" {
    if (this.#options.policy === "tiers" && this.#isTop(row)) return "top";
    return now < idleFrom(row.last_used_at) ? "active" : "idle";
  }

  /** Returns the action due for a running sandbox. */
  due(row: Row, now: number): KeptDue {
    return dueWhenKept({ keepUntil: this.#keepUntil(row, now), endsAt: row.ends_at }, now);
  }

  /** Returns when the alarm must check a running workspace next. */
  dueAt(row: Row, now: number): number {
    const due = this.due(row, now);
    return due.action === "wait" ? due.until : now;
  }

  /** Observes a use of a workspace after `gapMs` of idle time. In memory until `remember`. */
  used(gapMs: number, now: number): void {
    if (this.#options.policy === "learned") this.#learned = observeGap(this.#learned, gapMs, this.worth(now));
  }

  /** Observes the duration of a resume. */
  resumed(seconds: number): void {
    this.#learned = observeResume(this.#learned, seconds);
  }

  /** Stores the learned state. Called with the coarse write of last_used_at: losing the uses between costs nothing. */
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
