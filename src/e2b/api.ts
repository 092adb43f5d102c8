import type * as z from "zod/v4";
import { readText } from "./body.ts";
import { withoutSlash } from "./config.ts";
import type { E2bConfig } from "./config.ts";
import { exchange, readJson } from "./exchange.ts";
import type { Call } from "./exchange.ts";
import { withRetries } from "./retry.ts";

/** Time limits of a call: one try, and all tries with the waits between them. */
interface TimeLimits {
  timeoutMs: number;
  deadlineMs: number;
}

/** E2B abandons a start, resume or pause after 70 s. A shorter timeout could leave an unknown sandbox behind. */
export const SLOW: TimeLimits = { timeoutMs: 75_000, deadlineMs: 90_000 };
export const QUICK: TimeLimits = { timeoutMs: 15_000, deadlineMs: 45_000 };

/** Body limit of a call without a result; a longer body is not E2B's. */
const EMPTY_MAX_BYTES = 64 * 1024;

interface ApiCall extends TimeLimits {
  /** Completes "E2B did not …" in error messages. */
  what: string;
  method: Call["method"];
  path: string;
  body?: object;
  /** Whether repeating the call has no further effect. */
  idempotent: boolean;
}

/** Calls E2B's control plane with an account's key, and retries where that is safe. Every method throws E2bError. */
export interface Api {
  readonly send: <T>(call: ApiCall, read: (response: Response) => Promise<T>) => Promise<T>;
  readonly forJson: <T>(call: ApiCall, schema: z.ZodType<T>) => Promise<T>;
  readonly forNothing: (call: ApiCall) => Promise<void>;
}

/** Creates an API client for an account. */
export function apiOf(config: E2bConfig, fetcher: typeof fetch): Api {
  const baseUrl = withoutSlash(config.apiUrl);
  const headers = { "x-api-key": config.apiKey, "user-agent": "warmtree", "content-type": "application/json" };

  const send: Api["send"] = (api, read) =>
    withRetries((remainingMs) => {
      const { what, method, body } = api;
      const timeoutMs = Math.min(api.timeoutMs, remainingMs);
      const call = { what, method, url: baseUrl + api.path, headers, timeoutMs };
      return exchange(fetcher, body === undefined ? call : { ...call, body: JSON.stringify(body) }, read);
    }, api);

  return {
    send,
    forJson: (api, schema) => send(api, (response) => readJson(response, api.what, schema)),
    forNothing: async (api) => {
      await send(api, (response) => readText(response, EMPTY_MAX_BYTES));
    },
  };
}
