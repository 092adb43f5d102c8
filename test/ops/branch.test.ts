import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { branch } from "../../src/ops/branch.ts";
import { clone } from "../../src/ops/clone.ts";
import { branchName } from "../../src/ops/inputs.ts";
import { pull } from "../../src/ops/pull.ts";
import { FEW_RUNS } from "../support/runs.ts";
import { clonesOf, copiesOf, Home, Seed } from "./support.ts";
import { commit, homeWith, treeOf, write } from "./trees.ts";

describe("with a remote", () => {
  let seed: Seed;
  let home: Home;

  const begin = clonesOf(async () => {
    const origin = new Seed();
    writeFileSync(join(origin.tree, "a.txt"), "a\n");
    origin.publish("one");
    origin.git("switch", "-qc", "feature");
    writeFileSync(join(origin.tree, "f.txt"), "f\n");
    origin.git("add", "-A");
    origin.git("commit", "-q", "--date=2030-01-01T00:00:00Z", "-m", "feature work");
    origin.send("feature");
    const cloned = new Home(`file://${origin.bare}`);
    await cloned.run(clone, { branch: "main", agent_id: "ada", task_id: "t1" });
    return { seed: origin, home: cloned };
  });

  beforeEach(async () => {
    ({ seed, home } = await begin());
  });

  afterEach(() => {
    home.remove();
    seed.remove();
  });

  test("lists local and remote branches, and where it is", async () => {
    const refs = home.git("for-each-ref");
    const list = await home.run(branch);
    const head = home.git("rev-parse", "HEAD");
    expect(list).toMatchObject({ current: "agent/ada/t1", head, upstream: "origin/main", truncated: false });
    const told = list.branches?.map(({ name, sha, subject, upstream, remote }) => ({
      name,
      sha,
      subject,
      upstream,
      remote,
    }));
    const feature = seed.git("rev-parse", "feature");
    expect(told).toHaveLength(4);
    expect(told).toEqual(
      expect.arrayContaining([
        { name: "agent/ada/t1", sha: head, subject: "one", upstream: "origin/main", remote: false },
        { name: "main", sha: head, subject: "one", upstream: "origin/main", remote: false },
        { name: "origin/feature", sha: feature, subject: "feature work", upstream: undefined, remote: true },
        { name: "origin/main", sha: head, subject: "one", upstream: undefined, remote: true },
      ]),
    );
    expect(home.git("for-each-ref")).toBe(refs);
  });

  test("switches to a branch that only the remote has, under either name, and tracks it", async () => {
    const switched = {
      current: "feature",
      head: seed.git("rev-parse", "feature"),
      upstream: "origin/feature",
      truncated: false,
    };
    expect(await home.run(branch, { name: "feature" })).toEqual(switched);
    expect(await home.run(branch, { name: "agent/ada/t1" })).toMatchObject({ current: "agent/ada/t1" });
    home.git("branch", "-qD", "feature");
    expect(await home.run(branch, { name: "origin/feature" })).toEqual(switched);
    expect(await home.failure(branch, { name: "nowhere" })).toMatchObject({
      code: "ref_not_found",
      message: expect.stringContaining("nowhere"),
    });
    expect(home.git("branch", "--show-current")).toBe("feature");
  });

  test("a new branch pulls from where it was made", async () => {
    const upstream = async (input: object) => (await home.run(branch, { create: true, ...input })).upstream;
    expect(await upstream({ name: "n1" })).toBe("origin/main");
    expect(await upstream({ name: "n2", from: "feature" })).toBe("origin/feature");
    expect(home.git("log", "-1", "--format=%s")).toBe("feature work");
    expect(await upstream({ name: "n3", from: "HEAD" })).toBe("origin/feature");
    expect(await upstream({ name: "n4", from: "n1" })).toBe("origin/main");
    expect(await upstream({ name: "n5", from: "origin/feature" })).toBe("origin/feature");
    expect(await upstream({ name: "n6", from: "HEAD~1" })).toBe("origin/feature");
    expect(await upstream({ name: "n7", from: "feature~1" })).toBe("origin/feature");
    expect(await home.run(pull)).toMatchObject({ branch: "n7", from: "feature", how: "fast_forward", behind: 1 });
  });
});

describe("without one", () => {
  let home: Home;

  const copy = copiesOf(() => homeWith({ "a.txt": "a\n", "b.txt": "b\n" }));

  beforeEach(() => {
    home = copy();
  });

  afterEach(() => home.remove());

  test("made again by a call whose answer was lost, it answers the same", async () => {
    home.git("branch", "start");
    for (const from of [undefined, "start"]) {
      const asked = { name: `from-${from}`, create: true, from };
      const made = await home.run(branch, asked);
      write(home, { "a.txt": "changed since\n" });
      expect(await home.run(branch, asked)).toEqual(made);
    }
    commit(home, { "b.txt": "since\n" }, "since");
    expect(await home.failure(branch, { name: "from-start", create: true, from: "start" })).toMatchObject({
      code: "invalid_input",
      field: "name",
    });
  });

  test("uncommitted changes and new files come along where git can keep them", async () => {
    write(home, { "a.txt": "changed\n", "new.txt": "n\n" });
    expect(await home.run(branch, { name: "work", create: true })).toEqual({
      current: "work",
      head: home.git("rev-parse", "main"),
      truncated: false,
    });
    expect(home.git("status", "--porcelain")).toBe(" M a.txt\n?? new.txt");
  });

  test("where they would be lost it stays, names them, and changes nothing", async () => {
    home.git("switch", "-qc", "other");
    commit(home, { "a.txt": "theirs\n", "odd\tname, x": "theirs\n", "new.txt": "theirs\n" }, "other");
    home.git("switch", "-q", "main");
    write(home, { "a.txt": "mine\n" });
    const before = treeOf(home);
    expect(await home.failure(branch, { name: "other" })).toMatchObject({
      code: "dirty_tree",
      message: expect.stringContaining("in a.txt."),
    });
    home.git("checkout", "-q", "a.txt");
    write(home, { "new.txt": "mine\n", "odd\tname, x": "mine\n" });
    const refused = await home.failure(branch, { name: "made", create: true, from: "other" });
    expect(refused).toMatchObject({ code: "dirty_tree", work: { tree: "unchanged", pushed: false } });
    expect(refused.message).toContain("new.txt, odd\tname, x");
    expect(home.git("branch", "--show-current")).toBe("main");
    expect(home.git("branch", "--list", "made")).toBe("");
    expect(treeOf(home)).toEqual({ ...before, "a.txt": "a\n", "new.txt": "mine\n", "odd\tname, x": "mine\n" });
  });

  test("is told apart: taken names, unknown starts, wrong input", async () => {
    home.git("branch", "there");
    home.git("tag", "v1");
    expect(await home.failure(branch, { name: "there", create: true })).toMatchObject({
      code: "invalid_input",
      field: "name",
    });
    expect(await home.failure(branch, { name: "there/below", create: true })).toMatchObject({
      code: "invalid_input",
      field: "name",
    });
    expect(await home.failure(branch, { name: "new", create: true, from: "nowhere" })).toMatchObject({
      code: "ref_not_found",
    });
    expect(await home.failure(branch, { name: "v1" })).toMatchObject({ code: "ref_not_found" });
    expect(await home.run(branch, { name: "new", create: true, from: "v1" })).toMatchObject({ current: "new" });
    for (const input of [{ create: true }, { name: "x", from: "main" }, { name: "-x" }, { name: "a..b" }]) {
      await expect(home.run(branch, input)).rejects.toThrow(/needed|requires create|not a valid/);
    }
  });

  test("does not switch in the middle of a merge", async () => {
    home.git("switch", "-qc", "other");
    commit(home, { "a.txt": "theirs\n" }, "theirs");
    home.git("switch", "-q", "main");
    commit(home, { "a.txt": "ours\n" }, "ours");
    expect(() => home.git("merge", "-q", "other")).toThrow();
    expect(await home.failure(branch, { name: "other" })).toMatchObject({
      code: "conflict",
      message: expect.stringContaining("A merge is unfinished"),
    });
    home.git("merge", "--abort");
    home.git("stash", "-q");
  });

  test("with conflicts that no merge owns it names the files", async () => {
    write(home, { "a.txt": "stashed\n" });
    home.git("stash", "-q");
    commit(home, { "a.txt": "ours\n" }, "ours");
    expect(() => home.git("stash", "pop", "-q")).toThrow();
    home.git("branch", "other", "HEAD~1");
    expect(await home.failure(branch, { name: "other" })).toMatchObject({ code: "dirty_tree" });
  });

  test("works in an empty repository and with HEAD on no branch", async () => {
    home.git("checkout", "-q", "--detach");
    expect(await home.run(branch)).toMatchObject({ current: null, branches: [{ name: "main" }] });
    expect(await home.run(branch, { name: "from-detached", create: true })).toMatchObject({ current: "from-detached" });
    const bare = homeWith();
    try {
      expect(await bare.run(branch)).toEqual({ current: "main", head: null, branches: [], truncated: false });
      expect(await bare.run(branch, { name: "first", create: true })).toEqual({
        current: "first",
        head: null,
        truncated: false,
      });
    } finally {
      bare.remove();
    }
  });

  test("pages joined are all branches", async () => {
    const head = home.git("rev-parse", "HEAD");
    const names = Array.from({ length: 450 }, (_, n) => `b${n}`);
    const refs = names.map((name) => `${head} refs/heads/${name}\n`).join("");
    writeFileSync(join(home.tree, ".git/packed-refs"), `# pack-refs with: peeled fully-peeled \n${refs}`);
    const found: string[] = [];
    let page = await home.run(branch);
    for (;;) {
      found.push(...(page.branches ?? []).map(({ name }) => name));
      if (!page.truncated) break;
      page = await home.run(branch, { cursor: page.cursor });
    }
    expect(found.toSorted()).toEqual([...names, "main"].toSorted());
  });

  test("a list takes no lock", async () => {
    await home.run(branch);
    expect(existsSync(join(home.path, ".warmtree/lock"))).toBe(false);
  });

  test("any name that the input takes is made, listed, and switched to", async () => {
    const word = fc.string({
      unit: fc.constantFrom("a", "b", "-", ".", "@", "é", "日", "/", "#", "$", "'", '"', "%", "!"),
      minLength: 1,
      maxLength: 10,
    });
    const name = word.filter((text) => branchName.safeParse(text).success);
    await fc.assert(
      fc.asyncProperty(name, async (made) => {
        const created = await home.run(branch, { name: made, create: true });
        expect(created.current).toBe(made);
        expect((await home.run(branch)).branches?.map((one) => one.name)).toContain(made);
        await home.run(branch, { name: "main" });
        expect(await home.run(branch, { name: made })).toMatchObject({ current: made });
        await home.run(branch, { name: "main" });
        home.git("branch", "-qD", "--", made);
      }),
      { numRuns: FEW_RUNS },
    );
    expect(readFileSync(join(home.tree, ".git/HEAD"), "utf8")).toBe("ref: refs/heads/main\n");
  });
});
