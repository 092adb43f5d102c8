import { ConfigError } from "../config.ts";
import { WarmtreeError } from "../errors.ts";

/** Returns a known error unchanged, and any other error as `internal`, which shows the caller only the request id. */
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
