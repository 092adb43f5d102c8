import { expect, test } from "vitest";
import { harnessImports, leavingImports, wrongImports } from "../../scripts/support/rooms.ts";

const ROOMS = ["index.ts", "upper", "lower", "lower/core.ts"];
const wrong = (imports: Readonly<Record<string, readonly string[]>>) =>
  wrongImports(new Map(Object.entries(imports)), ROOMS);

test("imports down and within a room are right", () => {
  expect(
    wrong({
      "index.ts": ["upper/a.ts", "lower/c.ts"],
      "upper/a.ts": ["upper/b.ts", "lower/core.ts"],
      "upper/b.ts": [],
      "lower/c.ts": ["lower/core.ts"],
      "lower/core.ts": [],
    }),
  ).toEqual([]);
});

test("an import from a room above is told, from a room within a room too", () => {
  expect(wrong({ "lower/c.ts": ["upper/a.ts"], "upper/a.ts": [], "lower/core.ts": ["lower/c.ts"] })).toEqual([
    "lower/c.ts (lower) imports upper/a.ts from a room above (upper)",
    "lower/core.ts (lower/core.ts) imports lower/c.ts from a room above (lower)",
  ]);
});

test("a circle is told, and a file in no room", () => {
  expect(wrong({ "upper/a.ts": ["upper/b.ts"], "upper/b.ts": ["upper/a.ts"], "loose.ts": [] })).toEqual([
    "loose.ts is in no room",
    "circle: upper/a.ts -> upper/b.ts -> upper/a.ts",
  ]);
});

test("a package's import of a file outside, or of a package that it does not name, is told", () => {
  const imports = {
    "host.ts": ["node:path", "machine/guard.mjs", "npm:zod/v4", "npm:zodiac"],
    "machine/spawner.ts": ["machine/guard.mjs", "../support/tools.ts"],
    "machine/guard.mjs": [],
  };
  expect(leavingImports(new Map(Object.entries(imports)), ["zod"])).toEqual([
    "host.ts imports npm:zodiac: the package ends there",
    "machine/spawner.ts imports ../support/tools.ts: the package ends there",
  ]);
});

test("an import of the harness by support is told, by anything else not", () => {
  const imports = {
    "support/workerd.ts": ["support/tools.ts", "harness/stack.ts"],
    "bench/pool.ts": ["support/tools.ts", "harness/stack.ts"],
    "harness/stack.ts": ["support/workerd.ts"],
  };
  expect(harnessImports(new Map(Object.entries(imports)))).toEqual([
    "scripts: support/workerd.ts imports harness/stack.ts: support does without the harness",
  ]);
});
