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
import { type Lifecycle } from "./lifecycle.ts";
import type { IdlePolicy } from "./idle-policy.ts";
import type { StartPatience } from "./start-patience.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";
import type { KeyValues } from "../storage/key-values.ts";

/** E2B's free plan allows one creation a second. */
const REFILL_EVERY_MS = 1_000;

interface WarmPoolParts {
  readonly rows: SandboxTable;
  readonly settings: KeyValues;
  readonly lifecycle: Lifecycle;
  readonly startPatience: StartPatience;
  readonly termination: Termination;
  readonly idlePolicy: IdlePolicy;
  readonly min: number;
  readonly max: number;
  /** Most sandboxes that may run at once, bound ones included. */
  readonly maxRunning: number;
  /** What new sandboxes start from. */
  readonly template: () => string;
  readonly shard: number;
}

/**
 * The blank sandboxes that wait for a claim. Claims take one and never wait for a refill; the alarm brings the pool
 * towards its target, one sandbox at a time, so that a claim's own start always finds room in E2B's creation rate.
 */
export class WarmPoolFiller {
  readonly #parts: WarmPoolParts;
  #demand: Demand;
  #failures = 0;

  constructor(parts: WarmPoolParts, now: number) {
    this.#parts = parts;
    this.#demand = restoreDemand(parts.settings.json("demand"), now);
  }

  /** A claim came that needs a sandbox: the pool is due. */
  claimed(now: number): void {
    this.#demand = observeClaim(this.#demand, now, this.#parts.max);
    this.#parts.settings.setJson("demand", this.#demand);
    this.wake(now);
  }

  created(seconds: number): void {
    this.#demand = observeCreation(this.#demand, seconds);
  }

  /** Due at once, unless it is backing off. */
  wake(now: number): void {
    const at = this.dueAt();
    if (this.#parts.max === 0 || this.#failures > 0) return;
    if (at === undefined || at > now) this.#parts.settings.setTime("tend_at", now);
  }

  dueAt(): number | undefined {
    return this.#parts.settings.time("tend_at");
  }

  target(now: number): number {
    const bounds = boundsUnder(this.#parts, this.#parts.idlePolicy.budget(now).kappa);
    return this.#parts.idlePolicy.budget(now).state === "exhausted"
      ? 0
      : poolTarget(this.#demand, now, bounds, this.#parts.idlePolicy.worth(now));
  }

  /** One step towards the target, if it is time. @returns whether it was */
  async tendIfDue(now: number): Promise<boolean> {
    const due = this.dueAt();
    if (due === undefined || due > now) return false;
    // Should this very alarm die, the next try comes all the same.
    this.#parts.settings.setTime("tend_at", now + REFILL_EVERY_MS);
    const next = await this.#step(now);
    this.#parts.settings.setTime("tend_at", next);
    return true;
  }

  /** @returns when the next step is due */
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
    // Old ones are replaced one by one, when the pool is full: the refill that follows takes the new template.
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
    const started = await this.#parts.startPatience.wait(this.#parts.lifecycle.start(row));
    this.#failures = started.ok ? 0 : this.#failures + 1;
    return started.ok ? now + REFILL_EVERY_MS : Date.now() + backoffMs(this.#failures);
  }
}
