import { WarmtreeError } from "../errors.ts";
import { UNTOUCHED } from "../ops/work.ts";
import { stepSchema } from "../steps/plan.ts";
import { operationIn } from "./parameters.ts";
import { TOOL_PREFIX, TOOLS } from "./tools.ts";

/**
 * Returns the error that says how to call an operation, for a call of a tool that does not exist and has the
 * operation's name. Undefined if the tool exists, or if no operation has the name.
 */
export function meantBy(called: string): { readonly called: string; readonly error: WarmtreeError } | undefined {
  if (TOOLS.some(({ name }) => name === called)) return undefined;
  const operation = operationIn(called);
  const tool = TOOLS.find(({ name }) => name === `${TOOL_PREFIX}${operation}`);
  if (!tool && !stepSchema(operation)) return undefined;
  const call =
    tool?.name ??
    `${TOOL_PREFIX}run {"sandbox_id": "…", "steps": [{"op": "${operation}", …}]}, with the parameters in the step`;
  const detail = `There is no tool '${called}'. Call ${call}. Nothing was done.`;
  return { called, error: new WarmtreeError("unknown_operation", detail, { work: UNTOUCHED }) };
}
