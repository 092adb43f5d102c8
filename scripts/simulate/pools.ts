import {
  type Demand,
  nextDropAt,
  noDemand,
  observeClaim,
  observeCreation,
  type PoolBounds,
  poolTarget,
} from "../../src/pool/warm-pool-size.ts";
import type { Worth } from "../../src/pool/price.ts";
import { CREATE_S } from "./world.ts";

const CREATE_MS = CREATE_S * 1000;

/** The number of sandboxes that should be ready, over time. */
interface SizeRule {
  readonly target: (now: number) => number;
  /** Returns the time of the target's next drop if there is no claim. */
  readonly dropAt: (now: number) => number | undefined;
  readonly claimed: (now: number, wasReady: boolean) => void;
}

export type MakeSizeRule = () => SizeRule;

export const constant =
  (size: number): MakeSizeRule =>
  () => ({ target: () => size, dropAt: () => undefined, claimed: () => {} });

/** The plan's rule: two sandboxes; ten from a claim that found none until ten quiet minutes later. */
export const reactive =
  ({ min, max }: PoolBounds, quietMs: number): MakeSizeRule =>
  () => {
    let highUntil = -Infinity;
    return {
      target: (now) => (now < highUntil ? max : min),
      dropAt: (now) => (now < highUntil ? highUntil : undefined),
      claimed(now, wasReady) {
        if (!wasReady || now < highUntil) highUntil = now + quietMs;
      },
    };
  };

/** Parameters of the rule of src/pool/warm-pool-size.ts; a budget changes them over time. */
export interface Terms {
  readonly bounds: PoolBounds;
  readonly worth: Worth;
}

/** The rule of src/pool/warm-pool-size.ts. */
export const byDemand =
  (terms: () => Terms): MakeSizeRule =>
  () => {
    let demand: Demand = noDemand(0);
    return {
      target: (now) => poolTarget(demand, now, terms().bounds, terms().worth),
      dropAt: (now) => nextDropAt(demand, now, terms().bounds, terms().worth),
      claimed(now) {
        demand = observeCreation(observeClaim(demand, now, terms().bounds.max), CREATE_S);
      },
    };
  };

/** A warm pool over time: its ready sandboxes, those being created, and their cost. */
export class WarmPool {
  readonly #rule: SizeRule;
  #now: number;
  #ready = 0;
  /** Times at which the sandboxes being created will be ready, soonest first. */
  #underWay: number[] = [];
  /** Milliseconds of ready sandboxes, and of creating sandboxes that were never used. */
  idleMs = 0;

  constructor(rule: SizeRule, startsAt: number) {
    this.#rule = rule;
    this.#now = startsAt;
    this.#fill();
  }

  /** Takes a sandbox at `now`, if one is ready. */
  claim(now: number): boolean {
    this.runTo(now);
    const wasReady = this.#ready > 0;
    if (wasReady) this.#ready--;
    this.#rule.claimed(now, wasReady);
    this.#fill();
    return wasReady;
  }

  runTo(now: number): void {
    for (;;) {
      const next = Math.min(this.#underWay[0] ?? Infinity, this.#rule.dropAt(this.#now) ?? Infinity);
      if (next > now) break;
      this.#passTo(next);
      while ((this.#underWay[0] ?? Infinity) <= next) {
        this.#underWay.shift();
        this.#ready++;
      }
      this.#fill();
    }
    this.#passTo(now);
    // A budget may have changed the target meanwhile.
    this.#fill();
  }

  #passTo(now: number): void {
    this.idleMs += this.#ready * (now - this.#now);
    this.#now = now;
  }

  /** Brings the pool to its target: creates missing sandboxes, ends surplus ones. */
  #fill(): void {
    const target = this.#rule.target(this.#now);
    while (this.#ready + this.#underWay.length < target) this.#underWay.push(this.#now + CREATE_MS);
    const surplus = Math.min(this.#ready, this.#ready + this.#underWay.length - target);
    if (surplus <= 0) return;
    this.#ready -= surplus;
    // The creation of each was paid for.
    this.idleMs += surplus * CREATE_MS;
  }
}
