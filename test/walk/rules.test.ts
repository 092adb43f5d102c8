import { expect, test } from "vitest";
import type { Deed, Memory } from "./deed.ts";
import { type Commit, Graph } from "./graph.ts";
import type { Look } from "./look.ts";
import { wrongPull } from "./pull-rules.ts";
import { wrongPush } from "./push-rules.ts";

/**
 * The person has P1 and P2 on main; the agent made A1 on P1. `id of subject`: parents, and the path that it changes.
 * a1x is A1 moved onto P2, p2x a copy of P2.
 */
const COMMITS: Readonly<Record<string, readonly [subject: string, parents: readonly string[], path: string]>> = {
  p1: ["P1", [], "a"],
  p2: ["P2", ["p1"], "b"],
  a1: ["A1", ["p1"], "x"],
  a1x: ["A1", ["p2"], "x"],
  a1y: ["A1", ["p2"], "y"],
  m: ["Merge", ["a1", "p2"], ""],
  p2x: ["P2", ["a1"], "b"],
  dd: ["A1", ["m"], "x"],
  q1: ["P3", ["p1"], "c"],
  root: ["A1", [], "x"],
};

const graph = new Graph();
graph.add(
  Object.entries(COMMITS).map(([id, [subject, parents, path]]): Commit => ({
    id,
    parents,
    author: "",
    subject,
    changes: path === "" ? [] : [`100644 ${subject} ${path}`],
  })),
);

const look = (head: string, refs: Readonly<Record<string, string>> = {}): Look => ({
  head,
  refs: new Map(Object.entries(refs).map(([name, id]) => [`refs/remotes/origin/${name}`, id])),
  status: { branch: "agent", head, entries: [] },
  unfinished: [],
  log: [],
  diff: "",
  changed: [],
  staged: "",
  files: new Map(),
});

const remote = (branches: Readonly<Record<string, string>>) => ({
  branches: new Map(Object.entries(branches)),
  tags: new Map<string, string>(),
});

const memory = (told: Partial<Memory> = {}): Memory => ({
  graph,
  personIds: new Set(["p1", "p2", "q1"]),
  removed: new Map(),
  everRemoved: new Set(),
  movedAnew: new Set(),
  seen: new Map(),
  ...told,
});

interface Case {
  readonly head?: string;
  readonly headAfter?: string;
  readonly tracked?: Readonly<Record<string, string>>;
  readonly was: Readonly<Record<string, string>>;
  readonly is: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly answer?: Readonly<Record<string, unknown>>;
  readonly memory?: Partial<Memory>;
}

function pushed({
  head = "a1",
  headAfter = head,
  tracked = {},
  was,
  is,
  body = { to: "main" },
  answer = {},
  ...more
}: Case): Deed {
  const told = { to: "main", commit: is["main"], pushed: was["main"] !== is["main"], tree: "current", ...answer };
  return {
    operation: "push",
    body,
    status: 200,
    answer: told,
    memory: memory(more.memory),
    before: { look: look(head, tracked), remote: remote(was) },
    after: { look: look(headAfter, tracked), remote: remote(is) },
  };
}

const rulesOf = (wrong: readonly (readonly [string, string])[]) => [...new Set(wrong.map(([rule]) => rule))];

test.each<[string, Case]>([
  ["a commit on top", { was: { main: "p1" }, is: { main: "a1" } }],
  [
    "an own commit moved onto what came",
    { headAfter: "a1x", was: { main: "p2" }, is: { main: "a1x" }, answer: { rebased: true } },
  ],
  [
    "what another branch has, merged",
    {
      headAfter: "m",
      was: { main: "p2", x: "a1" },
      is: { main: "m", x: "a1" },
      tracked: { x: "a1" },
      answer: { rebased: true },
    },
  ],
  [
    "a deleted branch made again",
    {
      was: { x: "p1" },
      is: { x: "p1", main: "a1" },
      tracked: { main: "p1" },
      answer: { recreated: true },
      memory: { seen: new Map([["main", new Set(["p1"])]]) },
    },
  ],
])("push: %s is right", (_, told) => {
  expect(wrongPush(pushed(told))).toEqual([]);
});

test.each<[string, Case]>([
  ["not-fast-forward", { was: { main: "p2" }, is: { main: "a1" } }],
  ["other-ref-changed", { was: { main: "p1", x: "p1" }, is: { main: "a1", x: "a1" } }],
  ["push-answer", { was: { main: "p1" }, is: { main: "a1" }, answer: { commit: "p1" } }],
  ["default-without-to", { was: { main: "p1" }, is: { main: "a1" }, body: {} }],
  ["person-commit-copied", { head: "p2x", was: { main: "a1", x: "p2" }, is: { main: "p2x", x: "p2" } }],
  ["change-altered", { headAfter: "a1y", was: { main: "p2" }, is: { main: "a1y" }, answer: { rebased: true } }],
  ["commit-doubled", { head: "m", headAfter: "dd", was: { main: "m" }, is: { main: "dd" } }],
  ["own-commit-lost", { headAfter: "p2", was: { main: "p2" }, is: { main: "p2" }, answer: { rebased: true } }],
  [
    "id-not-kept",
    {
      headAfter: "a1x",
      was: { main: "p2", x: "a1" },
      is: { main: "a1x", x: "p1" },
      tracked: { x: "a1" },
      answer: { rebased: true },
    },
  ],
  ["recreated-not-told", { was: {}, is: { main: "a1" }, tracked: { main: "p1" } }],
  [
    "removed-comes-back",
    {
      head: "p2",
      was: { main: "p1" },
      is: { main: "p2" },
      memory: { removed: new Map([["main", new Set(["p2"])]]), seen: new Map([["main", new Set(["p1", "p2"])]]) },
    },
  ],
  ["unrelated-root", { head: "root", was: { x: "p1" }, is: { x: "p1", main: "root" }, tracked: { x: "p1" } }],
])("push: %s", (rule, told) => {
  expect(rulesOf(wrongPush(pushed(told)))).toContain(rule);
});

function pulled(head: string, headAfter: string, more: Partial<Case> = {}): Deed {
  const deed = pushed({ was: { main: "p2" }, is: { main: "p2" }, head, headAfter, tracked: { main: "p2" }, ...more });
  return {
    ...deed,
    operation: "pull",
    body: more.body ?? {},
    answer: { from: "main", head: headAfter, how: "rebased", ...more.answer },
  };
}

test("pull: own commits moved, or merged with what the remote has elsewhere, are right", () => {
  expect(wrongPull(pulled("a1", "a1x"))).toEqual([]);
  expect(wrongPull(pulled("a1", "m", { tracked: { main: "p2", x: "a1" } }))).toEqual([]);
});

test.each<[string, Deed]>([
  ["id-not-kept", pulled("a1", "a1x", { tracked: { main: "p2", x: "a1" } })],
  ["pull-not-current", pulled("a1", "a1")],
  ["own-commit-lost", pulled("a1", "p2")],
  ["commit-doubled", pulled("a1", "dd")],
  ["pull-answer", pulled("a1", "a1x", { answer: { head: "a1" } })],
  [
    "removed-not-dropped",
    pulled("q1", "q1", {
      is: { main: "p1" },
      tracked: { main: "p1" },
      memory: { removed: new Map([["main", new Set(["q1"])]]), seen: new Map([["main", new Set(["q1"])]]) },
    }),
  ],
])("pull: %s", (rule, deed) => {
  expect(rulesOf(wrongPull(deed))).toContain(rule);
});
