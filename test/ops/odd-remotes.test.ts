import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { branch } from "../../src/ops/branch.ts";
import { clone } from "../../src/ops/clone.ts";
import { diff } from "../../src/ops/diff.ts";
import { edit } from "../../src/ops/edit.ts";
import { log } from "../../src/ops/log.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { read } from "../../src/ops/read.ts";
import { seed as makeSeed } from "../../src/ops/probes/base-clone.ts";
import { status } from "../../src/ops/status.ts";
import { git, Home, Seed } from "./support.ts";

let seed: Seed;
let home: Home;

function begin(format?: string): void {
  seed = new Seed(undefined, format);
  git(seed.bare, "config", "uploadpack.allowFilter", "true");
  git(seed.bare, "config", "uploadpack.allowAnySHA1InWant", "true");
  home = new Home(`file://${seed.bare}`);
}

function publish(content: string, to?: string): string {
  writeFileSync(join(seed.tree, "a.txt"), content);
  return seed.publish(content.trim(), to);
}

afterEach(() => {
  home.remove();
  seed.remove();
});

const ADA = { agent_id: "ada", task_id: "t1" };
const NEW = { files: [{ path: "new.txt", content: "new\n" }] };

describe("a repository whose objects are named by SHA-256", () => {
  beforeEach(() => {
    begin("sha256");
    publish("one\n");
  });

  test.each([
    {},
    { shallow: true },
    { filter: "tree:0", sparse: ["docs"] },
    { shallow: true, tag: "v1" },
    { shallow: true, sha: true },
  ])("%s: is cloned, changed, pushed and pulled", async ({ tag, sha, ...how }: { tag?: string; sha?: boolean }) => {
    seed.git("tag", "v1");
    git(seed.bare, "tag", "v1", "main");
    const revision = sha ? seed.git("rev-parse", "HEAD") : tag;
    const opened = await home.run(clone, { ...ADA, ...how, branch: "main", revision });
    expect(opened.head).toMatch(/^[0-9a-f]{64}$/);
    expect(await home.run(status)).toMatchObject({ clean: true, branch: "agent/ada/t1" });
    await home.run(edit, NEW);
    expect((await home.run(diff)).files).toHaveLength(1);
    expect(await home.run(push, { message: "new" })).toMatchObject({ pushed: true });
    publish("two\n");
    expect(await home.run(pull)).toMatchObject({ from: "main", behind: 1 });
    publish("three\n");
    await home.run(edit, { files: [{ path: "more.txt", content: "more\n" }] });
    expect(await home.run(push, { message: "more", to: "main" })).toMatchObject({ pushed: true, tree: "current" });
  });

  test("a snapshot of it serves clones", async () => {
    await home.perform(makeSeed);
    const head = publish("two\n");
    home.seedHead = git(seed.bare, "rev-parse", "main~1");
    expect(await home.run(clone, ADA)).toMatchObject({ head, seed: "used" });
    await home.run(edit, NEW);
    expect(await home.run(push, { message: "new" })).toMatchObject({ pushed: true });
  });
});

describe.each([{}, ADA])("a remote whose HEAD names a branch that is not there (%s)", (who) => {
  beforeEach(() => {
    begin();
    git(seed.bare, "symbolic-ref", "HEAD", "refs/heads/gone");
  });

  test.each([false, true])("with one branch, that is what is started from (shallow: %s)", async (shallow) => {
    publish("one\n");
    const head = publish("two\n", "trunk");
    git(seed.bare, "update-ref", "-d", "refs/heads/main");
    git(seed.bare, "update-ref", "refs/heads/agent/bob/t1", "trunk");
    if (!("agent_id" in who)) git(seed.bare, "update-ref", "-d", "refs/heads/agent/bob/t1");
    expect(await home.run(clone, { ...who, shallow })).toMatchObject({ head, base: "trunk", shallow });
    await home.run(edit, NEW);
    const { to } = await home.run(push, { message: "new" });
    expect(git(seed.bare, "rev-parse", `${to}~1`)).toBe(head);
    expect(await home.run(pull)).toMatchObject({ from: "trunk", shallow });
  });

  test.each([false, true])(
    "with several, it is main or master, or the caller says which (shallow: %s)",
    async (shallow) => {
      const head = publish("one\n", "b1");
      publish("two\n", "b2");
      expect(await home.failure(clone, { ...who, shallow })).toMatchObject({
        code: "ref_not_found",
        field: "branch",
        message: expect.stringContaining("b1, b2."),
      });
      expect(await home.run(clone, { ...who, shallow, branch: "b1" })).toMatchObject({ head, base: "b1" });
      for (const name of ["master", "main"]) {
        const wanted = publish(`${name}\n`, name);
        const other = new Home(home.remote.url);
        expect(await other.run(clone, { ...who, shallow })).toMatchObject({ base: name, head: wanted, shallow });
        other.remove();
      }
    },
  );
});

describe("tags that moved", () => {
  beforeEach(async () => {
    begin();
    publish("one\n");
    git(seed.bare, "tag", "v1", "main");
    await home.run(clone, ADA);
    publish("two\n");
    git(seed.bare, "tag", "-f", "v1", "main");
    git(seed.bare, "tag", "v2", "main");
  });

  test("come with a pull; those that only the workspace has stay", async () => {
    home.git("tag", "mine");
    await home.run(pull);
    expect(await home.run(read, { path: "a.txt", ref: "v1" })).toMatchObject({ content: "two\n" });
    expect((await home.run(log, { ref: "v2" })).commits).toHaveLength(2);
    expect(home.git("tag", "--list")).toBe("mine\nv1\nv2");
  });
});

describe("the first push into an empty repository tells what became its default branch", () => {
  beforeEach(async () => {
    begin();
    await home.run(clone, ADA);
    await home.run(edit, NEW);
  });

  test("none, where the host's HEAD names another", async () => {
    expect(await home.run(push, { message: "new" })).toMatchObject({ to: "agent/ada/t1", default_branch: null });
    await home.run(edit, { files: [{ path: "more.txt", content: "more\n" }] });
    expect(await home.run(push, { message: "more" })).not.toHaveProperty("default_branch");
    expect(await home.run(push, { to: "main" })).not.toHaveProperty("default_branch");
  });

  test("the pushed one, where that is what HEAD names", async () => {
    expect(await home.run(push, { message: "new", to: "main" })).toMatchObject({ default_branch: "main" });
    await home.run(branch, { name: "other", create: true });
    expect(await home.run(push)).not.toHaveProperty("default_branch");
  });
});
