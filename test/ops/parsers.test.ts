import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ERROR_KINDS, errorBody, WarmtreeError } from "../../src/errors.ts";
import { failureOf } from "../../src/ops/output/failure.ts";
import type { Operation } from "../../src/ops/operation.ts";
import type { Parsed, ScriptOutput } from "../../src/ops/output/script-output.ts";
import { OPERATIONS } from "../../src/ops/registry.ts";
import { Home, Seed } from "./support.ts";
import { write } from "./trees.ts";

const sandbox_id = "s0-00000000000000000000";

/** Calls that together exercise every part of a parser, in an order in which real git answers each. */
const CALLS: readonly (readonly [name: string, input: object])[] = [
  ["clone", { repo_url: "https://git.example/o/r", agent_id: "a", task_id: "b" }],
  [
    "edit",
    {
      files: [
        { path: "a.txt", content: "1\n2\n3\n" },
        { path: "b", move_to: "c" },
      ],
      patch: "",
    },
  ],
  ["status", {}],
  ["status", { limit: 1, cursor: "1" }],
  ["diff", {}],
  ["diff", { base: "main", max_bytes: 64 }],
  ["diff", { cursor: "10", max_bytes: 16 }],
  ["read", {}],
  ["read", { path: "a.txt", start_line: 2, end_line: 2 }],
  ["read", { path: "bin", max_bytes: 16 }],
  ["read", { path: "link" }],
  ["read", { ref: "HEAD" }],
  ["read", { path: "a.txt", ref: "HEAD", start_line: 1 }],
  ["search", { pattern: "1", limit: 1 }],
  ["search", { pattern: "a(", regex: true }],
  ["search", { pattern: "a", ref: "HEAD" }],
  ["log", {}],
  ["log", { limit: 1, cursor: "1" }],
  ["log", { files: true }],
  ["blame", { path: "a.txt" }],
  ["branch", {}],
  ["branch", { name: "new", create: true, from: "main" }],
  ["tag", { name: "v1", message: "One", push: true }],
  ["tag", {}],
  ["push", { message: "work", to: "main" }],
  ["branch", { name: "new", delete: true }],
  ["apply", { commits: ["v1"] }],
  ["pull", {}],
  ["pull", { rebase: false }],
  ["restore", { paths: ["a.txt"] }],
  ["restore", { all: true }],
];

interface Call {
  readonly operation: Operation;
  readonly input: unknown;
  readonly output: ScriptOutput;
}

const NOTHING: ScriptOutput = { exitCode: 0, sections: new Map(), stderr: "", truncated: false };

/** The answers of real git, collected by beforeAll. */
const calls: Call[] = [];
let seed: Seed;
let home: Home;

beforeAll(async () => {
  seed = new Seed();
  home = new Home(`file://${seed.bare}`);
  const odd = '-o d\n"d"\té日';
  for (const [path, content] of [
    ["a.txt", "a\n1\n"],
    ["b", "b\n"],
    [odd, "odd\n"],
    ["bin", "\0\xff"],
  ] as const) {
    writeFileSync(join(seed.tree, path), content);
  }
  seed.git("add", "-A");
  seed.git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},sub`);
  seed.git("commit", "-qm", "one\n\nbody");
  seed.git("commit", "-q", "--allow-empty", "-m", "two");
  seed.git("push", "-q", "origin", "main");
  for (const [name, asked] of CALLS) {
    const operation = OPERATIONS.find((one) => one.name === name);
    if (!operation) throw new Error(`There is no operation ${name}`);
    const full = name === "clone" ? asked : { sandbox_id, ...asked, ...("patch" in asked ? { patch: PATCH } : {}) };
    const output = await home.raw(operation, full);
    calls.push({ operation, input: operation.input.parse(full), output });
    if (name === "edit") {
      write(home, { "n\tw": "new\n", [odd]: "changed\n", link: "-> a.txt", bin: "\0other" });
      chmodSync(join(home.tree, "a.txt"), 0o755);
    }
    if (name === "push") {
      // Both sides change the same line.
      write(home, { "a.txt": "ours\n" });
      home.git("commit", "-qam", "ours");
      seed.git("pull", "-q", "--rebase", "origin", "main");
      writeFileSync(join(seed.tree, "a.txt"), "theirs\n");
      seed.git("commit", "-qam", "theirs");
      seed.git("push", "-q", "origin", "main");
      home.git("branch", "-q", "--set-upstream-to=origin/main");
    }
  }
});

afterAll(() => {
  home.remove();
  seed.remove();
});

const PATCH = "diff --git a/made b/made\nnew file mode 100644\n--- /dev/null\n+++ b/made\n@@ -0,0 +1 @@\n+x\n";

/** Checks that an answer matches the schema, or is an error that the API may return. */
function check({ operation, input, output }: Call): void {
  checkAnswer(operation, operation.parse(output, input));
  const direct = operation.parseDirect?.(output, input);
  if (direct) checkAnswer(operation, direct);
}

function checkAnswer(operation: Operation, parsed: Parsed<object>): void {
  if (parsed.ok) {
    const result = operation.output.safeParse(parsed.value);
    expect(result.error?.message, `${operation.name} answers ${JSON.stringify(parsed.value)}`).toBeUndefined();
    return;
  }
  expect(parsed.error).toBeInstanceOf(WarmtreeError);
  expect(Object.hasOwn(ERROR_KINDS, parsed.error.code)).toBe(true);
  expect(errorBody(parsed.error).detail).not.toBe("");
}

test("every operation is among the calls, and real git's answers are understood", () => {
  expect(new Set(calls.map(({ operation }) => operation.name))).toEqual(new Set(OPERATIONS.map(({ name }) => name)));
  for (const call of calls) check(call);
  const failed = calls.filter(({ operation, input, output }) => !operation.parse(output, input).ok);
  // The invalid expression, the branch that was never pushed, and the two pulls that conflict.
  expect(failed.map(({ operation }) => operation.name)).toEqual(["search", "branch", "pull", "pull"]);
});

const WORDS = [
  "",
  "0",
  "1",
  "-",
  "1\t2\t",
  "-\t-\t",
  "a.txt",
  "a\tb",
  " ",
  "\n",
  ":100644 100644 a b M",
  ":1 1 a b R100",
  "1 M. N... 1 1 1 a b p",
  "# branch.oid x",
  "u UU",
  "? x",
  "160000 commit 1 -\tx",
  "100644 blob 1 2\tx",
  "file",
  "tree",
  "folder",
  "symlink",
  "git",
  "conflict",
  "internal",
  "toString",
  "__proto__",
  "constructor",
  "\0",
  "100644 a 1\tf",
  "<<<<<<< a",
  "=======",
  ">>>>>>> b",
  "é",
  "+x",
  "-x",
  "added",
  "refs/heads/x",
];
const word = fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 5 }));
const records = fc.array(word, { maxLength: 24 }).map((words) => new TextEncoder().encode(`${words.join("\0")}\0`));
const bytes = fc.oneof(records, records, fc.uint8Array({ maxLength: 80 }));
const sections = fc.array(fc.tuple(fc.nat(12), bytes), { maxLength: 6 }).map((entries) => new Map(entries));
const exitCode = fc.oneof(fc.constant(0), fc.integer({ min: -1, max: 255 }));
const stderr = fc.oneof(
  fc.string(),
  fc.constantFrom("", "fatal: repository 'x' not found", "fatal: -e option, 'a': b", "error: f: x"),
);
const output: fc.Arbitrary<ScriptOutput> = fc.record({ exitCode, sections, stderr, truncated: fc.boolean() });

describe.each(OPERATIONS.map(({ name }) => name))("the parser of %s is total", (name) => {
  const inputs = () => calls.filter(({ operation }) => operation.name === name);

  test("whatever comes back", () => {
    const everyCall = fc.property(output, (made) => inputs().forEach((call) => check({ ...call, output: made })));
    fc.assert(everyCall, { numRuns: 300 });
  });

  test("when what git says is cut, or bytes of it are lost or wrong", () => {
    const at = fc.nat(5000);
    const damage = fc.record({
      section: fc.nat(),
      cut: fc.option(at),
      wrong: fc.array(fc.tuple(at, fc.nat(255)), { maxLength: 3 }),
    });
    for (const call of inputs()) {
      const original = [...call.output.sections];
      fc.assert(
        fc.property(damage, exitCode, ({ section, cut, wrong }, code) => {
          const damaged = original.map(([number, whole], index): [number, Uint8Array] => {
            if (original.length === 0 || index !== section % original.length) return [number, whole];
            const part = whole.slice(0, cut === null ? undefined : cut % (whole.length + 1));
            for (const [where, value] of wrong) if (part.length > 0) part[where % part.length] = value;
            return [number, part];
          });
          check({ ...call, output: { ...call.output, exitCode: code, sections: new Map(damaged) } });
        }),
        { numRuns: 100 },
      );
    }
  });

  test("when nothing comes back", () => {
    for (const call of inputs()) check({ ...call, output: NOTHING });
  });
});

test("a branch with a line separator in its name is not there, as any other", () => {
  const said = "fatal: Remote branch a\u2028b not found in upstream origin\n";
  expect(failureOf({ exitCode: 128, sections: new Map(), stderr: said, truncated: false })?.error.code).toBe(
    "ref_not_found",
  );
});
