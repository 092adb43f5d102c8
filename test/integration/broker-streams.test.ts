import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { peakMib } from "../../scripts/harness/process-cost.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { pushBody } from "../broker/support.ts";
import { type Gate, startGate } from "../support/gate.ts";
import { leaseKey, LeaseHolder } from "../../scripts/harness/lease-holder.ts";
import { remoteGit } from "../support/worker.ts";

const MIB = 1024 * 1024;
/** Noise of the Worker's memory from one second to the next; a pack held in memory would be three times that. */
const NOISE_MIB = 10;

let stack: Stack;
let folder: string;
let gate: Gate;
let holder: LeaseHolder;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "warmtree-streams-"));
  const key = leaseKey();
  gate = await startGate();
  stack = await startStack({ bindings: { LEASE_KEY: key.setting, ALLOWED_GIT_HOSTS: gate.url } });
  gate.lead(stack.git.url);
  await makeRepository(stack.git.root, "small", { files: 20, commits: 60 });
  const refs = [{ ref: "refs/heads/*", may: "write" }] as const;
  holder = new LeaseHolder({ worker: stack.url, host: gate.url, key: key.bytes, refs });
});
afterAll(async () => {
  await stack.close();
  await gate.shut();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs plain git with a lease for a repository; throws on anything but success. */
async function git(repository: string, ...args: string[]): Promise<string> {
  const { code, said } = await holder.git(await holder.lease(repository), ...args);
  if (code !== 0) throw new Error(said);
  return said.trimEnd();
}

const headers = async (more: Record<string, string>) => ({
  Authorization: `Bearer ${await holder.lease("small")}`,
  ...more,
});

describe("bodies in gzip", () => {
  test("of a fetch, as git sends them, go on as they are", async () => {
    const place = join(folder, "gzip");
    await git("small", "clone", "-q", holder.at("small"), place);
    // Commits of the clone alone are a kilobyte of `have` lines, which git compresses.
    for (let n = 0; n < 40; n++) await git("small", "-C", place, "commit", "-q", "--allow-empty", "-m", `${n}`);
    const tree = remoteGit(stack, "small", "rev-parse", "main^{tree}");
    const author = ["-c", "user.name=n", "-c", "user.email=n@example.com"];
    const commit = remoteGit(stack, "small", ...author, "commit-tree", tree, "-m", "new");
    remoteGit(stack, "small", "update-ref", "refs/heads/new", commit);
    gate.received();
    await git("small", "-C", place, "fetch", "-q", holder.at("small"), "new:new");
    expect(gate.received().map((each) => each["content-encoding"])).toContain("gzip");
    expect(await git("small", "-C", place, "rev-parse", "new")).toBe(commit);
  });

  test("of a push are unpacked, judged and sent on", async () => {
    const place = join(folder, "packed");
    await git("small", "clone", "-q", holder.at("small"), place);
    await git("small", "-C", place, "commit", "-q", "--allow-empty", "-m", "packed");
    const commit = await git("small", "-C", place, "rev-parse", "HEAD");
    const revisions = { input: `${commit}\n^${commit}^\n` };
    const pack = execFileSync("git", ["-C", place, "pack-objects", "--stdout", "-q", "--revs"], revisions);
    const push = async (ref: string) => {
      const head = pushBody({ commands: [["0".repeat(40), commit, ref]], pack: "" });
      const body = gzipSync(Buffer.concat([head, pack]));
      const type = "application/x-git-receive-pack-request";
      const init = {
        method: "POST",
        headers: await headers({ "Content-Type": type, "Content-Encoding": "gzip" }),
        body,
      };
      return (await fetch(`${holder.at("small")}/git-receive-pack`, init)).text();
    };
    expect(await push("refs/heads/packed")).toContain("ok refs/heads/packed");
    expect(remoteGit(stack, "small", "rev-parse", "packed")).toBe(commit);
    expect(await push("refs/tags/packed")).toContain("ng refs/tags/packed warmtree: this operation may change only");
  });

  test("of a git host are unpacked", async () => {
    gate.setFaults({ packs: true });
    expect(await git("small", "clone", "-q", holder.at("small"), join(folder, "unpacked"))).toBe("");
    gate.setFaults({});
  });
});

test("only known headers pass to the git host, and from it", async () => {
  gate.received();
  const strange = { Cookie: "a=b", "X-Forwarded-For": "10.0.0.1", "X-Git-Token": "none" };
  const answer = await fetch(`${holder.at("small")}/info/refs?service=git-upload-pack`, {
    headers: await headers({ ...strange, "Git-Protocol": "version=2" }),
  });
  expect(await answer.text()).toContain("version 2");
  const names = Object.keys(gate.received()[0] ?? {});
  expect(names).toContain("git-protocol");
  expect(names.filter((name) => /cookie|forwarded|token|authorization/.test(name))).toEqual([]);
  // Every response of the Worker has these headers.
  const own = await fetch(`${stack.url}/nothing`);
  const known = ["transfer-encoding", ...own.headers.keys()].filter((name) => name !== "x-request-id");
  expect([...answer.headers.keys()].filter((name) => !known.includes(name))).toEqual([]);
});

test("an error's text reaches git without the credential, and a page of a git host as text", async () => {
  const token = "tok_8c1f7e2d4b6a9035";
  const authorization = `Basic ${btoa(`x-access-token:${token}`)}`;
  const lease = await holder.lease("small", { authorization });
  const ask = () =>
    fetch(`${holder.at("small")}/info/refs?service=git-upload-pack`, { headers: { Authorization: `Bearer ${lease}` } });
  const said = (got = "") => `no: ${got} ${atob(got.replace("Basic ", ""))}`;
  const plain = { "Content-Type": "text/plain" };
  gate.setFaults({ instead: (got) => ({ status: 403, headers: plain, body: said(got.authorization) }) });
  const refused = await ask();
  const words = await refused.text();
  expect([refused.status, words]).toEqual([403, expect.stringMatching(/^no: /)]);
  expect([token, authorization, btoa(token)].filter((secret) => words.includes(secret))).toEqual([]);
  const html = { "Content-Type": "text/html", "Set-Cookie": "a=b" };
  gate.setFaults({ instead: () => ({ status: 200, headers: html, body: "<script>" }) });
  const page = await ask();
  gate.setFaults({});
  expect([page.headers.get("Content-Type"), page.headers.get("Set-Cookie")]).toEqual(["text/plain", null]);
});

test("a body over the limit of the platform is refused in words before it is read", async () => {
  const sent = request(`${holder.at("small")}/git-receive-pack`, {
    method: "POST",
    headers: await headers({ "Content-Length": "101000000" }),
  });
  const answer = new Promise<[number | undefined, string]>((resolve, reject) => {
    sent.on("error", reject);
    sent.on(
      "response",
      (response) => void text(response).then((words) => resolve([response.statusCode, words]), reject),
    );
  });
  sent.flushHeaders();
  expect(await answer).toEqual([413, expect.stringContaining("fewer commits at a time")]);
  sent.destroy();
});

describe.skipIf(!existsSync("/proc/self/clear_refs"))("the Worker's memory", () => {
  const peak = (work: () => Promise<unknown>) => peakMib(stack.workerPid(), work);

  async function peaksOf(mib: number): Promise<{ push: number; clone: number }> {
    const name = `large${mib}`;
    const place = join(folder, name);
    execFileSync("git", ["init", "-q", "--bare", "-b", "main", join(stack.git.root, `${name}.git`)]);
    execFileSync("git", ["init", "-q", "-b", "main", place]);
    writeFileSync(join(place, "blob"), randomBytes(mib * MIB));
    await git(name, "-C", place, "add", ".");
    await git(name, "-C", place, "commit", "-q", "-m", "large");
    const push = await peak(() => git(name, "-C", place, "push", "-q", holder.at(name), "main"));
    const clone = await peak(() => git(name, "clone", "-q", holder.at(name), `${place}-again`));
    const [sent, got] = [place, `${place}-again`].map((each) => readFileSync(join(each, "blob")));
    expect(got !== undefined && sent?.equals(got)).toBe(true);
    return { push, clone };
  }

  test("is the same for 30 MB as for 1 MB", async () => {
    const [small, large] = [await peaksOf(1), await peaksOf(30)];
    console.log(JSON.stringify({ small, large }));
    expect(large.push - small.push).toBeLessThan(NOISE_MIB);
    expect(large.clone - small.clone).toBeLessThan(NOISE_MIB);
  });
});
