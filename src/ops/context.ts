import type { Config } from "../config.ts";
import { DEFAULT_POLICY } from "../policy/policy.ts";
import type { OperationContext } from "./operation.ts";

/**
 * Builds the context of a task from the settings and the task's own limits. The default rules are for a task that
 * pushes nothing.
 */
export function contextFor(
  { author, agentBranchPrefix }: Pick<Config, "author" | "agentBranchPrefix">,
  limits: Pick<OperationContext, "maxRetries" | "timeoutS">,
  policy = DEFAULT_POLICY,
): OperationContext {
  return { author, agentBranchPrefix, policy, ...limits };
}
