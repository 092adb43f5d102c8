import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod/v4";
import { INPUT_EXAMPLES } from "../../src/api/examples.ts";
import { OPERATIONS } from "../../src/ops/registry.ts";
import { shardOf } from "../../src/pool/handle.ts";
import { tenantRoutes } from "../security/tenant-routes.ts";
import { startTwoTenants, type TwoTenants } from "../security/two-tenants.ts";
import { hostedSandboxes } from "../support/worker.ts";
import { post } from "./mcp-post.ts";

let scene: TwoTenants;
let sent = 0;
/** The state of the first tenant before the second has called. */
let before: unknown;
beforeAll(async () => {
  scene = await startTwoTenants();
  before = await stateOfFirst();
});
afterAll(() => scene.stack.close());

/** Sends a request of the second tenant. @returns the answer, without the ids that differ in any two answers */
async function ask(method: string, path: string, body?: object) {
  sent += 1;
  const headers = { Authorization: `Bearer ${scene.second}`, "Content-Type": "application/json" };
  const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
  const answer = await fetch(scene.stack.url + path, init);
  return { status: answer.status, text: withoutIds(await answer.text()) };
}

async function tool(name: string, args: object) {
  sent += 1;
  const params = { name, arguments: args };
  const answer = await post(
    `${scene.stack.url}/mcp`,
    { method: "tools/call", params },
    { Authorization: `Bearer ${scene.second}` },
  );
  return withoutIds(await answer.text());
}

const withoutIds = (text: string) => text.replaceAll(/urn:uuid:[\w-]+/g, "");

/** Returns an id of the same shard that no workspace ever had. */
const unknownLike = (id: string) => `s${shardOf(id)}-${"z".repeat(20)}`;
const filled = (path: string, id: string) => path.replace("{item}", "1").replaceAll(/\{\w+\}/g, id);

/** The names that a path can have beside a workspace's. */
const OTHER_NAMES = ["snapshot_id", "run", "webhook_id", "delivery_id"] as const;

/** Returns the first tenant's ids for a route, each with an id of the same form that was never given out. */
function idsFor(path: string): readonly (readonly [id: string, never: string])[] {
  const { workspaces } = scene.belongings;
  const other = (id: string) => id.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
  const name = OTHER_NAMES.find((one) => path.includes(`{${one}}`));
  if (name) return [[scene.belongings[name], other(scene.belongings[name])]];
  return workspaces.map((id) => [id, unknownLike(id)]);
}

/** Returns the first tenant's things as the tenant sees them, and as the host has them. */
async function stateOfFirst(): Promise<unknown> {
  const headers = { Authorization: `Bearer ${scene.first}` };
  const list = async (path: string) => (await fetch(scene.stack.url + path, { headers })).json();
  const hosted = await hostedSandboxes(scene.stack);
  const ids = new Set(scene.belongings.workspaces);
  const own = hosted.filter(({ metadata }) => ids.has(metadata["warmtree_sandbox"] ?? ""));
  const [workspaces, snapshots, runs, webhooks] = await Promise.all(
    ["workspaces", "snapshots", "runs", "webhooks"].map((what) => list(`/v1/${what}`)),
  );
  return [workspaces, snapshots, runs, webhooks, own];
}

const tells = (text: string) => scene.belongings.marks.filter((mark) => text.includes(mark));

test("no route answers about another tenant's things otherwise than about what never was", async () => {
  for (const { method, path, owes, body } of await tenantRoutes(scene.stack.url)) {
    if (owes !== "foreign" && owes !== "operator") continue;
    for (const [id, never] of idsFor(path)) {
      const about = (name: string) => ask(method, filled(path, name), body && { ...body, sandbox_id: name });
      const [foreign, unknown] = [await about(id), await about(never)];
      expect([method, path, foreign.status]).toEqual([method, path, owes === "operator" ? 401 : 404]);
      expect(foreign.text.replaceAll(id, "X")).toBe(unknown.text.replaceAll(never, "X"));
      expect(tells(foreign.text.replaceAll(id, "X"))).toEqual([]);
    }
  }
  expect(await stateOfFirst()).toEqual(before);
});

test("nor does a tool, alone or as a step, or an MCP session that continues", async () => {
  const { stack, belongings } = scene;
  const named = { Authorization: `Bearer ${scene.second}` };
  const listed = z.object({ result: z.object({ tools: z.array(z.object({ name: z.string() })) }) });
  const { tools } = listed.parse(await (await post(`${stack.url}/mcp`, { method: "tools/list" }, named)).json()).result;
  expect(tools.length).toBeGreaterThan(5);
  for (const id of belongings.workspaces) {
    const never = unknownLike(id);
    const same = async (about: string, asked: (name: string) => Promise<string>) => {
      const [foreign, unknown] = [await asked(id), await asked(never)];
      expect([about, foreign]).toEqual([about, expect.stringContaining("workspace_not_found")]);
      expect(foreign.replaceAll(id, "X")).toBe(unknown.replaceAll(never, "X"));
    };
    for (const { name } of tools) {
      const example = INPUT_EXAMPLES[name.replace("git_", "")] ?? { steps: [{ op: "status" }, { op: "log" }] };
      if (name === "git_clone") continue;
      await same(name, (sandbox_id) => tool(name, { ...example, sandbox_id }));
    }
    for (const { name: op } of OPERATIONS.filter(({ name }) => name !== "clone")) {
      await same(`step ${op}`, (sandbox_id) => tool("git_run", { steps: [{ op, ...INPUT_EXAMPLES[op], sandbox_id }] }));
    }
    const opening = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "b", version: "1" } };
    await post(`${stack.url}/mcp?sandbox_id=${id}`, { method: "initialize", params: opening }, named);
  }
  expect(await stateOfFirst()).toEqual(before);
});

test("the same names give the second tenant a workspace of its own, and its lists tell of that alone", async () => {
  const { stack, belongings } = scene;
  const cloned = await ask("POST", "/v1/git/clone", belongings.clone);
  const { sandbox_id, source } = z
    .object({ sandbox_id: z.string(), source: z.string() })
    .parse(JSON.parse(cloned.text));
  expect(belongings.workspaces).not.toContain(sandbox_id);
  expect(source).not.toBe("snapshot");
  expect(JSON.parse((await ask("POST", "/v1/git/status", { sandbox_id })).text)).toMatchObject({ clean: true });
  const routes = (await tenantRoutes(stack.url)).filter(({ owes, body }) => owes === "own" && body === undefined);
  const bodies: Readonly<Record<string, object>> = {
    "POST /v1/snapshots": { repo_url: belongings.clone.repo_url },
    "POST /v1/webhooks": { url: "http://127.0.0.1:9/", events: ["run.finished"] },
    "POST /v1/run": { steps: [{ op: "workspaces" }] },
    "POST /mcp": {
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "git_run", arguments: { steps: [{ op: "workspaces" }] } },
    },
  };
  // The second tenant's own workspace has the names that it chose itself.
  const given = [belongings.clone.agent_id, belongings.clone.task_id];
  for (const { method, path } of [...routes, { method: "GET", path: "/healthz" }]) {
    const { status, text } = await ask(method, path, bodies[`${method} ${path}`]);
    expect([path, status]).toEqual([path, method === "POST" && path === "/v1/webhooks" ? 201 : 200]);
    expect([path, tells(given.reduce((rest, name) => rest.replaceAll(name, ""), text))]).toEqual([path, []]);
  }
  expect(await stateOfFirst()).toEqual(before);
  console.log(`${sent} calls with another tenant's key: none told of the first tenant, none changed it`);
});
