import { envdHeaders, envdUrl } from "./config.ts";
import type { E2bConfig, SandboxAddress } from "./config.ts";
import { exchange, readJson } from "./exchange.ts";
import { withRetries } from "./retry.ts";
import { nothingMore } from "./schema.ts";

const CLOSE_TIMEOUT_MS = 10_000;
const CLOSE_DEADLINE_MS = 60_000;

/**
 * Closes the stdin of a running process (envd process.Process/CloseStdin). Closing it twice is harmless, so failures
 * are retried.
 */
export async function closeStdin(
  config: E2bConfig,
  session: SandboxAddress,
  pid: number,
  fetcher: typeof fetch,
): Promise<void> {
  const what = "end a process's input";
  const url = `${envdUrl(config, session)}/process.Process/CloseStdin`;
  const headers = { ...envdHeaders(session), "content-type": "application/json", "connect-protocol-version": "1" };
  const body = JSON.stringify({ process: { pid } });
  await withRetries(
    (remainingMs) => {
      const timeoutMs = Math.min(CLOSE_TIMEOUT_MS, remainingMs);
      const call = { what, method: "POST", url, headers, body, timeoutMs } as const;
      return exchange(fetcher, call, (response) => readJson(response, what, nothingMore));
    },
    { idempotent: true, deadlineMs: CLOSE_DEADLINE_MS },
  );
}
