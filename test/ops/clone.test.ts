import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createServer } from "node:http";
import { listen } from "../../scripts/support/listen.ts";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { clone } from "../../src/ops/clone.ts";
import { diff } from "../../src/ops/diff.ts";
import { probeAfterResume } from "../../src/ops/probes/tree-state.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { restore } from "../../src/ops/restore.ts";
import { status } from "../../src/ops/status.ts";
import { git, Home, Seed } from "./support.ts";

let seed: Seed;
let home: Home;

beforeEach(() => {
  seed = new Seed();
  mkdirSync(join(seed.tree, "src"));
  mkdirSync(join(seed.tree, "docs"));
  writeFileSync(join(seed.tree, "src/a.ts"), "export const a = 1;\n");
  writeFileSync(join(seed.tree, "docs/read me.md"), "# Hello\n");
  writeFileSync(join(seed.tree, "-dash"), "dash\n");
  writeFileSync(join(seed.tree, "new\nline"), "odd\n");
  symlinkSync("src/a.ts", join(seed.tree, "link"));
  seed.git("add", "-A");
  seed.git("commit", "-qm", "one");
  writeFileSync(join(seed.tree, "src/a.ts"), "export const a = 2;\n");
  seed.git("commit", "-qam", "two");
  seed.git("tag", "v1");
  seed.git("push", "-q", "origin", "main", "v1");
  home = new Home(`file://${seed.bare}`);
});

afterEach(() => {
  home.remove();
  seed.remove();
});

test("clones the default branch with full history and a clean tree", async () => {
  const result = await home.run(clone);
  expect(result).toMatchObject({
    branch: "main",
    base: "main",
    head: seed.git("rev-parse", "HEAD"),
    created: true,
    shallow: false,
    submodules: [],
  });
  expect(home.git("rev-list", "--count", "HEAD")).toBe("2");
  expect(home.git("status", "--porcelain")).toBe("");
  expect(await home.run(status)).toMatchObject({
    branch: "main",
    upstream: "origin/main",
    ahead: 0,
    behind: 0,
    clean: true,
  });
});

test("asked again, answers the same tree as it was left", async () => {
  const first = await home.run(clone);
  writeFileSync(join(home.tree, "mine"), "work");
  const again = await home.run(clone, { branch: "other" });
  const not_done = ["branch: the workspace was made with 'main'"];
  expect(again).toEqual({ ...first, created: false, not_done, timing: {} });
  expect(readFileSync(join(home.tree, "mine"), "utf8")).toBe("work");
});

test("makes the agent's branch, which pulls from the branch it started from", async () => {
  const result = await home.run(clone, { agent_id: "ada", task_id: "t.1" });
  expect(result).toMatchObject({ branch: "agent/ada/t.1", base: "main" });
  expect(home.git("rev-parse", "--abbrev-ref", "@{upstream}")).toBe("origin/main");
});

test("an empty SHA-256 repository takes a first push, and can be pulled from", async () => {
  git(seed.path, "init", "-q", "--bare", "-b", "main", "--object-format=sha256", "sha256.git");
  const fresh = new Home(`file://${join(seed.path, "sha256.git")}`);
  await fresh.run(clone, { agent_id: "ada" });
  writeFileSync(join(fresh.tree, "a"), "a\n");
  expect(await fresh.run(push, { message: "first" })).toMatchObject({
    pushed: true,
    commit: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(await fresh.run(pull, { from: "agent/ada/main" })).toMatchObject({ how: "nothing_new" });
  fresh.remove();
});

test("an agent that names no task works on a branch of its own, too", async () => {
  expect(await home.run(clone, { agent_id: "ada" })).toMatchObject({ branch: "agent/ada/main", base: "main" });
});

test.each([false, true])("goes on from the agent's branch where the remote has it (shallow: %s)", async (shallow) => {
  seed.git("checkout", "-qb", "agent/ada/t1");
  writeFileSync(join(seed.tree, "earlier"), "work");
  seed.git("add", "-A");
  seed.git("commit", "-qm", "earlier work");
  seed.git("push", "-q", "origin", "agent/ada/t1");
  const head = seed.git("rev-parse", "HEAD");
  const asked = { agent_id: "ada", task_id: "t1", shallow };
  expect(await home.run(clone, asked)).toMatchObject({ branch: "agent/ada/t1", base: "main", head, shallow });
  expect(home.git("config", "--get-all", "remote.origin.fetch")).toBe("+refs/heads/*:refs/remotes/origin/*");
  const other = new Home(home.remote.url);
  onTestFinished(() => other.remove());
  expect(await other.run(clone, { ...asked, revision: seed.git("rev-parse", "main") })).toMatchObject({ head });
});

test("shallow: the newest commit only", async () => {
  expect(await home.run(clone, { shallow: true })).toMatchObject({ shallow: true, branch: "main" });
  expect(home.git("rev-list", "--count", "HEAD")).toBe("1");
});

test("sparse: only the folders asked for, and files of the root", async () => {
  await home.run(clone, { sparse: ["docs"] });
  expect(existsSync(join(home.tree, "docs/read me.md"))).toBe(true);
  expect(existsSync(join(home.tree, "src"))).toBe(false);
});

test("a tag as base leaves HEAD detached, unless an agent's branch is wanted", async () => {
  expect(await home.run(clone, { branch: "v1" })).toMatchObject({
    branch: null,
    base: null,
    head: seed.git("rev-parse", "v1"),
  });
  const other = new Home(home.remote.url);
  expect(await other.run(clone, { branch: "v1", agent_id: "a", task_id: "b" })).toMatchObject({
    branch: "agent/a/b",
    base: null,
  });
  other.remove();
});

test("an empty repository gives a tree without a commit, on the agent's branch", async () => {
  const empty = join(seed.path, "empty.git");
  git(seed.path, "init", "-q", "--bare", "-b", "main", empty);
  home.remote = { url: `file://${empty}` };
  expect(await home.run(clone, { agent_id: "a", task_id: "b" })).toMatchObject({
    branch: "agent/a/b",
    base: null,
    head: null,
    created: true,
  });
  expect(await home.run(status)).toMatchObject({ branch: "agent/a/b", head: null, clean: true });
});

test("submodules are reported and left alone", async () => {
  seed.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", seed.bare, "vendor/lib x");
  seed.git("commit", "-qm", "submodule");
  seed.git("push", "-q", "origin", "main");
  expect(await home.run(clone)).toMatchObject({ submodules: ["vendor/lib x"] });
  expect(await home.run(status)).toMatchObject({ clean: true });
});

test("a branch that is not there is named, and nothing is left behind", async () => {
  expect(await home.failure(clone, { branch: "nope" })).toMatchObject({
    code: "ref_not_found",
    message: expect.stringContaining("nope"),
  });
  expect(existsSync(home.tree)).toBe(false);
  expect(await home.run(clone)).toMatchObject({ created: true });
});

test("hooks of the machine's templates do not run", async () => {
  const hook = join(home.path, "templates/hooks/post-checkout");
  mkdirSync(join(home.path, "templates/hooks"), { recursive: true });
  writeFileSync(hook, `#!/bin/sh\ntouch ${home.path}/ran\n`);
  chmodSync(hook, 0o755);
  writeFileSync(join(home.path, ".gitconfig"), `[init]\n\ttemplateDir = ${home.path}/templates\n`);
  await home.run(clone);
  expect(existsSync(join(home.path, "ran"))).toBe(false);
});

test("killed in the middle, it leaves no tree, and the next call clones", async () => {
  const stop = new AbortController();
  const running = home.raw(clone, { repo_url: "https://git.example/o/r" }, stop.signal);
  await until(() => existsSync(join(home.path, ".warmtree/open")));
  stop.abort();
  await running;
  expect(existsSync(home.tree) && !existsSync(join(home.tree, "src/a.ts"))).toBe(false);
  expect(await home.run(clone)).toMatchObject({ branch: "main" });
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("the condition never held");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("a web page is no empty repository, for clone and for pull", async () => {
  const page = createServer((_request, response) =>
    response.setHeader("Content-Type", "text/html").end("<p>Hello</p>"),
  );
  const port = await listen(page);
  try {
    const other = new Home(`http://127.0.0.1:${port}/a/b`);
    expect(await other.failure(clone)).toMatchObject({
      code: "repository_not_found",
      message: expect.stringContaining("web page"),
    });
    expect(existsSync(other.tree)).toBe(false);
    other.remove();
    await home.run(clone);
    const before = home.git("for-each-ref");
    home.remote = { url: `http://127.0.0.1:${port}/a/b` };
    expect(await home.failure(pull)).toMatchObject({
      code: "repository_not_found",
      message: expect.stringContaining("web page"),
    });
    expect(home.git("for-each-ref")).toBe(before);
  } finally {
    page.close();
  }
});

test("an empty repository is one", async () => {
  const blank = new Seed();
  const other = new Home(`file://${blank.bare}`);
  expect(await other.run(clone)).toMatchObject({ created: true, head: null });
  other.remove();
  blank.remove();
});

test("folders that git would read as something else are refused", () => {
  for (const folder of ["a\nb", '"a"', "a\tb"]) {
    expect([folder, clone.input.safeParse({ repo_url: "https://x/y", sparse: [folder] }).success]).toEqual([
      folder,
      false,
    ]);
  }
});

test("settings of submodules that git refuses are in nobody's way", async () => {
  writeFileSync(
    join(seed.tree, ".gitmodules"),
    '[submodule "e"]\n\tpath = sub\n\turl = https://git.example/x\n\tupdate = !touch CANARY\n',
  );
  seed.git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},sub`);
  seed.publish("submodule");
  await home.run(clone, { agent_id: "a", task_id: "t" });
  expect(await home.run(status)).toMatchObject({ clean: true });
  writeFileSync(join(home.tree, "new.txt"), "n\n");
  expect(await home.run(diff)).toMatchObject({ files: [{ path: "new.txt" }] });
  expect(await home.run(diff, { base: "main" })).toMatchObject({ files: [{ path: "new.txt" }] });
  expect(await home.run(push, { message: "new" })).toMatchObject({ committed: true, pushed: true });
  expect(await home.run(push)).toMatchObject({ committed: false, pushed: false });
  expect(await home.run(pull)).toMatchObject({ how: "nothing_new" });
  expect(await home.run(restore, { all: true })).toMatchObject({ restored: [], removed: [] });
  const look = { ...probeAfterResume, plan: () => ({ env: { IN_HEAD: "" } }) };
  expect(await home.perform(look)).toMatchObject({ unpushed: false, kept: true });
});

test("a clone of a workspace that exists says which of its inputs had no effect", async () => {
  seed.git("push", "-q", "origin", "main:other");
  await home.run(clone, { agent_id: "a", sparse: ["src"] });
  const again = { agent_id: "a", branch: "main", sparse: ["src/"], filter: "blob:none" };
  expect(await home.run(clone, again)).not.toHaveProperty("not_done");
  const other = { ...again, branch: "other", shallow: true, filter: "tree:0", revision: "v1", sparse: ["docs", "src"] };
  expect(await home.run(clone, other)).toMatchObject({
    created: false,
    base: "main",
    not_done: [
      "branch: the workspace was made with 'main'",
      "shallow: the workspace was made with the whole history",
      "filter: the workspace was made with 'blob:none'",
      "revision: the workspace was made without",
      "sparse: the workspace was made with 'src'",
    ],
  });
});
