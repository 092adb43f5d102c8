import { dispatch } from "./execution/dispatch.ts";
import { executeClone } from "./clone/clone.ts";
import { WarmtreeError } from "./errors.ts";
import { recorded } from "./metrics/operations.ts";
import { clone } from "./ops/clone.ts";
import type { Parsed } from "./ops/output/script-output.ts";
import { push } from "./ops/push.ts";
import { operationNamed } from "./ops/registry.ts";
import { pushInTurn } from "./execution/push.ts";
import { parseInput } from "./execution/parse-input.ts";
import { beforeBegun } from "./ops/work.ts";
import { atOnce } from "./workspace/at-once.ts";
import { useWorkspace } from "./workspace/grants.ts";
import type { Caller } from "./workspace/caller.ts";

/**
 * Executes an operation: the single entry point for HTTP, MCP and Workflows. Checks the input, finds the workspace,
 * runs the script.
 * @param name of an operation in src/ops/registry.ts
 * @returns the operation's flat result
 * @throws unknown_operation or invalid_input before any change; otherwise a WarmtreeError of any code
 * @example
 * const result = await execute("status", { sandbox_id: "s0-4k7m2x9qwe3rty5zpbna" }, caller);
 */
export function execute(name: string, input: unknown, caller: Caller): Promise<object> {
  const work = () =>
    atOnce(caller, () => perform(name, input, caller)).catch((error: unknown) => {
      throw beforeBegun(error);
    });
  return recorded(name, caller, work);
}

async function perform(name: string, input: unknown, caller: Caller): Promise<object> {
  if (name === clone.name) return executeClone(parseInput(clone.input, input), caller);
  if (name === push.name) return value(await pushInTurn(parseInput(push.input, input), caller));
  const operation = operationNamed(name);
  if (!operation) throw new WarmtreeError("unknown_operation", `There is no operation '${name}'.`);
  const checked = parseInput(operation.input, input);
  return value(await dispatch(operation, checked, await useWorkspace(caller, checked.sandbox_id), caller));
}

function value<Value extends object>(parsed: Parsed<Value>): Value {
  if (!parsed.ok) throw parsed.error;
  return parsed.value;
}
