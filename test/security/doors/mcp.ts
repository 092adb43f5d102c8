import * as z from "zod/v4";
import type { Stack } from "../../../scripts/harness/stack.ts";
import { FIELDS, inputWith } from "../fields.ts";
import { type AtDoor, AUTHORIZED, shown } from "./door.ts";

const TOOLS: ReadonlySet<string> = new Set(["clone", "status", "diff", "pull", "push", "read", "edit"]);
const named = z.union([
  z.object({ result: z.object({ content: z.array(z.unknown()) }) }),
  z.object({ error: z.object({ code: z.number(), message: z.string() }) }),
]);

/** Puts the value into the texts of a tool's parameters: of the operation's own tool, or as a step. */
export function atTools(
  stack: Stack,
  known: { sandbox_id: string; repo_url: string },
  value: string,
  turn: (field: number) => boolean,
): AtDoor[] {
  const fields = FIELDS.filter(({ isText }, at) => isText && turn(at));
  return fields.map((field) => {
    const { operation, path } = field;
    const { sandbox_id, repo_url } = known;
    const input = inputWith(
      field,
      value,
      operation === "clone" ? { repo_url, agent_id: "door", task_id: "door" } : { sandbox_id },
    );
    const own = TOOLS.has(operation);
    const params = own
      ? { name: `git_${operation}`, arguments: input }
      : { name: "git_run", arguments: { steps: [{ op: operation, ...input }] } };
    return {
      about: `tool ${operation} ${path.join(".")} = ${shown(value)}`,
      send: async () => {
        const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
        const answer = await fetch(`${stack.url}/mcp`, { method: "POST", headers: AUTHORIZED, body });
        const text = await answer.text();
        return (
          answer.status < 500 &&
          named.safeParse(JSON.parse(text)).success &&
          !/"code":"(?:internal|rate_limited)"|root:x:0/.test(text)
        );
      },
    };
  });
}

/** Uses the value as the name of a tool, a step or a method, and as the workspace that a session continues with. */
export function atMessages(stack: Stack, value: string): AtDoor[] {
  const call = (name: string, args: object) => ({ method: "tools/call", params: { name, arguments: args } });
  const messages = [
    call(value, {}),
    call("git_run", { steps: [{ op: value }] }),
    call("git_run", { sandbox_id: value, steps: [{ op: "status" }] }),
    call("git_status", { [value]: value }),
    { method: value, params: {} },
    { method: "resources/read", params: { uri: value } },
    { method: "prompts/get", params: { name: value } },
  ];
  const post = async (path: string, message: object) => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: value, ...message });
    return (await fetch(stack.url + path, { method: "POST", headers: AUTHORIZED, body })).status < 500;
  };
  return messages.map((message) => ({
    about: JSON.stringify(message).slice(0, 120),
    send: () => post("/mcp", message),
  }));
}
