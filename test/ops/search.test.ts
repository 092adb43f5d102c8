import { rmSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { search } from "../../src/ops/search.ts";
import { FEW_RUNS } from "../support/runs.ts";
import { copiesOf, type Home } from "./support.ts";
import { commit, empty, fingerprint, homeWith, tree, write } from "./trees.ts";

let home: Home;

const copy = copiesOf(() =>
  homeWith({
    "a.txt": "one two\nTwo (three)\n",
    "src/-b\n:1:": "two\n",
    "bin.dat": "two\0",
    ".gitignore": "ignored\n",
    link: "-> a.txt",
  }),
);

beforeEach(() => {
  home = copy();
});

afterEach(() => home.remove());

const found = async (input: object) =>
  (await home.run(search, input)).matches.map(({ path, line }) => `${path}@${line}`);

test("finds a text as it is, in committed, changed and new files, not in binary or ignored ones or through symlinks", async () => {
  write(home, { "new file": "x\ntwo\n", ignored: "two\n", "a.txt": "one two\nchanged two\nTwo (three)\n" });
  expect(await home.run(search, { pattern: "two" })).toEqual({
    matches: [
      { path: "a.txt", line: 1, text: "one two" },
      { path: "a.txt", line: 2, text: "changed two" },
      { path: "new file", line: 2, text: "two" },
      { path: "src/-b\n:1:", line: 1, text: "two" },
    ],
    truncated: false,
  });
  expect(await found({ pattern: "(three)" })).toEqual(["a.txt@3"]);
  expect(await found({ pattern: "t.o" })).toEqual([]);
  expect(await found({ pattern: "TWO", ignore_case: true, path: "a.txt" })).toEqual(["a.txt@1", "a.txt@2", "a.txt@3"]);
});

test("takes extended regular expressions, and says what is wrong with one", async () => {
  expect(await found({ pattern: "^(one|Two) ", regex: true })).toEqual(["a.txt@1", "a.txt@2"]);
  expect(await home.failure(search, { pattern: "a(", regex: true })).toMatchObject({
    code: "invalid_input",
    field: "pattern",
    message: expect.stringContaining("Unmatched ("),
  });
  await expect(home.run(search, { pattern: "a\nb" })).rejects.toThrow("must be one line");
});

test("a pattern or path that looks like an option is none", async () => {
  write(home, { "-x": "--help -e\n" });
  expect(await found({ pattern: "--help" })).toEqual(["-x@1"]);
  expect(await found({ pattern: "-e", path: "-x" })).toEqual(["-x@1"]);
  expect(await found({ pattern: "two", path: "src" })).toEqual(["src/-b\n:1:@1"]);
});

test("searches a commit, also one of a branch that only the remote has", async () => {
  commit(home, { "later.txt": "two\n" }, "later");
  home.git("update-ref", "refs/remotes/origin/feature", "HEAD");
  expect(await found({ pattern: "two", ref: "HEAD~1" })).toEqual(["a.txt@1", "src/-b\n:1:@1"]);
  expect(await found({ pattern: "two", ref: "feature", path: "later.txt" })).toEqual(["later.txt@1"]);
  expect(await home.failure(search, { pattern: "two", ref: "nowhere" })).toMatchObject({ code: "ref_not_found" });
});

test("says that a path is not there", async () => {
  for (const at of [{}, { ref: "HEAD" }]) {
    expect(await home.failure(search, { pattern: "two", path: "nothing", ...at })).toMatchObject({
      code: "path_not_found",
    });
  }
});

test("pages joined are all matches, with line ends in paths too; long lines are cut", async () => {
  write(home, { "many.txt": `${"hit\n".repeat(130)}${"z".repeat(100_000)} hit\n`, "n\nl\n": "hit\n".repeat(20) });
  const all: string[] = [];
  let input: object = { pattern: "hit", limit: 30 };
  for (;;) {
    const page = await home.run(search, input);
    expect(page.matches.length).toBeLessThanOrEqual(30);
    all.push(...page.matches.map(({ path, line, text }) => `${path}@${line}:${text.length}`));
    if (!page.truncated) break;
    input = { ...input, cursor: page.cursor };
  }
  const many = Array.from({ length: 130 }, (_, n) => `many.txt@${n + 1}:3`);
  const odd = Array.from({ length: 20 }, (_, n) => `n\nl\n@${n + 1}:3`);
  expect(all).toEqual([...many, "many.txt@131:301", ...odd]);
});

test("an empty repository has no matches; new files there are found", async () => {
  const bare = homeWith();
  try {
    expect(await bare.run(search, { pattern: "x" })).toEqual({ matches: [], truncated: false });
    write(bare, { "n.txt": "x\n" });
    expect((await bare.run(search, { pattern: "x" })).matches).toEqual([{ path: "n.txt", line: 1, text: "x" }]);
    rmSync(bare.tree, { recursive: true });
    expect(await bare.failure(search, { pattern: "x" })).toMatchObject({ code: "not_cloned" });
  } finally {
    bare.remove();
  }
});

test("a file that git has lost is not passed over", async () => {
  const blob = home.git("rev-parse", "HEAD:a.txt");
  rmSync(join(home.tree, ".git/objects", blob.slice(0, 2), blob.slice(2)));
  expect(await home.failure(search, { pattern: "two", ref: "HEAD" })).toMatchObject({ code: "git_failed" });
});

test("finds what a plain search through the files finds, and writes nothing", async () => {
  const pattern = fc.constantFrom("x", "y", "xx", "é", "-", "+@", "\t", " ");
  await fc.assert(
    fc.asyncProperty(tree, tree, pattern, async (committed, changed, text) => {
      empty(home);
      commit(home, committed, "committed");
      empty(home);
      write(home, changed);
      const before = fingerprint(home);
      const expected = Object.entries(changed).flatMap(([path, content]) =>
        content.split("\n").flatMap((line, n) => (line.includes(text) ? [{ path, line: n + 1, text: line }] : [])),
      );
      const { matches } = await home.run(search, { pattern: text });
      const ordered = (list: object[]) => list.map((match) => JSON.stringify(match)).toSorted();
      expect(ordered(matches)).toEqual(ordered(expected));
      expect(fingerprint(home)).toBe(before);
    }),
    { numRuns: FEW_RUNS },
  );
});
