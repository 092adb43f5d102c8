import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { edit } from "../../src/ops/edit.ts";
import { pointerOf, readPointer } from "../../src/ops/output/lfs-pointer.ts";
import { push } from "../../src/ops/push.ts";
import { read } from "../../src/ops/read.ts";
import { cloneForEach, git, type Home, type Seed } from "./support.ts";
import { treeOf, write } from "./trees.ts";

const OBJECT = { oid: "4d".repeat(32), size: 12345 };
const POINTER = pointerOf(OBJECT);
const BRANCH = "agent/ada/t1";

let home: Home;
let seed: Seed;
cloneForEach(
  (origin) => {
    write(origin, {
      ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n*.u16 filter=lfs working-tree-encoding=UTF-16\n",
      "a.txt": "one\n",
      "crlf.bin": "a\r\nb\r\n",
      "p.bin": POINTER,
    });
    origin.publish("first");
  },
  { agent_id: "ada", task_id: "t1" },
  (made) => {
    ({ home, seed } = made);
  },
);

const remoteFile = (path: string) => git(seed.bare, "show", `${BRANCH}:${path}`);

async function refusal(input: object) {
  const before = treeOf(home);
  const parsed = await home.answer(edit, input);
  if (parsed.ok) throw new Error("the edit was not refused");
  expect(treeOf(home)).toEqual(before);
  return parsed;
}

test("the pointer is what git-lfs writes", () => {
  expect(POINTER).toBe(`version https://git-lfs.github.com/spec/v1\noid sha256:${"4d".repeat(32)}\nsize 12345\n`);
});

test.each([
  ["another version", POINTER.replace("v1", "v2")],
  ["a line more", `${POINTER}x\n`],
  ["no line end", POINTER.slice(0, -1)],
  ["capitals", POINTER.replace("4d", "4D")],
  ["a size that is no number", POINTER.replace("12345", "-1")],
  ["other text", "one\n"],
])("%s: no pointer", (_, text) => {
  expect(readPointer(Buffer.from(POINTER))).toEqual(OBJECT);
  expect(readPointer(Buffer.from(text))).toBeUndefined();
});

test("the answer has the files that LFS stores, also where the call is sent again with their contents", async () => {
  const files = [{ path: "new.bin", content: "big" }];
  home.once = "0123456789abcdef0123456789abcdef";
  home.lfs = [{ ...OBJECT, path: "new.bin", uploaded: true }];
  const first = await home.run(edit, { files });
  expect(first).toMatchObject({ changed: [{ path: "new.bin", change: "added" }], lfs: home.lfs });
  expect(readFileSync(join(home.tree, "new.bin"), "utf8")).toBe(POINTER);
  home.lfs = [];
  expect(await home.run(edit, { files })).toEqual(first);
});

test("an edit of files that LFS stores is refused with all of their contents, and nothing changes", async () => {
  const refused = await refusal({
    files: [
      { path: "a.txt", content: "two\n" },
      { path: "x.bin", base64: "AAEC" },
      { path: "x.bin", executable: true },
      { path: "p.bin", content: "é\n" },
    ],
  });
  expect(refused.error).toMatchObject({ code: "invalid_input", details: { field: "files.3.path" } });
  expect(refused.error.message).toMatch(/'p\.bin', 'x\.bin'.*Git LFS.*Nothing was changed/);
  const contents = refused.forLfs?.map(({ path, bytes }) => [path, Buffer.from(bytes).toString("hex")]);
  expect(contents).toEqual([
    ["p.bin", "c3a90a"],
    ["x.bin", "000102"],
  ]);
});

test("rules that the same edit makes count", async () => {
  const files = [
    { path: ".gitattributes", content: "*.txt filter=lfs\n" },
    { path: "b.txt", content: "b\n" },
  ];
  expect((await refusal({ files })).forLfs).toMatchObject([{ path: "b.txt" }]);
});

test("many files: the first ones are named, and all are told", async () => {
  const files = Array.from({ length: 25 }, (_, at) => ({ path: `${at + 10}.bin`, content: "x\n" }));
  const { error, forLfs } = await refusal({ files });
  expect(error.message).toContain("'29.bin' and 5 more");
  expect(forLfs).toHaveLength(25);
});

test.each([
  { files: [{ path: "a.txt", move_to: "a.bin" }] },
  { files: [{ path: "p.bin", old: "size 12345", new: "bytes 12345" }] },
  {
    files: [
      { path: "x.bin", content: "one\n" },
      { path: "x.bin", old: "one", new: "two" },
    ],
  },
  { files: [], patch: "--- /dev/null\n+++ b/x.bin\n@@ -0,0 +1 @@\n+x\n" },
  {
    files: [{ path: "x.bin", content: "one\n" }],
    patch: "--- a/x.bin\n+++ b/x.bin\n@@ -1 +1 @@\n-one\n+two\n",
  },
])("what has no whole content in the edit is refused for good: $files $patch", async (input) => {
  const { error, forLfs } = await refusal(input);
  expect(error.message).toMatch(/Git LFS: send its whole content.*Nothing was changed/);
  expect(error.code).toBe("patch" in input ? "patch_failed" : "invalid_input");
  expect(forLfs).toBeUndefined();
});

test.each([
  "[lfs]\n\turl = https://lfs.example/x\n",
  "[lfs] pushurl=https://x.example\n",
  '[remote "o"]\n lfsurl = x\n',
])("a repository with a server of its own for LFS: refused for good (%j)", async (content) => {
  const files = [
    { path: ".lfsconfig", content },
    { path: "x.bin", content: "x\n" },
  ];
  const { error, forLfs } = await refusal({ files });
  expect(error.message).toContain(".lfsconfig names a server");
  expect(forLfs).toBeUndefined();
});

test("other settings in .lfsconfig do not matter", async () => {
  const files = [
    { path: ".lfsconfig", content: "[lfs]\n\t# url = https://old.example\n\tfetchexclude = x\n" },
    { path: "x.bin", content: "x\n" },
  ];
  expect((await refusal({ files })).forLfs).toHaveLength(1);
});

test("with the objects at the host, the tree gets pointers, byte by byte", async () => {
  const stored = ["x.bin", "crlf.bin", "p.bin", "new.u16"].map((path) => ({ path, ...OBJECT, uploaded: true }));
  home.lfs = stored;
  const { changed, unchanged } = await home.run(edit, {
    files: [
      { path: "a.txt", content: "two\n" },
      { path: "x.bin", content: "x\n", executable: true },
      { path: "crlf.bin", content: "a\n" },
      { path: "p.bin", base64: "AAEC" },
      { path: "new.u16", content: "é\n" },
    ],
  });
  expect(changed.map(({ path }) => path).toSorted()).toEqual(["a.txt", "crlf.bin", "new.u16", "x.bin"]);
  expect(unchanged).toEqual(["p.bin"]);
  for (const { path } of stored) expect(readFileSync(join(home.tree, path), "latin1")).toBe(POINTER);
  expect(readFileSync(join(home.tree, "a.txt"), "utf8")).toBe("two\n");
});

test("a pointer of LFS is written, moved and deleted as any file", async () => {
  await home.run(edit, { files: [{ path: "q.bin", content: POINTER }] });
  await home.run(edit, { files: [{ path: "p.bin", move_to: "d/p.bin" }] });
  await home.run(push, { message: "m" });
  expect(`${remoteFile("d/p.bin")}\n`).toBe(POINTER);
  await home.run(edit, { files: [{ path: "q.bin", delete: true }] });
});

test("a read tells that a file is a pointer, in the tree and in a commit", async () => {
  for (const at of [{}, { ref: "HEAD" }]) {
    expect(await home.run(read, { ...at, path: "p.bin" })).toMatchObject({ content: POINTER, lfs: OBJECT });
    expect(await home.run(read, { ...at, path: "p.bin", start_line: 2 })).not.toHaveProperty("lfs");
    expect(await home.run(read, { ...at, path: "a.txt" })).not.toHaveProperty("lfs");
  }
  write(home, { "longer.txt": `${POINTER}more\n` });
  expect(await home.run(read, { path: "longer.txt", end_line: 3 })).not.toHaveProperty("lfs");
});
