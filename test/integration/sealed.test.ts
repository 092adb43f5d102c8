import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { startLocalHost } from "../../scripts/local-e2b/host.ts";
import { examine } from "../../scripts/doctor/examine.ts";
import { controlPlane } from "../../src/e2b/control.ts";
import { runProcess } from "../../src/e2b/process.ts";
import { call, hostedSandboxes, remoteGit } from "../support/worker.ts";

const probe = await startLocalHost();
const { egress } = probe;
await probe.close();
if (!egress) console.warn("sealed stacks are not tested: this machine gives sandboxes no network of their own");

/** Returns the answer of a server to a program in a workspace's sandbox: by bash, as an agent's program may ask. */
async function got(stack: Stack, workspace: string, url: string, path = "/"): Promise<string> {
  const { hostname, port } = new URL(url);
  const line = `exec 3<>/dev/tcp/${hostname}/${port} && printf 'GET ${path} HTTP/1.0\\r\\nHost: ${hostname}:${port}\\r\\n\\r\\n' >&3 && cat <&3`;
  return ran(stack, workspace, `(${line}) 2>&1; true`);
}

async function ran(stack: Stack, workspace: string, line: string): Promise<string> {
  const { url } = stack.host;
  const config = { apiKey: "local", apiUrl: url, sandboxUrl: url, domain: "e2b.app" };
  const sandboxes = await hostedSandboxes(stack);
  const found = sandboxes.find(({ metadata }) => metadata["warmtree_sandbox"] === workspace);
  const session = await controlPlane(config).get(found?.sandboxID ?? "");
  const request = { cmd: "/bin/bash", args: ["-c", line], envs: {}, timeoutMs: 30_000, maxOutputBytes: 100_000 };
  return new TextDecoder().decode((await runProcess(config, session, request)).stdout);
}

async function started(bindings: Record<string, string> = {}): Promise<{ stack: Stack; repo_url: string }> {
  const stack = await startStack({ bindings });
  await makeRepository(stack.git.root, "work", { files: 20, commits: 5 });
  return { stack, repo_url: `${stack.git.url}/work.git` };
}

describe.runIf(egress)("with the broker, a sandbox", () => {
  let stack: Stack;
  let repo_url: string;
  beforeAll(async () => ({ stack, repo_url } = await started({ POOL_MIN: "1", POOL_MAX: "1" })));
  afterAll(() => stack.close());

  test("reaches the Worker and nothing else, while an agent does its whole job, also after a pause", async () => {
    expect(await (await fetch(`${stack.url}/healthz`)).json()).toMatchObject({ sandbox_egress: "sealed" });
    const findings = await examine({ url: stack.url, key: undefined });
    expect(findings).toContainEqual(expect.objectContaining({ name: "sandboxes", verdict: "ok" }));
    const { sandbox_id } = await call(stack, "clone", { repo_url, agent_id: "ada", task_id: "t" });
    const looksOut = async () => {
      expect(await got(stack, sandbox_id, stack.url, "/healthz")).toContain('"sandbox_egress":"sealed"');
      // The git host, and the sandbox host, which would give access to every sandbox.
      expect(await got(stack, sandbox_id, stack.git.url)).toMatch(/Connection refused/);
      expect(await got(stack, sandbox_id, stack.host.url, "/_local/sandboxes")).toMatch(/Connection refused/);
    };
    await looksOut();
    await call(stack, "edit", { sandbox_id, files: [{ path: "a.txt", content: "1\n" }] });
    const pushed = await call(stack, "push", { sandbox_id, message: "One" });
    expect(remoteGit(stack, "work", "rev-parse", "agent/ada/t")).toBe(pushed["commit"]);
    const headers = { Authorization: "Bearer dev" };
    const paused = await fetch(`${stack.url}/v1/workspaces/${sandbox_id}/pause`, { method: "POST", headers });
    expect(paused.ok).toBe(true);
    await call(stack, "edit", { sandbox_id, files: [{ path: "a.txt", content: "2\n" }] });
    expect(stack.host.counters().byRoute["PUT /sandboxes/{id}/network"]).toBeUndefined();
    await looksOut();
    expect(await call(stack, "pull", { sandbox_id, from: "main" })).toMatchObject({ sandbox_id: "" });
    const again = await call(stack, "push", { sandbox_id, message: "Two" });
    expect(remoteGit(stack, "work", "rev-parse", "agent/ada/t")).toBe(again["commit"]);
  });

  test("is sealed out of a repository snapshot, too", async () => {
    const headers = { Authorization: "Bearer dev", "Content-Type": "application/json" };
    const body = JSON.stringify({ repo_url });
    const made = await fetch(`${stack.url}/v1/snapshots`, { method: "POST", headers, body });
    expect(made.ok).toBe(true);
    const { sandbox_id, source } = await call(stack, "clone", { repo_url, agent_id: "bob", task_id: "t" });
    expect(source).toBe("snapshot");
    expect(await got(stack, sandbox_id, stack.git.url)).toMatch(/Connection refused/);
    await call(stack, "edit", { sandbox_id, files: [{ path: "b.txt", content: "1\n" }] });
    expect(await call(stack, "push", { sandbox_id, message: "Bob" })).toMatchObject({ pushed: true });
  });
});

test("with SANDBOX_EGRESS=open, a sandbox reaches what this machine does", async () => {
  const { stack, repo_url } = await started({ SANDBOX_EGRESS: "open" });
  try {
    expect(await (await fetch(`${stack.url}/healthz`)).json()).toMatchObject({ sandbox_egress: "open" });
    const { sandbox_id } = await call(stack, "clone", { repo_url, agent_id: "ada", task_id: "t" });
    expect(await got(stack, sandbox_id, stack.git.url)).toContain("HTTP/1.1");
  } finally {
    await stack.close();
  }
});
