import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { diff } from "../../src/ops/diff.ts";
import { edit } from "../../src/ops/edit.ts";
import { read } from "../../src/ops/read.ts";
import { search } from "../../src/ops/search.ts";
import { status } from "../../src/ops/status.ts";
import { copiesOf, type Home } from "./support.ts";
import { homeWith, treeOf } from "./trees.ts";

const FILES = 200;
const name = (n: number) => `f/${n % 7}/${n}.txt`;
const all = (content: string) =>
  Object.fromEntries(Array.from({ length: FILES }, (_, n) => [name(n), `${content} ${n}\n`]));

let home: Home;
const copy = copiesOf(() => homeWith(all("first")));
beforeEach(async () => {
  home = copy();
  // Leaves the link `finished`, with which looks start git alone.
  await home.run(edit, { files: [{ path: "other", content: "" }] });
});
afterEach(() => home.remove());

const filesOf = (content: string) => Object.entries(all(content)).map(([path, text]) => ({ path, content: text }));

/** Returns, for each kind of look, how many files differ from the first version: none or all. */
const LOOKS: Readonly<Record<string, () => Promise<number>>> = {
  status: async () => (await home.run(status, { limit: 1000 })).modified.length,
  diff: async () => (await home.run(diff)).files.filter(({ path }) => path !== "other").length,
  search: async () => (await home.run(search, { pattern: "second", limit: 1000 })).matches.length,
};

test.each(Object.entries(LOOKS))("%s sees all of an edit or nothing of it", async (_, look) => {
  const edited = new AbortController();
  const seen: number[] = [];
  const looking = Array.from({ length: 3 }, async () => {
    while (!edited.signal.aborted) seen.push(await look());
  });
  for (let round = 0; round < 4; round++) {
    await home.run(edit, { files: filesOf("second") });
    await home.run(edit, { files: filesOf("first") });
  }
  edited.abort();
  await Promise.all(looking);
  expect([...new Set(seen)].filter((count) => count !== 0 && count !== FILES)).toEqual([]);
  expect(seen.length).toBeGreaterThan(3);
});

test.each([
  ["status", async () => (await home.run(status)).modified],
  ["diff", async () => (await home.run(diff)).files.filter(({ path }) => path !== "other")],
  ["read", async () => ((await home.run(read, { path: name(0) })).content === "first 0\n" ? [] : ["changed"])],
])("%s undoes an edit whose process was ended", async (_, look) => {
  // The files that an edit leaves if it is killed when half of its files are in place.
  const undo = join(home.path, ".warmtree/undo");
  mkdirSync(undo);
  rmSync(join(home.path, ".warmtree/finished"));
  const saved = filesOf("")
    .slice(0, 10)
    .map(({ path }, n) => {
      writeFileSync(join(undo, `${n + 1}`), readFileSync(join(home.tree, path)));
      writeFileSync(join(home.tree, path), "half\n");
      return `${n + 1}\0${path}\0`;
    });
  writeFileSync(join(home.tree, "made"), "half\n");
  writeFileSync(join(undo, "list"), `${saved.join("")}absent\0made\0`);
  writeFileSync(join(home.path, ".warmtree/open"), "open\n");
  expect(await look()).toEqual([]);
  expect(treeOf(home)).toEqual({ ...all("first"), other: "" });
});
