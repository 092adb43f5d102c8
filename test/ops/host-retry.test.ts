import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { type GitServer, startGitServer } from "../../scripts/sample-remote/server.ts";
import { clone } from "../../src/ops/clone.ts";
import { edit } from "../../src/ops/edit.ts";
import type { Operation } from "../../src/ops/operation.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { type Gate, startGate } from "../support/gate.ts";
import { Home } from "./support.ts";

const PATH = process.env["PATH"] ?? "";
const TRIES = 4;

let folder: string;
let git: GitServer;
let gate: Gate;
let home: Home;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "warmtree-retry-"));
  git = await startGitServer({ root: join(folder, "remote") });
  gate = await startGate();
  gate.lead(git.url);
  await makeRepository(git.root, "small", { files: 5, commits: 2 });
  // `sleep` writes the wait to a file, and ends at once.
  writeFileSync(join(folder, "sleep"), `#!/bin/sh\necho "$1" >>'${folder}/waits'\n`);
  chmodSync(join(folder, "sleep"), 0o755);
});
afterAll(async () => {
  await gate.shut();
  await git.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  process.env["PATH"] = `${folder}${delimiter}${PATH}`;
  writeFileSync(join(folder, "waits"), "");
  home = new Home(`${git.url}/small.git`);
});
afterEach(() => {
  process.env["PATH"] = PATH;
  git.setFaults({});
  home.remove();
});

/** Returns the seconds of the waits before a retry. */
const waits = () =>
  readFileSync(join(folder, "waits"), "utf8")
    .split("\n")
    // Other waits are in whole seconds.
    .filter((line) => line.includes("."))
    .map(Number)
    .filter((s) => s >= 0.5);

async function prepared(operation: Operation): Promise<void> {
  if (operation !== clone) await home.run(clone);
  if (operation === push) await home.run(edit, { files: [{ path: "new.txt", content: `${Date.now()}\n` }] });
}

const asked = (operation: Operation) => (operation === push ? { message: "m" } : {});

test.each([clone, pull, push])("$name is tried again, after as long as the host asks", async (operation) => {
  await prepared(operation);
  git.setFaults({ fail: { count: 2, status: 429, retryAfterS: 7 } });
  await home.run<typeof operation.output>(operation, asked(operation));
  const [first = 0, second = 0, ...more] = waits();
  expect([Math.floor(first), Math.floor(second), more]).toEqual([7, 7, []]);
});

test.each([clone, pull, push])(
  "$name tells how long the host asks to wait, where that is too long",
  async (operation) => {
    await prepared(operation);
    const before = git.counters().requests;
    git.setFaults({ fail: { count: 9, status: 503, retryAfterS: 300 } });
    const failed = await home.failure(operation, asked(operation));
    expect(failed).toMatchObject({
      code: "git_unreachable",
      retryAfterS: 300,
      work: { pushed: operation === push ? "unknown" : false },
    });
    expect(waits()).toEqual([]);
    expect(git.counters().requests - before).toBe(1);
  },
);

test.each([clone, pull, push])(
  "$name gives up after four tries, each wait longer than the one before",
  async (operation) => {
    await prepared(operation);
    git.setFaults({ fail: { count: 99, status: 500 } });
    const before = git.counters().requests;
    expect(await home.failure(operation, asked(operation))).toMatchObject({ code: "git_unreachable" });
    expect(git.counters().requests - before).toBe(TRIES);
    const [first = 0, second = 0, third = 0] = waits();
    expect(first < second && second < third).toBe(true);
  },
);

test("what is no fault of the host is not tried again", async () => {
  git.setFaults({ fail: { count: 9, status: 403 } });
  const before = git.counters().requests;
  expect(await home.failure(clone)).toMatchObject({ code: "git_auth_failed" });
  expect(git.counters().requests - before).toBe(1);
});

/** Lengths that cut the answers within and between their lines. */
const ENDS = [0, 1, 4, 10, 30, 60, 100, 150, 190, 220, 300, 500];

// Leaves out a push's POST: git itself waits for the rest of that answer until the operation's time is over.
test.each<{ operation: Operation; method: string }>([
  { operation: clone, method: "GET" },
  { operation: clone, method: "POST" },
  { operation: pull, method: "GET" },
  { operation: pull, method: "POST" },
  { operation: push, method: "GET" },
])("$operation.name says that the host broke off if an answer to $method ends early", async ({ operation, method }) => {
  const codes: string[] = [];
  for (const after of ENDS) {
    home.remove();
    home = new Home(`${gate.url}/small.git`);
    gate.setFaults({});
    await prepared(operation);
    gate.setFaults({ ends: { method, after } });
    const parsed = await home.answer(operation, asked(operation));
    codes.push(parsed.ok ? "ok" : parsed.error.code);
  }
  expect(codes[0]).toBe("git_unreachable");
  expect(codes.filter((code) => code !== "ok" && code !== "git_unreachable")).toEqual([]);
});
