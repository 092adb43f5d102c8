import { WarmtreeError } from "../errors.ts";
import { OPERATIONS } from "../ops/registry.ts";
import { UNTOUCHED } from "../ops/work.ts";
import { operationIn } from "./parameters.ts";
import { TOOL_PREFIX, TOOLS } from "./tools.ts";

/**
 * For a call of a tool that does not exist and has the name of an operation: the error that says how to call it.
 * Undefined: the tool exists, or no operation has the name.
 */
export function meantBy(called: string): { readonly called: string; readonly error: WarmtreeError } | undefined {
  if (TOOLS.some(({ name }) => name === called)) return undefined;
  const named = operationIn(called);
  const operation = OPERATIONS.find(({ name }) => name === named);
  const tool = TOOLS.find(({ name }) => name === `${TOOL_PREFIX}${named}`);
  if (!tool && !operation) return undefined;
  const call =
    tool?.name ??
    `${TOOL_PREFIX}run {"sandbox_id": "…", "steps": [{"op": "${operation?.name}", …}]}, with the parameters in the step`;
  const detail = `There is no tool '${called}'. Call ${call}. Nothing was done.`;
  return { called, error: new WarmtreeError("unknown_operation", detail, { work: UNTOUCHED }) };
}
