import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/v4";
import { beforeEach, expect, test } from "vitest";
import { onceOf } from "../../src/execution/once.ts";
import { apply } from "../../src/ops/apply.ts";
import { batchOf } from "../../src/ops/batch.ts";
import { branch } from "../../src/ops/branch.ts";
import { edit } from "../../src/ops/edit.ts";
import type { Operation } from "../../src/ops/operation.ts";
import { push } from "../../src/ops/push.ts";
import { status } from "../../src/ops/status.ts";
import { tag } from "../../src/ops/tag.ts";
import { type Kill, killedAt } from "./once-kills.ts";
import type { Home, Seed } from "./support.ts";
import { cloneForEach, git } from "./support.ts";

let seed: Seed;
let home: Home;

cloneForEach(
  (origin) => {
    writeFileSync(join(origin.tree, "a.txt"), "n=1\n");
    origin.publish("one");
  },
  {},
  (made) => ({ seed, home } = made),
);

const grow = { files: [{ path: "a.txt", old: "n=1", new: "n=11" }] };
const STEPS: readonly (readonly [Operation, object])[] = [
  [edit, grow],
  [push, { message: "first" }],
  [status, {}],
  [apply, { commits: ["HEAD"], revert: true }],
  [branch, { name: "x", create: true }],
  [edit, grow],
  [tag, { name: "v1" }],
  [push, { message: "second", to: "x" }],
];

/** Returns the values of the steps; throws the error of a failed step. */
async function run(seedOfNames: string | undefined): Promise<object[]> {
  const steps = await Promise.all(
    STEPS.map(async ([operation, input], at) => ({
      operation,
      asked: operation.input.parse({ sandbox_id: "s0-00000000000000000000", ...input }),
      once: seedOfNames === undefined ? undefined : await onceOf(seedOfNames, at),
    })),
  );
  const batch = Object.assign(batchOf(steps), { summary: "", input: z.unknown(), output: z.array(z.unknown()) });
  const parsed = batch.parse(await home.raw(batch, undefined), undefined);
  if (!parsed.ok) throw parsed.error;
  return parsed.value.map((step) => {
    if (!step.parsed.ok) throw step.parsed.error;
    return step.parsed.value;
  });
}

const subjects = (to: string) => git(seed.bare, "log", "--format=%s", to).split("\n");

beforeEach(() => {
  // A batch has no idempotency name of its own; if it gets one, no step may use it.
  home.once = "0123456789abcdef0123456789abcdef";
});

test("a batch that is sent again does nothing more, and answers the same but for what it reads", async () => {
  const first = await run("seed");
  const head = home.git("rev-parse", "HEAD");
  const second = await run("seed");
  expect(second.toSpliced(2, 1)).toEqual(first.toSpliced(2, 1));
  expect([first[2], second[2]]).toMatchObject([{ branch: "main" }, { branch: "x" }]);
  expect(home.git("rev-parse", "HEAD")).toBe(head);
  expect(subjects("x")).toEqual(["second", 'Revert "first"', "first", "one"]);
});

test("steps without names are done again", async () => {
  await run(undefined);
  await run(undefined);
  expect(subjects("x")).toHaveLength(7);
});

test.each<Kill>([
  { command: "commit", when: "after" },
  { command: "push", when: "after" },
  { command: "revert", when: "after" },
  { command: "switch", when: "before" },
  { command: "commit", when: "after", nth: 2 },
  { command: "push", when: "after", nth: 2 },
])("killed $when git $command ($nth), a batch that is sent again does each step once", async (kill) => {
  await killedAt(kill, () => run("seed").catch(() => undefined));
  const values = await run("seed");
  expect(values).toHaveLength(STEPS.length);
  expect(values[1]).toMatchObject({ committed: true, pushed: true, to: "main" });
  expect(values.at(-1)).toMatchObject({ committed: true, pushed: true, to: "x" });
  expect(subjects("main")).toEqual(["first", "one"]);
  expect(subjects("x")).toEqual(["second", 'Revert "first"', "first", "one"]);
  expect(readFileSync(join(home.tree, "a.txt"), "utf8")).toBe("n=11\n");
});

test("names are equal for equal parts only", async () => {
  const name = await onceOf("seed", 1);
  expect(name).toMatch(/^[0-9a-f]{32}$/);
  expect(await onceOf("seed", 1)).toBe(name);
  const others = await Promise.all([onceOf("seed", 2), onceOf("see", "d", 1), onceOf("seed"), onceOf("seed", "1")]);
  expect(new Set([name, ...others]).size).toBe(5);
});
