import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import type { Deed } from "./deed.ts";
import { Graph } from "./graph.ts";
import type { File, Look } from "./look.ts";
import { wrongSearch } from "./search-rule.ts";
import { callLine, quoted } from "./trace.ts";
import { wrongWork } from "./work-rules.ts";

const file = (text: string, isExecutable = false): File => ({ kind: "file", isExecutable, bytes: Buffer.from(text) });

const look = (files: Readonly<Record<string, File>>): Look => ({
  head: "h",
  refs: new Map(),
  status: { branch: "main", head: "h", entries: [] },
  unfinished: [],
  log: [],
  diff: "",
  changed: [],
  staged: "",
  files: new Map(Object.entries(files)),
});

const remote = { branches: new Map<string, string>(), tags: new Map<string, string>() };

function deed(operation: string, body: object, before: Look, after: Look, status = 200): Deed {
  const none = new Set<string>();
  const nothing = { personIds: none, removed: new Map(), everRemoved: none, movedAnew: none, seen: new Map() };
  return {
    operation,
    body: { ...body },
    status,
    answer: {},
    memory: { graph: new Graph(), ...nothing },
    before: { look: before, remote },
    after: { look: after, remote },
  };
}

const rulesOf = (one: Deed) => wrongWork(one).map(([rule]) => rule);

test("an edit is right where the files are as asked and no other is changed", () => {
  const before = look({ a: file("1", true), b: file("2"), c: file("3") });
  const body = {
    files: [
      { path: "a", content: "x" },
      { path: "b", move_to: "d" },
      { path: "c", delete: true },
    ],
  };
  expect(rulesOf(deed("edit", body, before, look({ a: file("x", true), d: file("2") })))).toEqual([]);
  expect(rulesOf(deed("edit", body, before, look({ a: file("x"), d: file("2") })))).toEqual(["edit-not-as-asked"]);
  expect(rulesOf(deed("edit", body, before, look({ a: file("x", true), b: file("2") })))).toEqual([
    "edit-not-as-asked",
  ]);
});

test("what only looks, or is refused, changes nothing", () => {
  const [before, after] = [look({ a: file("1") }), look({ a: file("2") })];
  expect(rulesOf(deed("status", {}, before, after))).toEqual(["look-changes"]);
  expect(rulesOf(deed("edit", { files: [] }, before, after, 400))).toEqual(["refused-but-done"]);
  expect(rulesOf(deed("status", {}, before, before))).toEqual([]);
});

test("restore of a path leaves the others", () => {
  const before = look({ a: file("1"), b: file("2") });
  expect(rulesOf(deed("restore", { paths: ["a"] }, before, look({ a: file("0"), b: file("2") })))).toEqual([]);
  expect(rulesOf(deed("restore", { paths: ["a"] }, before, look({ a: file("0"), b: file("0") })))).toEqual([
    "restore-too-much",
  ]);
});

test("a search is held to the lines of files that are not binary", () => {
  const at = look({ a: file("no\nneedle\n"), b: file("\0needle") });
  const answer = (matches: readonly object[]) => ({ matches, truncated: false });
  const hit = { path: "a", line: 2 };
  expect(wrongSearch(at, { pattern: "needle" }, 200, answer([hit]))).toEqual([]);
  expect(wrongSearch(at, { pattern: "needle" }, 200, answer([]))).toHaveLength(1);
  expect(wrongSearch(at, { pattern: "needle" }, 200, answer([hit, { path: "b", line: 1 }]))).toHaveLength(1);
});

test.each([
  ["a'b", `'a'\\''b'`],
  ["a\n'\\", String.raw`$'a\n\'\\'`],
  ["-x", `'-x'`],
])("%j goes into a shell line as %s", (text, line) => {
  expect(quoted(text)).toBe(line);
});

test("a call is a line of ASCII whose body is what was sent", () => {
  const [line = ""] = callLine("edit", { path: "ü'\n\\" }, 1, "{}").split("\n");
  expect(line).toMatch(/^[\x20-\x7e]+$/);
  const body = execFileSync("bash", ["-c", `call() { printf %s "$2"; }; ${line}`], {
    env: { ID1: "s1" },
    encoding: "utf8",
  });
  expect(JSON.parse(body)).toEqual({ sandbox_id: "s1", path: "ü'\n\\" });
});
