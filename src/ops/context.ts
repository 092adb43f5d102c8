import type { Config } from "../config.ts";
import type { OperationContext } from "./operation.ts";

/** The context of a task by the settings, with its own limits. */
export function contextFor(
  { author, agentBranchPrefix, guardDefault }: Pick<Config, "author" | "agentBranchPrefix" | "guardDefault">,
  limits: Pick<OperationContext, "maxRetries" | "timeoutS">,
): OperationContext {
  return { author, agentBranchPrefix, guardDefault, ...limits };
}
