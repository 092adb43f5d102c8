import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import * as z from "zod/v4";
import { SAMPLES, makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { startGitServer } from "../../scripts/sample-remote/server.ts";
import type { GitServerOptions } from "../../scripts/sample-remote/server.ts";
import { startStack } from "../../scripts/harness/stack.ts";
import { startWorkerd } from "../../scripts/support/workerd.ts";
import { call } from "../support/worker.ts";

const execute = promisify(execFile);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "warmtree-support-"));
  await makeRepository(join(folder, "remote"), "small", SAMPLES.small);
  await makeRepository(join(folder, "remote"), "empty", SAMPLES.empty);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the real git client, without settings of the machine. @returns stdout */
async function git(cwd: string, ...args: string[]): Promise<string> {
  const identity = {
    GIT_AUTHOR_NAME: "T",
    GIT_AUTHOR_EMAIL: "t@example.com",
    GIT_COMMITTER_NAME: "T",
    GIT_COMMITTER_EMAIL: "t@example.com",
  };
  const env = {
    PATH: process.env.PATH,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    ...identity,
  };
  return (await execute("git", args, { cwd, env, maxBuffer: 64 * 1024 * 1024 })).stdout;
}

async function serve(options: Partial<GitServerOptions> = {}) {
  const server = await startGitServer({ root: join(folder, "remote"), ...options });
  onTestFinished(() => server.close());
  return server;
}

const newFolder = () => mkdtemp(join(folder, "tree-"));

describe("sample remote", () => {
  test("serves a clone that git finds sound, odd names and kinds of file included", async () => {
    const server = await serve();
    const { url } = server;
    const tree = await newFolder();
    await git(tree, "clone", "--quiet", `${url}/small.git`, ".");
    await git(tree, "fsck", "--strict");
    const names = (await git(tree, "ls-files", "-z")).split("\0");
    expect(names).toContain("docs/größe – 大小.txt");
    expect(names).toContain('docs/"quoted".txt');
    expect(names.length - 1).toBe(50);
    expect((await git(tree, "rev-list", "--all", "--count")).trim()).toBe("20");
    expect(await git(tree, "for-each-ref", "--format=%(refname)", "refs/remotes/origin/feature", "refs/tags")).toBe(
      "refs/remotes/origin/feature/search\nrefs/tags/v1.0.0\n",
    );
    expect(await git(tree, "ls-files", "--stage", "docs/start-here")).toMatch(/^120000 /);
    expect(server.counters().fetches).toBe(2);
    expect(server.counters().bytesSent).toBeGreaterThan(10_000);
  });

  test("takes a push with a chunked body, and gives it to the next clone", async () => {
    const server = await serve();
    const { url } = server;
    const tree = await newFolder();
    await git(tree, "clone", "--quiet", `${url}/empty.git`, ".");
    const content = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * index) % 251));
    await writeFile(join(tree, "data.bin"), content);
    await git(tree, "add", "--all");
    await git(tree, "commit", "--quiet", "--message", "Add data");
    // Smaller than the pack: git then sends it in chunks, without a length.
    await git(
      tree,
      "-c",
      "http.postBuffer=1000",
      "-c",
      "core.compression=0",
      "push",
      "--quiet",
      "origin",
      "HEAD:refs/heads/main",
    );
    const second = await newFolder();
    await git(second, "clone", "--quiet", `${url}/empty.git`, ".");
    expect(content.equals(await readFile(join(second, "data.bin")))).toBe(true);
    expect(server.counters()).toMatchObject({ pushes: 2 });
  });

  test("speaks protocol v2 and reads gzip bodies", async () => {
    const { url } = await serve();
    const headers = { "Git-Protocol": "version=2" };
    const refs = await fetch(`${url}/small/info/refs?service=git-upload-pack`, { headers });
    expect(refs.headers.get("content-type")).toBe("application/x-git-upload-pack-advertisement");
    expect(await refs.text()).toContain("version 2");
    const answer = await fetch(`${url}/small.git/git-upload-pack`, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/x-git-upload-pack-request", "Content-Encoding": "gzip" },
      body: gzipSync("0014command=ls-refs\n00010009peel\n0000"),
    });
    expect(await answer.text()).toContain("refs/tags/v1.0.0");
  });

  test("asks for credentials where it was told to, and nowhere else", async () => {
    const { url } = await serve({ auth: { repositories: ["small"], tokens: { alice: "se:cret" } } });
    const refs = (name: string, authorization?: string) =>
      fetch(
        `${url}/${name}.git/info/refs?service=git-upload-pack`,
        authorization ? { headers: { authorization } } : {},
      );
    const refused = await refs("small");
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toMatch(/^Basic /);
    expect((await refs("small", `Basic ${btoa("alice:wrong")}`)).status).toBe(401);
    expect((await refs("small", `Basic ${btoa("bob:se:cret")}`)).status).toBe(401);
    expect((await refs("small", `Basic ${btoa("alice:se:cret")}`)).status).toBe(200);
    expect((await refs("small", "Bearer se:cret")).status).toBe(200);
    expect((await refs("empty")).status).toBe(200);
    expect((await refs("unknown")).status).toBe(404);
    await git(folder, "ls-remote", `${url.replace("http://", "http://alice:se%3Acret@")}/small.git`);
  });

  test.each([
    "/../remote/small.git/info/refs",
    "/%2e%2e/remote/small.git/info/refs",
    "/small.git/config",
    "/.git/info/refs",
    "/%ff/info/refs",
  ])("serves nothing at %s", async (path) => {
    const { url } = await serve();
    // fetch would normalize the path before it sends it.
    const { stdout } = await execute("curl", [
      "--silent",
      "--path-as-is",
      "--write-out",
      "%{http_code}",
      `${url}${path}`,
    ]);
    expect(stdout).toMatch(/404$/);
  });

  test("fails on demand, so many times", async () => {
    const server = await serve({ faults: { fail: { count: 1, status: 503 } } });
    const status = async () => (await fetch(`${server.url}/small.git/info/refs?service=git-upload-pack`)).status;
    expect([await status(), await status()]).toEqual([503, 200]);
    server.setFaults({ fail: { count: 2, status: 429 } });
    expect([await status(), await status(), await status()]).toEqual([429, 429, 200]);
  });

  test("a client that vanishes takes the git processes behind its request along", async () => {
    const { url, root } = await serve();
    const tree = await newFolder();
    await git(tree, "clone", "--quiet", `${url}/small.git`, ".");
    const pidFile = join(tree, "hook-pid");
    const hook = join(root, "small.git", "hooks", "pre-receive");
    onTestFinished(() => rm(hook));
    await mkdir(dirname(hook), { recursive: true });
    await writeFile(
      hook,
      `#!/bin/sh\necho $$ > '${pidFile}.new' && mv '${pidFile}.new' '${pidFile}' && exec sleep 600\n`,
      { mode: 0o755 },
    );
    const client = spawn("git", ["push", "--quiet", "origin", "HEAD:refs/heads/other"], { cwd: tree, detached: true });
    const exit = once(client, "exit");
    await expect.poll(() => existsSync(pidFile)).toBe(true);
    const hookPid = Number(await readFile(pidFile, "utf8"));
    process.kill(hookPid, 0);
    process.kill(-z.number().parse(client.pid), "SIGKILL");
    await exit;
    await expect.poll(() => isAlive(hookPid)).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("workerd", () => {
  test("runs the bundled Worker, and is gone after close", async () => {
    const worker = await startWorkerd({ bindings: { E2B_API_KEY: "none" } });
    onTestFinished(() => worker.close());
    expect((await fetch(`${worker.url}/healthz`)).status).toBe(200);
    await worker.close();
    expect(isAlive(worker.pid)).toBe(false);
  });

  test("says why it cannot start", async () => {
    const worker = await startWorkerd({ bindings: { E2B_API_KEY: "none" } });
    onTestFinished(() => worker.close());
    await expect(
      startWorkerd({ bindings: { E2B_API_KEY: "none" }, port: Number(new URL(worker.url).port) }),
    ).rejects.toThrow(/Address already in use/);
  });
});

describe("stack", () => {
  test("keeps its address and its Durable Objects' storage over a crash of the Worker", async () => {
    const logged: string[] = [];
    const stack = await startStack({ log: (line) => logged.push(line) });
    onTestFinished(() => stack.close());
    await makeRepository(stack.git.root, "small", SAMPLES.small);
    const { sandbox_id: sandboxId } = await call(stack, "clone", { repo_url: `${stack.git.url}/small.git` });
    const find = () => fetch(`${stack.url}/v1/workspaces/${sandboxId}`, { headers: { Authorization: "Bearer dev" } });
    expect((await find()).status).toBe(200);
    await stack.crashWorker();
    await expect(find()).rejects.toThrow("fetch failed");
    await stack.startWorker();
    expect((await find()).status).toBe(200);
    expect(logged.filter((line) => !line.includes('"event":"audit"'))).toEqual([]);
  });
});
