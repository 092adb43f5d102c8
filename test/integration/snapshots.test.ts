import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod/v4";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { callOperation } from "../../scripts/support/client.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { snapshotListSchema, snapshotSchema } from "../../src/api/schemas.ts";
import { call, hostedSandboxes, remoteGit } from "../support/worker.ts";

const sha256 = (key: string) => createHash("sha256").update(key).digest("hex");
const KEYS = { acme: "wt_acme_key", other: "wt_other_key" };
const TOKEN = "tok_0d4c9d21ab37";
const acme = { key: KEYS.acme, headers: { "X-Git-Token": TOKEN } };
const other = { key: KEYS.other, headers: { "X-Git-Token": TOKEN } };

let stack: Stack;
let repo_url: string;

beforeAll(async () => {
  const API_KEYS = Object.entries(KEYS)
    .map(([tenant, key]) => `${tenant}=${sha256(key)}`)
    .join(",");
  const remoteAuth = { repositories: ["private"], tokens: { "x-access-token": TOKEN } };
  stack = await startStack({ bindings: { API_KEYS, E2B_MAX_SANDBOXES: "12" }, remoteAuth });
  await makeRepository(stack.git.root, "private", { files: 60, commits: 40 });
  repo_url = `${stack.git.url}/private.git`;
});
afterAll(() => stack.close());

interface Asker {
  readonly key: string;
  readonly headers: Record<string, string>;
}

async function snapshots(method: string, path = "", { key, headers }: Asker = acme, body?: object) {
  const answer = await fetch(`${stack.url}/v1/snapshots${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, json: text === "" ? null : z.unknown().parse(JSON.parse(text)) };
}

/** Adds a commit by another author to main. @returns the commit */
function advance(file: string): string {
  const folder = mkdtempSync(join(tmpdir(), "warmtree-advance-"));
  try {
    const git = (...args: string[]) => execFileSync("git", ["-C", folder, ...args], { encoding: "utf8" });
    execFileSync("git", ["clone", "-q", join(stack.git.root, "private.git"), folder]);
    writeFileSync(join(folder, file), `${file}\n`);
    git("add", "-A");
    git("-c", "user.name=n", "-c", "user.email=n@example.com", "commit", "-qm", file);
    git("push", "-q", "origin", "HEAD:main");
    return git("rev-parse", "HEAD").trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const cloneAs = (agent_id: string, asker: Asker = acme) =>
  call(stack, "clone", { repo_url, agent_id, task_id: "t" }, asker);

test("made once, then every clone starts from it and fetches only what is newer", async () => {
  const made = await snapshots("POST", "", acme, { repo_url });
  const snapshot = snapshotSchema.parse(made.json);
  expect([made.status, snapshot]).toMatchObject([
    200,
    { state: "ready", head: remoteGit(stack, "private", "rev-parse", "main"), starts: 0 },
  ]);
  // The sandbox that made the snapshot is gone.
  await expect.poll(async () => (await hostedSandboxes(stack)).length).toBe(0);

  const head = advance("newer.txt");
  const before = stack.git.counters();
  const first = await cloneAs("ada");
  expect(first).toMatchObject({ source: "snapshot", created: true, branch: "agent/ada/t", head, shallow: false });
  expect(stack.git.counters().requests - before.requests).toBeLessThanOrEqual(5);
  expect(await call(stack, "log", { sandbox_id: first.sandbox_id, limit: 100 }, acme)).toMatchObject({
    commits: { length: 41 },
  });

  await call(stack, "edit", { sandbox_id: first.sandbox_id, files: [{ path: "mine.txt", content: "ada's\n" }] }, acme);
  const second = await cloneAs("bob");
  expect(second).toMatchObject({ source: "snapshot", head });
  expect(await call(stack, "status", { sandbox_id: second.sandbox_id }, acme)).toMatchObject({ clean: true });
  const { status } = await callOperation(stack.url, "read", { sandbox_id: second.sandbox_id, path: "mine.txt" }, acme);
  expect(status).toBe(404);

  const pushed = await call(stack, "push", { sandbox_id: first.sandbox_id, message: "mine" }, acme);
  expect(remoteGit(stack, "private", "rev-parse", "agent/ada/t")).toBe(pushed["commit"]);
  const { json } = await snapshots("GET");
  expect(snapshotListSchema.parse(json).snapshots).toMatchObject([{ snapshot_id: snapshot.snapshot_id, starts: 2 }]);
});

test("asked for again, it is made anew from the one that is there", async () => {
  const [before] = snapshotListSchema.parse((await snapshots("GET")).json).snapshots;
  const head = advance("newest.txt");
  const { json } = await snapshots("POST", "", acme, { repo_url });
  expect(json).toMatchObject({ state: "ready", head });
  const after = snapshotListSchema.parse((await snapshots("GET")).json).snapshots;
  expect(after.map(({ snapshot_id }) => snapshot_id === before?.snapshot_id)).toEqual([false]);
  expect(await cloneAs("cleo")).toMatchObject({ source: "snapshot", head });
});

test("no agent fetches again what the snapshot holds", async () => {
  const costOf = async (agent_id: string, asker?: Asker) => {
    const before = stack.git.counters();
    await cloneAs(agent_id, asker);
    const after = stack.git.counters();
    return { fetches: after.fetches - before.fetches, bytes: after.bytesSent - before.bytesSent };
  };
  const full = await costOf("gus", other);
  expect(full.fetches).toBe(2);
  // One request for the refs; then there is nothing to fetch.
  const [first, second] = [await costOf("gus"), await costOf("hal")];
  expect([first.fetches, second.fetches]).toEqual([1, 1]);
  advance("after.txt");
  const third = await costOf("ivy");
  expect(third.fetches).toBe(2);
  expect(Math.max(first.bytes, second.bytes, third.bytes)).toBeLessThan(full.bytes / 5);
});

test("what is new is asked for and fetched while the sandbox starts, and git in it asks for nothing", async () => {
  advance("last.txt");
  await snapshots("POST", "", acme, { repo_url });
  let asked = 0;
  // On a busy machine the answer may come too late; then git in the sandbox asks, with more requests.
  const requests = async () => {
    const before = stack.git.counters();
    await cloneAs(`kim-${asked++}`);
    const after = stack.git.counters();
    return [after.requests - before.requests, after.discoveries - before.discoveries];
  };
  await expect.poll(requests).toEqual([1, 0]);
  advance("after-last.txt");
  await expect.poll(requests).toEqual([2, 0]);
});

test("another tenant has its own, and who may not read the repository gets nothing of it", async () => {
  expect(await cloneAs("dan", other)).toMatchObject({ source: "cold" });
  expect((await snapshots("GET", "", other)).json).toEqual({ snapshots: [] });
  const before = (await hostedSandboxes(stack)).length;
  const stranger = { key: KEYS.acme, headers: { "X-Git-Token": "wrong_98f6bcd4621d" } };
  const { status, json } = await callOperation(
    stack.url,
    "clone",
    { repo_url, agent_id: "eve", task_id: "t" },
    stranger,
  );
  expect([status, json]).toMatchObject([403, { code: "git_auth_failed" }]);
  await expect.poll(async () => (await hostedSandboxes(stack)).length).toBe(before);
  const refused = await snapshots("POST", "", { ...stranger, key: KEYS.other }, { repo_url });
  expect([refused.status, refused.json]).toMatchObject([403, { code: "git_auth_failed" }]);
  expect((await snapshots("GET", "", other)).json).toEqual({ snapshots: [] });
});

test("dropped by its tenant alone; clones then go the ordinary way", async () => {
  const [snapshot] = snapshotListSchema.parse((await snapshots("GET")).json).snapshots;
  const path = `/${snapshot?.snapshot_id ?? ""}`;
  expect((await snapshots("DELETE", path, other)).json).toMatchObject({ code: "snapshot_not_found" });
  expect((await snapshots("DELETE", path)).status).toBe(204);
  expect((await snapshots("DELETE", path)).status).toBe(404);
  expect(await cloneAs("fay")).toMatchObject({ source: "cold" });
});
