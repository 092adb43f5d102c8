import * as z from "zod/v4";
import { dispatch, dispatchAgain } from "../execution/dispatch.ts";
import { execute } from "../facade.ts";
import { recordStep } from "../metrics/operations.ts";
import { batchOf, type BatchResult } from "../ops/batch.ts";
import { clone } from "../ops/clone.ts";
import type { Parsed } from "../ops/output/script-output.ts";
import { push } from "../ops/push.ts";
import { pushAgain, pushInTurn } from "../execution/push.ts";
import { withWork } from "../ops/work.ts";
import { atOnce } from "../workspace/at-once.ts";
import { listWorkspaces, useWorkspace } from "../workspace/workspaces.ts";
import type { Caller } from "../workspace/caller.ts";
import { FROM_CLONE, LIST, type StepLog, type WorkspaceStep } from "./plan.ts";

/**
 * Limit of a batch: its input travels as arguments in base64, which adds a third. Linux allows 2 MiB for one process,
 * macOS 1 MiB. A single step has its own limits.
 */
const MAX_REQUEST_BYTES = 640 * 1024;

const utf8 = new TextEncoder();

/**
 * Runs the steps in order and updates the log. Consecutive steps in one workspace are one request to its sandbox.
 * Begins no step after `signal` is aborted.
 * @throws WarmtreeError of the step that failed
 */
export async function runSteps(log: StepLog, caller: Caller, signal: AbortSignal): Promise<void> {
  let cloned: string | undefined;
  for (let [next] = log.left; next && !signal.aborted; [next] = log.left) {
    if (next.operation) {
      await runTogether(log, cloned, caller);
      continue;
    }
    begin(log, 1);
    if (!next.input) {
      log.done.push({ op: LIST, workspaces: await listWorkspaces(caller) });
      continue;
    }
    const result = await execute(clone.name, next.input, caller);
    cloned = z.object({ sandbox_id: z.string() }).parse(result).sandbox_id;
    log.done.push({ op: next.op, ...result });
  }
}

/** Runs the next steps: as many as share the workspace of the first and fit into one request. */
async function runTogether(log: StepLog, cloned: string | undefined, caller: Caller): Promise<void> {
  const group: WorkspaceStep[] = [];
  let workspace: string | undefined;
  let bytes = 0;
  for (const step of log.left) {
    if (!step.operation) break;
    const own = step.input.sandbox_id === FROM_CLONE && cloned !== undefined ? cloned : step.input.sandbox_id;
    bytes += utf8.encode(JSON.stringify(step.input)).length;
    if (own !== (workspace ??= own) || (group.length > 0 && bytes > MAX_REQUEST_BYTES)) break;
    group.push({ ...step, input: { ...step.input, sandbox_id: own } });
  }
  const [first] = group;
  if (!first || workspace === undefined) return;
  begin(log, group.length);
  const startedAt = performance.now();
  caller.audit?.begun();
  delete caller.cost.refs;
  const known = workspace;
  const results = await atOnce(caller, () => resultsOf(group, known, caller)).catch((error: unknown) => {
    // The progress inside the sandbox is unknown; count the first step as failed.
    recordStep(first.op, caller, 0, error);
    throw error;
  });
  const meanS = (performance.now() - startedAt) / 1000 / results.length;
  // If the batch ended early, the remaining steps were not begun.
  log.left = [...group.slice(results.length), ...log.left];
  for (const [index, { parsed: outcome, seconds = meanS }] of results.entries()) {
    const { op, operation } = group[index] ?? first;
    const parsed = withWork(operation, outcome);
    log.running = [op];
    recordStep(op, caller, seconds, parsed.ok ? undefined : parsed.error);
    log.done.push({ op, ...valueOf(parsed) });
  }
}

async function resultsOf(group: readonly WorkspaceStep[], workspace: string, caller: Caller): Promise<BatchResult> {
  const [first] = group;
  const isAlone = group.length === 1;
  if (first && isAlone && first.op === push.name) {
    return [{ parsed: await pushInTurn(push.input.parse(first.input), caller) }];
  }
  const grant = await useWorkspace(caller, workspace);
  if (first && isAlone) return [{ parsed: await dispatch(first.operation, first.input, grant, caller) }];
  // A push in a batch does not wait for its turn unless it loses a race.
  const results = valueOf(
    await dispatch(
      batchOf(group.map(({ operation, input }) => ({ operation, asked: input }))),
      undefined,
      grant,
      caller,
      { push: { turn: "none" } },
    ),
  );
  const last = results.at(-1);
  const step = group[results.length - 1];
  if (!step || !last || last.parsed.ok) return results;
  const { pausing, lost } = last.parsed;
  const parsed = lost
    ? await pushAgain(push.input.parse(step.input), caller, lost)
    : pausing
      ? await dispatch(step.operation, step.input, grant, caller)
      : await dispatchAgain(step.operation, step.input, grant, caller, last.parsed);
  return [...results.slice(0, -1), { parsed }];
}

function begin(log: StepLog, count: number): void {
  log.running = log.left.slice(0, count).map(({ op }) => op);
  log.left = log.left.slice(count);
}

function valueOf<Value extends object>(parsed: Parsed<Value>): Value {
  if (!parsed.ok) throw parsed.error;
  return parsed.value;
}
