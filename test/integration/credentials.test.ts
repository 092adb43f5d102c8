import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { callOperation } from "../../scripts/support/client.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { call, hostedSandboxes, remoteGit } from "../support/worker.ts";

const TOKEN = "tok_3f9c2a71d0c84e55";
const withToken = { headers: { "X-Git-Token": TOKEN } };
const logged: string[] = [];
describe.each(["broker", "env"])("CREDENTIALS=%s:", (CREDENTIALS) => {
  let stack: Stack;
  let repo_url: string;

  beforeAll(async () => {
    stack = await startStack({
      bindings: { CREDENTIALS },
      remoteAuth: { repositories: ["private"], tokens: { "x-access-token": TOKEN } },
      log: (line) => logged.push(line),
    });
    await makeRepository(stack.git.root, "private", { files: 20, commits: 3 });
    await makeRepository(stack.git.root, "public", { files: 20, commits: 3 });
    repo_url = `${stack.git.url}/private.git`;
  });
  afterAll(() => stack.close());

  /** Returns the occurrences of the token in every file below the sandboxes' trees and in every answer. */
  async function leaks(answers: unknown[]): Promise<string[]> {
    const encoded = btoa(`x-access-token:${TOKEN}`);
    const found = [JSON.stringify(answers), ...logged].filter((text) => text.includes(TOKEN) || text.includes(encoded));
    for (const { tree } of await hostedSandboxes(stack)) {
      try {
        found.push(execFileSync("grep", ["-rlaF", "-e", TOKEN, "-e", encoded, tree], { encoding: "utf8" }));
      } catch (error) {
        // grep found nothing.
        if (!(error instanceof Error && "status" in error && error.status === 1)) throw error;
      }
    }
    return found;
  }

  test("a private repository by the caller's token, which is left nowhere", async () => {
    const clone = await call(stack, "clone", { repo_url }, withToken);
    const { sandbox_id } = clone;
    await call(stack, "edit", { sandbox_id, files: [{ path: "a.txt", content: "a\n" }] });
    const push = await call(stack, "push", { sandbox_id, message: "private", to: "main" }, withToken);
    const pull = await call(stack, "pull", { sandbox_id }, withToken);
    expect(remoteGit(stack, "private", "rev-parse", "main")).toBe(push["commit"]);
    expect(await leaks([clone, push, pull])).toEqual([]);
  });

  test.each([
    ["without a token", {}],
    ["with a wrong token", { headers: { "X-Git-Token": "wrong_5d41402abc4b" } }],
  ])("%s: refused as such, and the sandbox started for nothing is ended", async (_, options) => {
    const before = await hostedSandboxes(stack);
    const body = { repo_url, agent_id: "nobody", task_id: "x" };
    const { status, json } = await callOperation(stack.url, "clone", body, options);
    expect(status).toBe(403);
    expect(json).toMatchObject({ code: "git_auth_failed", retryable: false });
    expect(JSON.stringify(json)).not.toContain("wrong_5d41402abc4b");
    await expect.poll(async () => (await hostedSandboxes(stack)).length).toBe(before.length);
  });

  test("push without the token: the commit is kept and said, and the next push with it sends it", async () => {
    const { sandbox_id } = await call(stack, "clone", { repo_url, agent_id: "a", task_id: "keep" }, withToken);
    await call(stack, "edit", { sandbox_id, files: [{ path: "kept.txt", content: "k\n" }] });
    const { json } = await callOperation(stack.url, "push", { sandbox_id, message: "kept" });
    expect(json).toMatchObject({
      code: "git_auth_failed",
      work: { pushed: false, committed: expect.stringMatching(/^[0-9a-f]{40}$/) },
    });
    expect(await call(stack, "push", { sandbox_id }, withToken)).toMatchObject({ committed: false, pushed: true });
  });

  test("a partial clone: a look fetches what it lacks with the caller's token, which is left nowhere", async () => {
    const clone = await call(stack, "clone", { repo_url, agent_id: "a", task_id: "part", filter: "tree:0" }, withToken);
    const { sandbox_id } = clone;
    const look = { sandbox_id, pattern: "function", ref: "HEAD~1", limit: 1 };
    const { status, json } = await callOperation(stack.url, "search", look);
    expect([status, json]).toMatchObject([403, { code: "git_auth_failed" }]);
    const search = await call(stack, "search", look, withToken);
    expect(search["matches"]).toHaveLength(1);
    expect(await leaks([clone, json, search])).toEqual([]);
  });

  test("a host that is not allowed is never asked", async () => {
    const before = stack.git.counters().requests;
    const other = stack.git.url.replace("127.0.0.1", "localhost");
    const { status, json } = await callOperation(stack.url, "clone", { repo_url: `${other}/private.git` }, withToken);
    expect([status, json]).toMatchObject([403, { code: "host_not_allowed", field: "repo_url" }]);
    expect(stack.git.counters().requests).toBe(before);
  });

  test("a repository that is not there", async () => {
    const { status, json } = await callOperation(stack.url, "clone", { repo_url: `${stack.git.url}/absent.git` });
    expect([status, json]).toMatchObject([404, { code: "repository_not_found" }]);
  });

  test("a remote that fails now and then: push tries again, and says so when it gives up", async () => {
    const { sandbox_id } = await call(stack, "clone", { repo_url: `${stack.git.url}/public.git` });
    await call(stack, "edit", { sandbox_id, files: [{ path: "b.txt", content: "b\n" }] });
    stack.git.setFaults({ fail: { count: 1, status: 503 } });
    expect(await call(stack, "push", { sandbox_id, message: "b", to: "main" })).toMatchObject({ pushed: true });
    stack.git.setFaults({ fail: { count: 1, status: 503, retryAfterS: 300 } });
    const { status, json, headers } = await callOperation(stack.url, "pull", { sandbox_id });
    expect([status, json]).toMatchObject([502, { code: "git_unreachable", retryable: true, retry_after: 300 }]);
    expect(headers.get("Retry-After")).toBe("300");
    expect(await call(stack, "pull", { sandbox_id })).toMatchObject({ how: "nothing_new" });
  });
});
