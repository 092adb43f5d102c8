import { encodeBase64 } from "./base64.ts";
import { envdHeaders, envdUrl } from "./config.ts";
import type { E2bConfig, SandboxAddress } from "./config.ts";
import { exchange, readJson } from "./exchange.ts";
import { gathered } from "./gathered.ts";
import { withRetries } from "./retry.ts";
import { nothingMore } from "./schema.ts";

/** A piece travels as base64 in JSON, so some 700 KiB. */
const MAX_PIECE_BYTES = 512 * 1024;
const SEND_TIMEOUT_MS = 60_000;
const CLOSE_DEADLINE_MS = 60_000;

/**
 * Gives a running process its stdin as it comes (envd process.Process/SendInput), and then the end of it (CloseStdin).
 * Never throws: where the input fails, or a piece of it does not get there, the process reads an end that is too early,
 * and its own result tells. Pieces are not sent twice, as none says whether it arrived.
 * @param signal aborted once the process has ended: nobody reads any more
 */
export async function feedProcess(
  config: E2bConfig,
  session: SandboxAddress,
  pid: number,
  input: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  fetcher: typeof fetch,
): Promise<void> {
  const call = (method: string, message: object, timeoutMs: number) => {
    const what = "feed a process";
    const url = `${envdUrl(config, session)}/process.Process/${method}`;
    const headers = { ...envdHeaders(session), "content-type": "application/json", "connect-protocol-version": "1" };
    const body = JSON.stringify({ process: { pid }, ...message });
    return exchange(fetcher, { what, method: "POST", url, headers, body, timeoutMs }, (response) =>
      readJson(response, what, nothingMore),
    );
  };
  try {
    for await (const piece of gathered(input, MAX_PIECE_BYTES)) {
      if (signal.aborted) return;
      await call("SendInput", { input: { stdin: encodeBase64(piece) } }, SEND_TIMEOUT_MS);
    }
  } catch {
    // Told by the end that follows.
  }
  if (signal.aborted) return;
  const retries = { idempotent: true, deadlineMs: CLOSE_DEADLINE_MS };
  await withRetries((remainingMs) => call("CloseStdin", {}, remainingMs), retries).catch(() => undefined);
}
