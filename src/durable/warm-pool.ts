import { backoffMs } from "../pool/backoff.ts";
import { boundsUnder } from "../pool/budget.ts";
import { newSandboxId } from "../pool/handle.ts";
import {
  type Demand,
  nextDropAt,
  observeClaim,
  observeCreation,
  poolTarget,
  restoreDemand,
} from "../pool/warm-pool.ts";
import { type Lifecycle, START_GIVEN_UP_MS } from "./lifecycle.ts";
import type { Keeper } from "./keeper.ts";
import type { Rows } from "./rows.ts";
import type { Settings } from "./settings.ts";

/** E2B's free plan allows one creation a second. */
const REFILL_EVERY_MS = 1_000;

export interface WarmPoolOptions {
  readonly min: number;
  readonly max: number;
  /** Most sandboxes that may run at once, bound ones included. */
  readonly maxRunning: number;
  readonly template: string;
  readonly shard: number;
}

/**
 * The blank sandboxes that wait for a claim. Claims take one and never wait for a refill; the alarm brings the pool
 * towards its target, one sandbox at a time, so that a claim's own start always finds room in E2B's creation rate.
 */
export class WarmPool {
  readonly #rows: Rows;
  readonly #settings: Settings;
  readonly #lifecycle: Lifecycle;
  readonly #keeper: Keeper;
  readonly #options: WarmPoolOptions;
  #demand: Demand;
  #failures = 0;

  constructor(
    rows: Rows,
    settings: Settings,
    lifecycle: Lifecycle,
    keeper: Keeper,
    options: WarmPoolOptions,
    now: number,
  ) {
    this.#rows = rows;
    this.#settings = settings;
    this.#lifecycle = lifecycle;
    this.#keeper = keeper;
    this.#options = options;
    this.#demand = restoreDemand(settings.json("demand"), now);
  }

  /** A claim came that needs a sandbox: the pool is due. */
  claimed(now: number): void {
    this.#demand = observeClaim(this.#demand, now, this.#options.max);
    this.#settings.setJson("demand", this.#demand);
    this.wake(now);
  }

  created(seconds: number): void {
    this.#demand = observeCreation(this.#demand, seconds);
  }

  /** Due at once, unless it is backing off. */
  wake(now: number): void {
    const at = this.dueAt();
    if (this.#options.max === 0 || this.#failures > 0) return;
    if (at === undefined || at > now) this.#settings.setTime("tend_at", now);
  }

  dueAt(): number | undefined {
    return this.#settings.time("tend_at");
  }

  target(now: number): number {
    const bounds = boundsUnder(this.#options, this.#keeper.budget(now).kappa);
    return this.#keeper.budget(now).state === "exhausted"
      ? 0
      : poolTarget(this.#demand, now, bounds, this.#keeper.worth(now));
  }

  /** One step towards the target, if it is time. */
  async tendIfDue(now: number): Promise<void> {
    const due = this.dueAt();
    if (due === undefined || due > now) return;
    // Should this very alarm die, the next try comes all the same.
    this.#settings.setTime("tend_at", now + REFILL_EVERY_MS);
    const next = await this.#step(now);
    this.#settings.setTime("tend_at", next);
  }

  /** @returns when the next step is due */
  async #step(now: number): Promise<number | undefined> {
    const { template, maxRunning } = this.#options;
    const target = this.target(now);
    const { total, blankWarming, warm } = this.#rows.running();
    const blank = warm.length + blankWarming;
    const [surplus] = blank > target ? warm : [];
    if (surplus) {
      await this.#lifecycle.end(surplus);
      return now + REFILL_EVERY_MS;
    }
    if (blank < target && total < maxRunning) return this.#refill(now);
    // Old ones are replaced one by one, when the pool is full: the refill that follows takes the new template.
    const stale = blankWarming === 0 ? warm.find((row) => row.template !== template) : undefined;
    if (stale) {
      await this.#lifecycle.end(stale);
      return now + REFILL_EVERY_MS;
    }
    const bounds = boundsUnder(this.#options, this.#keeper.budget(now).kappa);
    return nextDropAt(this.#demand, now, bounds, this.#keeper.worth(now));
  }

  async #refill(now: number): Promise<number> {
    const { template, shard } = this.#options;
    const row = this.#rows.insertWarming(newSandboxId(shard), template, undefined, now, now + START_GIVEN_UP_MS);
    const started = await this.#lifecycle.start(row);
    this.#failures = started.ok ? 0 : this.#failures + 1;
    return started.ok ? now + REFILL_EVERY_MS : Date.now() + backoffMs(this.#failures);
  }
}
