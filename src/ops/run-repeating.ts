import { withRetries } from "../e2b/retry.ts";
import { isRepeatable, type OperationContext, type SandboxTask } from "./operation.ts";
import type { Parsed } from "./output/script-output.ts";
import { runOperation, type Sandbox } from "./run.ts";

/**
 * Runs a task in a sandbox. Repeats a read-only task after a transient failure, with one deadline for all tries.
 * src/e2b repeats any other task only while it cannot have started. Throws E2bError.
 */
export function runRepeating<Input, Value extends object>(
  sandbox: Sandbox,
  task: SandboxTask<Input, Value>,
  input: Input,
  context: OperationContext,
): Promise<Parsed<Value>> {
  return withRetries(
    (remainingMs) => runOperation(sandbox, task, input, { ...context, timeoutS: Math.ceil(remainingMs / 1000) }),
    { idempotent: isRepeatable(task), begunOnly: true, deadlineMs: context.timeoutS * 1000 },
  );
}
