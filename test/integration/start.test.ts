import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import * as z from "zod/v4";
import { startLocalHost } from "../../scripts/local-e2b/host.ts";
import { SAMPLES, makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { startGitServer } from "../../scripts/sample-remote/server.ts";
import { callOperation } from "../../scripts/support/client.ts";
import { listen } from "../../scripts/support/listen.ts";
import { localBindings } from "../../scripts/support/local-services.ts";
import { ROOT } from "../../scripts/support/tools.ts";
import { freePort } from "../../scripts/support/free-port.ts";

const readySchema = z.object({ url: z.string(), key: z.string(), remotes: z.array(z.string()) });

const START = join(ROOT, "scripts", "start.ts");

const start = (settings: Readonly<Record<string, string>>, ...args: string[]) => startBy([START, ...args], settings);

function startBy(command: readonly string[], settings: Readonly<Record<string, string>>) {
  // Removes an E2B key of the machine: this test is about the local host.
  const { E2B_API_KEY: _, ...env } = process.env;
  const child = spawn(process.execPath, command, { env: { ...env, ...settings } });
  onTestFinished(() => void child.kill("SIGKILL"));
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  return { child, output, exit: once(child, "close") };
}

test("npm start serves, and one signal ends everything it started", async () => {
  const { child, output, exit } = start({}, "--port", String(await freePort()), "--json", "--no-demo");
  await expect.poll(() => output.stdout).toContain("\n");
  const { url, key, remotes } = readySchema.parse(JSON.parse(output.stdout));
  const [remote = ""] = remotes;
  expect(remotes).toHaveLength(4);

  expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({ credentials: "broker" });
  const headers = { Authorization: `Bearer ${key}` };
  expect((await fetch(`${url}/v1/workspaces`, { headers })).status).toBe(200);
  // Bare workerd has no Workflows.
  const template = await (await fetch(`${url}/v1/template`, { headers })).json();
  expect(template).toEqual({ name: "base", builds_weekly: false });
  expect((await fetch(`${url}/page.js`)).headers.get("Content-Type")).toContain("text/javascript");
  expect((await fetch(`${remote}/info/refs?service=git-upload-pack`)).status).toBe(200);
  const host = /sandboxes on this machine: (\S+)/.exec(output.stderr)?.[1] ?? "";
  expect((await fetch(host)).status).toBeGreaterThan(0);

  child.kill("SIGINT");
  expect(await exit).toEqual([0, null]);
  for (const address of [url, remote, host]) await expect(fetch(address)).rejects.toThrow("fetch failed");
});

test("npm start with an E2B account knows its workspaces again after a stop", async () => {
  const port = await freePort();
  const state = join(ROOT, ".warmtree", `e2b-${port}`);
  onTestFinished(() => rm(state, { recursive: true, force: true }));
  const folder = await mkdtemp(join(tmpdir(), "warmtree-start-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const git = await startGitServer({ root: folder });
  onTestFinished(() => git.close());
  await makeRepository(folder, "small", SAMPLES.small);
  const e2b = await startLocalHost({ isolation: "none" });
  onTestFinished(() => e2b.close());

  const settings = { ...localBindings(e2b.url, git.url), POOL_MIN: "0", POOL_MAX: "0" };
  const session = async <T>(use: (url: string) => Promise<T>): Promise<T> => {
    const { child, output, exit } = start(settings, "--port", String(port), "--json", "--no-demo");
    await expect.poll(() => output.stdout).toContain("\n");
    const result = await use(readySchema.parse(JSON.parse(output.stdout)).url);
    child.kill("SIGTERM");
    expect(await exit).toEqual([0, null]);
    return result;
  };
  const clone = { repo_url: `${git.url}/small.git`, agent_id: "a", task_id: "t" };
  const first = await session(async (url) => (await callOperation(url, "clone", clone)).json);
  const again = await session(async (url) => (await callOperation(url, "clone", clone)).json);
  const { sandbox_id } = z.object({ sandbox_id: z.string() }).parse(first);
  expect(again).toMatchObject({ sandbox_id, created: false });
});

test("npm start sends nothing for this machine to a proxy, and the first clone finds the pool warm", async () => {
  const asked: string[] = [];
  const proxy = createHttpServer(({ method, url }, response) => {
    asked.push(`${method} ${url}`);
    response.writeHead(502).end();
  });
  proxy.on("connect", ({ url }, socket) => {
    asked.push(`CONNECT ${url}`);
    socket.end("HTTP/1.1 502 no\r\n\r\n");
  });
  const address = `http://127.0.0.1:${await listen(proxy)}`;
  onTestFinished(() => void proxy.close());
  const names = ["http_proxy", "https_proxy", "all_proxy"];
  const proxies = Object.fromEntries([...names, ...names.map((name) => name.toUpperCase())].map((n) => [n, address]));

  const command = [join(ROOT, "scripts", "run.mjs"), START, "--port", String(await freePort()), "--json"];
  const settings = { ...proxies, NODE_USE_ENV_PROXY: "1", POOL_MIN: "2" };
  const { child, output, exit } = startBy(command, settings);
  await expect.poll(() => output.stdout).toContain("\n");
  // The first clone takes one of the two warm sandboxes, beside the demo's own workspace.
  const { url, key, remotes } = readySchema.parse(JSON.parse(output.stdout));
  const { json } = await callOperation(url, "clone", { repo_url: remotes[0] }, { key });
  expect(json).toMatchObject({ source: "pool" });
  await expect.poll(() => output.stderr).toMatch(/^It (?:works|FAILED)/m);
  expect(output.stderr).toContain("It works");
  expect(output.stderr).toContain("curl --noproxy 127.0.0.1 -sS");
  child.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
  expect(asked).toEqual([]);
});

test("npm start says in one line that its port is taken", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const { output, exit } = start({}, "--port", String(port));
  expect(await exit).toEqual([1, null]);
  expect(output.stderr).toBe(`port ${port} is in use; choose another one: npm start -- --port <port>\n`);
});

test("npm start says which setting is wrong, and never its value", async () => {
  const { output, exit } = start({ OPERATOR_KEY: "a secret" }, "--port", String(await freePort()), "--no-demo");
  expect(await exit).toEqual([1, null]);
  expect(output.stderr).toMatch(/^the Worker cannot serve: .*OPERATOR_KEY/m);
  expect(output.stderr).not.toContain("a secret");
});

test.each([["--port=70000"], ["--frob"]])("npm start refuses %s in one line", async (...args) => {
  const { output, exit } = start({}, ...args);
  expect(await exit).toEqual([1, null]);
  expect(output.stderr.trim().split("\n")).toHaveLength(1);
});
