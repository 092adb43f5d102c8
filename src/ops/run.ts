import type { E2bConfig } from "../e2b/config.ts";
import { uploadFile } from "../e2b/files.ts";
import { type ProcessRequest, runProcess } from "../e2b/process.ts";
import { GIT_ENVIRONMENT } from "./environment.ts";
import type { OperationContext, Remote, Runnable, ScriptOutput } from "./operation.ts";
import { splitSections } from "./output.ts";

/** No operation's capped output comes near; it only bounds what a Worker (128 MB) holds of a strange repository. */
export const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;
/** The process gets this much longer than it may wait for the lock, so that waiting ends with a clear answer. */
const LOCK_MARGIN_S = 5;

/** One process start of the sandbox: a constant script, the caller's words as parameters, settings as environment. */
export function assemble(
  operation: Runnable,
  input: unknown,
  context: OperationContext,
  remote: Remote | undefined,
  nonce: string,
): ProcessRequest {
  const { args, env } = operation.command(input, context);
  const { name, email } = context.author;
  return {
    cmd: operation.shell,
    args: ["-c", operation.script, operation.name, ...args],
    envs: {
      ...GIT_ENVIRONMENT,
      GIT_AUTHOR_NAME: name,
      GIT_AUTHOR_EMAIL: email,
      GIT_COMMITTER_NAME: name,
      GIT_COMMITTER_EMAIL: email,
      WT_NONCE: nonce,
      WT_LOCK_WAIT_S: String(Math.max(1, context.timeoutS - LOCK_MARGIN_S)),
      ...(remote ? { WT_URL: remote.url } : {}),
      ...(remote?.authorization === undefined ? {} : { WT_AUTH: remote.authorization }),
      ...env,
    },
    timeoutMs: context.timeoutS * 1000,
    maxOutputBytes: MAX_OUTPUT_BYTES,
  };
}

/** Runs an operation in a sandbox: one request, and one more before it for what is too large for parameters. Throws E2bError when the sandbox, rather than git, fails. */
export async function runOperation(
  e2b: E2bConfig,
  session: Parameters<typeof runProcess>[1],
  operation: Runnable,
  input: unknown,
  context: OperationContext,
  remote: Remote | undefined,
  onStderr?: (text: string) => void,
): Promise<ScriptOutput> {
  const nonce = crypto.randomUUID();
  for (const { path, bytes } of operation.uploads?.(input) ?? []) await uploadFile(e2b, session, path, bytes);
  const request = assemble(operation, input, context, remote, nonce);
  const result = await runProcess(e2b, session, onStderr ? { ...request, onStderr } : request);
  return {
    exitCode: result.exitCode,
    sections: splitSections(result.stdout, nonce),
    stderr: result.stderr,
    truncated: result.truncated,
  };
}
