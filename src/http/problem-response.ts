import { ConfigError } from "../config.ts";
import { ERROR_KINDS, errorBody, WarmtreeError } from "../errors.ts";
import { answer } from "./answer.ts";
import { HttpError } from "./http-error.ts";
import { logUnexpected } from "./log.ts";

/**
 * Answers with the problem details (RFC 9457) that a throw of any kind amounts to. What nobody foresaw is told to the
 * caller by its request id alone and goes to the log, without the texts that `secrets` gives.
 */
export function problem(thrown: unknown, secrets: () => readonly string[]): Response {
  const requestId = crypto.randomUUID();
  const error = foreseen(thrown);
  const { status, title } = ERROR_KINDS[error.code];
  if (error.code === "internal") logUnexpected(requestId, thrown, secrets());
  const { retryAfterS } = error.details;
  return answer(
    {
      type: `urn:warmtree:problem:${error.code}`,
      title,
      status,
      ...errorBody(error),
      instance: `urn:uuid:${requestId}`,
    },
    {
      status,
      requestId,
      headers: {
        "Content-Type": "application/problem+json",
        // RFC 9110 wants whole seconds; earlier than asked would be too early.
        ...(retryAfterS === undefined ? {} : { "Retry-After": String(Math.ceil(retryAfterS)) }),
        ...(error instanceof HttpError ? error.headers : {}),
      },
    },
  );
}

export function foreseen(thrown: unknown): WarmtreeError {
  if (thrown instanceof WarmtreeError) return thrown;
  // Its message names settings and never their values.
  if (thrown instanceof ConfigError) return new WarmtreeError("misconfigured", thrown.message);
  return new WarmtreeError(
    "internal",
    "An internal error occurred. The operator can find it in the logs by the id in 'instance'. Check the work with " +
      "status before you try again.",
  );
}
