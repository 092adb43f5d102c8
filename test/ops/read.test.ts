import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { read } from "../../src/ops/read.ts";
import { FEW_RUNS } from "../support/runs.ts";
import { copiesOf, type Home } from "./support.ts";
import { commit, fileName, fingerprint, homeWith, makePipe, write } from "./trees.ts";

let home: Home;

const copy = copiesOf(() =>
  homeWith({
    "a.txt": "one\ntwo\nthree\nfour",
    "src/deep/b.txt": "b\n",
    "src/-c": "c",
    "src/run.sh": "",
    "src/link": "-> ../a.txt",
    out: "-> /etc",
    broken: "-> nowhere",
    ".hidden": "h",
    "..odd": "o",
    "*": "star",
  }),
);

beforeEach(() => {
  home = copy();
});

afterEach(() => home.remove());

const ROOT = [
  { name: "*", kind: "file", size: 4 },
  { name: "..odd", kind: "file", size: 1 },
  { name: ".hidden", kind: "file", size: 1 },
  { name: "a.txt", kind: "file", size: 18 },
  { name: "broken", kind: "symlink" },
  { name: "out", kind: "symlink" },
  { name: "src", kind: "folder" },
];

const byName = (entries: readonly { name: string }[] = []) => entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));

describe.each([
  { from: "the working tree", at: {} },
  { from: "a commit", at: { ref: "main" } },
])("in $from", ({ at }) => {
  const get = (input: object) => home.run(read, { ...at, ...input });
  const refusal = (input: object) => home.failure(read, { ...at, ...input });

  test("lists a folder, without .git", async () => {
    const root = await get({});
    expect(root).toMatchObject({ path: "", kind: "folder", truncated: false });
    expect(byName(root.entries)).toEqual(ROOT);
    expect(byName((await get({ path: "src" })).entries)).toEqual([
      { name: "-c", kind: "file", size: 1 },
      { name: "deep", kind: "folder" },
      { name: "link", kind: "symlink" },
      { name: "run.sh", kind: "file", size: 0 },
    ]);
  });

  test("gives a file whole", async () => {
    expect(await get({ path: "a.txt" })).toEqual({
      path: "a.txt",
      kind: "file",
      size: 18,
      encoding: "utf-8",
      content: "one\ntwo\nthree\nfour",
      truncated: false,
    });
    expect(await get({ path: "src/run.sh" })).toMatchObject({ size: 0, content: "" });
    expect(await get({ path: "src/-c" })).toMatchObject({ content: "c" });
    expect(await get({ path: "*" })).toMatchObject({ content: "star" });
  });

  test("gives a range of lines, with the number of all", async () => {
    const range = async (input: object) => (await get({ path: "a.txt", ...input })).content;
    expect(await get({ path: "a.txt", start_line: 2, end_line: 3 })).toMatchObject({
      content: "two\nthree\n",
      lines: 3,
      size: 18,
    });
    expect(await range({ start_line: 4 })).toBe("four");
    expect(await range({ end_line: 1 })).toBe("one\n");
    expect(await range({ start_line: 1, end_line: 100 })).toBe("one\ntwo\nthree\nfour");
    expect(await range({ start_line: 9 })).toBe("");
    expect(
      await refusal({ path: "a.txt", start_line: 3, end_line: 2 }).catch((error: Error) => error.message),
    ).toContain("is before start_line");
  });

  test("tells where a symlink points and follows none", async () => {
    expect(await get({ path: "src/link" })).toEqual({
      path: "src/link",
      kind: "symlink",
      target: "../a.txt",
      truncated: false,
    });
    expect(await get({ path: "broken" })).toMatchObject({ kind: "symlink", target: "nowhere" });
    expect(await get({ path: "out" })).toMatchObject({ kind: "symlink", target: "/etc" });
    expect((await refusal({ path: "out/passwd" })).code).toBe("ref" in at ? "path_not_found" : "invalid_input");
  });

  test("says what is not there", async () => {
    for (const path of ["nothing", "a.txt/x", "src/nothing/x"]) {
      expect(await refusal({ path })).toMatchObject({
        code: "path_not_found",
        message: expect.stringContaining(path),
      });
    }
  });

  test("pages of a file joined are the file, whatever it holds", async () => {
    const bytes = Buffer.concat([
      Buffer.from(`${"é".repeat(100)}\nshort\n`),
      Buffer.from([0, 1, 2, 255, 254, 10]),
      Buffer.from(`\u{feff}${"\u{1f333}".repeat(30)}\n`),
    ]);
    writeFileSync(join(home.tree, "mixed"), bytes);
    home.git("add", "mixed");
    home.git("commit", "-qm", "mixed");
    const parts: Buffer[] = [];
    const encodings = new Set<string | undefined>();
    let cursor: string | undefined;
    do {
      const page = await get({ path: "mixed", max_bytes: 50, ...(cursor === undefined ? {} : { cursor }) });
      expect(page.size).toBe(bytes.length);
      encodings.add(page.encoding);
      parts.push(Buffer.from(page.content ?? "", page.encoding === "base64" ? "base64" : "utf8"));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(Buffer.concat(parts)).toEqual(bytes);
    expect(encodings).toEqual(new Set(["base64", "utf-8"]));
  });

  test("pages of a range joined are the range", async () => {
    commit(home, { "long.txt": Array.from({ length: 40 }, (_, n) => `line ${n + 1}\n`).join("") }, "long");
    const input = { path: "long.txt", start_line: 11, end_line: 30, max_bytes: 64 };
    let page = await get(input);
    let joined = page.content ?? "";
    while (page.truncated) {
      page = await get({ ...input, cursor: page.cursor });
      joined += page.content;
    }
    expect(joined).toBe(Array.from({ length: 20 }, (_, n) => `line ${n + 11}\n`).join(""));
  });
});

test("pages of a folder joined are the folder", async () => {
  const names = Array.from({ length: 2001 }, (_, n) => `f${String(n).padStart(4, "0")}`);
  write(home, Object.fromEntries(names.map((name) => [`many/${name}`, ""])));
  home.git("add", "-A");
  home.git("commit", "-qm", "many");
  for (const at of [{}, { ref: "HEAD" }]) {
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await home.run(read, { path: "many", ...at, ...(cursor === undefined ? {} : { cursor }) });
      expect(page.truncated).toBe(page.cursor !== undefined);
      found.push(...(page.entries ?? []).map(({ name }) => name));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(found).toEqual(names);
  }
});

test("submodules are told apart from folders, and read as their commit where it is known", async () => {
  const id = "1".repeat(40);
  write(home, { ".gitmodules": '[submodule "s"]\n\tpath = src/sub\n\turl = https://git.example/s\n' });
  mkdirSync(join(home.tree, "src/sub"));
  home.git("add", ".gitmodules");
  home.git("update-index", "--add", "--cacheinfo", `160000,${id},src/sub`);
  home.git("commit", "-qm", "submodule");
  for (const at of [{}, { ref: "HEAD" }]) {
    const { entries } = await home.run(read, { path: "src", ...at });
    expect(entries).toContainEqual({ name: "sub", kind: "submodule" });
    expect(entries).toContainEqual({ name: "deep", kind: "folder" });
  }
  expect(await home.run(read, { path: "src/sub", ref: "HEAD" })).toEqual({
    path: "src/sub",
    kind: "submodule",
    target: id,
    truncated: false,
  });
  expect(await home.run(read, { path: "src/sub" })).toMatchObject({ kind: "folder", entries: [] });
});

test("a commit is read as it was; a branch that only the remote has is found", async () => {
  write(home, { "a.txt": "changed\n" });
  expect(await home.run(read, { path: "a.txt", ref: "HEAD" })).toMatchObject({ content: "one\ntwo\nthree\nfour" });
  const first = home.git("rev-parse", "HEAD");
  commit(home, {}, "two");
  home.git("update-ref", "refs/remotes/origin/feature", "HEAD");
  expect(await home.run(read, { path: "a.txt", ref: "feature" })).toMatchObject({ content: "changed\n" });
  expect(await home.run(read, { path: "", ref: "feature" })).toMatchObject({ kind: "folder" });
  expect(await home.run(read, { path: "a.txt", ref: "HEAD~1" })).toMatchObject({ content: "one\ntwo\nthree\nfour" });
  expect(await home.run(read, { path: "a.txt", ref: first.slice(0, 10) })).toMatchObject({
    content: "one\ntwo\nthree\nfour",
  });
  for (const ref of ["nowhere", "main..HEAD", "HEAD^@", "HEAD^!"]) {
    expect(await home.failure(read, { path: "a.txt", ref })).toMatchObject({ code: "ref_not_found" });
    expect(await home.failure(read, { ref })).toMatchObject({ code: "ref_not_found" });
  }
});

test("what is neither file nor folder is refused, not waited for", async () => {
  makePipe(join(home.tree, "pipe"));
  expect(await home.failure(read, { path: "pipe" })).toMatchObject({ code: "invalid_input", field: "path" });
  expect(byName((await home.run(read)).entries)).toEqual(ROOT);
});

test("no symlink on the way is followed, and git's own directory is out of reach", async () => {
  symlinkSync(".git", join(home.tree, "src/deep/up"));
  symlinkSync("src", join(home.tree, "s"));
  expect(await home.failure(read, { path: "s/deep/b.txt" })).toMatchObject({ code: "invalid_input", field: "path" });
  expect(await home.failure(read, { path: "src/deep/up/config" })).toMatchObject({
    code: "invalid_input",
    field: "path",
  });
  for (const path of [".git", ".git/config", "src/../.git/config", "../x", "src//.git", ".GIT/config"]) {
    await expect(home.run(read, { path })).rejects.toThrow("not a path inside the working tree");
  }
});

test("an object that git cannot give is a failure, not a short file", async () => {
  const content = Array.from({ length: 20_000 }, () => Math.random()).join("\n");
  commit(home, { "big.txt": content, "lost.txt": "lost\n" }, "big");
  const object = (path: string) => {
    const id = home.git("rev-parse", `HEAD:${path}`);
    return join(home.tree, ".git/objects", id.slice(0, 2), id.slice(2));
  };
  chmodSync(object("big.txt"), 0o644);
  truncateSync(object("big.txt"), 1000);
  rmSync(object("lost.txt"));
  for (const path of ["big.txt", "lost.txt"]) {
    expect(await home.failure(read, { path, ref: "HEAD" })).toMatchObject({ code: "git_failed" });
  }
});

test("an empty folder, an empty repository and a missing one", async () => {
  mkdirSync(join(home.tree, "hollow"));
  expect(await home.run(read, { path: "hollow" })).toEqual({
    path: "hollow",
    kind: "folder",
    entries: [],
    truncated: false,
  });
  const bare = homeWith();
  try {
    expect(await bare.run(read)).toMatchObject({ kind: "folder", entries: [] });
    expect(await bare.failure(read, { ref: "HEAD" })).toMatchObject({ code: "ref_not_found" });
    rmSync(bare.tree, { recursive: true });
    expect(await bare.failure(read)).toMatchObject({ code: "not_cloned" });
  } finally {
    bare.remove();
  }
});

test("any file is read back as it was written, under any name, from the tree and from a commit", async () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(fileName, bytes, async (name, content) => {
      const folder = join(home.tree, "any");
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      writeFileSync(join(folder, name), content);
      home.git("add", "-A");
      home.git("commit", "-q", "--allow-empty", "-m", "any");
      const before = fingerprint(home);
      for (const at of [{}, { ref: "HEAD" }]) {
        const file = await home.run(read, { path: `any/${name}`, ...at });
        expect(Buffer.from(file.content ?? "", file.encoding === "base64" ? "base64" : "utf8")).toEqual(
          Buffer.from(content),
        );
        expect(file.size).toBe(content.length);
        const { entries } = await home.run(read, { path: "any", ...at });
        expect(entries).toEqual([{ name, kind: "file", size: content.length }]);
      }
      expect(fingerprint(home)).toBe(before);
    }),
    { numRuns: FEW_RUNS },
  );
});
