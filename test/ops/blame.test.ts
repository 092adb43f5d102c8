import { rmSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { blame } from "../../src/ops/blame.ts";
import { clone } from "../../src/ops/clone.ts";
import { FEW_RUNS } from "../support/runs.ts";
import { copiesOf, git, Home, Seed } from "./support.ts";
import { commit, fileName, fingerprint, homeWith, write } from "./trees.ts";

let home: Home;
const copy = copiesOf(() => homeWith({ "a.txt": "1\n2\n3\n4\n", "d/f": "f\n", link: "-> a.txt", empty: "" }));

beforeEach(() => {
  home = copy();
});

afterEach(() => home.remove());

test("tells of each line whose it is, also under an older name and before it is committed", async () => {
  const first = home.git("rev-parse", "HEAD");
  home.git("mv", "a.txt", "b c.txt");
  write(home, { "b c.txt": "1\ntwo\n3\n4\n" });
  home.git("commit", "-q", "--date=2024-01-02T23:04:05-06:30", "-am", "Second");
  const second = home.git("rev-parse", "HEAD");
  write(home, { "b c.txt": "1\ntwo\n3\n4\nfive" });
  const before = fingerprint(home);
  const told = await home.run(blame, { path: "b c.txt" });
  const by = { author: "Tester", email: "tester@example.com" };
  const date = expect.any(String);
  const old = { sha: first, ...by, date, subject: "first", path: "a.txt" };
  const newer = { sha: second, ...by, date: "2024-01-02T23:04:05-06:30", subject: "Second" };
  expect(told).toEqual({
    path: "b c.txt",
    hunks: [
      { line: 1, ...old, lines: ["1"] },
      { line: 2, ...newer, lines: ["two"] },
      { line: 3, ...old, lines: ["3", "4"] },
      { line: 5, sha: null, lines: ["five"] },
    ],
    truncated: false,
  });
  expect(told.hunks[0]?.date).toBe(home.git("log", "-1", "--format=%aI", first));
  expect((await home.run(blame, { path: "b c.txt", ref: "HEAD" })).hunks).toEqual(told.hunks.slice(0, 3));
  expect((await home.run(blame, { path: "b c.txt", start_line: 2, end_line: 3 })).hunks).toMatchObject([
    { line: 2, lines: ["two"] },
    { line: 3, lines: ["3"] },
  ]);
  expect((await home.run(blame, { path: "a.txt", ref: "HEAD~1" })).hunks).toHaveLength(1);
  expect(fingerprint(home)).toBe(before);
});

test("pages joined are all lines; long ones are cut", async () => {
  const lines = Array.from({ length: 1100 }, (_, n) => `${n}`);
  commit(home, { many: `${lines.join("\n")}\n${"x".repeat(10_000)}\n` }, "many");
  const found: string[] = [];
  let page = await home.run(blame, { path: "many" });
  for (;;) {
    found.push(...page.hunks.flatMap((hunk) => hunk.lines));
    if (!page.truncated) break;
    page = await home.run(blame, { path: "many", cursor: page.cursor });
  }
  expect(found).toEqual([...lines, `${"x".repeat(300)}…`]);
});

test("what cannot be told is said", async () => {
  expect(await home.run(blame, { path: "empty" })).toMatchObject({ hunks: [] });
  write(home, { "new.txt": "n\n" });
  for (const asked of [
    { path: "nosuch" },
    { path: "new.txt" },
    { path: "nosuch", ref: "HEAD" },
    { path: "new.txt", ref: "main" },
  ]) {
    expect(await home.failure(blame, asked)).toMatchObject({ code: "path_not_found" });
  }
  for (const asked of [{ path: "d" }, { path: "d", ref: "HEAD" }]) {
    expect(await home.failure(blame, asked)).toMatchObject({ code: "invalid_input", field: "path" });
  }
  expect(await home.failure(blame, { path: "a.txt", start_line: 5 })).toMatchObject({
    code: "invalid_input",
    field: "start_line",
    message: expect.stringContaining("4 lines"),
  });
  expect(await home.failure(blame, { path: "a.txt", ref: "nowhere" })).toMatchObject({ code: "ref_not_found" });
});

test("in a partial clone it fetches what it compares, and tells of the commit that HEAD is on", async () => {
  const seed = new Seed();
  git(seed.bare, "config", "uploadpack.allowFilter", "true");
  git(seed.bare, "config", "uploadpack.allowAnySHA1InWant", "true");
  for (const [path, content] of [
    ["a.txt", "1\n2\n3\n4\n"],
    ["b.txt", "1\n2\n3\nfour\n"],
  ] as const) {
    rmSync(join(seed.tree, "a.txt"), { force: true });
    write(seed, { [path]: content });
    seed.publish(path);
  }
  const asked = { path: "b.txt" };
  const partial = new Home(`file://${seed.bare}`);
  await partial.run(clone, { filter: "blob:none" });
  write(partial, { "b.txt": "not committed\n" });
  expect((await partial.run(blame, asked)).hunks).toMatchObject([
    { subject: "a.txt", path: "a.txt", lines: ["1", "2", "3"] },
    { subject: "b.txt", lines: ["four"] },
  ]);
  expect(await partial.failure(blame, { path: "nosuch" })).toMatchObject({ code: "path_not_found" });
  const treeless = new Home(`file://${seed.bare}`);
  await treeless.run(clone, { filter: "tree:0" });
  expect(await treeless.failure(blame, asked)).toMatchObject({ code: "invalid_input" });
  for (const each of [partial, treeless, seed]) each.remove();
});

test("whatever a file is called and holds, its lines are told as they are", async () => {
  const line = fc.string({ unit: fc.constantFrom("a", "\t", " ", "é", "0", "\r"), maxLength: 5 });
  const text = fc.array(line, { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(fileName, text, async (name, lines) => {
      commit(home, { [name]: `${lines.join("\n")}\n` }, `0123456789012345678901234567890123456789 1 1\t${name}`);
      const { hunks } = await home.run(blame, { path: name });
      expect(hunks.flatMap((hunk) => hunk.lines)).toEqual(lines);
      expect(hunks.every((hunk) => hunk.path === undefined)).toBe(true);
      home.git("reset", "-q", "--hard", "HEAD~1");
    }),
    {
      numRuns: FEW_RUNS,
      examples: [
        ["--", ["a"]],
        ["HEAD", ["\tb", ""]],
      ],
    },
  );
});

test("cursor 0, which a client writes for none, is the first page", async () => {
  const first = await home.run(blame, { path: "a.txt" });
  expect(await home.run(blame, { path: "a.txt", cursor: "0" })).toEqual(first);
});
