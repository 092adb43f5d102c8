import { existsSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { apply } from "../../src/ops/apply.ts";
import { branch } from "../../src/ops/branch.ts";
import { clone } from "../../src/ops/clone.ts";
import { edit } from "../../src/ops/edit.ts";
import type { Operation } from "../../src/ops/operation.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { restore } from "../../src/ops/restore.ts";
import { status } from "../../src/ops/status.ts";
import { tag } from "../../src/ops/tag.ts";
import { killedAt, ONCE, OTHER } from "./once-kills.ts";
import type { Home, Seed } from "./support.ts";
import { cloneForEach, git } from "./support.ts";

let seed: Seed;
let home: Home;

cloneForEach(
  (origin) => {
    writeFileSync(join(origin.tree, "a.txt"), "n=1\n");
    origin.publish("one");
    writeFileSync(join(origin.tree, "b.txt"), "b\n");
    origin.publish("two");
  },
  { agent_id: "ada", task_id: "t1" },
  (made) => ({ seed, home } = made),
);

const write = (path: string, text: string) => writeFileSync(join(home.tree, path), text);
const receipts = () =>
  readdirSync(join(home.path, ".warmtree/once"))
    .filter((name) => !name.includes("."))
    .sort();
const grown = { files: [{ path: "a.txt", old: "n=1", new: "n=11" }] };

/** Returns the tree, its branches and tags, and those of the remote. */
const state = () =>
  [
    home.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/remotes", "refs/tags"),
    home.git("rev-parse", "--symbolic-full-name", "HEAD"),
    home.git("status", "--porcelain"),
    home.git("diff", "HEAD"),
    git(seed.bare, "for-each-ref"),
  ].join("\n");

/** Operations with their preparation, and an undoing between two tries: a second execution would show. */
const CALLS: readonly {
  readonly operation: Operation;
  readonly input: object;
  readonly before?: () => Promise<unknown> | void;
  readonly between: () => void;
}[] = [
  { operation: edit, input: grown, between: () => undefined },
  {
    operation: restore,
    input: { all: true },
    before: () => write("a.txt", "x\n"),
    between: () => write("a.txt", "y\n"),
  },
  { operation: restore, input: { to: "HEAD~1", keep: true }, before: twoCommits, between: () => undefined },
  { operation: apply, input: { commits: ["HEAD"], revert: true }, between: () => undefined },
  { operation: tag, input: { name: "v1" }, between: () => home.git("tag", "-d", "v1") },
  { operation: tag, input: { name: "v1", push: true }, between: () => home.git("tag", "-d", "v1") },
  {
    operation: branch,
    input: { name: "x", create: true },
    between: () => {
      home.git("switch", "-q", "agent/ada/t1");
      home.git("branch", "-q", "-D", "x");
    },
  },
  { operation: branch, input: { name: "main" }, between: () => home.git("switch", "-q", "agent/ada/t1") },
  {
    operation: branch,
    input: { name: "x", delete: true },
    before: ownBranch,
    between: () => undefined,
  },
  { operation: pull, input: {}, before: moved, between: moved },
  {
    operation: push,
    input: { message: "m" },
    before: () => write("c.txt", "c\n"),
    between: () => write("c.txt", "d\n"),
  },
  {
    operation: push,
    input: { message: "m", amend: true },
    before: twoCommits,
    between: () => write("c.txt", "d\n"),
  },
];

let times = 0;
function moved(): void {
  seed.receive();
  writeFileSync(join(seed.tree, "theirs.txt"), `${times++}\n`);
  seed.publish("theirs");
}
function twoCommits(): void {
  for (const name of ["1", "2"]) {
    write(name, name);
    home.git("add", "-A");
    home.git("-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-qm", name);
  }
}
async function ownBranch(): Promise<void> {
  await home.run(branch, { name: "x", create: true });
  await home.run(push);
  home.git("switch", "-q", "agent/ada/t1");
}

test.each(CALLS)("$operation.name $input, sent twice, is done once and answers the same", async (call) => {
  const { operation, input, before, between } = call;
  await before?.();
  home.once = ONCE;
  const first = await home.run<typeof operation.output>(operation, input);
  between();
  const after = state();
  expect(await home.run<typeof operation.output>(operation, input)).toEqual(first);
  expect(state()).toBe(after);
  // With another name, it is another call.
  home.once = OTHER;
  const parsed = await home.answer<typeof operation.output>(operation, input);
  expect(parsed.ok && state() === after && JSON.stringify(parsed.value) === JSON.stringify(first)).toBe(false);
});

test.each<[string, Operation, object]>([
  ["edit", edit, grown],
  ["revert", apply, { commits: ["HEAD"], revert: true }],
  ["push", push, { message: "m" }],
])("%s, sent again while the first try runs, waits for it and answers the same", async (_, operation, input) => {
  write("c.txt", "c\n");
  home.once = ONCE;
  const tries = [1, 2, 3].map(() => home.run<typeof operation.output>(operation, input));
  const [first, ...others] = await Promise.all(tries);
  for (const other of others) expect(other).toEqual(first);
  expect(home.git("rev-list", "--count", "HEAD")).toBe(operation === edit ? "2" : "3");
});

test("without a name, nothing is written down", async () => {
  await home.run(edit, grown);
  await home.run(branch, { name: "x", create: true });
  await home.run(push, { message: "m" });
  expect(existsSync(join(home.path, ".warmtree/once"))).toBe(false);
});

test("a read is not done once", async () => {
  home.once = ONCE;
  expect(await home.run(status)).toMatchObject({ clean: true });
  expect(await home.run(branch)).toMatchObject({ current: "agent/ada/t1" });
  write("a.txt", "x\n");
  expect(await home.run(status)).toMatchObject({ clean: false });
  expect(existsSync(join(home.path, ".warmtree/once"))).toBe(false);
});

test.each<[string, Operation, object, () => void]>([
  ["edit", edit, { files: [{ path: "a.txt", old: "n=2", new: "n=3" }] }, () => write("a.txt", "n=2\n")],
  ["branch", branch, { name: "x" }, () => home.git("branch", "x")],
  ["push", push, {}, () => home.git("checkout", "-q", "a.txt")],
])("%s that failed can be tried again", async (_, operation, input, repair) => {
  write("a.txt", "n=0\n");
  home.once = ONCE;
  await home.failure(operation, input);
  await home.failure(operation, input);
  repair();
  await home.run<typeof operation.output>(operation, input);
});

test("the answer of the first try is that of the second, whatever bytes it has", async () => {
  const names = ["0123:1", "a\nb", "ü", "-"];
  for (const name of names) write(name, "x");
  home.once = ONCE;
  const first = await home.run(restore, { all: true });
  expect(first).toMatchObject({ removed: expect.arrayContaining(names) });
  expect(await home.run(restore, { all: true })).toEqual(first);
});

test("a revert that was killed after its commit does not revert that", async () => {
  home.once = ONCE;
  await killedAt({ command: "revert", when: "after" }, () => home.answer(apply, { commits: ["HEAD"], revert: true }));
  expect(home.git("log", "-1", "--format=%s")).toBe('Revert "two"');
  const [, two] = home.git("log", "--format=%H").split("\n");
  expect(await home.run(apply, { commits: ["HEAD"], revert: true })).toMatchObject({ already: [two] });
  expect(existsSync(join(home.tree, "b.txt"))).toBe(false);
});

test("commits that were taken back just before a kill are not taken back by the second try, but those below", async () => {
  twoCommits();
  const one = home.git("rev-parse", "HEAD~1");
  home.once = ONCE;
  await killedAt({ command: "reset", when: "after" }, () => home.answer(restore, { to: "HEAD~1", keep: true }));
  expect(home.git("rev-parse", "HEAD")).toBe(one);
  expect(await home.run(restore, { to: "HEAD~1", keep: true })).toMatchObject({ head: one });
  expect(home.git("rev-parse", "HEAD")).toBe(one);
});

test.each<[string, Operation, object]>([
  ["edit", edit, grown],
  ["branch", branch, { name: "x", create: true }],
])("old receipts are deleted when %s writes one", async (_, operation, input) => {
  home.once = OTHER;
  await home.run(tag, { name: "v1" });
  const days = (count: number) => Date.now() / 1000 - count * 24 * 3600;
  for (const [name, age] of [
    ["old", 2.1],
    ["new", 1.9],
  ] as const) {
    const file = join(home.path, ".warmtree/once", name);
    writeFileSync(file, "");
    utimesSync(file, days(age), days(age));
  }
  home.once = ONCE;
  await home.run<typeof operation.output>(operation, input);
  expect(receipts()).toEqual([ONCE, OTHER, "new"].sort());
});

test("a clone that makes a new tree forgets the receipts of the old one", async () => {
  home.once = ONCE;
  await home.run(tag, { name: "v1" });
  expect(receipts()).toEqual([ONCE]);
  rmSync(home.tree, { recursive: true });
  await home.run(clone, { agent_id: "ada", task_id: "t1" });
  expect(existsSync(join(home.path, ".warmtree/once"))).toBe(false);
  expect(await home.run(clone, { agent_id: "ada", task_id: "t1" })).toMatchObject({ created: false });
});
