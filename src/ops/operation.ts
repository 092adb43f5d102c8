import type * as z from "zod/v4";
import type { Work } from "../errors.ts";
import type { PrefetchedRemote, Remote, StreamedFile } from "../remote/types.ts";
import type { LostRace, Parsed, ScriptOutput } from "./output/script-output.ts";

/** What the facade knows and a script needs beside the caller's input. */
export interface OperationContext extends PrefetchedRemote {
  readonly author: { readonly name: string; readonly email: string };
  /** What comes before agent and task in the name of an agent's branch. */
  readonly agentBranchPrefix: string;
  readonly maxRetries: number;
  readonly timeoutS: number;
  /** Commit that the seed of the sandbox's repository snapshot must be on for a clone to be made of it. */
  readonly seedHead?: string;
  /** For a task that talks to the git host, or needs what a partial clone lacks. */
  readonly remote?: Remote | undefined;
  readonly push?: PushContext;
  /** Whether a push reaches the repository's default branch only where it names it. */
  readonly guardDefault?: boolean;
}

/** What a push is told beside its input. */
export interface PushContext {
  /**
   * `none`: it ends when it loses a race. `waited`: others have pushed to the branch meanwhile. Absent: it goes on until it
   * has won.
   */
  readonly turn?: "none" | "waited";
  /** Commit that the remote branch is known to hold. */
  readonly known?: string;
  /** What an earlier try of the same push lost its race with. */
  readonly lost?: LostRace;
}

/** A file that the sandbox gets before a script starts, for input that is too large for parameters; the script deletes it. */
interface UploadedFile {
  /** Relative to the home folder; a name that nothing else has. */
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * What the sandbox runs for one call. It is made once; the executor (run.ts) asks the task nothing more until `parse`.
 */
export interface Plan {
  /** Inputs of the script by name, all beginning with IN_. A caller's text goes here and into `args`, and nowhere else. */
  readonly env?: Readonly<Record<string, string>>;
  /** An input that is a list, as "$@". */
  readonly args?: readonly string[];
  readonly files?: readonly UploadedFile[];
  readonly streamed?: StreamedFile | undefined;
  /**
   * One program without a shell, tried before the script, for a call that changes nothing and whose output may tell all: a
   * shell takes about half as long to start as git (docs/decisions/0014-cheap-looks.md). It starts in the home folder.
   */
  readonly direct?: readonly [program: string, ...args: string[]];
}

/**
 * What one process of the sandbox does. `script` is a constant; `plan` and `parse` are pure, and `parse` is total:
 * any bytes give a value or an error, never a throw.
 */
export interface SandboxTask<Input = unknown, Value extends object = object> {
  readonly name: string;
  /** `read` changes nothing and never waits; `write` holds the workspace's lock; `remote` writes and talks to the git host. */
  readonly access: "read" | "write" | "remote";
  /** Whether it can send commits to the remote; absent: no. */
  readonly pushes?: boolean;
  readonly shell: "/bin/sh" | "/bin/bash" | "perl";
  readonly script: string;
  /** How many operations it is, each with its own time; absent: one. */
  readonly operations?: number;
  plan(input: Input, context: OperationContext): Plan;
  parse(output: ScriptOutput, input: Input): Parsed<Value>;
  /**
   * Reads what `direct` of the plan printed, as section 1, where that went well. Undefined: the script tells more. Pure and
   * total.
   */
  parseDirect?(output: ScriptOutput, input: Input): Parsed<Value> | undefined;
  /** Of what pushes: whether the remote has it, by what was printed before it was ended in its middle. Pure and total. */
  pushed?(sections: ScriptOutput["sections"]): Work["pushed"];
}

/** One git verb. */
export interface Operation<
  Input extends z.ZodType = z.ZodType,
  Output extends z.ZodType<object> = z.ZodType<object>,
> extends SandboxTask<z.output<Input>, z.output<Output>> {
  /** One sentence for the API description. */
  readonly summary: string;
  readonly input: Input;
  readonly output: Output;
}

/**
 * Gives an operation its exact types, so that the registry can hold them all as one.
 *
 * @example
 * export const count = defineOperation({
 *   name: "count",
 *   summary: "How many files the tree has.",
 *   access: "read",
 *   shell: "/bin/sh",
 *   input: z.strictObject({ sandbox_id: sandboxId, path: treePath }),
 *   output: z.object({ files: z.number() }),
 *   script: assemble(countScript), // scripts/count.sh
 *   plan: (input) => ({ env: { IN_PATH: input.path } }),
 *   parse: (result) =>
 *     failureOf(result) ?? { ok: true, value: { files: Number(sectionText(result.sections, 1)) } },
 * });
 */
export function defineOperation<Input extends z.ZodType, Output extends z.ZodType<object>>(
  operation: Operation<Input, Output>,
): Operation<Input, Output> {
  return operation;
}
