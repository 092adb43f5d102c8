import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { leaseKey, LeaseHolder } from "../../scripts/harness/lease-holder.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { newSigningKey } from "../../scripts/support/api-key.ts";
import { callOperation } from "../../scripts/support/client.ts";
import { connect } from "../../scripts/support/mcp-client.ts";
import { bytesOf } from "../../src/signing/payload.ts";
import { type Signer, signerOf } from "../../src/signing/signer.ts";
import { signedId } from "../../src/signing/signed-object.ts";
import { call, hostedSandboxes, remoteGit } from "../support/worker.ts";

const MAKER = { name: "Warmtree", email: "agent@warmtree.invalid" };
const key = leaseKey();

let stack: Stack;
let repo_url: string;
let signer: Signer;
beforeAll(async () => {
  const signing = await newSigningKey();
  signer = await signerOf(bytesOf(atob(signing.key)));
  stack = await startStack({ bindings: { SIGNING_KEY: signing.key, LEASE_KEY: key.setting } });
  repo_url = `${stack.git.url}/small.git`;
  await makeRepository(stack.git.root, "small", { files: 5, commits: 3 });
});
afterAll(() => stack.close());

const upstream = (...args: string[]) => remoteGit(stack, "small", ...args);
const tip = (task: string) => upstream("rev-parse", `agent/signing/${task}`);

/** Whether the service signed a commit or tag of the remote. */
async function isSigned(id: string): Promise<boolean> {
  const kind = upstream("cat-file", "-t", id);
  const object = execFileSync("git", ["-C", `${stack.git.root}/small.git`, "cat-file", kind, id]);
  return (await signedId(object, 40, [signer], MAKER)) === id;
}
/** Returns, for each commit of a branch that main lacks, newest first, whether the service signed it. */
async function signedOf(task: string): Promise<boolean[]> {
  const commits = upstream("rev-list", `main..agent/signing/${task}`).split("\n");
  return Promise.all(commits.map((id) => isSigned(id)));
}

async function workspace(task_id: string): Promise<string> {
  const { sandbox_id } = await call(stack, "clone", { repo_url, agent_id: "signing", task_id });
  return sandbox_id;
}
const write = (sandbox_id: string, path: string, content: string) =>
  call(stack, "edit", { sandbox_id, files: [{ path, content }] });

/** Runs plain git in the tree of a workspace, like a process beside the operations. */
async function inside(task: string, ...args: string[]): Promise<string> {
  const trees = (await hostedSandboxes(stack)).map(({ tree }) => join(tree, "home/user/repo"));
  const found = trees.find((tree) => branchOf(tree) === `agent/signing/${task}`);
  if (found === undefined) throw new Error(`no sandbox has the workspace of ${task}`);
  const own = ["-c", `user.name=${MAKER.name}`, "-c", `user.email=${MAKER.email}`];
  const { uid, gid } = statSync(found);
  execFileSync("git", ["-C", found, ...own, ...args], { stdio: "pipe", uid, gid });
  return found;
}
const branchOf = (tree: string) =>
  existsSync(`${tree}/.git/HEAD`)
    ? readFileSync(`${tree}/.git/HEAD`, "utf8").trim().replace("ref: refs/heads/", "")
    : "";

describe("what leaves is signed:", () => {
  test("a commit of a push, an amended one, and commits that are applied and reverted", async () => {
    const sandbox_id = await workspace("commit");
    await write(sandbox_id, "a.txt", "a\n");
    await call(stack, "push", { sandbox_id, message: "first" });
    expect(await signedOf("commit")).toEqual([true]);
    await call(stack, "push", { sandbox_id, message: "better", amend: true });
    expect(upstream("log", "-1", "--format=%s", "agent/signing/commit")).toBe("better");
    const first = tip("commit");
    await call(stack, "apply", { sandbox_id, commits: [first], revert: true });
    await call(stack, "apply", { sandbox_id, commits: [first] });
    await call(stack, "push", { sandbox_id });
    expect(await signedOf("commit")).toEqual([true, true, true]);
  });

  test("a merge by pull, one with conflicts, and commits that a push moved", async () => {
    const [one, two] = [await workspace("merge"), await workspace("moved")];
    const to = "agent/signing/merge";
    await write(one, "b.txt", "one\n");
    await call(stack, "push", { sandbox_id: one, message: "one" });
    await write(two, "c.txt", "two\n");
    await call(stack, "push", { sandbox_id: two, message: "two", to });
    expect(await signedOf("merge")).toEqual([true, true]);
    await write(one, "d.txt", "d\n");
    await call(stack, "push", { sandbox_id: one, message: "three", to: "agent/signing/side" });
    await call(stack, "pull", { sandbox_id: one, rebase: false, from: to });
    await call(stack, "push", { sandbox_id: one });
    expect(await signedOf("merge")).toEqual([true, true, true, true]);
    const three = await workspace("conflict");
    await write(three, "b.txt", "other\n");
    await call(stack, "push", { sandbox_id: three, message: "b" });
    const { status } = await callOperation(stack.url, "pull", { sandbox_id: three, rebase: false, from: to });
    expect(status).toBe(409);
    await call(stack, "push", { sandbox_id: three, resolve: { "b.txt": "ours" } });
    expect((await signedOf("conflict")).every(Boolean)).toBe(true);
    expect(upstream("rev-list", "--merges", "--count", "-1", "agent/signing/conflict")).toBe("1");
  });

  test("an annotated tag; a plain one of a commit of the remote needs none", async () => {
    const sandbox_id = await workspace("tag");
    await call(stack, "tag", { sandbox_id, name: "v1", message: "one", push: true });
    expect(await isSigned(upstream("rev-parse", "v1"))).toBe(true);
    await call(stack, "tag", { sandbox_id, name: "old", ref: "HEAD~1", push: true });
    expect(upstream("rev-parse", "old")).toBe(upstream("rev-parse", "main~1"));
  });

  test("the steps of one call", async () => {
    const sandbox_id = await workspace("steps");
    const main = upstream("rev-parse", "main");
    const steps = [
      { op: "apply", commits: [main], revert: true },
      { op: "edit", files: [{ path: "e.txt", content: "e\n" }] },
      { op: "push", message: "e" },
    ];
    const agent = await connect(`${stack.url}/mcp`, "2026-07-28");
    await agent.facts("git_run", { sandbox_id, steps });
    expect(await signedOf("steps")).toEqual([true, true]);
  });

  test("a branch at a commit of the remote goes as it is", async () => {
    const sandbox_id = await workspace("as-is");
    await call(stack, "push", { sandbox_id });
    expect(tip("as-is")).toBe(upstream("rev-parse", "main"));
  });
});

describe("an unsigned commit is refused, and the way out works,", () => {
  test("by the operation", async () => {
    const sandbox_id = await workspace("unsigned");
    await inside("unsigned", "commit", "-q", "--allow-empty", "-m", "beside");
    await write(sandbox_id, "f.txt", "f\n");
    const { status, json } = await callOperation(stack.url, "push", { sandbox_id, message: "f" });
    expect([status, json]).toMatchObject([
      422,
      { code: "rule_broken", rules: [{ rule: "signed" }], work: { pushed: false } },
    ]);
    await call(stack, "restore", { sandbox_id, to: "origin/main", keep: true });
    await call(stack, "push", { sandbox_id, message: "f" });
    expect(await signedOf("unsigned")).toEqual([true]);
  });

  test("by a tag, also if the tag itself is signed", async () => {
    const sandbox_id = await workspace("tagged");
    await inside("tagged", "commit", "-q", "--allow-empty", "-m", "beside");
    const asked = { sandbox_id, name: "beside", message: "m", push: true };
    const refused = { code: "rule_broken", rules: [{ rule: "signed" }] };
    expect((await callOperation(stack.url, "tag", asked)).json).toMatchObject(refused);
    await inside("tagged", "tag", "beside");
    expect((await callOperation(stack.url, "tag", { ...asked, message: undefined })).json).toMatchObject(refused);
    expect(upstream("for-each-ref", "refs/tags/beside")).toBe("");
  });

  test("by the broker, also with a stolen lease", async () => {
    await workspace("thief");
    const tree = await inside("thief", "commit", "-q", "--allow-empty", "-m", "stolen");
    const thief = new LeaseHolder({
      worker: stack.url,
      host: stack.git.url,
      key: key.bytes,
      refs: [{ ref: "refs/heads/agent/*", may: "write" }],
    });
    const lease = await thief.lease("small");
    const push = (...settings: string[]) =>
      thief.git(
        lease,
        "-c",
        "safe.directory=*",
        ...settings,
        "-C",
        tree,
        "push",
        thief.at("small"),
        "HEAD:refs/heads/agent/signing/thief",
      );
    expect(await push()).toMatchObject({ code: 1, said: expect.stringContaining("is not signed: restore {to:") });
    const signed = execFileSync("git", ["-C", `${stack.git.root}/small.git`, "cat-file", "commit", tip("commit")]);
    const other = `http.extraHeader=Warmtree-Signed: ${signed.toString("base64")}`;
    expect(await push("-c", other)).toMatchObject({ code: 1 });
    expect(upstream("for-each-ref", "refs/heads/agent/signing/thief")).toBe("");
  });
});
