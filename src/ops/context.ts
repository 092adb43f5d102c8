import type { Config } from "../config.ts";
import type { OperationContext } from "./operation.ts";

/** Builds the context of a task from the settings and the task's own limits. */
export function contextFor(
  { author, agentBranchPrefix, guardDefault }: Pick<Config, "author" | "agentBranchPrefix" | "guardDefault">,
  limits: Pick<OperationContext, "maxRetries" | "timeoutS">,
): OperationContext {
  return { author, agentBranchPrefix, guardDefault, ...limits };
}
