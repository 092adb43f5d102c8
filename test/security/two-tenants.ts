import * as z from "zod/v4";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { newKey } from "../../scripts/support/api-key.ts";
import { runStartedSchema } from "../../src/api/run-schemas.ts";
import { call } from "../support/worker.ts";

/** The first tenant's things: ids, names, and a file that was never pushed. */
interface Belongings {
  /** A running, a paused and an ended workspace. */
  readonly workspaces: readonly string[];
  readonly snapshot_id: string;
  /** A run with for_each that has ended. */
  readonly run: string;
  readonly webhook_id: string;
  /** The delivery of a test event to an address without a listener. */
  readonly delivery_id: string;
  readonly clone: { readonly repo_url: string; readonly agent_id: string; readonly task_id: string };
  /** Texts of which no answer may hold any. */
  readonly marks: readonly string[];
}

export interface TwoTenants {
  readonly stack: Stack;
  readonly first: string;
  readonly second: string;
  readonly belongings: Belongings;
}

const snapshotSchema = z.object({ snapshot_id: z.string() });
const namedSchema = z.object({ id: z.string() });

/** Starts a stack where the first tenant has one of everything, and the second a workspace of the same repository. */
export async function startTwoTenants(): Promise<TwoTenants> {
  const [first, second] = [newKey("first"), newKey("second")];
  const closed = { OPERATOR_KEY: newKey("operator").key, METRICS_KEY: newKey("metrics").key };
  const stack = await startStack({ bindings: { API_KEYS: `${first.entry},${second.entry}`, ...closed } });
  await makeRepository(stack.git.root, "shared", { files: 5, commits: 3 });
  const repo_url = `${stack.git.url}/shared.git`;
  const as = { key: first.key };
  const headers = { Authorization: `Bearer ${first.key}`, "Content-Type": "application/json" };
  const send = (method: string, path: string, body?: object) =>
    fetch(stack.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  const marks = ["agent-of-the-first", "task-of-the-first", "file-of-the-first.txt", "content of the first"] as const;
  const [agent_id, task, path, content] = marks;
  const clones = ["running", "paused", "ended"].map((how) => ({ repo_url, agent_id, task_id: `${task}-${how}` }));
  const workspaces: string[] = [];
  for (const clone of clones) {
    const { sandbox_id } = await call(stack, "clone", clone, as);
    await call(stack, "edit", { sandbox_id, files: [{ path, content }] }, as);
    workspaces.push(sandbox_id);
  }
  const [, paused = "", ended = ""] = workspaces;
  await send("POST", `/v1/workspaces/${paused}/pause`);
  await send("DELETE", `/v1/workspaces/${ended}`);
  const { snapshot_id } = snapshotSchema.parse(await (await send("POST", "/v1/snapshots", { repo_url })).json());
  const hook = { url: "http://127.0.0.1:9/hook-of-the-first", events: ["workspace.paused"] };
  const { id: webhook_id } = namedSchema.parse(await (await send("POST", "/v1/webhooks", hook)).json());
  const tested = await send("POST", `/v1/webhooks/${webhook_id}/test`);
  const { id: delivery_id } = namedSchema.parse(await tested.json());
  const ids = [...workspaces, snapshot_id, webhook_id, delivery_id];
  const clone = { repo_url, agent_id, task_id: `${task}-running` };
  const steps = [{ op: "read", sandbox_id: "$item.sandbox_id", path }];
  const asked = { async: true, steps, for_each: [{ sandbox_id: workspaces[0] ?? "" }] };
  const { run, url } = runStartedSchema.parse(await (await send("POST", "/v1/run", asked)).json());
  await send("GET", `${url}?wait=60`);
  return {
    stack,
    first: first.key,
    second: second.key,
    belongings: {
      workspaces,
      snapshot_id,
      run,
      webhook_id,
      delivery_id,
      clone,
      marks: [...marks, hook.url, ...ids, run],
    },
  };
}
