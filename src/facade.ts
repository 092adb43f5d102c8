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
import { useWorkspace } from "./workspace/workspaces.ts";
import type { Caller } from "./workspace/caller.ts";

/**
 * The one door to every operation, for HTTP, MCP and Workflows: checks the input, finds the workspace, runs the script.
 * Answers the operation's flat result; throws only WarmtreeError, and with bad input before anything was touched.
 */
export function execute(name: string, input: unknown, caller: Caller): Promise<object> {
  const told = () =>
    perform(name, input, caller).catch((error: unknown) => {
      throw beforeBegun(error);
    });
  return recorded(name, caller, told);
}

async function perform(name: string, input: unknown, caller: Caller): Promise<object> {
  if (name === clone.name) return executeClone(parseInput(clone.input, input), caller);
  if (name === push.name) return value(await pushInTurn(parseInput(push.input, input), caller));
  const operation = operationNamed(name);
  if (!operation) throw new WarmtreeError("unknown_operation", `There is no operation '${name}'.`);
  const asked = parseInput(operation.input, input);
  return value(await dispatch(operation, asked, await useWorkspace(caller, asked.sandbox_id), caller));
}

function value<Value extends object>(parsed: Parsed<Value>): Value {
  if (!parsed.ok) throw parsed.error;
  return parsed.value;
}
