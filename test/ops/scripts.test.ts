import { expect, test } from "vitest";
import { lookAfterResume, lookBeforePause } from "../../src/ops/probes/tree-state.ts";
import type { Runnable } from "../../src/ops/operation.ts";
import { OPERATIONS } from "../../src/ops/registry.ts";

const SCRIPTS: readonly Runnable<never>[] = [...OPERATIONS, lookBeforePause, lookAfterResume];

test.each(SCRIPTS.filter(({ shell }) => shell !== "perl"))(
  "the script of $name defines each function once",
  ({ script }) => {
    const names = Array.from(script.matchAll(/^ *([a-z_]+)\(\) *[({]/gm), ([, name]) => name);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  },
);
