import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod/v4";
import { startStack, type Stack } from "../../scripts/harness/stack.ts";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { workspaceListSchema } from "../../src/api/schemas.ts";
import { call } from "../support/worker.ts";

const lostSchema = z.object({ lost: z.object({ unpushed: z.boolean(), bundle: z.string() }) });

let stack: Stack;
let repo_url: string;
beforeAll(async () => {
  stack = await startStack({ entry: "test/fixtures/aged/index.ts" });
  repo_url = `${stack.git.url}/one.git`;
  await makeRepository(stack.git.root, "one", { files: 20, commits: 5 });
});
afterAll(() => stack.close());

const HEADERS = { Authorization: "Bearer dev" };
const download = (id: string) => fetch(`${stack.url}/v1/workspaces/${id}/bundle`, { headers: HEADERS });

/** Returns a workspace with a commit that no remote has, and a change on top of it. */
async function withWork(agent_id: string): Promise<string> {
  const { sandbox_id } = await call(stack, "clone", { repo_url, agent_id });
  await call(stack, "apply", { sandbox_id, commits: ["HEAD"], revert: true });
  await call(stack, "edit", { sandbox_id, files: [{ path: "new/file.txt", content: `of ${agent_id}\n` }] });
  return sandbox_id;
}

/** Restores the work with plain git, following the README of the tar. @returns the restored clone */
async function restored(answer: Response): Promise<string> {
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/x-tar"]);
  const tar = await answer.bytes();
  expect(answer.headers.get("content-length")).toBe(String(tar.length));
  const folder = mkdtempSync(join(stack.git.root, "restored-"));
  execFileSync("tar", ["-xf", "-", "-C", folder], { input: tar });
  const clone = join(folder, "clone");
  execFileSync("git", ["clone", "-q", join(stack.git.root, "one.git"), clone]);
  const head = answer.headers.get("x-head") ?? "";
  expect(readFileSync(join(folder, "README"), "utf8")).toContain(`git switch -c restored ${head}\n`);
  const git = (...args: string[]) => execFileSync("git", ["-C", clone, ...args], { encoding: "utf8", stdio: "pipe" });
  git("bundle", "unbundle", "../work.bundle");
  git("switch", "-q", "-c", "restored", head);
  git("apply", "--index", "../work.patch");
  expect(git("log", "-1", "--format=%s")).toMatch(/^Revert /);
  return clone;
}

const workspaces = async () => {
  const answer = await fetch(`${stack.url}/v1/workspaces`, { headers: HEADERS });
  return workspaceListSchema.parse(await answer.json()).workspaces;
};

test("the work of a live workspace comes back with plain git", async () => {
  const clone = await restored(await download(await withWork("live")));
  expect(readFileSync(join(clone, "new/file.txt"), "utf8")).toBe("of live\n");
});

test("so does that of a workspace that was dropped after weeks, and the next clone says where it is", async () => {
  const sandbox_id = await withWork("away");
  await fetch(`${stack.url}/v1/workspaces/${sandbox_id}/pause`, { method: "POST", headers: HEADERS });
  // The pool object holds a use in memory that it has not written.
  await stack.crashWorker();
  await stack.startWorker();
  for (const days of [22, 8]) await fetch(`${stack.url}/age?days=${days}`);
  const saved = async () => (await workspaces()).find((each) => each.sandbox_id === sandbox_id)?.saved?.bytes;
  await expect.poll(saved).toBeGreaterThan(0);
  const { lost } = lostSchema.parse(await call(stack, "clone", { repo_url, agent_id: "away" }));
  expect(lost).toEqual({ unpushed: true, bundle: `/v1/workspaces/${sandbox_id}/bundle` });
  const clone = await restored(await fetch(`${stack.url}${lost.bundle}`, { headers: HEADERS }));
  expect(readFileSync(join(clone, "new/file.txt"), "utf8")).toBe("of away\n");
});
