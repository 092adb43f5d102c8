import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { callOperation } from "../../scripts/support/client.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { spied } from "../support/stolen.ts";
import { call, hostedSandboxes, remoteGit } from "../support/worker.ts";

const TOKEN = "tok_6b1f0c83e2a94d57";
const ENCODED = btoa(`x-access-token:${TOKEN}`);
const withToken = { headers: { "X-Git-Token": TOKEN } };
/** A branch whose name ends like the reasons in git's reports. */
const DEV = "dev(2)";
let stack: Stack;
let repo_url: string;

beforeAll(async () => {
  stack = await startStack({ remoteAuth: { repositories: ["private"], tokens: { "x-access-token": TOKEN } } });
  await makeRepository(stack.git.root, "private", { files: 20, commits: 40 });
  remoteGit(stack, "private", "branch", DEV, "main");
  repo_url = `${stack.git.url}/private.git`;
});
afterAll(() => stack.close());

const trees = async () => (await hostedSandboxes(stack)).map(({ tree }) => tree);

/** Returns the files of all sandboxes that hold a text. */
async function filesWith(text: string): Promise<string> {
  try {
    return execFileSync("grep", ["-rlaF", "-e", text, ...(await trees())], { encoding: "utf8" });
  } catch (error) {
    // grep found nothing.
    if (error instanceof Error && "status" in error && error.status === 1) return "";
    throw error;
  }
}

test("health says that the broker is on", async () => {
  expect(await (await fetch(`${stack.url}/healthz`)).json()).toMatchObject({ credentials: "broker" });
});

test("the whole job of an agent, in full, partial and shallow clones", async () => {
  for (const [task_id, how] of Object.entries({ full: {}, part: { filter: "tree:0" }, newest: { shallow: true } })) {
    const { sandbox_id } = await call(stack, "clone", { repo_url, agent_id: "ada", task_id, ...how }, withToken);
    await call(stack, "edit", { sandbox_id, files: [{ path: "a.txt", content: `${task_id}\n` }] });
    const pushed = await call(stack, "push", { sandbox_id, message: task_id }, withToken);
    expect(remoteGit(stack, "private", "rev-parse", `agent/ada/${task_id}`)).toBe(pushed["commit"]);
    expect(
      await call(stack, "push", { sandbox_id, message: `${task_id} again`, amend: true }, withToken),
    ).toMatchObject({
      pushed: true,
      replaced: pushed["commit"],
    });
    await call(stack, "pull", { sandbox_id, from: "main" }, withToken);
    expect(await call(stack, "tag", { sandbox_id, name: task_id, push: true }, withToken)).toMatchObject({
      pushed: true,
    });
    await call(stack, "branch", { sandbox_id, name: `${task_id}-side`, create: true }, withToken);
    await call(stack, "edit", { sandbox_id, files: [{ path: "b.txt", content: `${task_id}\n` }] });
    await call(stack, "push", { sandbox_id, message: "Side" }, withToken);
    await call(stack, "branch", { sandbox_id, name: `agent/ada/${task_id}` }, withToken);
    await call(stack, "branch", { sandbox_id, name: `${task_id}-side`, delete: true }, withToken);
    expect(remoteGit(stack, "private", "branch", "--list", `${task_id}-side`)).toBe("");
    expect(await call(stack, "log", { sandbox_id, ref: "HEAD~1", limit: 1 }, withToken)).toMatchObject({});
  }
});

test("a look in a partial clone fetches what it lacks", async () => {
  const clone = { repo_url, agent_id: "ada", task_id: "look", filter: "tree:0" };
  const { sandbox_id } = await call(stack, "clone", clone, withToken);
  const look = { sandbox_id, pattern: "function", ref: "HEAD~1", limit: 1 };
  expect((await call(stack, "search", look, withToken))["matches"]).toHaveLength(1);
});

describe.skipIf(!existsSync("/proc/self/environ"))("in the sandbox", () => {
  test("the credential is in nothing that a process of the same user can read; a lease is", async () => {
    const clone = { repo_url, agent_id: "ada", task_id: "spied" };
    const cloned = await spied(stack, () => call(stack, "clone", clone, withToken));
    const { sandbox_id } = cloned.value;
    await call(stack, "edit", { sandbox_id, files: [{ path: "a.txt", content: "spied\n" }] });
    const pushed = await spied(stack, () => call(stack, "push", { sandbox_id, message: "spied" }, withToken));
    const pulled = await spied(stack, () => call(stack, "pull", { sandbox_id }, withToken));
    for (const { seen, lease } of [cloned, pushed, pulled]) {
      expect(lease).toBeDefined();
      expect([seen.includes(TOKEN), seen.includes(ENCODED)]).toEqual([false, false]);
    }
    for (const text of [TOKEN, ENCODED, "Bearer eyJ"]) expect(await filesWith(text)).toBe("");
  });

  test("each operation has a lease of its own", async () => {
    const { sandbox_id } = await call(stack, "clone", { repo_url, agent_id: "ada", task_id: "leases" }, withToken);
    const leases = new Set<string>();
    for (let pulls = 0; pulls < 2; pulls++) {
      const { lease } = await spied(stack, () => call(stack, "pull", { sandbox_id }, withToken));
      leases.add(lease ?? "none");
    }
    expect(leases.size).toBe(2);
  });
});

test("origin in the tree, and every answer, name the git host and not the broker", async () => {
  const clone = { repo_url, agent_id: "ada", task_id: "named" };
  const cloned = await call(stack, "clone", clone, withToken);
  const { sandbox_id } = cloned;
  const configs = execFileSync("find", [...(await trees()), "-path", "*/repo/.git/config"], { encoding: "utf8" });
  const texts = configs
    .trim()
    .split("\n")
    .map((path) => readFileSync(path, "utf8"));
  for (const text of texts) {
    expect(text).toContain(`url = ${repo_url}`);
    expect(text).not.toContain("/broker/");
  }
  stack.git.setFaults({ fail: { count: 1, status: 418 } });
  const { json } = await callOperation(stack.url, "pull", { sandbox_id }, withToken);
  expect(json).toMatchObject({ code: "git_failed", detail: expect.stringContaining(repo_url) });
  expect(JSON.stringify([cloned, json])).not.toContain("/broker/");
});

test("the default branch is known to the broker, even where the clone's knowledge of it is old", async () => {
  const { sandbox_id } = await call(stack, "clone", { repo_url, branch: DEV, task_id: "d", agent_id: "x" }, withToken);
  await call(stack, "branch", { sandbox_id, name: DEV });
  await call(stack, "edit", { sandbox_id, files: [{ path: "dev.txt", content: "dev\n" }] });
  remoteGit(stack, "private", "symbolic-ref", "HEAD", `refs/heads/${DEV}`);
  const before = remoteGit(stack, "private", "rev-parse", DEV);
  const { status, json } = await callOperation(stack.url, "push", { sandbox_id, message: "dev" }, withToken);
  const words = 'it is the default branch, which only a push that names it may change: push {to: "dev(2)"}';
  expect([status, json]).toMatchObject([
    403,
    {
      code: "ref_not_allowed",
      retryable: false,
      detail: expect.stringContaining(words),
      remote_messages: [`warmtree: refs/heads/${DEV}: ${words}`],
      work: { pushed: false, committed: expect.any(String) },
    },
  ]);
  expect(remoteGit(stack, "private", "rev-parse", DEV)).toBe(before);
  expect(await call(stack, "push", { sandbox_id, to: DEV }, withToken)).toMatchObject({ pushed: true });
  remoteGit(stack, "private", "symbolic-ref", "HEAD", "refs/heads/main");
});

test("a repository snapshot is made and used", async () => {
  const headers = { Authorization: "Bearer dev", "Content-Type": "application/json", ...withToken.headers };
  const init = { method: "POST", headers, body: JSON.stringify({ repo_url }) };
  expect((await fetch(`${stack.url}/v1/snapshots`, init)).status).toBe(200);
  const clone = { repo_url, agent_id: "ada", task_id: "seeded" };
  expect(await call(stack, "clone", clone, withToken)).toMatchObject({ source: "snapshot" });
});
