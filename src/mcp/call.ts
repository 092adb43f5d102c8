import type { CallToolResult } from "@modelcontextprotocol/server";
import type { WarmtreeError } from "../errors.ts";
import { execute } from "../facade.ts";
import type { Redactor } from "../redaction/redactor.ts";
import { StepLog, type StepState } from "../steps/log.ts";
import { planSteps, stepSchema, stepsInput, stepsOrRun } from "../steps/plan.ts";
import { runSteps } from "../steps/run.ts";
import { invalidInput, parseInput } from "../execution/parse-input.ts";
import type { Caller } from "../workspace/caller.ts";
import { onceOf } from "../execution/once.ts";
import { onceSeed } from "../runs/once-seed.ts";
import { askFor, type CallAsSteps, handOver, outcomeOf } from "./run-handle.ts";
import { isGiven } from "../execution/usual-names.ts";
import { smallerPage } from "./default-page-sizes.ts";
import { shareThatFits } from "./fitted.ts";
import { operationIn, type Parameters, parametersOf } from "./parameters.ts";
import { startProgress } from "./progress.ts";
import { answered, failed, withNextPage } from "./result.ts";
import type { Tool } from "./tools.ts";

/** Context of one tool call. */
export interface CallContext {
  readonly caller: Caller;
  /** Time limit of the response. After it, the response says how to get the outcome. */
  readonly answerWithinMs: number;
  /** Aborted when the client abandons the call. */
  readonly signal: AbortSignal;
  /** Sends progress notifications, if the client requested them. */
  readonly notify?: (elapsedS: number, message: string) => void;
  readonly redactor: Redactor;
  /** Converts anything thrown to a known error, and notes it for the log. */
  toKnownError(thrown: unknown): {
    readonly error: WarmtreeError;
    readonly redactor: Redactor;
    readonly instance?: string;
  };
}

interface Work {
  readonly result: Promise<object>;
  /** Fields of the call that were ignored, if any. */
  readonly ignored: { readonly ignored?: readonly string[] };
  /** Result so far, while unfinished or after a failure. */
  soFar(): object;
  readonly asSteps: CallAsSteps;
}

/** Runs a tool. Always answers: the result, the failure, or that the call continues. */
export async function callTool(tool: Tool, given: object, context: CallContext): Promise<CallToolResult> {
  const progress = context.notify && startProgress(tool.name, context.notify);
  const late = new AbortController();
  let work: Work | undefined;
  const timeUp = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => timeUp.resolve(undefined), context.answerWithinMs);
  try {
    const caller = progress
      ? { ...context.caller, onProgress: progress.onStderr, onBefore: progress.onBefore }
      : context.caller;
    const run = runIn(tool, given);
    if (run !== undefined) return await outcomeOf(caller, run, context.answerWithinMs * SHARE_OF_WAIT);
    work = await begin(tool, given, caller, AbortSignal.any([context.signal, late.signal]));
    // Work that was begun completes even if the client leaves; the next call shows its outcome.
    caller.waitUntil(work.result.catch(() => undefined));
    const result = await Promise.race([work.result, timeUp.promise]);
    // Starts no more steps here: a run may do the others.
    late.abort();
    const facts = result ?? { ...(await goesOn(tool, work, context)), ...work.soFar() };
    return answered({ ...facts, ...work.ignored });
  } catch (thrown) {
    const { error, redactor, ...instance } = context.toKnownError(thrown);
    return failed(error, { ...instance, ...work?.soFar(), ...work?.ignored }, redactor);
  } finally {
    late.abort();
    clearTimeout(timer);
    progress?.stop();
  }
}

/** Share of the time limit to wait for a run; the rest is for the response. */
const SHARE_OF_WAIT = 0.9;

/** Fields of POST /v1/run that are refused: a call without them would do something other than intended. */
const ONLY_OVER_HTTP = ["for_each", "async", "webhook"];

/** Returns the id of the run whose outcome a call asks for. @throws invalid_input */
function runIn({ operation }: Tool, given: object): string | undefined {
  if (operation !== undefined) return undefined;
  const { input, ignored } = parametersOf("run", stepsOrRun, given);
  const [field] = ignored.filter((name) => ONLY_OVER_HTTP.includes(name));
  const wrong = (name: string, detail: string) => invalidInput([{ field: name, detail }]);
  if (field !== undefined) throw wrong(field, "is of POST /v1/run alone; git_run takes steps, or the id of a run");
  if (!isGiven(input["run"])) return undefined;
  if (isGiven(input["steps"])) throw wrong("run", "asks for the outcome of a run, so there can be no steps");
  return String(input["run"]);
}

async function begin({ operation }: Tool, given: object, caller: Caller, signal: AbortSignal): Promise<Work> {
  const seed = crypto.randomUUID();
  const firstOfSeed = onceSeed(seed, 0);
  if (operation === undefined) return beginSteps(given, { ...caller, once: firstOfSeed }, signal, seed);
  const { input, ignored } = ofOperation(operation, given);
  const own = { ...caller, once: await onceOf(firstOfSeed, 0) };
  return {
    result: page(operation, input, own),
    ignored: told(ignored),
    soFar: () => ({}),
    asSteps: { seed, steps: [{ ...input, op: operation }] },
  };
}

/** Safety margin: items differ in length, so a smaller page may have more tokens per item. */
const MARGIN = 0.8;

/** Asks for smaller pages until one fits into a model's context. */
async function page(operation: string, parameters: object, caller: Caller): Promise<object> {
  const result = withNextPage(await execute(operation, parameters, caller));
  const share = shareThatFits(result);
  const smaller = share === 1 ? undefined : smallerPage(parameters, share * MARGIN);
  return smaller === undefined ? result : page(operation, smaller, caller);
}

function beginSteps(given: object, caller: Caller, signal: AbortSignal, seed: string): Work {
  const { input, ignored } = parametersOf("run", stepsOrRun, given);
  const { steps, ...rest } = parseInput(stepsInput, input);
  const read = steps.map(({ op, ...parameters }) => {
    const operation = operationIn(op);
    return { op: operation, ...ofOperation(operation, parameters) };
  });
  const inSteps = read.flatMap((step, at) => step.ignored.map((name) => `steps.${at}.${name}`));
  const planned = { ...rest, steps: read.map(({ op, input: own }) => ({ ...own, op })) };
  const log = new StepLog(planSteps(planned));
  const soFar = () => ({ done: log.done().map(withNextPage) });
  const named = (...states: StepState["is"][]) => log.in(...states).map(({ op }) => op);
  // Agents rely on the order, also of steps in several workspaces.
  const run = runSteps(log, caller, { signal, sideBySide: 1, onError: "stop" });
  return {
    result: run.then(() => {
      const failure = log.failure();
      if (failure) throw failure.error;
      return soFar();
    }),
    ignored: told([...ignored, ...inSteps]),
    asSteps: { seed, steps: planned.steps, sandbox_id: planned.sandbox_id, log },
    soFar: () => ({ ...soFar(), stopped_at: named("running", "failed"), not_begun: named("waiting", "skipped") }),
  };
}

function ofOperation(name: string, given: object): Parameters {
  const schema = stepSchema(name);
  return schema ? parametersOf(name, schema, given) : { input: { ...given }, ignored: [] };
}

const told = (ignored: readonly string[]) => (ignored.length > 0 ? { ignored } : {});

/** Converts a call that takes too long to a run. If that fails, the call continues in the sandbox. */
async function goesOn(
  { name, annotations }: Tool,
  { asSteps }: Work,
  { caller, answerWithinMs, redactor }: CallContext,
): Promise<object> {
  const late = `${name} is not done after ${answerWithinMs / 1000} s and goes on`;
  const run = await handOver(caller, asSteps, redactor);
  if (run !== undefined) return { detail: `${late} as a run. ${askFor(run)}`, run };
  const next = annotations.idempotentHint
    ? `Call ${name} again with the same parameters: it answers the outcome.`
    : "Check its effect with git_status before you call again.";
  return { detail: `${late} in the sandbox. ${next}` };
}
