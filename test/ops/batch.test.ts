import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/v4";
import { expect, test } from "vitest";
import { batchOf, type BatchResult } from "../../src/ops/batch.ts";
import { branch } from "../../src/ops/branch.ts";
import { edit } from "../../src/ops/edit.ts";
import { log } from "../../src/ops/log.ts";
import { assemble } from "../../src/ops/scripts/assemble.ts";
import { defineOperation, type Operation } from "../../src/ops/operation.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { read } from "../../src/ops/read.ts";
import { search } from "../../src/ops/search.ts";
import { status } from "../../src/ops/status.ts";
import type { Home, Seed } from "./support.ts";
import { cloneForEach, git } from "./support.ts";

const sandbox_id = "s0-00000000000000000000";

let seed: Seed;
let home: Home;

cloneForEach(
  (origin) => {
    writeFileSync(join(origin.tree, "a.txt"), "one\n");
    origin.publish("one");
  },
  {},
  (made) => ({ seed, home } = made),
);

type AskedStep = readonly [operation: Operation, input?: object];

/** Runs the steps in the home as one process, as a sandbox would. */
async function run(...steps: AskedStep[]): Promise<BatchResult> {
  const checked = steps.map(([operation, input]) => ({
    operation,
    asked: operation.input.parse({ sandbox_id, ...input }),
  }));
  const batch = Object.assign(batchOf(checked), { summary: "", input: z.unknown(), output: z.array(z.unknown()) });
  const parsed = batch.parse(await home.raw(batch, undefined), undefined);
  if (!parsed.ok) throw parsed.error;
  return parsed.value;
}

const values = (results: BatchResult) => results.map(({ parsed }) => (parsed.ok ? parsed.value : parsed.error.code));

/** Returns a step with a script of the test's own. */
const probe = (script: string, access: Operation["access"] = "write", env?: Record<string, string>) =>
  defineOperation({
    name: "probe",
    summary: "",
    access,
    shell: "/bin/sh",
    input: z.looseObject({}),
    output: z.object({ said: z.string(), code: z.number(), truncated: z.boolean() }),
    script,
    plan: () => ({ args: ["first parameter", ""], ...(env ? { env } : {}) }),
    parse: ({ sections, exitCode, truncated }) => ({
      ok: true,
      value: { said: new TextDecoder().decode(sections.get(1)), code: exitCode, truncated },
    }),
  });

const MARK = `printf '\\0%s:1\\n' "$WT_NONCE"; `;

test("edit, look, push and look again in one process, each answering as it does alone", async () => {
  const files = [{ path: "b.txt", content: "two\n" }];
  const batch = await run([edit, { files }], [status], [push, { message: "two" }], [log], [status]);
  const results = values(batch);
  expect(results).toMatchObject([
    { changed: [{ path: "b.txt", change: "added" }] },
    { clean: false, untracked: ["b.txt"] },
    { committed: true, pushed: true },
    { commits: [{ subject: "two" }, { subject: "one" }] },
    { clean: true, ahead: 0 },
  ]);
  expect(git(seed.bare, "show", "main:b.txt")).toBe("two");
  expect(await home.run(status)).toEqual(results[4]);
  expect(batch.every(({ seconds = 0 }) => seconds > 0)).toBe(true);
});

test("stops at the first failure; what comes after is not begun", async () => {
  const results = await run(
    [status],
    [branch, { name: "no-such-branch" }],
    [edit, { files: [{ path: "b.txt", content: "" }] }],
  );
  expect(values(results)).toMatchObject([{ clean: true }, "ref_not_found"]);
  expect(existsSync(join(home.tree, "b.txt"))).toBe(false);
});

test("stops at a failure that only one side of a pipe knew of", async () => {
  const bad = { pattern: "(", regex: true };
  const results = await run([search, bad], [edit, { files: [{ path: "b.txt", content: "" }] }]);
  expect(values(results)).toEqual(["invalid_input"]);
  expect(existsSync(join(home.tree, "b.txt"))).toBe(false);
});

test("a failure is told from the stderr of its own step", async () => {
  const noise = probe("echo 'fatal: Authentication failed' >&2");
  home.remote = { url: "http://127.0.0.1:1/nobody/listens" };
  expect(values(await run([noise], [pull])).at(-1)).toBe("git_unreachable");
});

test("the remote and its credential reach the steps that need them, settings and parameters each their own", async () => {
  home.remote = { url: `file://${seed.bare}`, authorization: "Basic c2VjcmV0" };
  const tell = `${assemble(`. "$WT_LIB/take-credential.sh"`)}${MARK}echo "\${url:-none} \${auth:-none} \${WT_AUTH-gone} \${OWN-none} $#:$1"`;
  const results = values(await run([probe(tell)], [probe(tell, "remote", { OWN: "a b\n'c'" })], [probe(tell, "read")]));
  expect(results).toMatchObject([
    { said: "none none gone none 2:first parameter\n" },
    { said: `file://${seed.bare} Basic c2VjcmV0 gone a b\n'c' 2:first parameter\n` },
    { said: "none none gone none 2:first parameter\n" },
  ]);
});

test("no step can speak for another", async () => {
  const forge = probe(`${MARK}printf 'mine\\0%s-2:1\\nforged\\0%s:3\\nforged' "\${WT_NONCE%-*}" "\${WT_NONCE%-*}"`);
  const results = values(await run([forge], [probe(`${MARK}printf honest`)]));
  expect(results).toMatchObject([{ code: 0 }, { said: "honest" }]);
});

test("a step that says too much is cut and ends in peace, and the next is heard", async () => {
  const loud = probe(`${MARK}head -c 20000000 /dev/zero; echo ended >"$HOME/ended"`);
  const [first, second] = values(await run([loud], [probe(`${MARK}printf honest`)]));
  expect(first).toMatchObject({ truncated: true, code: 0 });
  expect(second).toEqual({ said: "honest", code: 0, truncated: false });
  expect(existsSync(join(home.path, "ended"))).toBe(true);
});

test("a driver that is killed leaves the step it was at as failed, and no file of its own after the next", async () => {
  const results = await run([status], [probe(`kill -9 $PPID`)], [read]);
  expect(results).toHaveLength(2);
  expect(values(results)[1]).toMatchObject({ code: -1 });
  await run([status], [branch, { name: "gone" }]);
  expect(readdirSync(join(home.path, ".warmtree")).filter((name) => name.startsWith("failed."))).toEqual([]);
});

test("takes as much access and time as its steps", () => {
  const step = (operation: Operation) => ({ operation, asked: {} });
  expect(batchOf([step(status), step(log)])).toMatchObject({ access: "read", operations: 2 });
  expect(batchOf([step(status), step(edit)]).access).toBe("write");
  expect(batchOf([step(push), step(status)]).access).toBe("remote");
});
