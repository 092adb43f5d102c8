import { cutAtWord } from "../redaction/plain-text.ts";
import { E2bError } from "./error.ts";
import type { E2bErrorCode } from "./error.ts";
import { errorBody } from "./schema.ts";
import type { ErrorBody } from "./schema.ts";

/** Codes for "no machine was tried". Excludes a placement that timed out, because a machine may have begun. */
const NO_ROOM_CODES = new Set(["sandbox_capacity_unavailable", "sandbox_no_compatible_node"]);

/**
 * E2B answers its limits on sandboxes and builds with 429, like the rate limiter; only the text and the missing
 * Retry-After differ.
 */
const ACCOUNT_LIMIT = /concurrent E2B sandboxes|sandbox limit|concurrent template builds/i;

/** Longer than any message of E2B; a sandbox's own answer is not trusted to be short. */
const MESSAGE_MAX_CHARS = 500;

/**
 * Converts an answer that is not 2xx to an error. E2B's own body `{code, message, error_code?}` takes precedence over
 * the HTTP status, which a gateway on the path may have set.
 */
export function refusal(what: string, response: Response, text: string, nowMs: number): E2bError {
  const body = parseBody(text);
  const status = body?.code ?? response.status;
  const retryAfterS = parseRetryAfter(response.headers.get("retry-after"), nowMs);
  const advice = response.headers.get("should-retry");
  const code = codeOf(status, body, retryAfterS);
  const started = mayHaveStarted(status, code, body);
  const detail = body === undefined ? "without an error body of E2B" : cutAtWord(body.message, MESSAGE_MAX_CHARS);
  const effect = started ? "The request may have taken effect." : "Nothing was changed.";
  return new E2bError(code, `E2B did not ${what}: HTTP ${response.status}, ${detail}. ${effect}`, {
    started,
    status: response.status,
    retryAfterS,
    retryAdvised: advice === "true" ? true : advice === "false" ? false : undefined,
  });
}

/** Parses seconds to wait (RFC 9110 §10.2.3: a whole number or an HTTP date); undefined if absent or unreadable. */
export function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : Math.max(0, Math.ceil((atMs - nowMs) / 1000));
}

function parseBody(text: string): ErrorBody | undefined {
  try {
    return errorBody.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // Not JSON: a gateway's page, for which the status suffices.
  }
}

function codeOf(status: number, body: ErrorBody | undefined, retryAfterS: number | undefined): E2bErrorCode {
  if (body?.error_code !== undefined && NO_ROOM_CODES.has(body.error_code)) return "capacity";
  switch (status) {
    case 401:
    case 403:
      return "unauthenticated";
    case 404:
      return "not_found";
    case 408:
      return "timeout";
    case 409:
      return "conflict";
    case 429:
      return retryAfterS === undefined && ACCOUNT_LIMIT.test(body?.message ?? "") ? "capacity" : "rate_limited";
    case 502:
      return isGone(body) ? "not_running" : "unavailable";
    case 507:
      return "capacity";
    default:
      return status >= 500 ? "unavailable" : "invalid_request";
  }
}

/**
 * Whether the sandbox is gone. E2B's proxy names a sandbox without a machine; with a port, the machine runs but its
 * envd does not.
 */
function isGone(body: ErrorBody | undefined): boolean {
  return body?.sandboxId !== undefined && body.port === undefined;
}

/** Whether the call may have had an effect: true for a 5xx, unless the body shows that the call was never processed. */
function mayHaveStarted(status: number, code: E2bErrorCode, body: ErrorBody | undefined): boolean {
  if (status === 408) return true;
  return status >= 500 && code !== "capacity" && body?.sandboxId === undefined;
}
