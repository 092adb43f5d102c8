import * as z from "zod/v4";
import type { FieldError } from "../errors.ts";
import { clone } from "../ops/clone.ts";
import { sandboxId } from "../ops/inputs.ts";
import { OPERATIONS, operationNamed } from "../ops/registry.ts";
import { checkInput, invalidInput } from "../execution/parse-input.ts";
import { beforeBegun } from "../ops/work.ts";

const MAX_STEPS = 20;
export const stepsInput = z.strictObject({
  sandbox_id: sandboxId.optional().describe("For steps that name none and follow no clone"),
  steps: z
    .array(z.looseObject({ op: z.string() }))
    .min(1)
    .max(MAX_STEPS),
});

const listInput = z.strictObject({});

type InWorkspace = NonNullable<ReturnType<typeof operationNamed>>;

/** A step with checked input. */
type Step = CloneStep | ListStep | WorkspaceStep;

interface CloneStep {
  readonly op: string;
  readonly operation?: never;
  readonly input: object;
}

/** The step that lists the caller's workspaces; it is of no workspace. */
export const LIST = "workspaces";

interface ListStep {
  readonly op: typeof LIST;
  readonly operation?: never;
  readonly input?: never;
}

/** What a completed step answered. */
interface StepResult {
  readonly op: string;
  readonly [member: string]: unknown;
}

export interface WorkspaceStep {
  readonly op: string;
  readonly operation: InWorkspace;
  readonly input: { readonly sandbox_id: string };
}

/** Progress of the steps; may be read at any time. */
export interface StepLog {
  /** Results of the completed steps, in order. */
  readonly done: StepResult[];
  /** Steps in the request last sent to the sandbox. After a failure: the step that failed. */
  running: readonly string[];
  /** Steps that were not begun. */
  left: readonly Step[];
}

/** The input of a step, without `op`; undefined: there is no such operation. */
export const stepSchema = (op: string): z.ZodType | undefined =>
  op === LIST ? listInput : op === clone.name ? clone.input : operationNamed(op)?.input;

const NAMES = [...OPERATIONS.map(({ name }) => name), LIST].join(", ");

/** Placeholder for the sandbox_id that a clone step will return. */
export const FROM_CLONE = "s0-00000000000000000000";

/**
 * Checks every step before any is begun.
 * @throws invalid_input or unknown_operation, with the step in `field`
 */
export function planSteps(input: z.output<typeof stepsInput>): StepLog {
  try {
    return { done: [], running: [], left: checkedSteps(input) };
  } catch (error) {
    throw beforeBegun(error);
  }
}

function checkedSteps({ steps, sandbox_id }: z.output<typeof stepsInput>): Step[] {
  let given = sandbox_id;
  const errors: FieldError[] = [];
  const checked = steps.flatMap(({ op, ...params }, index): Step[] => {
    const within = `steps.${index}`;
    if (op === clone.name) {
      given = FROM_CLONE;
      const input = checkInput(clone.input, params, within);
      if (input.ok) return [{ op: clone.name, input: params }];
      errors.push(...input.errors);
      return [];
    }
    if (op === LIST) {
      const input = checkInput(listInput, params, within);
      if (input.ok) return [{ op: LIST }];
      errors.push(...input.errors);
      return [];
    }
    const operation = operationNamed(op);
    if (!operation) {
      errors.push({ field: `${within}.op`, detail: `there is no '${op}'; it is one of ${NAMES}` });
      return [];
    }
    const own = params["sandbox_id"] || given;
    const input = checkInput(operation.input, { ...params, sandbox_id: own }, within);
    if (input.ok) return [{ op, operation, input: input.value }];
    errors.push(...input.errors);
    return [];
  });
  if (errors.length === 0) return checked;
  const isUnknown = errors.every(({ field }) => /^steps\.\d+\.op$/.test(field));
  throw invalidInput(errors, isUnknown ? "unknown_operation" : "invalid_input");
}
