import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { log } from "../../src/ops/log.ts";
import { FEW_RUNS } from "../support/runs.ts";
import { copiesOf, type Home } from "./support.ts";
import { commit, fingerprint, homeWith } from "./trees.ts";

let home: Home;

const copy = copiesOf(() => homeWith({ "a.txt": "a\n" }));

beforeEach(() => {
  home = copy();
});

afterEach(() => home.remove());

/** Makes empty commits with these messages, oldest first: `git fast-import` needs no subprocess for each. */
function importCommits(at: Home, authors: readonly { name: string; email: string; message: string }[]): void {
  const stream = authors.map(({ name, email, message }, n) => {
    const who = `${name} <${email}> ${1_700_000_000 + n} +0130`;
    const from = n === 0 ? "" : `from :${n}\n`;
    return `commit refs/heads/made\nmark :${n + 1}\nauthor ${who}\ncommitter ${who}\ndata ${Buffer.byteLength(message)}\n${message}\n${from}\n`;
  });
  execFileSync("git", ["fast-import", "--quiet", "--force"], { cwd: at.tree, input: stream.join("") });
}

test("tells who, when, what, and what it came from", async () => {
  home.git(
    "commit",
    "-q",
    "--allow-empty",
    "--date=2024-01-02T03:04:05+06:00",
    "-m",
    "Subject\nstill subject\n\nBody\n\nmore\n",
  );
  const [head, parent] = [home.git("rev-parse", "HEAD"), home.git("rev-parse", "HEAD~1")];
  const { commits, truncated } = await home.run(log);
  expect(commits[0]).toEqual({
    sha: head,
    parents: [parent],
    author: "Tester",
    email: "tester@example.com",
    date: "2024-01-02T03:04:05+06:00",
    subject: "Subject still subject",
    body: "Body\n\nmore",
  });
  expect(commits[1]).toMatchObject({ sha: parent, parents: [], subject: "first" });
  expect(commits[1]).not.toHaveProperty("body");
  expect(truncated).toBe(false);
});

test("begins at a commit, and keeps to a path", async () => {
  const second = commit(home, { "d/b.txt": "b\n" }, "second");
  commit(home, { "a.txt": "changed\n" }, "third");
  home.git("update-ref", "refs/remotes/origin/feature", "HEAD~1");
  const subjects = async (input: object) => (await home.run(log, input)).commits.map(({ subject }) => subject);
  expect(await subjects({ ref: second })).toEqual(["second", "first"]);
  expect(await subjects({ ref: "feature" })).toEqual(["second", "first"]);
  expect(await subjects({ path: "a.txt" })).toEqual(["third", "first"]);
  expect(await subjects({ path: "d", ref: "HEAD" })).toEqual(["second"]);
  expect(await subjects({ path: "never" })).toEqual([]);
  expect(await home.failure(log, { ref: "nowhere" })).toMatchObject({
    code: "ref_not_found",
    message: expect.stringContaining("nowhere"),
  });
});

test("shows both parents of a merge", async () => {
  home.git("switch", "-qc", "side");
  const side = commit(home, { "b.txt": "b\n" }, "side");
  home.git("switch", "-q", "main");
  const main = commit(home, { "c.txt": "c\n" }, "main");
  home.git("merge", "-q", "--no-edit", "side");
  expect((await home.run(log, { limit: 1 })).commits).toMatchObject([{ parents: [main, side] }]);
});

test("has no commits in an empty repository, and works with HEAD on no branch", async () => {
  home.git("checkout", "-q", "--detach");
  expect((await home.run(log)).commits).toHaveLength(1);
  const bare = homeWith();
  try {
    expect(await bare.run(log)).toEqual({ commits: [], truncated: false });
    expect(await bare.failure(log, { ref: "HEAD" })).toMatchObject({ code: "ref_not_found" });
    rmSync(join(bare.tree, ".git"), { recursive: true });
    expect(await bare.failure(log)).toMatchObject({ code: "not_cloned" });
  } finally {
    bare.remove();
  }
});

test("git that fails is not an empty history", async () => {
  const head = home.git("rev-parse", "HEAD");
  rmSync(join(home.tree, ".git/objects", head.slice(0, 2), head.slice(2)));
  expect(await home.failure(log)).toMatchObject({ code: "git_failed" });
});

test("pages joined are the whole history; a body is cut", async () => {
  const authors = Array.from({ length: 45 }, (_, n) => ({
    name: "A",
    email: "a@b",
    message: `subject ${n}\n\n${"y".repeat(n === 44 ? 9000 : 0)}`,
  }));
  importCommits(home, authors);
  const subjects: string[] = [];
  let page = await home.run(log, { ref: "made" });
  expect(page.commits).toHaveLength(20);
  expect(page.commits[0]?.body).toHaveLength(4000);
  subjects.push(...page.commits.map(({ subject }) => subject));
  while (page.truncated) {
    page = await home.run(log, { ref: "made", cursor: page.cursor });
    subjects.push(...page.commits.map(({ subject }) => subject));
  }
  expect(subjects).toEqual(authors.map((_, n) => `subject ${44 - n}`));
});

test("any author and message comes back as git keeps it, and nothing is written", async () => {
  const word = fc.string({
    unit: fc.constantFrom("a", " ", "é", "日", "\t", '"', "%", "H", "\\", "\x01", "x00"),
    minLength: 1,
    maxLength: 12,
  });
  const name = word.map((text) => `N${text}.`);
  const message = fc
    .tuple(word, fc.array(word, { maxLength: 4 }))
    .map(([subject, body]) => `s${subject}\n\n${body.map((line) => `b${line}`).join("\n")}`);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ name, message }), { minLength: 1, maxLength: 8 }), async (made) => {
      importCommits(
        home,
        made.map((one) => ({ ...one, email: "e@x" })),
      );
      const before = fingerprint(home);
      const { commits } = await home.run(log, { ref: "made" });
      expect(commits.map(({ author, subject, body }) => ({ author, subject, body: body ?? "" }))).toEqual(
        made.toReversed().map((one) => ({
          author: one.name,
          subject: one.message.split("\n")[0]?.trimEnd(),
          body: one.message.split("\n").slice(2).join("\n").trimEnd(),
        })),
      );
      expect(fingerprint(home)).toBe(before);
    }),
    { numRuns: FEW_RUNS },
  );
});

test("between two commits, since, until, by whom", async () => {
  importCommits(
    home,
    ["one", "two", "three", "four"].map((message, n) => ({
      name: n % 2 === 0 ? "Ada [bot]" : "Bob",
      email: `a.b+${n}@example.com`,
      message,
    })),
  );
  home.git("switch", "-q", "made");
  home.git("tag", "v2", "made~2");
  const subjects = async (input: object) => (await home.run(log, input)).commits.map(({ subject }) => subject);
  expect(await subjects({ ref: "v2..made" })).toEqual(["four", "three"]);
  expect(await subjects({ ref: "v2.." })).toEqual(["four", "three"]);
  expect(await subjects({ ref: "..made" })).toEqual([]);
  expect(await subjects({ ref: "made..v2" })).toEqual([]);
  expect(await home.failure(log, { ref: "nowhere..made" })).toMatchObject({
    code: "ref_not_found",
    message: expect.stringContaining("'nowhere'"),
  });
  await expect(home.run(log, { ref: "v2...made" })).rejects.toThrow(/'a..b'/);
  for (const ref of [undefined, "made"]) {
    expect(await subjects({ ref, author: "ada [b" })).toEqual(["three", "one"]);
    expect(await subjects({ ref, author: "b+1@" })).toEqual(["two"]);
    expect(await subjects({ ref, author: "a.*" })).toEqual([]);
    const third = new Date(1_700_000_002_000).toISOString();
    expect(await subjects({ ref, since: third })).toEqual(["four", "three"]);
    expect(await subjects({ ref, since: third.replace("Z", "+00:00"), until: third })).toEqual(["three"]);
    expect(await subjects({ ref, until: "2023-11-13" })).toEqual([]);
    expect(await subjects({ ref, since: "2023-11-14", until: "2023-11-14" })).toHaveLength(4);
    expect(await subjects({ ref, since: "2023-11-15" })).toEqual([]);
  }
  for (const since of ["yesterday", "2023-13-01", "--all"]) {
    await expect(home.run(log, { since })).rejects.toThrow(/RFC 3339/);
  }
});

test("what each commit changed, when asked", async () => {
  commit(home, { "a.txt": "changed\n", "d/n\new": "n\n", R100: "r\n" }, "changed\n\nbody");
  home.git("switch", "-qc", "side", "HEAD~1");
  commit(home, { "side.txt": "s\n" }, "side");
  home.git("switch", "-q", "main");
  home.git("merge", "-q", "--no-ff", "-m", "merge", "side");
  home.git("commit", "-q", "--allow-empty", "-m", "nothing");
  home.git("mv", "d/n\new", "moved");
  home.git("rm", "-q", "R100");
  home.git("commit", "-qm", "moved");
  const { commits } = await home.run(log, { files: true });
  const told = Object.fromEntries(commits.map(({ subject, files }) => [subject, files]));
  expect(told).toEqual({
    moved: [
      { path: "R100", change: "deleted" },
      { path: "moved", change: "renamed", from: "d/n\new" },
    ],
    nothing: undefined,
    merge: [{ path: "side.txt", change: "added" }],
    side: [{ path: "side.txt", change: "added" }],
    changed: [
      { path: "R100", change: "added" },
      { path: "a.txt", change: "modified" },
      { path: "d/n\new", change: "added" },
    ],
    first: [{ path: "a.txt", change: "added" }],
  });
  expect(commits.find(({ subject }) => subject === "changed")?.body).toBe("body");
  expect((await home.run(log, { files: true, ref: "HEAD~1..", limit: 1 })).commits[0]?.files).toEqual(told["moved"]);
  const many = Object.fromEntries(Array.from({ length: 201 }, (_, n) => [`many/${n}`, `${n}\n`]));
  commit(home, many, "many");
  const [newest] = (await home.run(log, { files: true, limit: 1 })).commits;
  expect(newest).toMatchObject({ files_truncated: true });
  expect(newest?.files).toHaveLength(200);
  commit(home, { ".gitmodules": '[submodule "e"]\n\tpath = sub\n\tupdate = !no\n' }, "settings that git refuses");
  expect((await home.run(log, { files: true, limit: 1 })).commits[0]?.files).toHaveLength(1);
});
