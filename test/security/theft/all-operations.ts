import * as z from "zod/v4";
import { OPERATIONS } from "../../../src/ops/registry.ts";
import type { Scene } from "./scene.ts";

/** A workspace, and the clone that opened it. */
export interface Workspace {
  readonly sandbox_id: string;
  readonly clone: { readonly repo_url: string; readonly agent_id: string; readonly task_id: string };
}

const cloned = z.object({ sandbox_id: z.string() });

export async function openWorkspace(scene: Scene, task_id: string): Promise<Workspace> {
  // In a partial clone, looks at old commits need the git host too.
  const clone = { repo_url: scene.repo_url, agent_id: "ada", task_id, filter: "blob:none" };
  const { json } = await scene.call("clone", clone);
  return { sandbox_id: cloned.parse(json).sandbox_id, clone };
}

/** Returns steps of one workspace that need the git host, look, change, and finish; each operation at least once. */
function stepsOf(task_id: string): readonly (readonly [operation: string, input: object])[] {
  return [
    ["status", {}],
    ["edit", { files: [{ path: "src/new.txt", content: `${task_id}\n` }] }],
    ["diff", {}],
    ["diff", { base: "HEAD~3" }],
    ["read", { path: "README.md" }],
    ["read", { ref: "HEAD~4" }],
    ["search", { pattern: "function", ref: "HEAD~5" }],
    ["log", { limit: 3, files: true }],
    ["blame", { path: "README.md" }],
    ["push", { message: "work" }],
    ["tag", { name: `v-${task_id}`, push: true }],
    ["pull", {}],
    ["pull", { from: "main", rebase: false }],
    ["branch", {}],
    ["branch", { name: `side-${task_id}`, create: true }],
    ["edit", { files: [{ path: "side.txt", content: `${task_id}\n` }] }],
    ["push", { message: "side" }],
    ["branch", { name: `agent/ada/${task_id}` }],
    ["apply", { commits: [`side-${task_id}`] }],
    ["branch", { name: `side-${task_id}`, delete: true }],
    ["edit", { files: [{ path: "left.txt", content: "left\n" }] }],
    ["restore", { all: true }],
  ];
}

const IN_ONE_CALL = [{ op: "status" }, { op: "edit", files: [{ path: "run.txt", content: "r\n" }] }, { op: "pull" }];

/**
 * Runs every operation by HTTP, several in one call by MCP, and other calls that reach the sandbox.
 * @returns how many
 */
export async function runAllOperations(scene: Scene, { sandbox_id, clone }: Workspace): Promise<number> {
  const steps = stepsOf(clone.task_id);
  const missing = OPERATIONS.filter(({ name }) => name !== "clone" && !steps.some(([each]) => each === name));
  if (missing.length > 0) throw new Error(`no step for ${missing.map(({ name }) => name).join(", ")}`);
  for (const [operation, input] of steps) await scene.call(operation, { sandbox_id, ...input });
  const run = { sandbox_id, steps: [...IN_ONE_CALL, { op: "push", message: "run" }, { op: "log", limit: 1 }] };
  const params = { name: "git_run", arguments: run };
  await scene.send("POST", "/mcp", { jsonrpc: "2.0", id: 1, method: "tools/call", params });
  await scene.call("edit", { sandbox_id, files: [{ path: "unpushed.txt", content: "u\n" }] });
  await (await scene.send("GET", `/v1/workspaces/${sandbox_id}/bundle`)).arrayBuffer();
  await scene.call("clone", clone);
  return steps.length + 4;
}
