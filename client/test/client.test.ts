import { createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { DEV_KEY } from "../../scripts/support/client.ts";
import { listen } from "../../scripts/support/listen.ts";
import { remoteGit } from "../../test/support/worker.ts";
import { createClient, WarmtreeError } from "../src/index.ts";
import { failure } from "./failure.ts";
import { startFaultyProxy } from "./faulty-proxy.ts";
import { sceneOfFile } from "./scene.ts";

const scene = sceneOfFile();

/** Opens a workspace for one test, and returns its id. */
const open = async (task_id: string) => {
  const { client, repo_url } = scene();
  return (await client.git.clone({ repo_url, agent_id: "client", task_id })).sandbox_id;
};
const write = (path: string, content = "x\n") => [{ path, content }];

test("the main job, each answer of its operation's type", async () => {
  const { client, stack } = scene();
  const sandbox_id = await open("job");
  const { changed } = await client.git.edit({ sandbox_id, files: write("a.txt") });
  expect(changed.map(({ path, change }) => `${change} ${path}`)).toEqual(["added a.txt"]);
  const { untracked, branch } = await client.git.status({ sandbox_id });
  expect([branch, untracked]).toEqual(["agent/client/job", ["a.txt"]]);
  const { commit } = await client.git.push({ sandbox_id, message: "a" });
  expect(remoteGit(stack, "small", "rev-parse", "agent/client/job")).toBe(commit);
  const { commits } = await client.git.log({ sandbox_id, limit: 1 });
  expect(commits[0]?.subject).toBe("a");
});

test("wrong input and wrong results do not compile", () => {
  const { client } = scene();
  // @ts-expect-error: no operation
  expect(client.git.fly).toBeUndefined();
  const calls = () => [
    // @ts-expect-error: sandbox_id is missing
    client.git.status({}),
    // @ts-expect-error: no such field
    client.git.diff({ sandbox_id: "s", files: [] }),
    // @ts-expect-error: no such member
    client.git.status({ sandbox_id: "s" }).then(({ colour }) => colour),
    // @ts-expect-error: a route's own path is needed
    client.raw("GET /v1/workspaces/{sandbox_id}"),
    // @ts-expect-error: no such step
    client.run({ steps: [{ op: "fly" }] }),
    client.run({ steps: [{ op: "status" }, { op: "log" }] }).then(({ steps: [status, log] }) => [
      log.status === "done" && log.result.commits,
      // @ts-expect-error: no such member
      status.status === "done" && status.result.commits,
    ]),
  ];
  expect(calls).toBeTypeOf("function");
});

describe("errors", () => {
  test("have the members of the problem", async () => {
    const { client } = scene();
    const sandbox_id = await open("errors");
    const error = await failure(client.git.read({ sandbox_id, path: "none.txt" }));
    expect(error).toMatchObject({
      name: "WarmtreeError",
      code: "path_not_found",
      status: 404,
      retryable: false,
      retryAfter: undefined,
      work: { pushed: false, tree: "unchanged" },
      problem: { title: "No such path", instance: expect.stringMatching(/^urn:uuid:/) },
    });
    expect(error.message).toBe(`path_not_found: ${error instanceof WarmtreeError && error.detail}`);
  });

  test("name every wrong field", async () => {
    const { client } = scene();
    // @ts-expect-error: a path is a text
    const error = await failure(client.git.edit({ sandbox_id: "wrong", files: [{ path: 1 }] }));
    expect(error).toMatchObject({ code: "invalid_input", problem: { errors: [{}, { field: "files.0.path" }] } });
  });

  test("tell a key that is none", async () => {
    const { stack } = scene();
    const stranger = createClient({ url: stack.url, key: "none" });
    expect(await failure(stranger.workspaces.list())).toMatchObject({ code: "unauthenticated", status: 401 });
  });

  test("tell what is no Warmtree, and what is nobody", async () => {
    const { client, proxy } = scene();
    proxy.faults.push({ answer: { status: 404, body: "<h1>Not found</h1>" } });
    expect(await failure(client.workspaces.list())).toMatchObject({ name: "NoAnswerError", status: 404 });
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const nobody = createClient({ url: `http://127.0.0.1:${port}`, key: "k", retries: 0 });
    expect(await failure(nobody.workspaces.list())).toMatchObject({ name: "NoAnswerError", status: undefined });
  });

  test("a redirect is one: no token goes to another address", async () => {
    const { client, proxy, stack } = scene();
    const other = await startFaultyProxy(stack.url);
    onTestFinished(() => other.close());
    proxy.faults.push({ answer: { status: 307, headers: { Location: `${other.url}/v1/workspaces` } } });
    const error = await failure(client.workspaces.list({ gitToken: "secret" }));
    expect([error.name, other.seen]).toEqual(["NoAnswerError", []]);
  });
});

test("workspaces are listed, paused, resumed, downloaded and ended", async () => {
  const { client } = scene();
  const sandbox_id = await open("workspaces");
  await client.git.edit({ sandbox_id, files: write("w.txt") });
  const bundle = await client.workspaces.bundle(sandbox_id);
  expect([bundle.headers.get("Content-Type"), (await bundle.bytes()).length % 512]).toEqual(["application/x-tar", 0]);
  await client.workspaces.pause(sandbox_id);
  const { workspaces } = await client.workspaces.list();
  expect(workspaces.find((each) => each.sandbox_id === sandbox_id)).toMatchObject({ state: "paused", unpushed: true });
  expect(await client.workspaces.get(sandbox_id)).toMatchObject({ sandbox_id, task_id: "workspaces" });
  await client.workspaces.end(sandbox_id);
  expect(await failure(client.git.status({ sandbox_id }))).toMatchObject({ code: "workspace_gone" });
});

test("raw reaches every route", async () => {
  const { client } = scene();
  const { policies } = await client.raw("GET /v1/policy");
  expect(policies.length).toBeGreaterThan(0);
  const { snapshots } = await client.raw("GET /v1/snapshots", {});
  expect(snapshots).toEqual([]);
});

test("tokens for git hosts go in one header, those of a call before those of the client", async () => {
  const { proxy, repo_url } = scene();
  const tokens = { "github.com": "one", "git.example:8443": "two" };
  const sends = createClient({ url: proxy.url, key: DEV_KEY, gitToken: tokens });
  await failure(sends.git.clone({ repo_url }));
  // One host is allowed here, so the token needs no host.
  await sends.git.clone({ repo_url }, { gitToken: "three" });
  const sent = proxy.seen.map(({ headers }) => headers["x-git-token"]);
  expect(sent).toEqual(["github.com=one, git.example:8443=two", "three"]);
});
