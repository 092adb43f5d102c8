import { callOperation } from "../../scripts/support/client.ts";
import type { Answer, CallOptions } from "../../scripts/support/client.ts";
import { startStack as startLocalStack } from "../../scripts/support/stack.ts";
import type { Stack, StackOptions } from "../../scripts/support/stack.ts";

export interface TestStack extends Stack {
  /** What the Worker has logged so far. */
  readonly logLines: readonly string[];
  /** `POST /v1/git/{operation}`, with the key of a Worker that has none configured unless told otherwise. */
  call(operation: string, body: unknown, options?: CallOptions): Promise<Answer>;
}

/** Everything an integration test needs, on free ports; the test closes it. The Worker is bundled once per change. */
export async function startStack(options: Omit<StackOptions, "log"> = {}): Promise<TestStack> {
  const logLines: string[] = [];
  const stack = await startLocalStack({ ...options, log: (line) => logLines.push(line) });
  return {
    ...stack,
    logLines,
    call: (operation, body, callOptions) => callOperation(stack.url, operation, body, callOptions),
  };
}
