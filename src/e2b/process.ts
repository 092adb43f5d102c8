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
  /** Absolute, or relative to the user's home, where the process starts when absent. */
  cwd?: string;
  /** Whether it has a stdin, which ends when the process does. */
  hasStdin?: boolean;
  /** Its stdin ends when this is settled, which takes a request. */
  openUntil?: Promise<unknown>;
}

/** What the sandbox's own deadline needs to win against ours: it kills the process, ours only stops listening. */
const CLIENT_MARGIN_MS = 5_000;
/** For a sandbox that takes no request just now. Clients of MCP give a call up after 60 s, and the process has yet to run. */
const START_DEADLINE_MS = 30_000;
/** Below the idle limits (60 s and up) of the proxies on the way. */
const KEEPALIVE_S = 50;

/**
 * Runs one process to its end: one request (envd process.Process/Start, a Connect server stream), and one more where it has stdin.
 * A non-zero exit is a result, not an error. Tried again for up to 30 s while the sandbox's refusal proves that nothing was
 * started, and never after it may have been. A process whose stream broke or timed out on our side runs on until its
 * deadline.
 */
export async function runProcess(
  config: E2bConfig,
  session: SandboxAddress,
  request: ProcessRequest,
  fetcher: typeof fetch = fetch,
): Promise<ProcessResult> {
  const { cmd, args, envs, cwd, openUntil, hasStdin = openUntil !== undefined, timeoutMs } = request;
  // Settled is settled, also where the process never starts.
  openUntil?.catch(() => undefined);
  let hasEnded = false;
  const onStart = (pid: number): void => {
    // One that cannot be told waits for its deadline, and that is its result then.
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
