import * as z from "zod/v4";
import { INPUT_EXAMPLES } from "../../src/api/examples.ts";
import { type Answer, callOperation, DEV_KEY } from "../../scripts/support/client.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { inside, type Inside } from "../support/inside.ts";
import { call, remoteGit } from "../support/worker.ts";
import { DOOR_KEY } from "./doors/broker.ts";
import { deedsDone, strayRefs, surroundings } from "./effects.ts";
import { injections } from "./families.ts";
import { type Field, FIELDS, inputWith } from "./fields.ts";
import { makeRepositoryOf } from "./hostile-repository.ts";
import { HOSTILE_OTHERS, HOSTILE_TEXTS } from "./hostile-values.ts";
import { type Listener, startListener } from "./theft/listener.ts";

/** One call with one value in one field. */
export interface HostileInput {
  readonly field: Field;
  readonly value: unknown;
}

export const hostileTexts = (listener: Listener): readonly string[] => [
  ...new Set([...HOSTILE_TEXTS, ...injections(listener.url)]),
];

/** Returns every hostile value for every field, and every injection for the fields that take a text. */
export function hostileInputs(listener: Listener): readonly HostileInput[] {
  const values = [...HOSTILE_TEXTS, ...HOSTILE_OTHERS];
  const texts = [...hostileTexts(listener), ...HOSTILE_OTHERS];
  return FIELDS.flatMap((field) => (field.isText ? texts : values).map((value) => ({ field, value })));
}

/** The required form of every answer: an error has a code. */
const answered = z.looseObject({ code: z.string().optional() });
const LEAK = /root:x:0|repositoryformatversion/;

/** A tree with the files that hostile values name: a symlink that leads out, an ignored file, an odd submodule. */
const HOSTILE_FILES: Readonly<Record<string, string>> = {
  "README.md": "Hello, a\n",
  "src/greeting.ts": "export const greeting = 'hello';\n".repeat(50),
  ".gitignore": "*.log\n",
  ".gitmodules": '[submodule "e"]\n\tpath = sub\n\turl = ext::sh -c touch% CANARY\n\tupdate = !touch CANARY\n',
  sub: "submodule",
  link: "-> /etc",
};

export const HOSTILE_REPOSITORY = "hostile";

/** A stack with the repository, and a listener that no legitimate request goes to. */
export interface HostileScene {
  readonly stack: Stack;
  readonly listener: Listener;
  close(): Promise<void>;
}

export async function startHostileScene(): Promise<HostileScene> {
  const listener = await startListener();
  // Open, so that a command that runs would reach the listener.
  const stack = await startStack({ bindings: { LEASE_KEY: DOOR_KEY.setting, SANDBOX_EGRESS: "open" } });
  makeRepositoryOf(stack.git.root, HOSTILE_REPOSITORY, HOSTILE_FILES);
  return { stack, listener, close: () => Promise.all([stack.close(), listener.close()]).then(() => undefined) };
}

/**
 * Calls the Worker with each input, in several workspaces side by side.
 * @returns the wrong answers, and the traces of commands that ran
 */
export async function sendHostile(
  { stack, listener }: HostileScene,
  inputs: readonly HostileInput[],
  lanes = 4,
): Promise<string[]> {
  const bad: string[] = [];
  const boxes: Inside[] = [];
  const repo_url = `${stack.git.url}/${HOSTILE_REPOSITORY}.git`;
  const refs = remoteGit(stack, HOSTILE_REPOSITORY, "for-each-ref", "--format=%(objectname) %(refname)");
  const lane = async (number: number) => {
    // Both are the lane's own: a clone without one of them opens a workspace that no other lane has either.
    const clone = { repo_url, agent_id: `hostile-${number}`, task_id: `lane-${number}` };
    const { sandbox_id } = await call(stack, "clone", clone);
    const box = await inside(stack, sandbox_id);
    boxes.push(box);
    const before = await surroundings(box);
    for (const { field, value } of inputs.filter((_input, at) => at % lanes === number)) {
      const known = field.operation === "clone" ? clone : { sandbox_id };
      const answer = await callOperation(stack.url, field.operation, inputWith(field, value, known));
      const fault = faultOf(answer);
      if (fault !== undefined) bad.push(`${field.operation} ${field.path.join(".")} = ${shown(value)}: ${fault}`);
      if (field.operation === "clone" && answer.status === 200) await endOther(stack, answer, sandbox_id);
      // Undoes the value's effect on the tree for the next value.
      if (answer.status === 200 && CHANGES.has(field.operation)) {
        await call(stack, "restore", { sandbox_id, all: true });
        await callOperation(stack.url, "branch", { sandbox_id, name: `agent/hostile-${number}/lane-${number}` });
      }
    }
    const after = await surroundings(await inside(stack, sandbox_id));
    if (after !== before) bad.push(`around the tree, before: ${before}, after: ${after}`);
  };
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  bad.push(...(await deedsDone(stack, listener, boxes)));
  const examples = Object.values(INPUT_EXAMPLES).flatMap((example): unknown[] => Object.values(example));
  const values = new Set([...inputs.map(({ value }) => value), ...examples]);
  for (const ref of strayRefs(stack, HOSTILE_REPOSITORY, refs, values)) bad.push(`nobody named ${ref}`);
  return bad;
}

/** Ends a workspace that a value opened beside the lane's own, as it takes up a sandbox. */
async function endOther(stack: Stack, { json }: Answer, own: string): Promise<void> {
  const { sandbox_id } = z.object({ sandbox_id: z.string() }).parse(json);
  if (sandbox_id === own) return;
  const headers = { Authorization: `Bearer ${DEV_KEY}` };
  await fetch(`${stack.url}/v1/workspaces/${sandbox_id}`, { method: "DELETE", headers });
}

const CHANGES: ReadonlySet<string> = new Set(["edit", "branch", "push", "pull", "restore"]);

function faultOf({ status, json }: Answer): string | undefined {
  const text = JSON.stringify(json);
  // The call was refused before anything was tried.
  if (status === 429) return `429 ${text.slice(0, 300)}`;
  if (status >= 500) return `${status} ${text.slice(0, 300)}`;
  if (LEAK.test(text)) return `tells of a file outside the tree: ${text.slice(0, 300)}`;
  if (status !== 200 && answered.parse(json).code === undefined) return `${status} without a code`;
  return undefined;
}

const shown = (value: unknown) => (JSON.stringify(value) ?? "undefined").slice(0, 80);
