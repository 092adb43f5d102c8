import type { Step } from "./plan.ts";

/** Line that a batch prints before the output of each of its steps (src/ops/scripts/batch.sh). */
const MARK = /\n?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-(?<number>\d+)\n/g;

/** Returns a function that splits git's stderr of a group of steps, and passes each text to `tell` with its step. */
export function progressOf(group: readonly Step[], tell: (step: Step, text: string) => void): (text: string) => void {
  let [step] = group;
  return (text) => {
    let told = 0;
    for (const mark of text.matchAll(MARK)) {
      const before = text.slice(told, mark.index);
      if (step && before !== "") tell(step, before);
      step = group[Number(mark.groups?.["number"]) - 1] ?? step;
      told = mark.index + mark[0].length;
    }
    const rest = text.slice(told);
    if (step && rest !== "") tell(step, rest);
  };
}
