import type { Random } from "../../scripts/simulate/random.ts";

/** Calls one of the makers, each with the probability of its weight. */
export function weighted<T>(random: Random, makers: readonly (readonly [weight: number, make: () => T])[]): T {
  let left = random() * makers.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, make] of makers) {
    left -= weight;
    if (left < 0) return make();
  }
  throw new Error("the weights do not add up");
}
