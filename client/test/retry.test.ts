import { describe, expect, onTestFinished, test } from "vitest";
import { DEV_KEY } from "../../scripts/support/client.ts";
import { remoteGit } from "../../test/support/worker.ts";
import { createClient } from "../src/index.ts";
import { failure } from "./failure.ts";
import { sceneOfFile, startScene } from "./scene.ts";

const scene = sceneOfFile();

/** Opens a workspace for one test, and returns its id. */
const open = async (task_id: string) => {
  const { client, repo_url } = scene();
  return (await client.git.clone({ repo_url, agent_id: "client", task_id })).sandbox_id;
};
const write = (path: string, content = "x\n") => [{ path, content }];

describe("a failed call is sent again", () => {
  test("after Retry-After, where the tenant has too many operations under way", async () => {
    const busy = await startScene({ MAX_OPERATIONS_PER_TENANT: "1" });
    onTestFinished(() => busy.close());
    const { git } = busy.client;
    const { sandbox_id } = await git.clone({ repo_url: busy.repo_url });
    busy.stack.host.faults.set({ latencyMs: { sandbox: 300 } });
    // The calls change files and take no key, but the refused one says that nothing was done.
    await Promise.all([1, 2].map(() => git.restore({ sandbox_id, all: true })));
    expect(busy.proxy.seen).toHaveLength(4);
  });

  test("not before the time that it was told", async () => {
    const { client, proxy } = scene();
    const body = JSON.stringify({ code: "rate_limited", detail: "wait", status: 429, retryable: true, retry_after: 1 });
    proxy.faults.push({ answer: { status: 429, body } });
    const startedAt = performance.now();
    await client.workspaces.list();
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(1000);
  });

  test("not where it would have to wait for minutes", async () => {
    const { client, proxy } = scene();
    const body = JSON.stringify({ code: "rate_limited", detail: "wait", status: 429, retryable: true });
    proxy.faults.push({ answer: { status: 429, body, headers: { "Retry-After": "300" } } });
    expect(await failure(client.workspaces.list())).toMatchObject({ code: "rate_limited", retryAfter: 300 });
    expect(proxy.seen).toHaveLength(1);
  });

  test("by the key that makes it one call, if its answer was lost", async () => {
    const { client, proxy, stack } = scene();
    const sandbox_id = await open("lost");
    for (const fault of [{ cutAfterBytes: 0 }, { cutAfterBytes: 10 }, { unsent: true }, { left: true }] as const) {
      const name = JSON.stringify(fault);
      await client.git.edit({ sandbox_id, files: write("lost.txt", name) });
      proxy.seen.length = 0;
      proxy.faults.push(fault);
      const { commit, pushed, committed } = await client.git.push({ sandbox_id, message: name });
      // This is the first request's answer: a second push would have nothing to do.
      expect([committed, pushed]).toEqual([true, true]);
      const keys = proxy.seen.map(({ headers }) => headers["idempotency-key"]);
      expect(keys).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), keys[0]]);
      expect(remoteGit(stack, "small", "rev-parse", "agent/client/lost")).toBe(commit);
    }
    expect(remoteGit(stack, "small", "rev-list", "--count", "main..agent/client/lost")).toBe("4");
  });

  test("for as long as the first sending is under way, however few retries there are", async () => {
    const { client, proxy, stack } = scene();
    const sandbox_id = await open("under-way");
    await client.git.edit({ sandbox_id, files: write("u.txt") });
    stack.host.faults.set({ latencyMs: { sandbox: 1000 } });
    const body = JSON.stringify({
      code: "request_under_way",
      detail: "",
      status: 409,
      retryable: true,
      retry_after: 0,
    });
    proxy.seen.length = 0;
    proxy.faults.push({ left: true }, ...Array.from({ length: 5 }, () => ({ answer: { status: 409, body } })));
    const hasty = createClient({ url: proxy.url, key: DEV_KEY, retries: 1 });
    expect(await hasty.git.push({ sandbox_id, message: "u" })).toMatchObject({ committed: true, pushed: true });
    expect(proxy.seen).toHaveLength(7);
  });

  test("if it changes nothing, also where a gateway answered", async () => {
    const { client, proxy } = scene();
    const sandbox_id = await open("reads");
    proxy.seen.length = 0;
    proxy.faults.push({ cutAfterBytes: 10 }, { answer: { status: 502, body: "Bad Gateway" } });
    await client.git.status({ sandbox_id });
    expect(proxy.seen).toHaveLength(3);
    expect(proxy.seen[0]?.headers["idempotency-key"]).toBeUndefined();
  });

  test("but not if it may have changed something and takes no key", async () => {
    const { client, proxy } = scene();
    const sandbox_id = await open("once");
    proxy.seen.length = 0;
    proxy.faults.push({ cutAfterBytes: 0 });
    const error = await failure(client.git.branch({ sandbox_id, name: "other", create: true }));
    expect([error.name, proxy.seen.length]).toEqual(["NoAnswerError", 1]);
  });

  test("as often as the client was told", async () => {
    const { proxy } = scene();
    proxy.faults.push(...Array.from({ length: 3 }, () => ({ unsent: true }) as const));
    const patient = createClient({ url: proxy.url, key: DEV_KEY, retries: 1 });
    expect((await failure(patient.workspaces.list())).name).toBe("NoAnswerError");
    expect(proxy.seen).toHaveLength(2);
  });
});

describe("a signal ends a call", () => {
  test("while it is under way", async () => {
    const { client, proxy, stack } = scene();
    const sandbox_id = await open("abort");
    stack.host.faults.set({ latencyMs: { sandbox: 60_000 } });
    const stop = new AbortController();
    const call = client.git.status({ sandbox_id }, { signal: stop.signal });
    await expect.poll(() => proxy.seen.filter(({ url }) => url.endsWith("/status")).length).toBe(1);
    stop.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
  });

  test("while it waits to be sent again", async () => {
    const { client, proxy } = scene();
    const body = JSON.stringify({ code: "rate_limited", detail: "", status: 429, retryable: true, retry_after: 60 });
    proxy.faults.push({ answer: { status: 429, body } });
    const stop = new AbortController();
    const call = client.workspaces.list({ signal: stop.signal });
    await expect.poll(() => proxy.seen.length).toBe(1);
    stop.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
    expect(proxy.seen).toHaveLength(1);
  });
});
