import type { StepLog } from "./log.ts";
import type { Step } from "./plan.ts";

/**
 * Limit of a batch: its input is sent as process arguments in base64, which adds a third. Linux allows 2 MiB of
 * arguments for one process, macOS 1 MiB. A single step has its own limits.
 */
const MAX_REQUEST_BYTES = 640 * 1024;

const utf8 = new TextEncoder();

/**
 * Returns the next steps to begin: the first one that is ready, and the steps after it that fit in the same request to
 * the sandbox, because they are in its workspace and need no pending result. Marks steps as skipped that can no longer
 * begin.
 * @param isInOrder whether no step begins before an earlier step of another workspace
 */
export function nextSteps(log: StepLog, isInOrder: boolean): Step[] {
  for (const step of log.in("waiting")) {
    if (!step.follows.every((at) => log.isOver(at))) {
      if (isInOrder) return [];
      continue;
    }
    if (lacksAnswer(step, log)) log.set(step, { is: "skipped" });
    else return step.operation ? together(step, log, isInOrder) : [step];
  }
  return [];
}

const lacksAnswer = ({ references }: Step, log: StepLog) =>
  references.some(({ step }) => log.stateOf(step).is !== "done");

function together(first: Step, log: StepLog, isInOrder: boolean): Step[] {
  const group = [first];
  let bytes = bytesOf(first);
  for (const step of log.in("waiting")) {
    if (step.at <= first.at) continue;
    if (step.workspace !== first.workspace) {
      if (isInOrder) break;
      continue;
    }
    bytes += bytesOf(step);
    const inGroup = new Set(group.map(({ at }) => at));
    const isReady = step.follows.every((at) => inGroup.has(at) || log.isOver(at)) && !lacksAnswer(step, log);
    if (!isReady || bytes > MAX_REQUEST_BYTES) break;
    group.push(step);
  }
  return group;
}

const bytesOf = ({ input }: Step) => utf8.encode(JSON.stringify(input)).length;
