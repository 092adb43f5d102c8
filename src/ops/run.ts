import type { E2bConfig } from "../e2b/config.ts";
import { uploadFile, uploadStream } from "../e2b/files.ts";
import { type ProcessRequest, type ProcessResult, runProcess } from "../e2b/process.ts";
import { cutShort, withPushed } from "./cut-short.ts";
import { GIT_ENVIRONMENT, LOOK_ENVIRONMENT } from "./environment.ts";
import type { Command, Direct, OperationContext, SandboxTask } from "./operation.ts";
import type { StreamedFile, Remote } from "../remote/types.ts";
import type { Parsed, ScriptOutput } from "./output/script-output.ts";
import { splitSections } from "./output/sections.ts";
import { CALL } from "./watched.ts";
import { watched } from "./watched.ts";
import { assemble } from "./scripts/assemble.ts";
import handOver from "./scripts/lib/hand-over.sh" with { type: "text" };

/** No operation's capped output comes near; it only bounds what a Worker (128 MB) holds of a strange repository. */
export const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;
/** The process gets this much longer than it may wait for the lock, so that waiting ends with a clear answer. */
const LOCK_MARGIN_S = 5;
/**
 * No push begins in the last part of the time, so that what is told of it before has come here when the process is killed:
 * a second, or less where the time is short.
 */
const TOLD_WITHIN_MS = 1000;
const TOLD_WITHIN_SHARE = 0.1;
/** A process that names no folder starts in one that the template may choose. */
const HOME = "~";

const HAND_OVER = assemble(handOver);

/** Runs one process of the sandbox to its end. */
export type Start = (request: ProcessRequest, incoming?: StreamedFile) => Promise<ProcessResult>;

/** The program that runs an operation's script, and its parameters before the caller's own. */
export function programOf({ shell, script, name }: SandboxTask): readonly [program: string, ...args: string[]] {
  return shell === "perl" ? [shell, "-e", script, "--"] : [shell, "-c", script, name];
}

/** One process start of the sandbox: a constant script, the caller's words as parameters, settings as environment. */
function requestOf(
  operation: SandboxTask,
  command: Command,
  context: OperationContext,
  remote: Remote | undefined,
  nonce: string,
): ProcessRequest {
  const { env } = command;
  const { name, email } = context.author;
  const authorization = remote?.authorization;
  const script = watched(operation.shell, operation.script, command.incoming !== undefined);
  const program = [...programOf({ ...operation, script }), ...(command.args ?? [])] as const;
  const [cmd, ...args] =
    authorization === undefined ? program : (["/bin/sh", "-c", HAND_OVER, "sh", ...program] as const);
  return {
    cmd,
    args,
    envs: {
      ...GIT_ENVIRONMENT,
      GIT_AUTHOR_NAME: name,
      GIT_AUTHOR_EMAIL: email,
      GIT_COMMITTER_NAME: name,
      GIT_COMMITTER_EMAIL: email,
      WT_NONCE: nonce,
      [CALL]: nonce,
      WT_RETRIES: String(context.maxRetries),
      WT_PUSH_WITHIN_MS: String(pushWithinMs(context.timeoutS * 1000)),
      WT_LOCK_WAIT_S: String(Math.max(1, context.timeoutS - LOCK_MARGIN_S)),
      ...(remote ? { WT_URL: remote.url } : {}),
      ...(authorization === undefined ? {} : { WT_AUTH: authorization }),
      ...env,
    },
    hasStdin: true,
    timeoutMs: context.timeoutS * 1000,
    maxOutputBytes: MAX_OUTPUT_BYTES,
  };
}

const pushWithinMs = (timeoutMs: number) =>
  Math.floor(timeoutMs - Math.min(TOLD_WITHIN_MS, timeoutMs * TOLD_WITHIN_SHARE));

/** What an operation comes to: told by its program alone where that tells all, else by its script. */
export async function perform<Value extends object>(
  operation: SandboxTask<unknown, Value>,
  input: unknown,
  context: OperationContext,
  remote: Remote | undefined,
  start: Start,
): Promise<Parsed<Value>> {
  const told = operation.direct && (await runDirect(operation.direct, input, context, start));
  if (told) return told;
  const output = await runScript(operation, input, context, remote, start);
  return withPushed(operation, output, operation.parse(output, input));
}

async function runDirect<Value extends object>(
  direct: Direct<unknown, Value>,
  input: unknown,
  context: OperationContext,
  start: Start,
): Promise<Parsed<Value> | undefined> {
  const [cmd, ...args] = direct.command(input) ?? [];
  if (cmd === undefined) return undefined;
  const limits = { timeoutMs: context.timeoutS * 1000, maxOutputBytes: MAX_OUTPUT_BYTES };
  const { stdout, ...result } = await start({ cmd, args, cwd: HOME, envs: LOOK_ENVIRONMENT, ...limits });
  return result.exitCode === 0 ? direct.parse({ ...result, sections: new Map([[1, stdout]]) }, input) : undefined;
}

export async function runScript(
  operation: SandboxTask,
  input: unknown,
  context: OperationContext,
  remote: Remote | undefined,
  start: Start,
): Promise<ScriptOutput> {
  const nonce = crypto.randomUUID();
  const command = operation.command(input, context);
  const request = requestOf(operation, command, context, remote, nonce);
  const { stdout, ...result } = await start(request, command.incoming).catch((error: unknown) => {
    throw cutShort(operation, error, nonce);
  });
  return { ...result, sections: splitSections(stdout, nonce) };
}

/**
 * Runs an operation in a sandbox: one request, and more for what is too large for parameters, what comes while it
 * runs, or what its program alone does not tell. Throws E2bError when the sandbox, rather than git, fails.
 */
export async function runOperation<Value extends object>(
  e2b: E2bConfig,
  session: Parameters<typeof runProcess>[1],
  operation: SandboxTask<unknown, Value>,
  input: unknown,
  context: OperationContext,
  remote: Remote | undefined,
  onStderr?: (text: string) => void,
): Promise<Parsed<Value>> {
  for (const { path, bytes } of operation.uploads?.(input) ?? []) await uploadFile(e2b, session, path, bytes);
  return perform(operation, input, context, remote, (request, incoming) => {
    const came = incoming && uploadStream(e2b, session, incoming.path, incoming.bytes);
    const heard = onStderr ? { ...request, onStderr } : request;
    return runProcess(e2b, session, came ? { ...heard, openUntil: came } : heard);
  });
}
