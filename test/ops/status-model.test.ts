import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { WarmtreeError } from "../../src/errors.ts";
import { branch } from "../../src/ops/branch.ts";
import { clone } from "../../src/ops/clone.ts";
import { edit } from "../../src/ops/edit.ts";
import type { Operation } from "../../src/ops/operation.ts";
import { readStatus } from "../../src/ops/output/porcelain.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { restore } from "../../src/ops/restore.ts";
import { assemble } from "../../src/ops/scripts/assemble.ts";
import { status } from "../../src/ops/status.ts";
import { Home, Seed } from "./support.ts";

const REFRESH_INDEX = assemble('. "$WT_LIB/refresh-index.sh"\nrefresh_index\nwait');

const NIGHTLY = process.env["NIGHTLY"] !== undefined;
const SEQUENCES = NIGHTLY ? 30 : 3;
const TIME_LIMIT_MS = NIGHTLY ? 1_800_000 : 120_000;
/** Steps that follow each other without a look in between: within one second, as far as the machine is fast enough. */
const BURST = { minLength: 1, maxLength: 5 };
const BURSTS = { minLength: 6, maxLength: 6 };

/** Few names and contents of one length, so that steps collide: in one second, of the same size, in the same folder. */
const path = fc.constantFrom("a", "b", "d/a", "d/b", "d/e/a", "f/a", "logs/a.log", "d/.gitignore", ".gitignore");
const content = fc.constantFrom("*.log\n", "d/\n!a\n", "11111\n", "22222\n");
const folder = fc.constantFrom("d", "d/e", "f", "logs");

interface Place {
  readonly home: Home;
  readonly seed: Seed;
}

interface Step {
  /** Used in the report of a failure. */
  readonly name: string;
  take(at: Place): void | Promise<void>;
}

/**
 * A change of a tree without git; a change that is impossible there does nothing. Removes emptied folders, as
 * operations leave none: git with its cache keeps reporting an emptied folder that was untracked.
 */
const raw = (name: string, work: (tree: string) => void): Step => ({
  name,
  take({ home }) {
    try {
      work(home.tree);
    } catch (error) {
      if (!(error instanceof Error && "code" in error)) throw error;
    }
    removeEmptied(home.tree);
  },
});

/** Removes folders without files. @returns whether the folder itself is gone */
function removeEmptied(at: string): boolean {
  const left = readdirSync(at, { withFileTypes: true }).filter(
    (entry) => entry.name === ".git" || !entry.isDirectory() || !removeEmptied(join(at, entry.name)),
  );
  if (left.length === 0) rmdirSync(at);
  return left.length === 0;
}

/** Runs an operation of the product; a refusal counts as an answer. */
const ours = (name: string, operation: Operation, input: object): Step => ({
  name,
  async take({ home }) {
    await home.run(operation, input).catch((error: unknown) => {
      if (!(error instanceof WarmtreeError)) throw error;
    });
  },
});

function put(tree: string, name: string, text: string): void {
  mkdirSync(dirname(join(tree, name)), { recursive: true });
  writeFileSync(join(tree, name), text);
}

/** A folder with a short `sleep`: settling is at most risk within the second of a change. */
const impatient = (() => {
  const bin = mkdtempSync(join(tmpdir(), "warmtree-bin-"));
  writeFileSync(join(bin, "sleep"), "#!/bin/sh\nexec /bin/sleep 0.1\n", { mode: 0o755 });
  return bin;
})();

afterAll(() => rmSync(impatient, { recursive: true }));

const settle: Step = {
  name: "settle",
  take: ({ home }) => home.piece(REFRESH_INDEX, { PATH: `${impatient}:${process.env["PATH"]}` }),
};

const write = fc
  .tuple(path, content)
  .map(([name, text]) => raw(`write ${name}: ${text}`, (tree) => put(tree, name, text)));

const upstream = fc.tuple(path, content).map(([name, text]): Step => ({
  name: `upstream ${name}: ${text}`,
  take({ seed }) {
    put(seed.tree, name, text);
    seed.git("add", "-Af");
    seed.git("commit", "-q", "--allow-empty", "-m", "theirs");
    seed.send();
  },
}));

const step: fc.Arbitrary<readonly Step[]> = fc.oneof(
  fc.tuple(
    fc.oneof(
      write,
      upstream,
      path.map((name) => raw(`remove ${name}`, (tree) => rmSync(join(tree, name)))),
      path.map((name) => raw(`chmod ${name}`, (tree) => chmodSync(join(tree, name), 0o755))),
      path.map((name) => raw(`touch ${name}`, (tree) => utimesSync(join(tree, name), new Date(), new Date()))),
      folder.map((name) => raw(`remove ${name}/`, (tree) => rmSync(join(tree, name), { recursive: true }))),
      fc
        .tuple(folder, folder)
        .map(([from, to]) => raw(`rename ${from}/ ${to}/`, (tree) => renameSync(join(tree, from), join(tree, to)))),
      fc
        .tuple(path, content)
        .map(([name, text]) => ours(`edit ${name}: ${text}`, edit, { files: [{ path: name, content: text }] })),
      fc.constantFrom(
        settle,
        ours("push", push, { message: "m" }),
        ours("pull", pull, {}),
        ours("merge", pull, { rebase: false }),
        ours("restore", restore, { all: true }),
        ours("restore d", restore, { paths: ["d"] }),
        ours("switch", branch, { name: "main" }),
        ours("switch new", branch, { name: "new", create: true }),
      ),
    ),
  ),
  fc
    .tuple(path, content, path, content)
    .map(([name, text, other, changed]) => [
      raw(`write ${name}: ${text}`, (tree) => put(tree, name, text)),
      settle,
      raw(`write ${other}: ${changed}`, (tree) => put(tree, other, changed)),
    ]),
);

/** Returns the status that git finds without earlier notes: with an index from long ago, and no caches. */
function truth(home: Home) {
  const index = join(home.path, "index");
  copyFileSync(join(home.tree, ".git/index"), index);
  utimesSync(index, 1, 1);
  const env = { PATH: process.env["PATH"], HOME: "/nowhere", GIT_CONFIG_NOSYSTEM: "1", GIT_INDEX_FILE: index };
  const settings = ["-c", "core.untrackedCache=false", "-c", "core.fsmonitor=false", "--no-optional-locks"];
  const args = [...settings, "status", "--porcelain=v2", "--branch", "-z"];
  const output = execFileSync("git", args, { cwd: home.tree, env, encoding: "utf8" });
  return readStatus(output.split("\0").slice(0, -1));
}

test(
  "whatever was done to the tree, status tells what git finds without its caches",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, BURST), BURSTS), async (bursts) => {
        const seed = new Seed();
        const home = new Home(`file://${seed.bare}`);
        try {
          for (const name of ["a", "d/a", "d/e/a", "f/a"]) put(seed.tree, name, "11111\n");
          seed.publish("first");
          await home.run(clone, { agent_id: "ada", task_id: "t1" });
          for (const burst of bursts) {
            for (const one of burst.flat()) await one.take({ home, seed });
            const { entries, ...where } = truth(home);
            const { conflicts, staged, modified, untracked, total, ...found } = await home.run(status);
            expect(found).toMatchObject({ ...where, clean: entries.length === 0 });
            const told = [conflicts, staged, modified].flat().map(({ path: name, change }) => `${change} ${name}`);
            expect([...told, ...untracked.map((name) => `untracked ${name}`)].toSorted()).toEqual(
              entries.map((entry) => `${entry.change} ${entry.path}`).toSorted(),
            );
            expect(total).toBe(entries.length);
          }
        } finally {
          home.remove();
          seed.remove();
        }
      }),
      // On a failure, the shortest failing sequence found in the time is reported.
      { numRuns: SEQUENCES, plugins: [fc.interruptAfterTimeLimit(TIME_LIMIT_MS / 2, { failOnInterrupt: true })] },
    );
  },
  TIME_LIMIT_MS,
);
