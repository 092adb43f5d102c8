import type * as z from "zod/v4";
import type { Work } from "../errors.ts";
import type { RefRule } from "../broker/rules.ts";
import type { Policy } from "../policy/policy.ts";
import type { LfsFile, PrefetchedRemote, Remote, Signing, StreamedFile } from "../remote/types.ts";
import type { LostRace, Parsed, ScriptOutput } from "./output/script-output.ts";

/** Values that a script needs beside the caller's input; the facade provides them. */
export interface OperationContext extends PrefetchedRemote {
  readonly author: { readonly name: string; readonly email: string };
  /** First part of the name of each agent's branch. */
  readonly agentBranchPrefix: string;
  readonly maxRetries: number;
  readonly timeoutS: number;
  /**
   * Equal for tries of the same call, 32 hex characters. A try that finds the call done in the sandbox answers the same
   * and changes nothing (scripts/lib/once.sh). Reads ignore it.
   */
  readonly once?: string;
  /** Commit of the seed, the clone in the sandbox's repository snapshot. A seed on another commit is not used. */
  readonly seedHead?: string;
  /** For a task that talks to the git host, or needs objects that a partial clone lacks. */
  readonly remote?: Remote | undefined;
  /** For a task that makes commits, if they are signed. */
  readonly signing?: Signing | undefined;
  readonly push?: PushContext;
  /** For an edit: files that are written as pointers. */
  readonly lfs?: readonly LfsFile[];
  /** Rules for pushes. */
  readonly policy: Policy;
}

/** The part of the context that decides which refs a push may change. */
type SendContext = Pick<OperationContext, "agentBranchPrefix" | "policy" | "push">;

/** Values that a push gets beside its input. */
export interface PushContext {
  /**
   * `none`: the push ends when it loses a race. `waited`: others have pushed to the branch meanwhile. Absent: it
   * repeats until it has won.
   */
  readonly turn?: "none" | "waited";
  /** Commit that the remote branch is known to hold. */
  readonly known?: string;
  /** State of an earlier try of this push, which lost its race. */
  readonly lost?: LostRace;
}

/**
 * File that the sandbox gets before a script starts, for input that is too large for parameters; the script deletes it.
 */
interface UploadedFile {
  /** Relative to the home folder; a unique name. */
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * The process that the sandbox runs for one call. It is made once; until `parse`, the executor (run.ts) needs nothing
 * else of the task.
 */
export interface Plan {
  /** Inputs of the script by name; each name begins with IN_. A caller's text is only here and in `args`. */
  readonly env?: Readonly<Record<string, string>>;
  /** An input that is a list: "$@" of the script. */
  readonly args?: readonly string[];
  readonly files?: readonly UploadedFile[];
  readonly streamed?: StreamedFile | undefined;
  /** Takes the script's output as it arrives, and returns the part that is collected for `parse`. */
  readonly takeStdout?: (nonce: string) => (bytes: Uint8Array) => Promise<Uint8Array>;
  /**
   * Fast path: one program without a shell, for a call that only reads and that its output may answer completely. It
   * runs before the script. A shell takes about half as long to start as git (docs/decisions/0014-cheap-looks.md). It
   * starts in the home folder.
   */
  readonly direct?: readonly [program: string, ...args: string[]];
}

/**
 * A process of the sandbox. `script` is a constant; `plan` and `parse` are pure, and `parse` is total: any bytes give a
 * value or an error, never a throw.
 */
export interface SandboxTask<Input = unknown, Value extends object = object> {
  readonly name: string;
  /**
   * `read` changes nothing and never waits; `write` holds the workspace's lock; `remote` writes and talks to the git
   * host.
   */
  readonly access: "read" | "write" | "remote";
  /** Whether the task makes commits or tags. If they are signed, it gets a lease for that. */
  readonly commits?: boolean;
  /** Whether its output leaves as it arrives (`takeStdout`); then it is not repeated once it may have started. */
  readonly streams?: boolean;
  /** Whether the task can push commits; absent: no. */
  readonly pushes?: boolean;
  readonly shell: "/bin/sh" | "/bin/bash" | "perl";
  readonly script: string;
  /** Number of operations, each with its own time limit; absent: one. */
  readonly operations?: number;
  /** Refs at the git host that this call may change; absent: none. The broker refuses all others. */
  sends?(input: Input, context: SendContext): readonly RefRule[];
  plan(input: Input, context: OperationContext): Plan;
  parse(output: ScriptOutput, input: Input): Parsed<Value>;
  /**
   * Parses the output of a successful `direct`, as section 1. Undefined: the script is needed as well. Pure and total.
   */
  parseDirect?(output: ScriptOutput, input: Input): Parsed<Value> | undefined;
  /**
   * For a task that pushes and was killed: whether the remote has the commit, by the sections printed before. Pure and
   * total.
   */
  pushed?(sections: ScriptOutput["sections"]): Work["pushed"];
}

/** Whether the task can be sent again although it may have run. */
export const isRepeatable = ({ access, streams = false }: Pick<SandboxTask, "access" | "streams">): boolean =>
  access === "read" && !streams;

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
 * Gives an operation its exact types, so that the registry can hold all operations in one list.
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
