import { backoffMs } from "../../pool/backoff.ts";
import { boundsUnder } from "../../pool/budget.ts";
import { newSandboxId } from "../../pool/handle.ts";
import {
  type Demand,
  nextDropAt,
  observeClaim,
  observeCreation,
  poolTarget,
  restoreDemand,
} from "../../pool/warm-pool-size.ts";
import type { Termination } from "./termination.ts";
import { START_GIVEN_UP_MS } from "./orphaned-starts.ts";
import type { Starts } from "./starts.ts";
import type { IdlePolicy } from "./idle-policy.ts";
import type { StartPatience } from "./start-patience.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";
import type { KeyValues } from "../storage/key-values.ts";

/** E2B's free plan allows one creation per second. */
const REFILL_EVERY_MS = 1_000;

interface WarmPoolFillerParts {
  readonly rows: SandboxTable;
  readonly settings: KeyValues;
  readonly starts: Starts;
  readonly startPatience: StartPatience;
  readonly termination: Termination;
  readonly idlePolicy: IdlePolicy;
  readonly min: number;
  readonly max: number;
  /** Limit of running sandboxes, bound ones included. */
  readonly maxRunning: number;
  /** Template of new sandboxes. */
  readonly template: () => string;
  readonly shard: number;
}

/**
 * Keeps warm sandboxes ready for claims. Claims take one and never wait for a refill. The alarm moves the pool towards
 * its target one sandbox at a time, so that a claim's own start stays within E2B's creation rate.
 */
export class WarmPoolFiller {
  readonly #parts: WarmPoolFillerParts;
  #demand: Demand;
  #failures = 0;

  constructor(parts: WarmPoolFillerParts, now: number) {
    this.#parts = parts;
    this.#demand = restoreDemand(parts.settings.json("demand"), now);
  }

  /** Observes a claim that needs a sandbox, and schedules a step. */
  claimed(now: number): void {
    this.#demand = observeClaim(this.#demand, now, this.#parts.max);
    this.#parts.settings.setJson("demand", this.#demand);
    this.scheduleNow(now);
  }

  /** Observes the duration of a creation. */
  created(seconds: number): void {
    this.#demand = observeCreation(this.#demand, seconds);
  }

  /** Schedules a step at once, unless the filler is backing off. */
  scheduleNow(now: number): void {
    const at = this.dueAt();
    if (this.#parts.max === 0 || this.#failures > 0) return;
    if (at === undefined || at > now) this.#parts.settings.setTime("tend_at", now);
  }

  /** Returns when the next step is due. */
  dueAt(): number | undefined {
    return this.#parts.settings.time("tend_at");
  }

  /** Returns the target size of the warm pool. */
  target(now: number): number {
    const bounds = boundsUnder(this.#parts, this.#parts.idlePolicy.budget(now).kappa);
    return this.#parts.idlePolicy.budget(now).state === "exhausted"
      ? 0
      : poolTarget(this.#demand, now, bounds, this.#parts.idlePolicy.worth(now));
  }

  /** Takes one step towards the target if due. @returns whether it was due */
  async tendIfDue(now: number): Promise<boolean> {
    const due = this.dueAt();
    if (due === undefined || due > now) return false;
    // If this alarm dies, the next step is still scheduled.
    this.#parts.settings.setTime("tend_at", now + REFILL_EVERY_MS);
    const next = await this.#step(now);
    this.#parts.settings.setTime("tend_at", next);
    return true;
  }

  /** Adds or removes at most one sandbox. @returns when the next step is due */
  async #step(now: number): Promise<number | undefined> {
    const { maxRunning } = this.#parts;
    const template = this.#parts.template();
    const target = this.target(now);
    const { total, blankWarming, warm } = this.#parts.rows.running();
    const blank = warm.length + blankWarming.length;
    const [surplus] = blank > target ? warm : [];
    if (surplus) {
      await this.#parts.termination.end(surplus);
      return now + REFILL_EVERY_MS;
    }
    if (blank < target && total < maxRunning) return this.#refill(now);
    // Once the pool is full, replace old sandboxes one by one: the following refill uses the new template.
    const stale = blankWarming.length === 0 ? warm.find((row) => row.template !== template) : undefined;
    if (stale) {
      await this.#parts.termination.end(stale);
      return now + REFILL_EVERY_MS;
    }
    const bounds = boundsUnder(this.#parts, this.#parts.idlePolicy.budget(now).kappa);
    return nextDropAt(this.#demand, now, bounds, this.#parts.idlePolicy.worth(now));
  }

  async #refill(now: number): Promise<number> {
    const id = newSandboxId(this.#parts.shard);
    const row = this.#parts.rows.insertWarming(id, this.#parts.template(), {}, now, now + START_GIVEN_UP_MS);
    const started = await this.#parts.startPatience.wait(this.#parts.starts.start(row));
    this.#failures = started.ok ? 0 : this.#failures + 1;
    return started.ok ? now + REFILL_EVERY_MS : Date.now() + backoffMs(this.#failures);
  }
}
