import type { Step, Walk } from "./steps.ts";

/**
 * Leaves steps out while the walk still fails: first all of one actor's, then many at once, then one by one, until each
 * is needed. `fails` plays a walk, at most `most` times. Pure apart from that.
 */
export async function shrink(walk: Walk, fails: (walk: Walk) => Promise<boolean>, most = 100): Promise<Walk> {
  let best = walk;
  let left = most;
  const attempt = async (steps: readonly Step[]) => {
    if (left <= 0 || steps.length === best.steps.length) return false;
    left -= 1;
    const candidate = { ...best, steps: [...steps] };
    const isSmaller = await fails(candidate);
    if (isSmaller) best = candidate;
    return isSmaller;
  };
  for (const who of new Set(walk.steps.map(whoseStep))) {
    await attempt(best.steps.filter((step) => whoseStep(step) !== who));
  }
  for (let size = Math.ceil(best.steps.length / 2); size >= 1;) {
    let isSmaller = false;
    for (let at = best.steps.length - size; at > -size; at -= size) {
      const from = Math.max(at, 0);
      if (await attempt(best.steps.toSpliced(from, at + size - from))) isSmaller = true;
    }
    if (size > 1) size = Math.floor(size / 2);
    else if (!isSmaller || left <= 0) break;
  }
  return best;
}

const whoseStep = (step: Step) => (step.by === "person" ? "person" : step.workspace);
