import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import type { Lease } from "../../src/broker/lease.ts";
import { leaseKey, LeaseHolder } from "../../scripts/harness/lease-holder.ts";
import { remoteGit } from "../support/worker.ts";

const TOKEN = "tok_5d3c1b9a7f804e26";
const OWN = "HEAD:refs/heads/agent/a/b";
const [newest, before] = [leaseKey(), leaseKey()];

let stack: Stack;
let folder: string;
/** A clone with a commit that the remote lacks. */
let clone: string;
let thief: LeaseHolder;

const push = async (refspec: string, change?: Partial<Lease>) =>
  thief.git(await thief.lease("private", change), "-C", clone, "push", "--porcelain", thief.at("private"), refspec);
const list = async (lease: string | Promise<string>, repository = "private") =>
  thief.git(await lease, "ls-remote", thief.at(repository));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "warmtree-leases-"));
  stack = await startStack({
    bindings: { LEASE_KEY: `${newest.setting},${before.setting}` },
    remoteAuth: { repositories: ["private", "other"], tokens: { "x-access-token": TOKEN } },
  });
  for (const name of ["private", "other"]) await makeRepository(stack.git.root, name, { files: 5, commits: 3 });
  remoteGit(stack, "private", "tag", "v1", "main~1");
  remoteGit(stack, "private", "config", "receive.advertisePushOptions", "true");
  thief = new LeaseHolder({
    worker: stack.url,
    host: stack.git.url,
    key: newest.bytes,
    refs: [{ ref: "refs/heads/agent/a/b", may: "write" }],
    authorization: `Basic ${btoa(`x-access-token:${TOKEN}`)}`,
  });
  clone = join(folder, "clone");
  const lease = await thief.lease("private");
  expect(await thief.git(lease, "clone", "-q", thief.at("private"), clone)).toMatchObject({ code: 0 });
  await thief.git("", "-C", clone, "commit", "-q", "--allow-empty", "-m", "stolen");
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true, force: true });
});

const refsThere = (repository = "private") => remoteGit(stack, repository, "for-each-ref");

describe("a lease serves", () => {
  test.each(["0", "1", "2"])("a fetch and a push in protocol version %s", async (version) => {
    const lease = await thief.lease("private");
    const git = (...args: string[]) => thief.git(lease, "-c", `protocol.version=${version}`, ...args);
    const address = thief.at("private");
    expect(await git("clone", "-q", address, join(folder, `v${version}`))).toEqual({ code: 0, said: "" });
    expect(await git("-C", clone, "push", "-q", address, "HEAD:refs/heads/agent/a/b")).toEqual({ code: 0, said: "" });
    expect(
      await push(":refs/heads/agent/a/b", { refs: [{ ref: "refs/heads/agent/a/b", may: "delete" }] }),
    ).toMatchObject({
      code: 0,
    });
  });

  test("with the key before the newest", async () => {
    expect(await list(thief.lease("private", {}, before.bytes))).toMatchObject({ code: 0 });
  });
});

describe("a stolen lease is refused, in words that git prints,", () => {
  test.each<[string, () => Promise<{ code: number; said: string }>, string]>([
    ["for another repository", () => list(thief.lease("private"), "other"), "another repository"],
    ["that is none", () => list("x"), "takes a lease"],
    ["for another service", () => push(OWN, { services: ["git-upload-pack"] }), "does not allow a push"],
    ["after its time", () => push(OWN, { expires_at: Date.now() - 1 }), "expired"],
    ["of another key", () => list(thief.lease("private", {}, leaseKey().bytes)), "none of its own"],
    [
      "when its host is no longer allowed",
      () => list(thief.lease("private", { url: "https://evil.example/private" })),
      "not among the hosts",
    ],
    ["for another ref", () => push("HEAD:refs/heads/main"), "may change only refs/heads/agent/a/b"],
    ["for a tag", () => push("HEAD:refs/tags/v9"), "may change only refs/heads/agent/a/b"],
    ["for a deletion", () => push(":refs/heads/main"), "may change only"],
    [
      "for a tag that is there",
      () => push("+HEAD:refs/tags/v1", { refs: [{ ref: "refs/tags/v1", may: "create" }] }),
      "tags are never moved",
    ],
    [
      "for a push with options",
      async () =>
        thief.git(await thief.lease("private"), "-C", clone, "push", "-o", "ci.skip", thief.at("private"), OWN),
      "push options are not passed on",
    ],
  ])("%s", async (_, steal, words) => {
    const pushesBefore = stack.git.counters().pushes;
    const refsBefore = [refsThere(), refsThere("other")];
    const { code, said } = await steal();
    expect(said).toContain(words);
    expect(code).not.toBe(0);
    expect([refsThere(), refsThere("other")]).toEqual(refsBefore);
    expect(stack.git.counters().pushes).toBe(pushesBefore);
    expect(said).not.toContain(TOKEN);
  });

  test("with any part changed", async () => {
    const [header = "", key = "", iv = "", text = "", tag = ""] = (await thief.lease("private")).split(".");
    const turned = (part: string) => (part.startsWith("A") ? "B" : "A") + part.slice(1);
    for (const parts of [
      [turned(header), key, iv, text, tag],
      [header, "AAAA", iv, text, tag],
      [header, key, turned(iv), text, tag],
      [header, key, iv, turned(text), tag],
      [header, key, iv, text, turned(tag)],
    ]) {
      expect(await list(parts.join("."))).toMatchObject({
        code: 128,
        said: expect.stringContaining("none of its own"),
      });
    }
  });

  test("with every ref that is wrong, each with its reason, and nothing of the push is done", async () => {
    const refsBefore = refsThere();
    const args = [
      "-C",
      clone,
      "push",
      "--porcelain",
      thief.at("private"),
      OWN,
      "HEAD:refs/heads/main",
      "HEAD:refs/tags/v8",
    ];
    const { said } = await thief.git(await thief.lease("private"), ...args);
    expect(said).toContain("[remote rejected] (warmtree: another ref of this push is refused");
    expect(
      said.match(/^remote: warmtree: refs\/(?:heads\/main|tags\/v8): this operation may change only/gm),
    ).toHaveLength(2);
    expect(refsThere()).toBe(refsBefore);
  });
});

describe("beside git's own requests, the broker answers", () => {
  const ask = async (path: string, init?: RequestInit) => {
    const answer = await fetch(`${stack.url}/broker/${path}`, init);
    return { status: answer.status, type: answer.headers.get("Content-Type"), text: await answer.text() };
  };

  test.each([
    ["", 404],
    ["github.com/a/b", 404],
    ["github.com/a/b.git", 404],
    ["github.com/a/b.git/HEAD", 404],
    ["github.com/a/b.git/objects/info/packs", 404],
    ["github.com/a/b.git/info/refs", 404],
    ["github.com/a/b.git/info/refs?service=git-upload-archive", 404],
    ["github.com/a/b.git/git-upload-pack", 404],
    ["github.com/a/b.git/info/refs?service=git-upload-pack", 403],
  ])("%s with %i in text", async (path, status) => {
    expect(await ask(path)).toMatchObject({ status, type: expect.stringContaining("text/plain") });
  });

  test("LFS in its own form of an error", async () => {
    const answer = await ask("github.com/a/b.git/info/lfs/objects/batch", { method: "POST", body: "{}" });
    expect(answer).toMatchObject({ status: 501, type: "application/vnd.git-lfs+json" });
    expect(JSON.parse(answer.text)).toEqual({ message: expect.stringContaining("pointers") });
  });
});
