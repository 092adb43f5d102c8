import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type GitServer, startGitServer } from "../../scripts/sample-remote/server.ts";
import { clone } from "../../src/ops/clone.ts";
import { pull } from "../../src/ops/pull.ts";
import { push } from "../../src/ops/push.ts";
import { seed as makeSeed, seedState } from "../../src/ops/probes/base-clone.ts";
import { status } from "../../src/ops/status.ts";
import { fetchPack, wantedBetween } from "../../src/remote/fetch-pack.ts";
import { remoteRefs } from "../../src/remote/ls-refs.ts";
import { until } from "../support/until.ts";
import { git, Home, Seed } from "./support.ts";

const TOKEN = "tok_77d1e0a95b2c4f68";
const authorization = `Basic ${btoa(`x-access-token:${TOKEN}`)}`;
/** The setup starts a dozen git processes. */
const SETUP_MS = 60_000;
const homes: Home[] = [];
let server: GitServer;
let origin: Seed;
let maker: Home;

function newHome(): Home {
  const home = new Home(`${server.url}/remote.git`);
  home.remote = { ...home.remote, authorization };
  homes.push(home);
  return home;
}

const incoming = (bytes: AsyncIterable<Uint8Array>) => ({ path: ".warmtree/tmp.pack", bytes });
const seedOf = (home: Home) => join(home.path, ".warmtree/seed");

function commitAt(path: string, text: string, branch = "main"): string {
  writeFileSync(join(origin.tree, path), text);
  return origin.publish(`change ${path}`, branch);
}

async function begin(): Promise<void> {
  origin = new Seed();
  mkdirSync(join(origin.tree, "src"));
  writeFileSync(join(origin.tree, "crlf.txt"), "a\r\nb\r\n");
  writeFileSync(join(origin.tree, "src/a.txt"), "1\n");
  commitAt("b.txt", "1\n");
  origin.git("tag", "v1");
  origin.git("push", "-q", "origin", "v1", "main:old", "main:goes");
  const tokens = { "x-access-token": TOKEN };
  server = await startGitServer({ root: origin.path, auth: { repositories: ["remote"], tokens } });
  maker = newHome();
}

async function end(): Promise<void> {
  await server.close();
  origin.remove();
  maker.remove();
}

afterEach(() => {
  server.setFaults({});
  for (const home of homes.splice(0)) if (home !== maker) home.remove();
});

describe("the seed", () => {
  beforeAll(begin, SETUP_MS);
  afterAll(end);

  test("is a full clone at the default branch, without a local branch and without a credential", async () => {
    expect(await maker.perform(seedState)).toEqual({ state: "none", head: null, branch: null, bytes: 0, refs: null });
    const made = await maker.perform(makeSeed);
    expect(made).toMatchObject({ head: origin.git("rev-parse", "HEAD"), branch: "main" });
    expect(made.bytes).toBeGreaterThan(0);
    const at = seedOf(maker);
    expect(git(at, "for-each-ref", "--format=%(refname)", "refs/heads")).toBe("");
    expect(git(at, "branch", "-r", "--format=%(refname:lstrip=3)")).toBe("HEAD\ngoes\nmain\nold");
    expect(git(at, "tag")).toBe("v1");
    expect(git(at, "status", "--porcelain")).toBe("");
    expect(made.refs).toBe(git(at, "for-each-ref", "--format=%(objectname) %(refname)"));
    for (const entry of readdirSync(maker.path, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const text = readFileSync(join(entry.parentPath, entry.name), "latin1");
      expect(text.includes(TOKEN) || text.includes(authorization.slice("Basic ".length)), entry.name).toBe(false);
    }
  });

  test("made again is brought up to date", async () => {
    const at = seedOf(maker);
    writeFileSync(join(at, "left"), "behind");
    writeFileSync(join(at, "b.txt"), "changed");
    origin.git("push", "-q", "origin", ":goes");
    const head = commitAt("c.txt", "1\n", "next");
    git(origin.bare, "symbolic-ref", "HEAD", "refs/heads/next");
    const { seconds, ...facts } = await maker.perform(makeSeed);
    expect(facts).toMatchObject({ head, branch: "next" });
    expect(seconds).toBeLessThan(60);
    expect(git(at, "status", "--porcelain", "--ignored")).toBe("");
    expect(git(at, "branch", "-r")).not.toContain("goes");
    expect(await maker.perform(seedState)).toEqual({ state: "ready", ...facts });
  });

  test("that lost its objects is cloned anew, and one that was cut off is none", async () => {
    const at = seedOf(maker);
    rmSync(join(at, ".git/objects/pack"), { recursive: true });
    const head = commitAt("d.txt", "1\n", "next");
    expect(await maker.perform(makeSeed)).toMatchObject({ head });
    expect(git(at, "rev-list", "--count", "HEAD")).toBe("3");
    server.setFaults({ delayMs: 200 });
    const stop = new AbortController();
    const running = maker.perform(makeSeed, stop.signal).catch(() => undefined);
    await until("a seed is under way", () => existsSync(join(maker.path, ".warmtree/new")));
    expect(await maker.perform(seedState)).toMatchObject({ state: "making" });
    stop.abort();
    await running;
    await expect.poll(() => maker.perform(seedState)).toMatchObject({ state: "none" });
    server.setFaults({});
    expect(await maker.perform(makeSeed)).toMatchObject({ head });
  });

  test("of an empty repository is none", async () => {
    git(origin.path, "init", "-q", "--bare", "-b", "main", "empty.git");
    const home = newHome();
    home.remote = { url: `${server.url}/empty.git` };
    expect(await home.perform(makeSeed)).toMatchObject({ head: null, branch: null });
    expect(await home.perform(seedState)).toMatchObject({ state: "none" });
  });
});

describe("a clone from a seed", () => {
  let seedHead = "";
  let seedRefs = "";

  beforeAll(async () => {
    await begin();
    const { head, refs } = await maker.perform(makeSeed);
    seedHead = head ?? "";
    seedRefs = refs ?? "";
    // Changes since the seed: other line ends; new, moved and deleted branches and tags; another default branch.
    writeFileSync(join(origin.tree, ".gitattributes"), "* text=auto\n");
    commitAt("b.txt", "2\n");
    commitAt("crlf.txt", "a\nc\n", "agent/ada/t2");
    origin.git("tag", "-f", "v1");
    origin.git("tag", "v2");
    origin.git("push", "-q", "-f", "origin", "v1", "v2", "main:new", 'main:a"b;c#d', "main:main", ":goes", ":old");
    origin.git("push", "-q", "origin", "main:old/deeper");
    git(origin.bare, "symbolic-ref", "HEAD", "refs/heads/new");
  }, SETUP_MS);
  afterAll(end);

  /** Returns a home as in a sandbox that was started from a snapshot of the maker. */
  function fromSnapshot(): Home {
    const home = newHome();
    cpSync(maker.path, home.path, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    home.seedHead = seedHead;
    return home;
  }

  /** Returns the same home for a Worker that got the remote's refs in time. */
  async function told(): Promise<Home> {
    const home = fromSnapshot();
    home.remoteRefs = await remoteRefs(home.remote, new AbortController().signal);
    expect(home.remoteRefs).toBeDefined();
    return home;
  }

  /** Returns the same home for a Worker that has also fetched the new objects. */
  async function sent(): Promise<Home> {
    const home = await told();
    const wanted = wantedBetween(seedRefs, home.remoteRefs?.list ?? "");
    home.pack = incoming(fetchPack(home.remote, wanted, new AbortController().signal));
    return home;
  }

  const discoveriesOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = server.counters().discoveries;
    await work();
    return server.counters().discoveries - before;
  };

  const fetchesOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = server.counters().fetches;
    await work();
    return server.counters().fetches - before;
  };

  /** Returns all state in which clones can differ. */
  function stateOf(home: Home) {
    const net = join(home.path, ".warmtree/net.git");
    return {
      refs: home.git("for-each-ref", "--format=%(refname) %(objectname) %(symref) %(upstream)"),
      head: readFileSync(join(home.tree, ".git/HEAD"), "utf8"),
      config: home.git("config", "--local", "--list").split("\n").sort(),
      changes: home.git("status", "--porcelain", "--ignored"),
      index: home.git("ls-files", "-s", "-t"),
      files: readdirSync(home.tree, { recursive: true }).filter((path) => !/^\.git\b/.test(String(path))),
      net: [readFileSync(join(net, "config"), "utf8"), git(net, "for-each-ref")],
      // Settling writes its files later, when it ends.
      beside: readdirSync(join(home.path, ".warmtree")).filter((name) => name !== "git.config"),
    };
  }

  test.each([
    ["the default branch", {}],
    ["an agent's branch", { agent_id: "ada", task_id: "t1" }],
    ["an agent's branch that is there already", { branch: "main", agent_id: "ada", task_id: "t2" }],
    ["a branch with a strange name", { branch: 'a"b;c#d', agent_id: "ada", task_id: "t1" }],
    ["a tag", { branch: "v1" }],
    ["an agent's branch from a tag", { branch: "v2", agent_id: "ada", task_id: "t1" }],
    ["an older commit", { branch: "main", revision: "v1" }],
  ])("of %s is as any other", async (_, asked) => {
    const fresh = newHome();
    const home = fromSnapshot();
    const expected = await fresh.run(clone, asked);
    expect(await home.run(clone, asked)).toEqual({ ...expected, timing: expect.any(Object), seed: "used" });
    expect(stateOf(home)).toEqual(stateOf(fresh));
    const knowing = await told();
    const cloned = { ...expected, timing: expect.any(Object), seed: "used" };
    expect(await fetchesOf(async () => expect(await knowing.run(clone, asked)).toEqual(cloned))).toBe(1);
    expect(stateOf(knowing)).toEqual(stateOf(fresh));
    const given = await sent();
    expect(await discoveriesOf(async () => expect(await given.run(clone, asked)).toEqual(cloned))).toBe(0);
    expect(stateOf(given)).toEqual(stateOf(fresh));
    expect(given.git("fsck")).toBe("");
  });

  async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
    for (const text of texts) yield new TextEncoder().encode(text);
  }

  async function* breakingOff(): AsyncGenerator<Uint8Array> {
    yield* pieces("PACK\0\0\0\x02\0\0\0\x02");
    throw new Error("the host is gone");
  }

  /** Sends a pack that claims to be complete but has only the newest commits' objects, and none before them. */
  async function* newestCommitOnly(): AsyncGenerator<Uint8Array> {
    const objects = git(origin.bare, "rev-list", "--objects", "--no-walk", "--all");
    yield execFileSync("git", ["pack-objects", "-q", "--stdout"], { cwd: origin.bare, input: objects });
  }

  test.each([
    ["breaks off", breakingOff],
    ["never begins", () => pieces()],
    ["is something else", () => pieces("<html>")],
  ])("whose pack %s fetches by itself", async (_, pack) => {
    const home = await told();
    home.pack = incoming(pack());
    const fresh = newHome();
    await fresh.run(clone);
    expect(await discoveriesOf(async () => expect(await home.run(clone)).toMatchObject({ seed: "used" }))).toBe(1);
    expect(stateOf(home)).toEqual(stateOf(fresh));
    expect(readdirSync(join(home.tree, ".git/objects/pack")).filter((name) => name.startsWith("tmp_"))).toEqual([]);
  });

  test("whose pack does not end fetches by itself after a while, as the Worker may be gone", async () => {
    const home = await told();
    const over = Promise.withResolvers<void>();
    async function* stalling(): AsyncGenerator<Uint8Array> {
      yield* pieces("PACK");
      await over.promise;
    }
    home.pack = incoming(stalling());
    const script = clone.script.replace('"$HOME/$pack" 30', '"$HOME/$pack" 1');
    expect(script).not.toBe(clone.script);
    expect(await home.run({ ...clone, script })).toMatchObject({ seed: "used", created: true });
    over.resolve();
    expect(existsSync(join(home.path, ".warmtree/tmp.pack"))).toBe(false);
  });

  test("whose news are names alone fetches nothing", async () => {
    const newest = newHome();
    const { head } = await newest.perform(makeSeed);
    newest.seedHead = head ?? "";
    git(origin.bare, "update-ref", "refs/heads/same", "main");
    newest.remoteRefs = await remoteRefs(newest.remote, new AbortController().signal);
    newest.pack = "none";
    expect(await fetchesOf(() => newest.run(clone))).toBe(0);
    expect(newest.git("rev-parse", "origin/same")).toBe(git(origin.bare, "rev-parse", "main"));
    git(origin.bare, "update-ref", "-d", "refs/heads/same");
  });

  test("that was told of nothing new asks the remote for nothing", async () => {
    const newest = newHome();
    const { head } = await newest.perform(makeSeed);
    newest.seedHead = head ?? "";
    newest.remoteRefs = await remoteRefs(newest.remote, new AbortController().signal);
    expect(await fetchesOf(() => newest.run(clone))).toBe(0);
    const fresh = newHome();
    await fresh.run(clone);
    expect(stateOf(newest)).toEqual(stateOf(fresh));
  });

  test("that was told of what the remote has no more asks by itself", async () => {
    const home = await told();
    const { head = "", list = "" } = home.remoteRefs ?? {};
    home.remoteRefs = { head, list: list.replace(/[0-9a-f]+ (?=\S+\/main$)/m, `${"0".repeat(39)}1 `) };
    const fresh = newHome();
    await fresh.run(clone);
    expect(await home.run(clone)).toMatchObject({ seed: "used" });
    expect(stateOf(home)).toEqual(stateOf(fresh));
  });

  test("shows nothing new to whom the remote has closed meanwhile", async () => {
    const home = await told();
    home.remote = { ...home.remote, authorization: `Basic ${btoa("x-access-token:wrong")}` };
    expect(await home.failure(clone)).toMatchObject({ code: "git_auth_failed" });
    expect(existsSync(home.tree)).toBe(false);
  });

  test("has everything, so that knobs narrow only what is checked out", async () => {
    const home = fromSnapshot();
    const cloned = await home.run(clone, { sparse: ["src"], shallow: true, filter: "tree:0", branch: "main" });
    expect(cloned).toMatchObject({ seed: "used", sparse: ["src"], shallow: false, filter: null });
    expect(readdirSync(home.tree).sort()).toEqual([".git", ".gitattributes", "b.txt", "crlf.txt", "src"]);
    expect(await home.run(status)).toMatchObject({ clean: true });
    expect(home.git("rev-list", "--count", "HEAD")).toBe(git(origin.bare, "rev-list", "--count", "main"));
  });

  test("can be pushed from and pulled into, has the whole history, and is found again", async () => {
    const home = fromSnapshot();
    const { timing, head } = await home.run(clone, { branch: "main" });
    expect(timing).toEqual({ fetch_ms: expect.any(Number), checkout_ms: expect.any(Number) });
    expect(await home.run(clone)).toMatchObject({ created: false, timing: {}, head });
    expect(home.git("rev-list", "--count", "HEAD")).toBe(origin.git("rev-list", "--count", "HEAD"));
    commitAt("theirs.txt", "1\n");
    writeFileSync(join(home.tree, "mine.txt"), "1\n");
    expect(await home.run(push, { message: "mine" })).toMatchObject({ rebased: true, pushed: true });
    expect(await home.run(pull)).toMatchObject({ how: "nothing_new" });
    expect(await home.run(status)).toMatchObject({ clean: true, ahead: 0, behind: 0 });
  });

  test("shows nothing to whom the repository does not open, and is made by the next who may", async () => {
    const home = fromSnapshot();
    home.remote = { ...home.remote, authorization: `Basic ${btoa("x-access-token:wrong")}` };
    expect(await home.failure(clone)).toMatchObject({ code: "git_auth_failed" });
    expect(existsSync(home.tree)).toBe(false);
    home.remote = { ...home.remote, authorization };
    expect(await home.failure(clone, { branch: "nope" })).toMatchObject({ code: "ref_not_found" });
    server.setFaults({ fail: { count: 2, status: 503 } });
    expect(await home.failure(clone)).toMatchObject({ code: "git_unreachable" });
    expect(await home.run(clone)).toMatchObject({ seed: "used" });
  });

  test.each([
    ["is on another commit", (home: Home) => (home.seedHead = seedHead.replace(/./g, "0"))],
    ["has lost its objects", (home: Home) => rmSync(join(seedOf(home), ".git/objects/pack"), { recursive: true })],
    ["is not there", (home: Home) => rmSync(seedOf(home), { recursive: true })],
  ])("that %s goes the ordinary way, and says so", async (_, spoil) => {
    const home = fromSnapshot();
    spoil(home);
    expect(await home.run(clone)).toMatchObject({ seed: "unsound", created: true });
    expect(existsSync(seedOf(home))).toBe(false);
    expect(home.git("fsck")).toBe("");
  });

  test("that was killed leaves no tree, and the next call clones the ordinary way", async () => {
    const home = fromSnapshot();
    server.setFaults({ delayMs: 200 });
    const stop = new AbortController();
    const running = home.raw(clone, { repo_url: "https://git.example/o/r" }, stop.signal);
    await until("a clone is under way", () => existsSync(join(home.path, ".warmtree/new")));
    stop.abort();
    await running;
    expect(existsSync(home.tree)).toBe(false);
    server.setFaults({});
    expect(await home.run(clone)).toMatchObject({ created: true });
  });

  test("asks for refs once where the default branch has a commit of its own, and twice where two could be it", async () => {
    const asked = async () => {
      const home = fromSnapshot();
      const before = server.counters().fetches;
      const { seed, branch, head } = await home.run(clone);
      return { seed, branch, head, fetches: server.counters().fetches - before };
    };
    git(origin.bare, "update-ref", "refs/heads/new", "refs/heads/main");
    const both = { seed: "used", branch: "new", head: git(origin.bare, "rev-parse", "main") };
    expect(await asked()).toEqual({ ...both, fetches: 3 });
    origin.receive();
    const head = commitAt("new.txt", "1\n", "new");
    expect(await asked()).toEqual({ ...both, head, fetches: 2 });
  });

  test("that was sent too little fails, and is made the ordinary way by the next call", async () => {
    const home = await told();
    commitAt("between.txt", "1\n");
    commitAt("newest.txt", "1\n");
    home.remoteRefs = await remoteRefs(home.remote, new AbortController().signal);
    home.pack = incoming(newestCommitOnly());
    expect(await home.failure(clone)).toMatchObject({ code: "git_unreachable" });
    expect(existsSync(home.tree)).toBe(false);
    home.pack = undefined;
    expect(await home.run(clone)).toMatchObject({ created: true });
    expect(home.git("fsck")).toBe("");
  });
});
