import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type GitServer, startGitServer } from "../../scripts/sample-remote/server.ts";
import { branch } from "../../src/ops/branch.ts";
import { clone } from "../../src/ops/clone.ts";
import { diff } from "../../src/ops/diff.ts";
import { edit } from "../../src/ops/edit.ts";
import { log } from "../../src/ops/log.ts";
import type { Operation } from "../../src/ops/operation.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { read } from "../../src/ops/read.ts";
import { restore } from "../../src/ops/restore.ts";
import { search } from "../../src/ops/search.ts";
import { status } from "../../src/ops/status.ts";
import { git, Home, Seed } from "./support.ts";

const TOKEN = "tok_5b0c11f3a94e7d26";
const authorization = `Basic ${btoa(`x-access-token:${TOKEN}`)}`;
const NUMBERS = Array.from({ length: 9 }, (_, n) => `line ${n}\n`).join("");
const homes: Home[] = [];
let server: GitServer;
let origin: Seed;
/** The answers of a full clone. */
let expected: object[];

function commitAt(files: Readonly<Record<string, string>>, to = "main"): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(origin.tree, path, ".."), { recursive: true });
    writeFileSync(join(origin.tree, path), text);
  }
  return origin.publish(`change ${Object.keys(files).join(" ")}`, to);
}

beforeAll(async () => {
  origin = new Seed();
  commitAt({
    "root.txt": "root 1\n",
    "docs/a.md": "docs 1\n",
    "src/deep/a.ts": NUMBERS,
    "src/moved.ts": `m${NUMBERS}`,
  });
  origin.git("tag", "v1");
  origin.git("mv", "src/moved.ts", "src/renamed.ts");
  commitAt({ "root.txt": "root 2\n", "docs/a.md": "docs 2\n", "src/deep/a.ts": NUMBERS.replace("line 4", "four") });
  origin.git("checkout", "-q", "-b", "topic");
  commitAt({ "docs/topic.md": "topic\n", "src/deep/b.ts": "b\n" }, "topic");
  origin.git("checkout", "-q", "main");
  commitAt({ "root.txt": "root 3\n", "docs/a.md": "docs 3\n" });
  origin.git("push", "-q", "origin", "v1");
  const tokens = { "x-access-token": TOKEN };
  server = await startGitServer({ root: origin.path, auth: { repositories: ["remote"], tokens } });
  expected = await looked(await cloned({}));
});
afterAll(async () => {
  await server.close();
  origin.remove();
});
afterEach(() => {
  for (const home of homes.splice(0)) home.remove();
});

function newHome(url = `${server.url}/remote.git`): Home {
  const home = new Home(url);
  home.remote = { url, authorization };
  homes.push(home);
  return home;
}

async function cloned(knobs: object): Promise<Home> {
  const home = newHome();
  await home.run(clone, knobs);
  return home;
}

const missing = (home: Home) =>
  home.git("rev-list", "--objects", "--missing=print", "--all").match(/^\?/gm)?.length ?? 0;

describe("clone", () => {
  test.each([
    ["blob:none", { filter: "blob:none", sparse: [], shallow: false }],
    ["all knobs", { filter: "tree:0", sparse: ["docs"], shallow: true }],
  ])("%s: only what is checked out is here", async (_, knobs) => {
    const home = await cloned(knobs);
    expect(await home.run(clone)).toMatchObject({ created: false, ...knobs });
    const { sparse, shallow } = knobs;
    expect(readFileSync(join(home.tree, "docs/a.md"), "utf8")).toBe("docs 3\n");
    expect(existsSync(join(home.tree, "src"))).toBe(sparse.length === 0);
    expect(await home.run(status)).toMatchObject({ clean: true, upstream: "origin/main" });
    if (!shallow) expect(missing(home)).toBeGreaterThan(0);
  });

  test("a remote that takes no filter gives everything, and that is said", async () => {
    const home = newHome(`file://${origin.bare}`);
    expect(await home.run(clone, { sparse: ["docs"] })).toMatchObject({ filter: null, sparse: ["docs"] });
    expect(missing(home)).toBe(0);
    expect(await home.run(read, { path: "src/deep/a.ts", ref: "v1" })).toMatchObject({ content: NUMBERS });
    expect(await home.run(pull)).toMatchObject({ how: "nothing_new" });
  });

  test("revision: a tag, a commit, one that no branch has any more, with other knobs and without", async () => {
    const lost = commitAt({ "docs/lost.md": "lost\n" }, "lost");
    origin.git("push", "-q", "origin", ":lost");
    origin.git("reset", "-q", "--hard", "HEAD^");
    const [v1, second] = [origin.git("rev-parse", "v1"), origin.git("rev-parse", "HEAD^")];
    const agent = { agent_id: "ada", task_id: "t1", branch: "main" };
    const CASES = [
      [lost, lost, {}],
      ["v1", v1, { shallow: true }],
      [second, second, { ...agent, shallow: true, sparse: ["docs"] }],
      ["v1", v1, agent],
    ] as const;
    let home: Home | undefined;
    for (const [revision, head, knobs] of CASES) {
      const { shallow, branch: base } = { shallow: false, branch: null, ...knobs };
      const on = base && "agent/ada/t1";
      home = newHome();
      expect(await home.run(clone, { ...knobs, revision })).toMatchObject({ head, shallow, base, branch: on });
      expect(await home.run(status)).toMatchObject({ clean: true, branch: on });
    }
    expect(await home?.run(pull)).toMatchObject({ how: "fast_forward", behind: 2, from: "main" });
  });

  test("revision: what is not there is said", async () => {
    const home = newHome();
    const sha = "0123456789012345678901234567890123456789";
    for (const asked of [{ revision: "v9" }, { revision: "v9", shallow: true }, { revision: sha }]) {
      const message = expect.stringContaining(asked.revision);
      expect(await home.failure(clone, asked)).toMatchObject({ code: "ref_not_found", message });
    }
  });
});

/** Calls that may need objects that were left out. */
const LOOKS: readonly (readonly [Operation, object])[] = [
  [diff, { base: "v1" }],
  [read, { path: "src/deep/a.ts", ref: "v1" }],
  [search, { pattern: "line 4", ref: "v1" }],
  [branch, { name: "fresh", create: true, from: "v1" }],
  [search, { pattern: "topic", ref: "topic", path: "docs" }],
  [branch, { name: "topic" }],
];

async function looked(home: Home, looks = LOOKS): Promise<object[]> {
  const answers = [];
  for (const [operation, asked] of looks) answers.push(await home.run(operation, asked));
  return answers;
}

/** Leaves out as much as possible: folders, files, and most objects outside the checked-out folders. */
const LEAST = { sparse: ["docs"], filter: "tree:0" };

describe("in a partial clone", () => {
  test("every look and every switch answers what it answers in a full clone", async () => {
    const home = await cloned(LEAST);
    expect(await looked(home)).toEqual(expected);
    expect(home.git("status", "--porcelain")).toBe("");
    // The size of a file that is not here is unknown, and the file is not fetched for it.
    const { entries } = await home.run(read, { ref: "main", path: "docs" });
    expect(entries).toMatchObject([{ name: "a.md", kind: "file" }]);
  });

  test("what is written beyond what is checked out is shown, restored and pushed; pull goes on from there", async () => {
    const { home, commitThere } = await onBranchOf("work");
    const files = [
      { path: "src/new.ts", content: "new\n" },
      { path: "src/deep/a.ts", content: NUMBERS.replace("line 8", "eight").replace("line 4", "four") },
    ];
    await home.run(edit, { files });
    const shown = await home.run(diff);
    expect(shown.files.map(({ path }) => path)).toEqual(["src/deep/a.ts", "src/new.ts"]);
    expect(shown.diff).toContain("-line 8\n+eight\n");
    const paths = ["src/deep/a.ts"];
    expect(await home.run(restore, { paths })).toMatchObject({ restored: paths });
    await home.run(edit, { files });
    await home.run(push, { message: "mine" });
    commitThere({ "src/deep/a.ts": NUMBERS.replace("line 1", "1").replace("line 4", "four"), "docs/a.md": "new\n" });
    expect(await home.run(pull)).toMatchObject({ how: "merged", ahead: 1 });
    expect(home.git("show", "HEAD:src/new.ts")).toBe("new");
    expect(readFileSync(join(home.tree, "docs/a.md"), "utf8")).toBe("new\n");
    expect(await home.run(status)).toMatchObject({ clean: true, ahead: 2, behind: 0 });
  });

  test("a push that lost a race, a conflict, a merge", async () => {
    const { home, commitThere, main } = await onBranchOf("race");
    commitThere({ "docs/a.md": "theirs\n", "docs/c.md": "theirs\n", "src/deep/c.ts": "c\n" });
    await home.run(edit, { files: [{ path: "docs/mine.md", content: "mine\n" }] });
    const pushed = await home.run(push, { message: "mine", to: main });
    expect(pushed).toMatchObject({ rebased: true, pushed: true, tree: "current" });
    expect(git(origin.bare, "show", `${pushed.commit}:docs/mine.md`)).toBe("mine");
    expect(readFileSync(join(home.tree, "docs/a.md"), "utf8")).toBe("theirs\n");

    origin.receive(main);
    commitThere({ "docs/mine.md": "theirs\n" });
    await home.run(edit, { files: [{ path: "docs/mine.md", content: "ours\n" }] });
    const conflicts = [{ path: "docs/mine.md", base: "mine", ours: "ours", theirs: "theirs" }];
    expect(await home.failure(push, { message: "ours", to: main })).toMatchObject({ code: "conflict", conflicts });
    const work = { tree: "merging" };
    expect(await home.failure(pull, { rebase: false })).toMatchObject({ code: "conflict", conflicts, work });
    expect(await home.run(restore, { all: true })).toMatchObject({ ended: "merge" });
    expect(await home.run(status)).toMatchObject({ clean: true });
    expect(existsSync(join(home.tree, "src/deep/c.ts"))).toBe(false);
  });

  /** Makes a workspace whose work starts from a branch that has no other committer. */
  async function onBranchOf(task_id: string) {
    const main = `${task_id}-main`;
    origin.git("checkout", "-q", "-B", main, git(origin.bare, "rev-parse", "main"));
    origin.send(main);
    const home = await cloned({ ...LEAST, branch: main, agent_id: "ada", task_id: main });
    return { home, main, commitThere: (files: Readonly<Record<string, string>>) => commitAt(files, main) };
  }
});

test("without the credential they fail clearly, and leave all as it was", async () => {
  const home = await cloned({ filter: "tree:0" });
  const before = home.git("for-each-ref");
  home.remote = { url: home.remote.url };
  for (const [operation, asked] of LOOKS.slice(0, 4)) {
    expect(await home.failure(operation, asked), operation.name).toMatchObject({ code: "git_auth_failed" });
  }
  expect(home.git("for-each-ref")).toBe(before);
  expect(await home.run(status)).toMatchObject({ clean: true, branch: "main" });
  // No remote can answer this.
  expect(await home.failure(log, { path: "docs" })).toMatchObject({ code: "invalid_input", field: "path" });
  // With a credential, settings in the tree's config are ignored.
  home.remote = { url: home.remote.url, authorization };
  home.git("config", "remote.origin.url", "http://127.0.0.1:9/");
  home.git("config", "http.proxy", "http://127.0.0.1:9/");
  expect(await home.run(read, { path: "src/moved.ts", ref: "v1" })).toMatchObject({ content: `m${NUMBERS}` });
});
