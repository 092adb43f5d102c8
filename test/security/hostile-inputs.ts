import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import * as z from "zod/v4";
import { type Answer, callOperation, DEV_KEY } from "../../scripts/support/client.ts";
import type { Stack } from "../../scripts/harness/stack.ts";
import { call, hostedSandboxes } from "../support/worker.ts";
import { type Field, FIELDS, inputWith } from "./fields.ts";
import { HOSTILE_OTHERS, HOSTILE_TEXTS } from "./hostile-values.ts";

/** One call with one value in one field. */
export interface HostileInput {
  readonly field: Field;
  readonly value: unknown;
}

export const HOSTILE_INPUTS: readonly HostileInput[] = FIELDS.flatMap((field) =>
  [...HOSTILE_TEXTS, ...HOSTILE_OTHERS].map((value) => ({ field, value })),
);

/** What every answer must be, whatever was asked: never our failure, and in words. */
const answered = z.looseObject({ code: z.string().optional() });
const LEAK = /root:x:0|repositoryformatversion/;

/** A tree with what hostile values name: a symlink that leads out, a file that is ignored, an odd submodule. */
export const HOSTILE_FILES: Readonly<Record<string, string>> = {
  "README.md": "Hello, a\n",
  "src/greeting.ts": "export const greeting = 'hello';\n".repeat(50),
  ".gitignore": "*.log\n",
  ".gitmodules": '[submodule "e"]\n\tpath = sub\n\turl = ext::sh -c touch% CANARY\n\tupdate = !touch CANARY\n',
  sub: "submodule",
  link: "-> /etc",
};

/**
 * Calls the Worker with each input, in several workspaces side by side, and tells which answers were not what they must
 * be. Rejects where a file was made that only a caller's text run as a command makes.
 */
export async function sendHostile(
  stack: Stack,
  repo_url: string,
  inputs: readonly HostileInput[],
  lanes = 4,
): Promise<string[]> {
  const bad: string[] = [];
  const lane = async (number: number) => {
    // Both are the lane's own: a clone without one of them opens a workspace that is no other lane's either.
    const clone = { repo_url, agent_id: `hostile-${number}`, task_id: `lane-${number}` };
    const { sandbox_id } = await call(stack, "clone", clone);
    for (const { field, value } of inputs.filter((_input, at) => at % lanes === number)) {
      const known = field.operation === "clone" ? clone : { sandbox_id };
      const answer = await callOperation(stack.url, field.operation, inputWith(field, value, known));
      const fault = faultOf(answer);
      if (fault !== undefined) bad.push(`${field.operation} ${field.path.join(".")} = ${shown(value)}: ${fault}`);
      if (field.operation === "clone" && answer.status === 200) await endOther(stack, answer, sandbox_id);
      // What the value did must not be in the way of the next.
      if (answer.status === 200 && CHANGES.has(field.operation)) {
        await call(stack, "restore", { sandbox_id, all: true });
        await callOperation(stack.url, "branch", { sandbox_id, name: `agent/hostile-${number}/lane-${number}` });
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  for (const { tree } of await hostedSandboxes(stack)) {
    const left = execFileSync("find", [tree, "-name", "CANARY", "-print"], { encoding: "utf8" });
    if (left !== "") bad.push(`a command ran in ${tree}`);
  }
  if (existsSync("CANARY")) bad.push("a command ran outside of the sandboxes");
  return bad;
}

/** A workspace that a value opened beside the lane's own takes up a sandbox. */
async function endOther(stack: Stack, { json }: Answer, own: string): Promise<void> {
  const { sandbox_id } = z.object({ sandbox_id: z.string() }).parse(json);
  if (sandbox_id === own) return;
  const headers = { Authorization: `Bearer ${DEV_KEY}` };
  await fetch(`${stack.url}/v1/workspaces/${sandbox_id}`, { method: "DELETE", headers });
}

const CHANGES: ReadonlySet<string> = new Set(["edit", "branch", "push", "pull", "restore"]);

function faultOf({ status, json }: Answer): string | undefined {
  const text = JSON.stringify(json);
  if (status >= 500) return `${status} ${text.slice(0, 300)}`;
  if (LEAK.test(text)) return `tells of a file outside the tree: ${text.slice(0, 300)}`;
  if (status !== 200 && answered.parse(json).code === undefined) return `${status} without a code`;
  return undefined;
}

const shown = (value: unknown) => (JSON.stringify(value) ?? "undefined").slice(0, 80);
