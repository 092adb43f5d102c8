import type * as z from "zod/v4";
import type { Work } from "../errors.ts";
import type { PrefetchedRemote, StreamedFile } from "../remote/types.ts";
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

/** What a script gets: the only places where a caller's text may go. */
export interface Command {
  /** Inputs by name, all beginning with IN_. */
  readonly env?: Readonly<Record<string, string>>;
  /** A list, as "$@". */
  readonly args?: readonly string[];
  readonly incoming?: StreamedFile | undefined;
}

/** What is too large for parameters: a file the sandbox gets before the script starts, which removes it. */
interface Upload {
  /** Relative to the home folder; a name nobody else uses. */
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * An operation as one program without a shell, for the calls of which that tells all: starting a shell takes about half
 * as long as starting git (docs/decisions/0014-cheap-looks.md).
 */
export interface Direct<Input = unknown, Value extends object = object> {
  /** The program and its parameters; it starts in the home folder. Undefined: this input needs the script. */
  command(input: Input): readonly [program: string, ...args: string[]] | undefined;
  /**
   * Pure and total; stdout is section 1. Undefined: there is more to tell, by the script. Of a program that failed it is
   * not asked; the script then says why.
   */
  parse(output: ScriptOutput, input: Input): Parsed<Value> | undefined;
}

/**
 * What one process of the sandbox does. `script` is a constant; `command` and `parse` are pure, and `parse` is total:
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
  /** Tried before the script; only for what changes nothing. */
  readonly direct?: Direct<Input, Value>;
  /** How many operations it is, each with its own time; absent: one. */
  readonly operations?: number;
  command(input: Input, context: OperationContext): Command;
  /** Given the very object that `command` gets. Absent or empty for nearly every call. */
  uploads?(input: Input): readonly Upload[];
  parse(output: ScriptOutput, input: Input): Parsed<Value>;
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

/** Gives an operation its exact types, so that the registry can hold them all as one. */
export function defineOperation<Input extends z.ZodType, Output extends z.ZodType<object>>(
  operation: Operation<Input, Output>,
): Operation<Input, Output> {
  return operation;
}
