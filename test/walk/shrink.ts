import type { Walk } from "./steps.ts";

/**
 * Leaves steps out while it still fails, first many at once, then one by one, until none can go. `fails` plays a walk;
 * no more than `most` are played. Pure but for that.
 */
export async function shrink(walk: Walk, fails: (walk: Walk) => Promise<boolean>, most = 150): Promise<Walk> {
  let best = walk;
  let left = most;
  for (let size = Math.ceil(best.steps.length / 2); size >= 1;) {
    let isSmaller = false;
    for (let at = best.steps.length - size; at > -size && left > 0; at -= size) {
      const from = Math.max(at, 0);
      const steps = best.steps.toSpliced(from, at + size - from);
      left -= 1;
      if (!(await fails({ ...best, steps }))) continue;
      best = { ...best, steps };
      isSmaller = true;
    }
    if (size > 1) size = Math.floor(size / 2);
    else if (!isSmaller || left <= 0) break;
  }
  return best;
}
