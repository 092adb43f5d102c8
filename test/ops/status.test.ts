import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { branch } from "../../src/ops/branch.ts";
import { contextFor } from "../../src/ops/context.ts";
import { clone } from "../../src/ops/clone.ts";
import { log } from "../../src/ops/log.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { restore } from "../../src/ops/restore.ts";
import { assemble } from "../../src/ops/scripts/assemble.ts";
import type { Operation } from "../../src/ops/operation.ts";
import { status } from "../../src/ops/status.ts";
import { until } from "../support/until.ts";
import { git, Home, Seed } from "./support.ts";

const REFRESH_INDEX = assemble('. "$WT_LIB/refresh-index.sh"\nrefresh_index\nwait');

let seed: Seed;
let home: Home;

function publish(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) writeFileSync(join(seed.tree, path), text);
  seed.publish("work");
}

const write = (path: string, text: string) => writeFileSync(join(home.tree, path), text);

/** Returns how many requests to the sandbox a call makes. */
async function startsOf(work: () => Promise<unknown>): Promise<number> {
  const before = home.starts;
  await work();
  return home.starts - before;
}

beforeEach(() => {
  seed = new Seed();
  publish({ "a.txt": "1\n", "b.txt": "1\n" });
  home = new Home(`file://${seed.bare}`);
});

afterEach(() => {
  home.remove();
  seed.remove();
});

test("a status and a log are one request each, and git is all that is started", async () => {
  await home.run(clone);
  write("a.txt", "2\n");
  write("new.txt", "n\n");
  expect(await startsOf(() => home.run(status))).toBe(1);
  expect(await home.run(status)).toMatchObject({
    branch: "main",
    upstream: "origin/main",
    ahead: 0,
    behind: 0,
    clean: false,
    modified: [{ path: "a.txt", change: "modified" }],
    untracked: ["new.txt"],
    total: 2,
  });
  expect(await startsOf(() => home.run(log, { path: "a.txt" }))).toBe(1);
  const looks: readonly Operation[] = [status, log];
  for (const operation of looks) {
    const input = operation.input.parse({ sandbox_id: "s0-00000000000000000000" });
    const author = { name: "", email: "" };
    const plan = operation.plan(
      input,
      contextFor({ author, agentBranchPrefix: "agent" }, { maxRetries: 0, timeoutS: 1 }),
    );
    expect(plan.direct?.[0]).toBe("git");
  }
});

test("a workspace without a tree says so, also in a home that is a repository itself", async () => {
  expect(await home.failure(status)).toMatchObject({ code: "not_cloned" });
  git(home.path, "init", "-q", ".");
  mkdirSync(home.tree);
  expect(await home.failure(status)).toMatchObject({ code: "not_cloned" });
  expect(await home.failure(log)).toMatchObject({ code: "not_cloned" });
});

describe("what is unfinished", () => {
  beforeEach(async () => {
    await home.run(clone, { agent_id: "ada", task_id: "t1" });
    publish({ "a.txt": "theirs\n", "b.txt": "theirs\n" });
    write("a.txt", "ours\n");
    write("b.txt", "ours\n");
    await home.run(push, { message: "ours" });
  });

  test("a merge is told of, also when nothing of it is left to see", async () => {
    expect(await home.failure(pull, { rebase: false })).toMatchObject({ code: "conflict" });
    expect(await home.run(status)).toMatchObject({
      unfinished: "merge",
      conflicts: [{ path: "a.txt" }, { path: "b.txt" }],
    });
    await home.run(restore, { paths: ["a.txt", "b.txt"] });
    expect(await home.run(status)).toMatchObject({ unfinished: "merge", clean: true });
    await home.run(restore, { all: true });
    expect(await startsOf(() => home.run(status))).toBe(1);
    expect(await home.run(status)).not.toHaveProperty("unfinished");
  });

  test("begun by other ways than ours, too", async () => {
    home.git("fetch", "-q", home.remote.url, "main");
    expect(() => home.git("rebase", "-q", "FETCH_HEAD")).toThrow();
    expect(await home.run(status)).toMatchObject({ unfinished: "rebase", branch: null });
  });

  test("what is staged, or a HEAD on no branch, is none by itself", async () => {
    home.git("rm", "-q", "--cached", "a.txt");
    expect(await home.run(status)).toMatchObject({
      staged: [{ path: "a.txt", change: "deleted" }],
      untracked: ["a.txt"],
    });
    home.git("add", "a.txt");
    home.git("checkout", "-q", "--detach");
    const found = await home.run(status);
    expect(found).toMatchObject({ branch: null, clean: true });
    expect(found).not.toHaveProperty("unfinished");
  });
});

describe("a tree that was rewritten settles", () => {
  const index = () => join(home.tree, ".git/index");
  /** Whether the index is later than all its files and has the untracked cache, and its writer has ended. */
  const settled = () => {
    const files = home.git("ls-files").split("\n");
    const newest = Math.max(...files.map((path) => Math.floor(statSync(join(home.tree, path)).mtimeMs / 1000)));
    const open = readFileSync(join(home.path, ".warmtree/open"), "utf8");
    return (
      open === "" && Math.floor(statSync(index()).mtimeMs / 1000) > newest && readFileSync(index()).includes("UNTR")
    );
  };

  test("after a clone and after a switch, by itself, and leaves nothing behind", async () => {
    await home.run(clone, { agent_id: "ada", task_id: "t1" });
    expect(settled()).toBe(false);
    await until("a settled index", settled);
    publish({ "b.txt": "2\n" });
    await home.run(pull);
    await until("a settled index", settled);
    await home.run(branch, { name: "older", create: true, from: "HEAD~1" });
    await until("a settled index", settled);
    expect(existsSync(join(home.tree, ".git/index.lock"))).toBe(false);
    expect(await home.run(status)).toMatchObject({ clean: true, branch: "older" });
  });

  test.skipIf(!existsSync("/proc"))("what waits to settle it is no look, for which an edit would wait", async () => {
    await home.run(clone);
    const lookers = () =>
      readdirSync("/proc").filter((pid) => {
        try {
          const says = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
          return says.includes("WT_LOOK=1") && readlinkSync(`/proc/${pid}/cwd`).startsWith(home.tree);
        } catch {
          // The process has ended, or the name is no process.
          return false;
        }
      });
    // Well within the second that it waits before it settles.
    await expect.poll(lookers, { timeout: 500 }).toEqual([]);
    expect(settled()).toBe(false);
  });

  test("a folder that appears in the same second is told of, also when the index is written later", async () => {
    await home.run(clone);
    await until("a settled index", settled);
    await until("the start of a second", () => Date.now() % 1000 < 100);
    write("new.txt", "1\n");
    const bin = join(home.path, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "sleep"), "#!/bin/sh\nexec /bin/sleep 0.1\n", { mode: 0o755 });
    await home.piece(REFRESH_INDEX, { PATH: `${bin}:${process.env["PATH"]}` });
    mkdirSync(join(home.tree, "logs"));
    write("logs/a.log", "1\n");
    const now = Date.now();
    await until("the next second", () => Math.floor(Date.now() / 1000) > Math.floor(now / 1000));
    await home.run(branch, { name: "later", create: true });
    await home.run(branch, { name: "main" });
    expect(await home.run(status)).toMatchObject({ untracked: ["logs/", "new.txt"] });
  });

  test.each([
    ["one thread looks where there is one processor", 1, "false"],
    ["several look where there are more", 2, ""],
  ])("%s", async (_, processors, preloads) => {
    await home.run(clone);
    await until("a settled index", settled);
    const config = join(home.path, ".warmtree/git.config");
    rmSync(config);
    const bin = join(home.path, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "nproc"), `#!/bin/sh\necho ${processors}\n`, { mode: 0o755 });
    await home.piece(REFRESH_INDEX, { PATH: `${bin}:${process.env["PATH"]}` });
    expect(home.git("config", "--file", config, "--default", "", "--get", "core.preloadIndex").trim()).toBe(preloads);
    expect(await home.run(status)).toMatchObject({ clean: true });
  });
});
