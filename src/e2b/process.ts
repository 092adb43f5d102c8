import { envdHeaders, envdUrl } from "./config.ts";
import type { E2bConfig, SandboxAddress } from "./config.ts";
import { encodeEnvelope } from "./connect.ts";
import { exchange } from "./exchange.ts";
import { ProcessStream, STREAM_TYPE } from "./process-stream.ts";
import type { OutputOptions, ProcessResult } from "./process-stream.ts";
import { withRetries } from "./retry.ts";
import { closeStdin } from "./stdin.ts";

export type { ProcessResult };

export interface ProcessRequest extends Omit<OutputOptions, "onStart"> {
  cmd: string;
  args: string[];
  envs: Record<string, string>;
  /** Absolute, or relative to the user's home, which is the default. */
  cwd?: string;
  /** Whether it has a stdin, which ends with the process. */
  hasStdin?: boolean;
  /** Closes its stdin, by an extra request, once this settles. */
  openUntil?: Promise<unknown>;
}

/** Margin of our deadline over the sandbox's: the sandbox kills the process, we only stop reading. */
const CLIENT_MARGIN_MS = 5_000;
/**
 * Limit of retries while a sandbox refuses requests. MCP clients abandon a call after 60 s, and the process has yet to
 * run.
 */
const START_DEADLINE_MS = 30_000;
/** Below the idle limits (60 s and up) of proxies on the path. */
const KEEPALIVE_S = 50;

/**
 * Runs one process to its end: one request (envd process.Process/Start, a Connect server stream), and one more to close
 * stdin. A non-zero exit is a result, not an error. Retries for up to 30 s while the sandbox's refusal proves that
 * nothing was started, and never after a possible start. If the stream breaks, or times out on our side, the process
 * runs on until its deadline.
 * @param fetcher replaces fetch in tests
 * @throws E2bError
 * @example
 * const request = { cmd: "git", args: ["--version"], envs: {}, timeoutMs: 10_000, maxOutputBytes: 4096 };
 * const { exitCode, stdout } = await runProcess(config.e2b, session, request);
 */
export async function runProcess(
  config: E2bConfig,
  session: SandboxAddress,
  request: ProcessRequest,
  fetcher: typeof fetch = fetch,
): Promise<ProcessResult> {
  const { cmd, args, envs, cwd, openUntil, hasStdin = openUntil !== undefined, timeoutMs } = request;
  // Avoids an unhandled rejection, also if the process never starts.
  openUntil?.catch(() => undefined);
  let hasEnded = false;
  const onStart = (pid: number): void => {
    // If the close fails, the process runs until its deadline, which then is its result.
    const close = () => (hasEnded ? undefined : closeStdin(config, session, pid, fetcher).catch(() => undefined));
    void openUntil?.then(close, close);
  };
  const call = {
    what: "run a process",
    method: "POST",
    url: `${envdUrl(config, session)}/process.Process/Start`,
    headers: {
      ...envdHeaders(session),
      "content-type": STREAM_TYPE,
      "connect-protocol-version": "1",
      "connect-timeout-ms": String(timeoutMs),
      "keepalive-ping-interval": String(KEEPALIVE_S),
    },
    body: encodeEnvelope({
      process: { cmd, args, envs, ...(cwd === undefined ? {} : { cwd }) },
      stdin: hasStdin,
    }),
    timeoutMs: timeoutMs + CLIENT_MARGIN_MS,
  } as const;
  try {
    return await withRetries(
      () => exchange(fetcher, call, (response) => new ProcessStream({ ...request, onStart }).read(response)),
      { idempotent: false, deadlineMs: START_DEADLINE_MS },
    );
  } finally {
    hasEnded = true;
  }
}
