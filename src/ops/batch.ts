import { WarmtreeError, type Work } from "../errors.ts";
import { failureOf } from "./output/failure.ts";
import type { Operation, OperationContext, Plan, SandboxTask } from "./operation.ts";
import type { Parsed, ScriptOutput } from "./output/script-output.ts";
import { sectionText, splitSections } from "./output/sections.ts";
import { MAX_OUTPUT_BYTES, programOf } from "./run.ts";
import { assemble } from "./scripts/assemble.ts";
import batchScript from "./scripts/batch.sh" with { type: "text" };

/** An operation with its parsed input. */
export interface Step {
  readonly operation: Operation;
  readonly asked: unknown;
  /** As in OperationContext. The batch itself has none. */
  readonly once?: string | undefined;
}

/** Upper bound for the two section marks of a step. */
const MARKS_BYTES = 256;

interface StepResult {
  readonly parsed: Parsed<object>;
  /** Absent if the sandbox's bash is older than 5 and has no clock, and for a step that was cut off. */
  readonly seconds?: number;
}

/** Results of the steps, in order. Only the last can be a failure, because a failed step ends the batch. */
export type BatchResult = readonly StepResult[];

const ACCESS = ["read", "write", "remote"] as const;

/**
 * Runs several operations on one workspace as one process of the sandbox, in order, until one fails. Each step runs its
 * own script (scripts/batch.sh).
 */
export function batchOf(steps: readonly Step[]): SandboxTask<unknown, BatchResult> {
  // Not the nonce of the call, which marks the sections of the batch script itself.
  const nonce = crypto.randomUUID();
  const shareBytes = Math.floor(MAX_OUTPUT_BYTES / steps.length) - MARKS_BYTES;
  const needed = new Set(steps.map(({ operation }) => operation.access));
  return {
    name: "run",
    access: ACCESS.findLast((access) => needed.has(access)) ?? "read",
    commits: steps.some(({ operation }) => operation.commits),
    pushes: steps.some(({ operation }) => operation.pushes),
    shell: "/bin/bash",
    script: assemble(batchScript),
    operations: steps.length,
    sends: (_asked, context) => steps.flatMap(({ operation, asked }) => operation.sends?.(asked, context) ?? []),
    plan: (_asked, context) => planOf(steps, context, nonce, shareBytes),
    pushed: (sections) => pushedBySteps(steps, nonce, sections),
    parse(output) {
      const ran = steps.flatMap((step, index) => resultOf(step, index + 1, nonce, shareBytes, output) ?? []);
      if (ran.length > 0) return { ok: true, value: ran };
      return (
        failureOf(output) ?? { ok: false, error: new WarmtreeError("internal", "The sandbox ran none of the steps.") }
      );
    },
  };
}

/**
 * Returns whether the steps pushed. The batch can end before the step it waits for, so for a step that started and did
 * not end, only a completed push is certain.
 */
function pushedBySteps(steps: readonly Step[], nonce: string, sections: ScriptOutput["sections"]): Work["pushed"] {
  let isDone = false;
  for (const [index, { operation }] of steps.entries()) {
    const stdout = sections.get(index * 2 + 1);
    if (!operation.pushed || !stdout) continue;
    if (operation.pushed(splitSections(stdout, `${nonce}-${index + 1}`)) === true) isDone = true;
    else if (!sections.has(index * 2 + 2)) return "unknown";
  }
  return isDone;
}

function planOf(steps: readonly Step[], context: OperationContext, nonce: string, shareBytes: number): Plan {
  const plans = steps.map((step) => ({ step, plan: step.operation.plan(step.asked, context) }));
  return {
    args: [nonce, String(shareBytes), ...plans.flatMap(({ step, plan }) => stepArguments(step, plan, context))],
    files: plans.flatMap(({ plan }) => plan.files ?? []),
  };
}

function stepArguments(
  { operation, once }: Step,
  { args = [], env = {} }: Plan,
  { signing }: OperationContext,
): string[] {
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  if (once !== undefined && operation.access !== "read") settings.push(`WT_ONCE=${once}`);
  const words = [...programOf(operation), ...args];
  const needs = [operation.access === "remote" ? "remote" : "", operation.commits && signing ? "signing" : ""];
  return [needs.join(" "), String(settings.length), String(words.length), ...settings, ...words];
}

/** Returns the result of a step; undefined if it did not start. */
function resultOf(
  { operation, asked }: Step,
  number: number,
  nonce: string,
  shareBytes: number,
  output: ScriptOutput,
): StepResult | undefined {
  const stdout = output.sections.get(number * 2 - 1);
  if (!stdout) return undefined;
  const [code = "", began, ended] = sectionText(output.sections, number * 2).split(" ");
  // Without an exit code, the batch was ended during this step.
  const exitCode = code === "" ? output.exitCode || -1 : Number(code);
  const seconds = began && ended ? Number(ended) - Number(began) : undefined;
  const ownNonce = `${nonce}-${number}`;
  const [stderr = ""] = (output.stderr.split(`${ownNonce}\n`).at(-1) ?? "").split(`\n${nonce}-`);
  const truncated = output.truncated || stdout.length >= shareBytes;
  const own = { exitCode, sections: splitSections(stdout, ownNonce), stderr, truncated };
  return { parsed: operation.parse(own, asked), ...(seconds === undefined ? {} : { seconds }) };
}
