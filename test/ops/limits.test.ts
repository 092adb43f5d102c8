import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import * as z from "zod/v4";
import { afterEach, beforeEach, expect, test } from "vitest";
import { diff } from "../../src/ops/diff.ts";
import { edit } from "../../src/ops/edit.ts";
import { log } from "../../src/ops/log.ts";
import type { Operation } from "../../src/ops/operation.ts";
import { search } from "../../src/ops/search.ts";
import { copiesOf, type Home } from "./support.ts";
import { commit, homeWith } from "./trees.ts";

let home: Home;
const copy = copiesOf(() => homeWith({ "a.txt": "a\n" }));
beforeEach(() => {
  home = copy();
});
afterEach(() => home.remove());

const EXPENSIVE = { code: "too_expensive", message: expect.stringContaining("Ask for less") };

test("a pattern that would take gigabytes is refused, and git that got it all the same is held", async () => {
  for (const pattern of ["a{1,32767}{1,32767}", "((a{1,255}){1,255}){1,255}"]) {
    expect(search.input.safeParse({ sandbox_id: "s0-00000000000000000000", pattern, regex: true }).success).toBe(false);
    const unchecked: Operation = { ...search, input: z.looseObject({}) };
    const asked = { pattern, regex: true, ignore_case: false, limit: 10 };
    expect(await home.failure(unchecked, asked)).toMatchObject({
      code: expect.stringMatching(/invalid_input|too_expensive/),
    });
  }
  expect(
    search.input.safeParse({ sandbox_id: "s0-00000000000000000000", pattern: "a{1,32767}{1,32767}" }).success,
  ).toBe(true);
});

test("a diff of files too long for the memory that git gets says so", async () => {
  const lines = 20_000_000;
  commit(home, { "long.txt": "a\n".repeat(lines) }, "long");
  writeFileSync(join(home.tree, "long.txt"), `b\n${"c\n".repeat(lines)}`);
  expect(await home.failure(diff)).toMatchObject(EXPENSIVE);
  expect(await home.run(diff, { file: "a.txt" })).toMatchObject({ diff: "" });
});

// Only a patch with binary parts needs git.
const PATCH =
  "diff --git a/b b/b\nnew file mode 100644\nindex 0000000..7898192\nGIT binary patch\nliteral 1\nIcmYew0{{R30RR91\n\n";

test.each<[Operation, string, object]>([
  [search, "grep", { pattern: "a" }],
  [log, "log", { ref: "HEAD" }],
  [edit, "apply", { patch: PATCH }],
])("$name whose git the kernel ends says so", async (operation, command, input) => {
  const bin = mkdtempSync(join(tmpdir(), "warmtree-bin-"));
  const path = process.env["PATH"] ?? "";
  const dies = `#!/bin/sh\nfor word do [ "$word" != ${command} ] || kill -9 $$; done\nPATH='${path}' exec git "$@"\n`;
  writeFileSync(join(bin, "git"), dies);
  chmodSync(join(bin, "git"), 0o755);
  process.env["PATH"] = `${bin}${delimiter}${path}`;
  try {
    expect(await home.failure(operation, input)).toMatchObject(EXPENSIVE);
  } finally {
    process.env["PATH"] = path;
    rmSync(bin, { recursive: true });
  }
});
