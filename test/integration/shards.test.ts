import { afterAll, beforeAll, expect, test } from "vitest";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { DEV_KEY } from "../../scripts/support/client.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { workspaceListSchema } from "../../src/api/schemas.ts";
import { shardOf } from "../../src/pool/handle.ts";
import { call, hostedSandboxes } from "../support/worker.ts";

const REPOSITORIES = ["a", "b", "c", "d", "e", "f"];

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ bindings: { POOL_SHARDS: "3", E2B_MAX_SANDBOXES: "18" } });
  for (const name of REPOSITORIES) await makeRepository(stack.git.root, name, { files: 3, commits: 1 });
});
afterAll(() => stack.close());

test("three shards: each handle names its own, and lists and metrics tell of all", async () => {
  const clones = await Promise.all(
    REPOSITORIES.map((name) => call(stack, "clone", { repo_url: `${stack.git.url}/${name}.git` })),
  );
  const handles = clones.map(({ sandbox_id }) => sandbox_id);
  expect(new Set(handles.map(shardOf)).size).toBeGreaterThan(1);
  for (const sandbox_id of handles) expect(await call(stack, "status", { sandbox_id })).toMatchObject({ clean: true });

  const answer = await fetch(`${stack.url}/v1/workspaces`, { headers: { Authorization: `Bearer ${DEV_KEY}` } });
  const { workspaces } = workspaceListSchema.parse(await answer.json());
  expect(workspaces.map(({ sandbox_id }) => sandbox_id).toSorted()).toEqual(handles.toSorted());
  expect(await hostedSandboxes(stack)).toHaveLength(REPOSITORIES.length);

  await expect
    .poll(async () => (await fetch(`${stack.url}/metrics`)).text())
    .toContain(`warmtree_sandboxes{state="bound"} ${REPOSITORIES.length}\n`);
});
