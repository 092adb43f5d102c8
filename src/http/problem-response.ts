import { ERROR_KINDS, errorBody, type WarmtreeError } from "../errors.ts";
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
