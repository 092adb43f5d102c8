import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { clone } from "../../src/ops/clone.ts";
import { edit } from "../../src/ops/edit.ts";
import { probeBeforePause } from "../../src/ops/probes/tree-state.ts";
import { unpushedWork, type WorkFacts } from "../../src/ops/probes/unpushed-work.ts";
import { cloneForEach, git, Home, type Seed } from "./support.ts";
import { commit, homeWith, treeOf, write } from "./trees.ts";

const CLONED = { agent_id: "ada", task_id: "t" };
const FIRST = { "a.txt": "a\nb\nc\n", "gone.txt": "gone\n", "crlf.txt": "a\r\n", "eol.txt": "a\n", "run.sh": "x\n" };
const ATTRIBUTES = { ".gitattributes": "eol.txt text eol=crlf\n", ".gitignore": "*.log\n" };

let home: Home;
let seed: Seed;
cloneForEach(
  (origin) => {
    write(origin, { ...FIRST, ...ATTRIBUTES });
    origin.publish("first");
  },
  CLONED,
  (made) => ({ home, seed } = made),
);

interface Saved {
  readonly facts: WorkFacts;
  readonly folder: string;
}

/** Saves the work as a tar, and unpacks it for plain git. */
async function save(of: Home, maxBytes?: number): Promise<Saved> {
  const parts: Uint8Array[] = [];
  const begun: WorkFacts[] = [];
  const begin = (facts: WorkFacts) => {
    begun.push(facts);
    return async (bytes: Uint8Array) => void parts.push(bytes);
  };
  const facts = await of.perform(unpushedWork, undefined, { begin, ...(maxBytes === undefined ? {} : { maxBytes }) });
  const tar = Buffer.concat(parts);
  expect(begun).toEqual([facts]);
  expect(tar.length).toBe(facts.tarBytes);
  const folder = join(of.path, "saved");
  mkdirSync(folder);
  execFileSync("tar", ["-xf", "-", "-C", folder], { input: tar });
  const sizeOf = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name)).length : 0);
  expect([sizeOf("work.bundle"), sizeOf("work.patch")]).toEqual([facts.bundleBytes, facts.patchBytes]);
  return { facts, folder };
}

/** Follows the tar's README with plain git, in a clone of the remote. @returns that clone */
function restore({ folder }: Saved, remote = seed.bare): Home {
  const restored = new Home("file:///nowhere");
  git(restored.path, "clone", "-q", remote, "repo");
  const steps = readFileSync(join(folder, "README"), "utf8").matchAll(/^ {4}git (\S+) (.+?)(?: {3,}.*)?$/gm);
  for (const [, verb = "", words = ""] of steps) {
    const paths = words.split(" ").map((word) => word.replace(/^\.\.\//, `${folder}/`));
    const file = paths.find((path) => path.startsWith(folder));
    if (file === undefined || existsSync(file)) git(restored.tree, verb, ...paths);
  }
  return restored;
}

const restoredHomes: Home[] = [];
afterEach(() => {
  for (const each of restoredHomes.splice(0)) each.remove();
});

async function expectRestored(of = home, remote = seed.bare): Promise<Home> {
  const saved = await save(of);
  const restored = restore(saved, remote);
  restoredHomes.push(restored);
  expect(treeOf(restored)).toEqual(inGit(treeOf(of)));
  if (saved.facts.head !== "") expect(restored.git("rev-parse", "HEAD")).toBe(of.git("rev-parse", "HEAD"));
  return restored;
}

/** Returns a tree without files that git does not keep: ignored files and empty folders. */
const inGit = (tree: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(tree).filter(([path]) => !/(?:\.log|\/)$/.test(path)));

test("commits, changes, new, deleted, renamed and binary files, modes, links and line ends come back with plain git", async () => {
  commit(home, { "b.txt": "committed\n", "dir/c.txt": "c\n" }, "one");
  git(home.tree, "mv", "dir/c.txt", "moved.txt");
  write(home, { "a.txt": "a\nchanged\nc\n", "crlf.txt": "b\r\n", "eol.txt": "a\r\nb\r\n", 'new/ü "q".txt': "new" });
  write(home, { link: "-> a.txt", "ignored.log": "x" });
  writeFileSync(join(home.tree, "binary"), Buffer.from([0, 255, 1, 254]));
  execFileSync("chmod", ["+x", join(home.tree, "run.sh")]);
  git(home.tree, "rm", "-q", "gone.txt");
  const before = home.git("status", "--porcelain");
  await expectRestored();
  expect(home.git("status", "--porcelain")).toBe(before);
  expect(existsSync(join(home.path, ".warmtree/tmp.work"))).toBe(false);
});

test("every local branch is in the bundle, and so is a HEAD on none", async () => {
  home.git("switch", "-q", "-c", "other");
  const other = commit(home, { "o.txt": "o\n" }, "other");
  home.git("switch", "-q", "--detach", "origin/main");
  const detached = commit(home, { "d.txt": "d\n" }, "detached");
  const saved = await save(home);
  expect(saved.facts).toMatchObject({ head: detached, branch: "", patchBytes: 0 });
  expect(saved.facts.bases).toEqual([home.git("rev-parse", "origin/main")]);
  const restored = restore(saved);
  restoredHomes.push(restored);
  expect(restored.git("rev-parse", "HEAD")).toBe(detached);
  expect(restored.git("cat-file", "-t", other)).toBe("commit");
});

test("a change without a commit is a patch alone, of the commit that it names", async () => {
  await home.run(edit, { files: [{ path: "a.txt", content: "x\n" }] });
  const { facts } = await save(home);
  expect(facts).toMatchObject({
    bundleBytes: 0,
    bases: [],
    head: home.git("rev-parse", "HEAD"),
    branch: "agent/ada/t",
  });
});

test("a folder in the place of a file, and a file in the place of a folder", async () => {
  commit(home, { "dir/x": "x\n" }, "one");
  execFileSync("rm", ["-r", join(home.tree, "dir"), join(home.tree, "gone.txt")]);
  write(home, { dir: "file\n", "gone.txt/in.txt": "in\n" });
  await expectRestored();
});

test("an open merge comes back as the files are, with their markers", async () => {
  seed.receive();
  write(seed, { "a.txt": "a\ntheirs\nc\n" });
  seed.publish("theirs");
  commit(home, { "a.txt": "a\nours\nc\n" }, "ours");
  home.git("fetch", "-q");
  expect(() => home.git("merge", "-q", "origin/main")).toThrow();
  write(home, { "new.txt": "new\n" });
  expect(home.git("ls-files", "--unmerged")).not.toBe("");
  expect(treeOf(home)["a.txt"]).toContain("<<<<<<<");
  await expectRestored();
});

test.each([{ shallow: true }, { filter: "blob:none" }])("the work of a clone that is not whole: %j", async (how) => {
  write(seed, { "a.txt": "second\n" });
  seed.publish("second");
  git(seed.bare, "config", "uploadpack.allowFilter", "true");
  git(seed.bare, "config", "uploadpack.allowAnySHA1InWant", "true");
  const part = new Home(`file://${seed.bare}`);
  restoredHomes.push(part);
  await part.run(clone, { ...CLONED, ...how });
  commit(part, { "a.txt": "a\nb\nc\n", "n.txt": "n\n" }, "one");
  write(part, { "gone.txt": "changed\n" });
  await expectRestored(part);
});

test("before the first commit, the files are a patch of nothing", async () => {
  const empty = homeWith();
  restoredHomes.push(empty);
  git(empty.path, "init", "-q", "--bare", "remote.git");
  write(empty, { "a.txt": "a\n" });
  await expectRestored(empty, join(empty.path, "remote.git"));
});

test("without unpushed work it says so, and without a clone too", async () => {
  write(home, { "ignored.log": "x" });
  await expect(save(home)).rejects.toMatchObject({ code: "nothing_unpushed" });
  const none = new Home("file:///nowhere");
  restoredHomes.push(none);
  await expect(save(none)).rejects.toMatchObject({ code: "not_cloned" });
});

test.each([
  ["commits", (big: string) => commit(home, { big }, "big")],
  ["a new file", (big: string) => write(home, { big })],
])("more than may leave is refused by size: %s", async (_, make) => {
  make(Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString("hex"));
  await expect(save(home, 50_000)).rejects.toMatchObject({ code: "too_expensive", message: /0\.05 MB/ });
  expect(home.git("count-objects", "-v")).not.toContain("garbage: 1");
});

test("it waits for a change that is at work, and is not begun while the pool pauses", async () => {
  write(home, { "new.txt": "n\n" });
  await home.perform(probeBeforePause);
  await expect(save(home)).rejects.toMatchObject({ code: "workspace_busy" });
});
