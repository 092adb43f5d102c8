import type { E2bConfig } from "../e2b/config.ts";
import { uploadFile, uploadStream } from "../e2b/files.ts";
import { type ProcessRequest, type ProcessResult, runProcess } from "../e2b/process.ts";
import { cutShort, withPushed } from "./cut-short.ts";
import { GIT_ENVIRONMENT, LOOK_ENVIRONMENT } from "./environment.ts";
import type { OperationContext, Plan, SandboxTask } from "./operation.ts";
import type { StreamedFile } from "../remote/types.ts";
import type { Parsed, ScriptOutput } from "./output/script-output.ts";
import { splitSections } from "./output/sections.ts";
import { CALL } from "./watched.ts";
import { watched } from "./watched.ts";
import { assemble } from "./scripts/assemble.ts";
import handOver from "./scripts/lib/hand-over.sh" with { type: "text" };

/**
 * Limits the memory that a Worker (128 MB) needs for a strange repository. The capped output of an operation is far
 * below.
 */
export const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;
/** The process may run this much longer than it waits for the lock, so that a wait ends with a clear error. */
const LOCK_MARGIN_S = 5;
/**
 * No push starts in the last second (or tenth) of the time limit, so that its start has been reported when the process
 * is killed.
 */
const TOLD_WITHIN_MS = 1000;
const TOLD_WITHIN_SHARE = 0.1;
/** The home folder. Without a folder, a process starts in a folder that the template may choose. */
const HOME = "~";

const HAND_OVER = assemble(handOver);

/** Runs one process of the sandbox to its end. */
export type Start = (request: ProcessRequest, streamed?: StreamedFile) => Promise<ProcessResult>;

/** The sandbox that a task runs in. */
export interface Sandbox {
  readonly e2b: E2bConfig;
  readonly session: Parameters<typeof runProcess>[1];
  /** Called with git's stderr as it arrives. */
  readonly onStderr?: ((text: string) => void) | undefined;
}

/** The program that runs a task's script, with its parameters before those of the plan. */
export function programOf({ shell, script, name }: SandboxTask): readonly [program: string, ...args: string[]] {
  return shell === "perl" ? [shell, "-e", script, "--"] : [shell, "-c", script, name];
}

/**
 * Runs a task in a sandbox: one request, and more for files that are uploaded before or while the script runs, or if
 * `direct` of the plan does not answer the call. Throws E2bError if the sandbox fails; a failure of git is a result.
 *
 * @example
 * const parsed = await runOperation({ e2b: config.e2b, session: grant.session }, status, { sandbox_id }, context);
 * if (!parsed.ok) throw parsed.error;
 */
export async function runOperation<Input, Value extends object>(
  { e2b, session, onStderr }: Sandbox,
  task: SandboxTask<Input, Value>,
  input: Input,
  context: OperationContext,
): Promise<Parsed<Value>> {
  const plan = task.plan(input, context);
  for (const { path, bytes } of plan.files ?? []) await uploadFile(e2b, session, path, bytes);
  return runPlan(task, plan, input, context, (request, streamed) => {
    const came = streamed && uploadStream(e2b, session, streamed.path, streamed.bytes);
    const heard = onStderr
      ? { ...request, onStderr: (text: string) => onStderr(withOwnAddress(context, text)) }
      : request;
    return runProcess(e2b, session, came ? { ...heard, openUntil: came } : heard);
  });
}

/** Runs a plan after its files are uploaded: first `direct`, then the script if `direct` does not answer the call. */
export async function runPlan<Input, Value extends object>(
  task: SandboxTask<Input, Value>,
  plan: Plan,
  input: Input,
  context: OperationContext,
  start: Start,
): Promise<Parsed<Value>> {
  const output = plan.direct && (await runDirect(plan.direct, context, start));
  const told = output && task.parseDirect?.(output, input);
  if (told) return told;
  const result = await runScript(task, plan, context, start);
  return withPushed(task, result, task.parse(result, input));
}

/** Runs `direct`; undefined if the program failed: then the script reports why. */
async function runDirect(
  [cmd, ...args]: NonNullable<Plan["direct"]>,
  context: OperationContext,
  start: Start,
): Promise<ScriptOutput | undefined> {
  const limits = { timeoutMs: context.timeoutS * 1000, maxOutputBytes: MAX_OUTPUT_BYTES };
  const { stdout, ...result } = await start({ cmd, args, cwd: HOME, envs: LOOK_ENVIRONMENT, ...limits });
  return result.exitCode === 0 ? { ...result, sections: new Map([[1, stdout]]) } : undefined;
}

export async function runScript(
  task: SandboxTask<never>,
  plan: Plan,
  context: OperationContext,
  start: Start,
): Promise<ScriptOutput> {
  const nonce = crypto.randomUUID();
  const takeStdout = plan.takeStdout?.(nonce);
  const request = { ...requestOf(task, plan, context, nonce), takeStdout };
  const { stdout, stderr, ...result } = await start(request, plan.streamed).catch((error: unknown) => {
    throw cutShort(task, error, nonce);
  });
  return { ...result, stderr: withOwnAddress(context, stderr), sections: splitSections(stdout, nonce) };
}

/** Replaces the address that git connects to by that of the remote. */
function withOwnAddress({ remote }: OperationContext, text: string): string {
  return remote?.via === undefined ? text : text.replaceAll(remote.via, remote.url);
}

/** Builds the process start: a constant script, with the caller's text in parameters and environment. */
function requestOf(task: SandboxTask<never>, plan: Plan, context: OperationContext, nonce: string): ProcessRequest {
  const { name, email } = context.author;
  const { once, remote, signing } = context;
  const secrets = secretsOf(context);
  const script = watched(task.shell, task.script, plan.streamed !== undefined);
  const program = [...programOf({ ...task, script }), ...(plan.args ?? [])] as const;
  const [cmd, ...args] = secrets === undefined ? program : (["/bin/sh", "-c", HAND_OVER, "sh", ...program] as const);
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
      ...(task.access === "read" || once === undefined ? {} : { WT_ONCE: once }),
      ...(remote ? { WT_URL: remote.url } : {}),
      ...(remote?.via === undefined ? {} : { WT_VIA: remote.via }),
      ...(signing === undefined ? {} : { WT_SIGN: signing.url }),
      ...(secrets === undefined ? {} : { WT_AUTH: secrets }),
      ...plan.env,
    },
    hasStdin: true,
    timeoutMs: context.timeoutS * 1000,
    maxOutputBytes: MAX_OUTPUT_BYTES,
  };
}

/** Returns a line for each header that the script may send: to the remote, and for signatures. */
function secretsOf({ remote, signing }: OperationContext): string | undefined {
  const lines = [remote?.authorization ?? "", signing?.authorization ?? ""];
  return lines.every((line) => line === "") ? undefined : lines.join("\n");
}

const pushWithinMs = (timeoutMs: number) =>
  Math.floor(timeoutMs - Math.min(TOLD_WITHIN_MS, timeoutMs * TOLD_WITHIN_SHARE));
