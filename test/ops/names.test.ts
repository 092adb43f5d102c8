import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { diff } from "../../src/ops/diff.ts";
import { edit } from "../../src/ops/edit.ts";
import { probeAfterResume, probeBeforePause } from "../../src/ops/probes/tree-state.ts";
import { log } from "../../src/ops/log.ts";
import { push } from "../../src/ops/push.ts";
import { read } from "../../src/ops/read.ts";
import { restore } from "../../src/ops/restore.ts";
import { search } from "../../src/ops/search.ts";
import { status } from "../../src/ops/status.ts";
import { unpushed } from "../../src/ops/probes/unpushed.ts";
import { FEW_RUNS } from "../support/runs.ts";
import type { Home, Seed } from "./support.ts";
import { cloneForEach, git } from "./support.ts";
import { fileName, write } from "./trees.ts";

/** Names that git or a shell may read as something other than a file. */
const TRAPS = ["--", "HEAD", "-", "-x", ":(top)", "*", "main", "@"];
const NAMES = [...TRAPS, ":!a", "[a-z]", "?", "!a", "#a", "~", "^", "--all", "_", "STDIN", "FETCH_HEAD", "a b"];

let seed: Seed;
let home: Home;

/** The repository has every name as a file, and as a file in a folder; first and second contents differ. */
cloneForEach(
  (origin) => {
    for (const version of ["first", "second"]) {
      write(
        origin,
        Object.fromEntries(NAMES.flatMap((name) => [name, `in/${name}`].map((path) => [path, `${version} ${path}\n`]))),
      );
      origin.publish(version);
    }
  },
  { agent_id: "ada", task_id: "t1" },
  (made) => ({ seed, home } = made),
);

const path = fc.oneof(fc.constantFrom(...NAMES), fc.constantFrom(...NAMES.map((name) => `in/${name}`)));

test("whatever a file is called, what looks finds that file and no other", async () => {
  const looks = async (at: string) => {
    for (const [ref, version] of [
      ["HEAD~1", "first"],
      ["origin/main", "second"],
    ] as const) {
      const content = `${version} ${at}\n`;
      expect(await home.run(read, { path: at, ref })).toMatchObject({ kind: "file", size: content.length, content });
      const found = await home.run(search, { path: at, ref, pattern: "s" });
      expect(found.matches).toEqual([{ path: at, line: 1, text: content.trim() }]);
      expect((await home.run(log, { path: at, ref })).commits.map(({ subject }) => subject)).toEqual(
        version === "first" ? ["first"] : ["second", "first"],
      );
    }
    expect(await home.run(read, { path: at })).toMatchObject({ content: `second ${at}\n` });
    expect((await home.run(search, { path: at, pattern: "s" })).matches).toHaveLength(1);
    expect((await home.run(log, { path: at })).commits).toHaveLength(2);
  };
  await fc.assert(fc.asyncProperty(path, looks), { numRuns: FEW_RUNS, examples: TRAPS.map((name) => [name]) });
});

test("whatever a file is called, what changes touches that file and no other", async () => {
  const changes = async (at: string) => {
    const before = home.git("rev-parse", "HEAD");
    const others = NAMES.filter((name) => name !== at).map((name) => ({ path: name, content: "other\n" }));
    await home.run(edit, { files: [{ path: at, content: "mine\n" }, ...others] });
    expect((await home.run(diff, { file: at })).files).toMatchObject([{ path: at, change: "modified" }]);
    expect((await home.run(diff, { file: at, base: "origin/main" })).files).toMatchObject([{ path: at }]);
    expect(await home.run(restore, { paths: [at] })).toMatchObject({ restored: [at], removed: [] });
    expect((await home.run(status)).total).toBe(others.length);
    await home.run(edit, { files: [{ path: at, content: `${before} mine\n` }] });
    const { commit } = await home.run(push, { message: "one", files: [at] });
    expect(git(seed.bare, "show", "--format=", "--name-only", "-z", commit).replaceAll("\0", "")).toBe(at);
    await home.run(restore, { all: true });
    await home.run(edit, { files: [{ path: at, move_to: "moved" }] });
    await home.run(edit, { files: [{ path: "moved", move_to: at }] });
    await home.run(edit, { files: [{ path: at, delete: true }] });
    expect((await home.run(diff, { file: at })).files).toMatchObject([{ path: at, change: "deleted" }]);
    await home.run(restore, { paths: [at] });
    expect(await home.run(status)).toMatchObject({ clean: true });
  };
  await fc.assert(fc.asyncProperty(path, changes), { numRuns: FEW_RUNS, examples: TRAPS.map((name) => [name]) });
});

test("what the pool asks does not take a file for a commit", async () => {
  const pushedHead = home.git("rev-parse", "HEAD");
  const look = async () => {
    const found = await home.perform(probeBeforePause);
    const { kept } = await home.perform(probeAfterResume, undefined, { head: pushedHead });
    return { ...found, kept };
  };
  expect(await look()).toMatchObject({ unpushed: false, kept: true });
  home.git("commit", "-q", "--allow-empty", "-m", "only here");
  expect(await look()).toMatchObject({ unpushed: true, kept: true });
  expect(await home.perform(unpushed)).toEqual({ commits: 1 });
});

test("a path that is not there is told, whatever it is called", async () => {
  // Ends like the output of `git describe`, which git reads as the described commit.
  const described = `nothing-g${home.git("rev-parse", "--short", "HEAD")}`;
  writeFileSync(join(home.tree, "new"), "new\n");
  const missing = async (at: string) => {
    for (const told of [
      await home.failure(read, { path: at, ref: "HEAD" }),
      await home.failure(search, { path: at, ref: "HEAD", pattern: "s" }),
      await home.failure(diff, { file: at }),
      await home.failure(restore, { paths: [at] }),
    ]) {
      expect(told).toMatchObject({ code: "path_not_found", message: expect.stringContaining(at) });
    }
  };
  const other = fileName.filter((name) => !NAMES.includes(name));
  await fc.assert(fc.asyncProperty(other, missing), { numRuns: FEW_RUNS, examples: [[described], ["--a"]] });
});
