import { ConfigError } from "../config.ts";
import { ERROR_KINDS, errorBody, WarmtreeError } from "../errors.ts";
import { answer } from "./answer.ts";
import { HttpError } from "./http-error.ts";
import type { Redactor } from "../redaction/redactor.ts";

/**
 * Converts an error into a response with problem details (RFC 9457), without the secrets that the redactor knows.
 */
export function problemResponse(error: WarmtreeError, requestId: string, redactor?: Redactor): Response {
  const { status, title } = ERROR_KINDS[error.code];
  const { retryAfterS } = error.details;
  return answer(
    {
      type: `urn:warmtree:problem:${error.code}`,
      title,
      status,
      ...errorBody(error, redactor),
      instance: `urn:uuid:${requestId}`,
    },
    {
      status,
      requestId,
      headers: {
        "Content-Type": "application/problem+json",
        // RFC 9110 requires whole seconds; rounding down would be too early.
        ...(retryAfterS === undefined ? {} : { "Retry-After": String(Math.ceil(retryAfterS)) }),
        ...(error instanceof HttpError ? error.headers : {}),
      },
    },
  );
}

/**
 * Returns a known error as it is, and an unexpected one as `internal`, of which the caller sees only the id of its
 * request.
 */
export function asKnownError(thrown: unknown): WarmtreeError {
  if (thrown instanceof WarmtreeError) return thrown;
  // Its message names settings, never their values.
  if (thrown instanceof ConfigError) return new WarmtreeError("misconfigured", thrown.message);
  return new WarmtreeError(
    "internal",
    "An internal error occurred. The operator can find it in the logs by the id in 'instance'. Check the work with " +
      "status before you try again.",
  );
}
