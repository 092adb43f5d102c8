import { eventsIn } from "./event-stream.ts";
import { jsonOf } from "./answers.ts";
import { bySchema } from "./by-schema.ts";
import { NoAnswerError } from "./errors.ts";
import type { Operations } from "./generated.ts";
import type { CallOptions, Result, Transport } from "./transport.ts";

export type Operation = keyof Operations;

/** A member of an earlier step's answer: `$2.head`, `$clone.sandbox_id`; or of an item of for_each: `$item.name`. */
export type Reference = `$${string}.${string}`;

type StepFields<Op extends Operation> = {
  readonly [Field in keyof Omit<Operations[Op]["input"], "sandbox_id">]: Operations[Op]["input"][Field] | Reference;
};
interface StepBase<Op extends string> {
  readonly op: Op;
  /** Numbers of the steps that must end before this one. */
  readonly after?: readonly number[] | undefined;
  /** Absent: the workspace of the last clone before the step, or the run's. */
  readonly sandbox_id?: string | undefined;
}
/** One step of a run: an operation with its input. */
export type Step = { [Op in Operation]: StepBase<Op> & StepFields<Op> }[Operation] | StepBase<"workspaces">;

export interface RunInput<Steps extends readonly Step[] = readonly Step[]> {
  /** Workspace of the steps that name none and follow no clone. */
  readonly sandbox_id?: string | undefined;
  readonly steps: Steps;
  /** After a failed step, stop (the default) begins no other step; continue begins all that do not need its answer. */
  readonly on_error?: "stop" | "continue" | undefined;
  /** Number of workspaces that are worked in at once; 1: the steps begin in their order. */
  readonly at_once?: number | undefined;
}

type RunAnswer = Extract<Result<"POST /v1/run">, { readonly ok: boolean }>;
export type StepError = NonNullable<RunAnswer["steps"][number]["error"]>;
type StepResult<Op> = Op extends Operation ? Operations[Op]["result"] : Result<"GET /v1/workspaces">;

/** The outcome of one step. */
export type StepOutcome<Op extends Step["op"] = Step["op"]> = Op extends unknown
  ? { readonly step: number; readonly op: Op } & (
      | { readonly status: "done"; readonly result: StepResult<Op> }
      | { readonly status: "failed"; readonly error: StepError }
      | { readonly status: "not_begun" }
    )
  : never;

export interface RunResult<Steps extends readonly Step[] = readonly Step[]> {
  /** Whether all steps are done. */
  readonly ok: boolean;
  readonly steps: { readonly [At in keyof Steps]: StepOutcome<Steps[At]["op"]> };
}

export interface StepProgress {
  readonly step: number;
  readonly op: string;
  /** Git's progress output. */
  readonly text: string;
}

export interface RunOptions extends CallOptions {
  /** Called once for each step, when it has ended. */
  readonly onStep?: ((step: StepOutcome) => void) | undefined;
  readonly onProgress?: ((progress: StepProgress) => void) | undefined;
}

/** Runs several steps in one request. A failed step does not reject the call. */
export async function runSteps<const Steps extends readonly Step[]>(
  transport: Transport,
  input: RunInput<Steps>,
  { onStep, onProgress, ...options }: RunOptions = {},
): Promise<RunResult<Steps>> {
  const events = onStep !== undefined || onProgress !== undefined;
  const told = new Set<number>();
  const read = (response: Response) =>
    events && isStream(response) ? lastOf(response, { onStep, onProgress }, told) : jsonOf(response);
  // The answer has one step for each step sent, in the same order.
  return bySchema<RunResult<Steps>>(await transport.send("POST /v1/run", { ...options, body: input, events }, read));
}

const isStream = ({ headers }: Response) => (headers.get("Content-Type") ?? "").startsWith("text/event-stream");

/** @param told steps already reported to the caller, from this stream or an earlier one that was cut off */
async function lastOf(
  response: Response,
  { onStep, onProgress }: Pick<RunOptions, "onStep" | "onProgress">,
  told: Set<number>,
): Promise<unknown> {
  for await (const { event, data } of eventsIn(response)) {
    if (event === "run") return data;
    if (event === "progress") onProgress?.(bySchema<StepProgress>(data));
    if (event !== "step") continue;
    const step = bySchema<StepOutcome>(data);
    if (!told.has(step.step)) onStep?.(step);
    told.add(step.step);
  }
  throw new NoAnswerError("the events ended before the run");
}
