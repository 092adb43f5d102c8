import { envdHeaders, envdUrl } from "./config.ts";
import type { E2bConfig, SandboxAddress } from "./config.ts";
import { exchange, readJson } from "./exchange.ts";
import { withRetries } from "./retry.ts";
import { writtenFiles } from "./schema.ts";

const UPLOAD_TIMEOUT_MS = 60_000;
const UPLOAD_DEADLINE_MS = 90_000;

/**
 * Writes one file in a sandbox (envd POST /files), making its folders and replacing what was there. `path` is absolute
 * or relative to the user's home. Writing the same bytes twice is harmless, so passing failures are retried.
 */
export async function uploadFile(
  config: E2bConfig,
  session: SandboxAddress,
  path: string,
  body: Uint8Array,
  fetcher: typeof fetch = fetch,
): Promise<void> {
  const what = "write a file";
  const url = `${envdUrl(config, session)}/files?${new URLSearchParams({ path }).toString()}`;
  const headers = { ...envdHeaders(session), "content-type": "application/octet-stream" };
  await withRetries(
    (remainingMs) => {
      const timeoutMs = Math.min(UPLOAD_TIMEOUT_MS, remainingMs);
      const call = { what, method: "POST", url, headers, body, timeoutMs } as const;
      return exchange(fetcher, call, (response) => readJson(response, what, writtenFiles));
    },
    { idempotent: true, deadlineMs: UPLOAD_DEADLINE_MS },
  );
}
