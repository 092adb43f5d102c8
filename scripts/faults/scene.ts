import { join } from "node:path";
import * as z from "zod/v4";
import { problemSchema, workspaceListSchema } from "../../src/api/schemas.ts";
import type { GitServer } from "../sample-remote/server.ts";
import { type Answer, callOperation, DEV_KEY } from "../support/client.ts";
import { git } from "../harness/git.ts";
import type { Stack } from "../harness/stack.ts";
import type { OperationName, State } from "./rules.ts";

export const REPOSITORY = "one";
const MESSAGE = "Mine";
/** Text of every file that this module writes, and of no other file. */
const OURS = "written by the caller";
const EARLIER = { path: "mine.txt", content: `${OURS}\n` };
const EDITED = ["first.txt", "second.txt"];
const headers = { Authorization: `Bearer ${DEV_KEY}` };

/** A caller, with or without a workspace. */
export interface Scene {
  readonly stack: Stack;
  readonly ids: { readonly repo_url: string; readonly agent_id: string; readonly task_id: string };
  /** Empty: there is no workspace yet. */
  sandboxId: string;
  /** Whether clone reported a workspace that was lost. */
  isToldLost: boolean;
  /** Whether an edit was made and acknowledged. */
  hasEdited: boolean;
  /** Counters of the git host when the operation began. */
  gitBefore: ReturnType<GitServer["counters"]>;
}

const clonedSchema = z.looseObject({ sandbox_id: z.string(), lost: z.unknown().optional() });
const searchSchema = z.object({ matches: z.array(z.object({ path: z.string() })) });
const statusSchema = z.object({ modified: z.array(z.unknown()), staged: z.array(z.unknown()) });
const logSchema = z.object({ commits: z.array(z.object({ sha: z.string(), subject: z.string() })) });

/** Returns the input of an operation. Its files exist, except those that `edit` writes. */
function bodyOf(operation: OperationName, { ids, sandboxId: sandbox_id }: Scene): object {
  const bodies: Readonly<Record<OperationName, object>> = {
    clone: ids,
    status: { sandbox_id },
    diff: { sandbox_id },
    read: { sandbox_id, path: EARLIER.path },
    search: { sandbox_id, pattern: OURS },
    log: { sandbox_id },
    edit: { sandbox_id, files: EDITED.map((path) => ({ path, content: `${OURS}\n` })) },
    branch: { sandbox_id, name: "other", create: true },
    pull: { sandbox_id },
    push: { sandbox_id, message: MESSAGE },
    restore: { sandbox_id, all: true },
  };
  return bodies[operation];
}

/** Calls an operation, and stores the workspace that clone answers. Rejects if the Worker gives no answer. */
export async function callIn(scene: Scene, operation: OperationName, body = bodyOf(operation, scene)): Promise<Answer> {
  const answer = await callOperation(scene.stack.url, operation, body);
  if (operation === "clone" && answer.status === 200) {
    const { sandbox_id, lost } = clonedSchema.parse(answer.json);
    scene.sandboxId = sandbox_id;
    if (lost !== undefined) scene.isToldLost = true;
  }
  return answer;
}

/** Makes a new caller; if `workspace` is given, with a workspace in that state and an edit in it. */
export async function makeScene(stack: Stack, nth: number, workspace?: "runs" | "paused"): Promise<Scene> {
  const ids = { repo_url: `${stack.git.url}/${REPOSITORY}.git`, agent_id: `a${nth}`, task_id: "t" };
  const nothing = { sandboxId: "", isToldLost: false, hasEdited: false, gitBefore: stack.git.counters() };
  const scene: Scene = { stack, ids, ...nothing };
  if (workspace === undefined) return scene;
  await mustGoWell(scene, "clone", ids);
  await mustGoWell(scene, "edit", { sandbox_id: scene.sandboxId, files: [EARLIER] });
  scene.hasEdited = true;
  if (workspace === "paused") {
    const { status } = await fetch(`${workspaceUrl(scene)}/pause`, { method: "POST", headers });
    if (status !== 204) throw new Error(`pause answered ${status}`);
  }
  return scene;
}

/** Ends the caller's workspace. */
export async function endScene(scene: Scene): Promise<void> {
  if (scene.sandboxId !== "") await fetch(workspaceUrl(scene), { method: "DELETE", headers });
}

/** Adds another author's commit to the remote's main branch, for pull to fetch. */
export async function moveRemote({ git: server }: Stack): Promise<void> {
  const folder = join(server.root, `${REPOSITORY}.git`);
  const author = ["-c", "user.name=Other", "-c", "user.email=other@warmtree.invalid"];
  const commit = await git(folder, [...author, "commit-tree", "main^{tree}", "-p", "main", "-m", "Theirs"]);
  await git(folder, ["update-ref", "refs/heads/main", commit]);
}

/** Returns the state of the work, without changing it. */
export async function stateOf(scene: Scene): Promise<State> {
  const { stack, ids, sandboxId } = scene;
  const folder = join(stack.git.root, `${REPOSITORY}.git`);
  const ours = ["log", "--format=%H", `--grep=^${MESSAGE}$`, `--branches=agent/${ids.agent_id}/*`];
  const pushed = (await git(folder, ours)).split("\n").filter(Boolean);
  const { workspaces } = workspaceListSchema.parse(
    await (await fetch(`${stack.url}/v1/workspaces`, { headers })).json(),
  );
  // A lost workspace is still listed, as gone.
  const own = workspaces.filter(({ agent_id, state }) => agent_id === ids.agent_id && state !== "gone").length;
  const nothing = { pushed, workspaces: own, edited: 0, commits: [], isWhole: true, isCurrent: false };
  const unknown = { ...nothing, isToldLost: scene.isToldLost, hasEarlierEdit: !scene.hasEdited };
  if (sandboxId === "") return unknown;

  const found = await callIn(scene, "search", { sandbox_id: sandboxId, pattern: OURS });
  if (codeOf(found) === "workspace_gone") return { ...unknown, isToldLost: true };
  const paths = searchSchema.parse(found.json).matches.map(({ path }) => path);
  const { commits } = logSchema.parse((await callIn(scene, "log", { sandbox_id: sandboxId })).json);
  const { modified, staged } = statusSchema.parse((await callIn(scene, "status", { sandbox_id: sandboxId })).json);
  const newest = await git(folder, ["rev-parse", "main"]);
  return {
    ...unknown,
    edited: EDITED.filter((path) => paths.includes(path)).length,
    commits: commits.filter(({ subject }) => subject === MESSAGE).map(({ sha }) => sha),
    isWhole: modified.length === 0 && staged.length === 0,
    isCurrent: commits.some(({ sha }) => sha === newest),
    hasEarlierEdit: !scene.hasEdited || paths.includes(EARLIER.path),
  };
}

const codeOf = ({ status, json }: Answer) => (status === 200 ? "ok" : problemSchema.parse(json).code);

async function mustGoWell(scene: Scene, operation: OperationName, body: object): Promise<void> {
  const { status, json } = await callIn(scene, operation, body);
  if (status !== 200) throw new Error(`${operation} answered ${status}: ${JSON.stringify(json)}`);
}

const workspaceUrl = ({ stack, sandboxId }: Scene) => `${stack.url}/v1/workspaces/${sandboxId}`;
