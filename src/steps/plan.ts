import * as z from "zod/v4";
import type { FieldError } from "../errors.ts";
import { clonedSchema } from "../api/schemas.ts";
import { clone } from "../ops/clone.ts";
import { sandboxId } from "../ops/inputs.ts";
import { OPERATIONS, operationNamed } from "../ops/registry.ts";
import { fieldsAt } from "../execution/schema-parts.ts";
import { checkInput, invalidInput } from "../execution/parse-input.ts";
import { beforeBegun } from "../ops/work.ts";
import { filled, type Reference, referencesIn, type Referred } from "./references.ts";

const MAX_STEPS = 20;
export const stepsInput = z.strictObject({
  sandbox_id: sandboxId.optional().describe("For steps that name none and follow no clone"),
  steps: z
    .array(z.looseObject({ op: z.string() }))
    .min(1)
    .max(MAX_STEPS),
});

/** Steps to run, or the id of a run to return. */
export const stepsOrRun = stepsInput.extend({ steps: stepsInput.shape.steps.optional(), run: z.string().optional() });

/** Steps as received from a caller. */
export interface GivenSteps {
  readonly sandbox_id?: string | undefined;
  readonly steps: readonly {
    readonly op: string;
    /** Numbers of the steps that must end first. */
    readonly after?: readonly number[] | undefined;
    readonly [field: string]: unknown;
  }[];
}

const listInput = z.strictObject({});

export type InWorkspace = NonNullable<ReturnType<typeof operationNamed>>;

/** The step that lists the caller's workspaces. It belongs to no workspace. */
export const LIST = "workspaces";

/** A step whose input was checked, except for references to other steps' results. */
export interface Step {
  readonly at: number;
  readonly op: string;
  /** Absent for clone and LIST. */
  readonly operation?: InWorkspace;
  /** Input as received. */
  readonly input: object;
  /** Parsed input of the operation; absent if it has references, or the step has no operation. */
  readonly checked?: { readonly sandbox_id: string };
  readonly references: readonly Reference[];
  /** Indexes of steps that must end first: those referred to, those in `after`, and the previous in the workspace. */
  readonly follows: readonly number[];
  /** Equal for steps in the same workspace; absent for clone and LIST. */
  readonly workspace?: string;
}

/** Returns the input schema of a step, without `op`; undefined: the operation does not exist. */
export const stepSchema = (op: string): z.ZodType | undefined =>
  op === LIST ? listInput : op === clone.name ? clone.input : operationNamed(op)?.input;

const answersOf = (op: string): z.ZodType | undefined =>
  op === LIST ? undefined : op === clone.name ? clonedSchema : operationNamed(op)?.output;

const NAMES = [...OPERATIONS.map(({ name }) => name), LIST].join(", ");

/** Placeholder for a sandbox_id that an earlier step will return. */
const STAND_IN = "s0-00000000000000000000";

/**
 * Checks every step before any begins.
 * @throws invalid_input or unknown_operation, with the step in `field`
 */
export function planSteps(input: GivenSteps): Step[] {
  try {
    return checkedSteps(input);
  } catch (error) {
    throw beforeBegun(error);
  }
}

function checkedSteps({ steps, sandbox_id }: GivenSteps): Step[] {
  const errors: FieldError[] = [];
  const known: Referred[] = [];
  const checked: Step[] = [];
  let given: string | Reference | undefined = sandbox_id;
  for (const [at, step] of steps.entries()) {
    const { op } = step;
    const result = checkedStep(step, at, known, given);
    if ("errors" in result) errors.push(...result.errors);
    else checked.push(chained(result, checked));
    known.push({ op, answers: answersOf(op) });
    if (op === clone.name) given = { field: ["sandbox_id"], step: at, member: ["sandbox_id"] };
  }
  if (errors.length === 0) return checked;
  const isUnknown = errors.every(({ field }) => /^steps\.\d+\.op$/.test(field));
  throw invalidInput(errors, isUnknown ? "unknown_operation" : "invalid_input");
}

function checkedStep(
  { op, after = [], ...params }: GivenSteps["steps"][number],
  at: number,
  known: readonly Referred[],
  given: string | Reference | undefined,
): Step | { readonly errors: readonly FieldError[] } {
  const within = `steps.${at}`;
  const operation = operationNamed(op);
  const schema = stepSchema(op);
  if (schema === undefined) {
    return { errors: [{ field: `${within}.op`, detail: `there is no '${op}'; it is one of ${NAMES}` }] };
  }
  const own = operation ? { ...params, sandbox_id: params["sandbox_id"] || defaultOf(given) } : params;
  const { references: written, errors } = referencesIn(own, known, (name) => stepSchema(name) !== undefined, within);
  const isDefault = operation && !params["sandbox_id"] && typeof given === "object";
  const references = isDefault ? [...written, given] : written;
  const isReferred = new Set(
    references
      .filter(({ field: [name = ""] }) => fieldsAt(schema, []).includes(name))
      .map(({ field }) => `${within}.${field.join(".")}`),
  );
  // Input with references is checked again after they are filled.
  const isFinal = references.length === 0;
  const input = isFinal ? filled(own, [], () => undefined) : withStandIns(own, references);
  const ofOperation = operation && checkInput(operation.input, input, within);
  const checked = ofOperation ?? checkInput(schema, input, within);
  const wrong = [
    ...errors,
    ...(checked.ok ? [] : checked.errors.filter(({ field }) => !isReferred.has(field))),
    ...after
      .filter((step) => step > at)
      .map((step) => ({ field: `${within}.after`, detail: `step ${step} is not before this one` })),
  ];
  if (wrong.length > 0) return { errors: wrong };
  const follows = [...references.map(({ step }) => step), ...after.map((step) => step - 1)];
  const workspace = operation ? workspaceOf(own, references) : undefined;
  return {
    at,
    op,
    input: own,
    ...(isFinal && ofOperation?.ok && { checked: ofOperation.value }),
    references,
    follows,
    ...(operation && { operation }),
    ...(workspace !== undefined && { workspace }),
  };
}

const defaultOf = (given: string | Reference | undefined) => (typeof given === "object" ? STAND_IN : given);

function workspaceOf(input: { readonly sandbox_id?: unknown }, references: readonly Reference[]): string {
  const referred = references.find(({ field }) => field.join(".") === "sandbox_id");
  return referred ? `${referred.step}.${referred.member.join(".")}` : String(input.sandbox_id);
}

/** Replaces a reference in sandbox_id by a valid placeholder, because its form is checked; other texts stay. */
function withStandIns(input: object, references: readonly Reference[]): object {
  const isReferred = references.some(({ field }) => field.join(".") === "sandbox_id");
  return isReferred ? { ...input, sandbox_id: STAND_IN } : input;
}

/** A step also follows the one before it in its workspace; a list of workspaces follows all. */
function chained(step: Step, before: readonly Step[]): Step {
  const previous = before.findLast(({ workspace }) => workspace !== undefined && workspace === step.workspace);
  const all = step.op === LIST ? before.map(({ at }) => at) : previous ? [previous.at] : [];
  return { ...step, follows: [...new Set([...step.follows, ...all])] };
}
