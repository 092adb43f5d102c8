import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { apply } from "../../src/ops/apply.ts";
import { edit } from "../../src/ops/edit.ts";
import { probeAfterResume, probeBeforePause } from "../../src/ops/probes/tree-state.ts";
import type { Operation } from "../../src/ops/operation.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import type { Home } from "./support.ts";
import { commit, homeWith, makePipe, treeOf } from "./trees.ts";

let home: Home;
beforeEach(() => {
  home = homeWith({ "a.txt": "a\n" });
  home.git("update-ref", "refs/remotes/origin/main", "HEAD");
});
afterEach(async () => {
  await resume();
  home.remove();
});

const ours = (name: string) => join(home.path, ".warmtree", name);
const look = () => home.perform(probeBeforePause);
const resume = (head = "") => home.perform(probeAfterResume, undefined, { head });
const ADD = { files: [{ path: "new.txt", content: "new\n" }] };

/** Holds the lock as an operation does that is at `what`. @returns releases the lock */
async function hold(what: string): Promise<() => void> {
  writeFileSync(ours("open"), `${what}\n`);
  const holder = spawn("/bin/bash", ["-c", 'exec flock "$0" cat', ours("lock")]);
  holder.stdin.write("held\n");
  await once(holder.stdout, "data");
  return () => {
    writeFileSync(ours("open"), "");
    holder.stdin.end();
  };
}

test("what it finds is what is paused: no operation begins from then on, until after the resume", async () => {
  expect(await look()).toEqual({ busy: false, head: home.git("rev-parse", "HEAD"), unpushed: false });
  expect(await home.failure(edit, ADD)).toMatchObject({
    code: "workspace_busy",
    message: expect.stringContaining("was being paused"),
  });
  expect(treeOf(home)).toEqual({ "a.txt": "a\n" });
  await resume();
  await home.run(edit, ADD);
  expect(await look()).toMatchObject({ busy: false, unpushed: true });
});

test.each([
  { operation: push, asked: { message: "m" } },
  { operation: pull, asked: {} },
  { operation: apply, asked: { commits: ["HEAD"] } },
  { operation: edit, asked: ADD },
])("what comes meanwhile is sent again after the resume: $operation.name", async ({ operation, asked }) => {
  await look();
  const asOne: Operation = operation;
  expect(await home.answer(asOne, asked)).toMatchObject({ ok: false, pausing: true });
});

test("an operation that was waiting for the lock when the pool took it does not begin after the resume either", async () => {
  const letGo = await hold("open");
  makePipe(ours("holds"));
  const failing = home.failure(edit, ADD);
  // The edit has read the hold: from here on it waits for the lock.
  await writeFile(ours("holds"), "the hold before\n");
  writeFileSync(ours("next"), "a hold\n");
  renameSync(ours("next"), ours("holds"));
  letGo();
  expect(await failing).toMatchObject({ code: "workspace_busy" });
  expect(treeOf(home)).toEqual({ "a.txt": "a\n" });
});

test("where an operation is at work, nothing is held", async () => {
  const letGo = await hold("open");
  expect(await look()).toEqual({ busy: true });
  expect(existsSync(ours("pausing"))).toBe(false);
  letGo();
  await home.run(edit, ADD);
});

test("it waits for an index that is being written anew", async () => {
  const letGo = await hold("refresh_index");
  const looking = look();
  letGo();
  expect(await looking).toMatchObject({ busy: false });
});

test("a look after a pause that failed takes the place of the one before it", async () => {
  await look();
  expect(await look()).toMatchObject({ busy: false });
  expect(await home.failure(edit, ADD)).toMatchObject({ code: "workspace_busy" });
  await resume();
  await home.run(edit, ADD);
});

test("a mark whose holder is gone is taken away by the next look or resume", async () => {
  makePipe(ours("pausing"));
  expect(await home.failure(edit, ADD)).toMatchObject({ code: "workspace_busy" });
  expect(await look()).toMatchObject({ busy: false });
  await resume();
  expect(existsSync(ours("pausing"))).toBe(false);
  await home.run(edit, ADD);
});

test("after a resume it says whether the commit that was paused is still there, wherever HEAD is", async () => {
  const first = home.git("rev-parse", "HEAD");
  const second = commit(home, { "b.txt": "b\n" }, "second");
  expect(await resume(second)).toEqual({ head: second, unpushed: true, kept: true });
  expect(await resume(first)).toEqual({ head: second, unpushed: true, kept: true });
  home.git("switch", "-q", "-c", "other", first);
  expect(await resume(second)).toMatchObject({ head: first, kept: true });
  home.git("branch", "-q", "-D", "main");
  expect(await resume(second)).toEqual({ head: first, unpushed: false, kept: false });
  expect(await resume("0".repeat(40))).toMatchObject({ kept: false });
  rmSync(home.tree, { recursive: true });
  expect(await resume(first)).toEqual({ head: "", unpushed: false, kept: false });
  expect(await resume()).toMatchObject({ kept: true });
});
