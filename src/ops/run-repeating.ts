import { withRetries } from "../e2b/retry.ts";
import { runOperation } from "./run.ts";

type Arguments<Value extends object> = Parameters<typeof runOperation<Value>>;

/**
 * Runs an operation in a sandbox. One that changes nothing is run again after a passing failure, all of its tries in the
 * time of one; any other only while it cannot have begun, which src/e2b sees to by itself. Throws E2bError.
 */
export function runRepeating<Value extends object>(
  ...[e2b, session, operation, input, context, ...rest]: Arguments<Value>
): ReturnType<typeof runOperation<Value>> {
  return withRetries(
    (remainingMs) => {
      const timeoutS = Math.ceil(remainingMs / 1000);
      return runOperation(e2b, session, operation, input, { ...context, timeoutS }, ...rest);
    },
    { idempotent: operation.access === "read", begunOnly: true, deadlineMs: context.timeoutS * 1000 },
  );
}
