import { execFile, execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type LfsFaults, objectFile } from "../../scripts/sample-remote/lfs.ts";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { type GitServer, startGitServer } from "../../scripts/sample-remote/server.ts";
import { Cleanups } from "../../scripts/support/cleanups.ts";
import { callOperation } from "../../scripts/support/client.ts";
import { listen } from "../../scripts/support/listen.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { pointerOf } from "../../src/ops/output/lfs-pointer.ts";
import { call } from "../support/worker.ts";
import { post } from "./mcp-post.ts";

const TOKEN = "tok_lfs_91d0c84e55b7";
const BASIC = `Basic ${btoa(`x-access-token:${TOKEN}`)}`;
const hasGitLfs = spawnSync("git", ["lfs", "version"]).status === 0;

interface Received {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

const cleanups = new Cleanups();
const received: Received[] = [];
let git: GitServer;
let stack: Stack;
/** A host of LFS objects that the operator allows. */
let storage: string;
let storageStatus = 200;
let withToken: { headers: Record<string, string> };
let repo_url: string;
/** A workspace for edits that are refused. */
let unchanged: string;

beforeAll(async () => {
  const root = mkdtempSync(join(tmpdir(), "warmtree-lfs-"));
  cleanups.add(async () => rmSync(root, { recursive: true, force: true }));
  git = await startGitServer({
    root,
    auth: { repositories: ["media"], tokens: { "x-access-token": TOKEN } },
  });
  cleanups.add(() => git.close());
  await makeRepository(root, "media", {
    history: [
      { message: "first", files: { ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "a.txt": "a\n" } },
    ],
  });
  const store = async (request: IncomingMessage, response: ServerResponse) => {
    received.push({ method: request.method, headers: request.headers, bytes: await buffer(request) });
    response.writeHead(storageStatus, { Location: "/elsewhere" }).end();
  };
  const server = createServer((request, response) => void store(request, response));
  storage = `http://127.0.0.1:${await listen(server, 0)}`;
  cleanups.add(() => new Promise<void>((resolve) => server.close(() => resolve())));
  cleanups.add(async () => server.closeAllConnections());
  stack = await startStack({ bindings: { ALLOWED_GIT_HOSTS: `${git.url},${storage}` } });
  cleanups.add(() => stack.close());
  withToken = { headers: { "X-Git-Token": `${git.url}=${TOKEN}` } };
  repo_url = `${git.url}/media.git`;
  unchanged = await workspace();
});
afterAll(() => cleanups.run());
afterEach(() => {
  git.setFaults({});
  storageStatus = 200;
  received.length = 0;
});

let tasks = 0;
let objects = 0;
const workspace = async () =>
  (await call(stack, "clone", { repo_url, agent_id: "ada", task_id: `t${++tasks}` }, withToken)).sandbox_id;

/** Returns an object of its own for each test. */
function media() {
  const bytes = Buffer.concat([Buffer.from([0, 1, 2, 255, 13, 10]), Buffer.from(`object ${++objects}\n`)]);
  const oid = createHash("sha256").update(bytes).digest("hex");
  const object = { oid, size: bytes.length };
  return { bytes, object, file: objectFile(join(git.root, "media.git"), oid), pointer: pointerOf(object) };
}

const remoteFile = (branch: string, path: string) =>
  execFileSync("git", ["-C", join(git.root, "media.git"), "show", `${branch}:${path}`], { encoding: "utf8" });

/** Returns the problem of an edit that is refused, and checks that the tree is still clean. */
async function refusal(bytes: Buffer, options: { readonly headers: Record<string, string> } = withToken) {
  const sandbox_id = unchanged;
  const files = [
    { path: "a.txt", content: "changed\n" },
    { path: "x.bin", base64: bytes.toString("base64") },
  ];
  const { status, json, headers } = await callOperation(stack.url, "edit", { sandbox_id, files }, options);
  expect(await call(stack, "status", { sandbox_id })).toMatchObject({ clean: true });
  return { status, json, headers };
}

test("an edit stores the object and writes its pointer, and a push sends that", async () => {
  const sandbox_id = await workspace();
  const { bytes, object, file, pointer } = media();
  const before = git.counters().lfs;
  const files = [
    { path: "x.bin", base64: bytes.toString("base64") },
    { path: "same.bin", base64: bytes.toString("base64") },
    { path: "b.txt", content: "b\n" },
  ];
  const edited = await call(stack, "edit", { sandbox_id, files }, withToken);
  expect(edited["lfs"]).toEqual(["same.bin", "x.bin"].map((path) => ({ path, ...object, uploaded: true })));
  expect(readFileSync(file).equals(bytes)).toBe(true);
  // Batch, upload and verify: two files with the same content take one upload.
  expect(git.counters().lfs - before).toBe(3);
  expect(await call(stack, "read", { sandbox_id, path: "x.bin" })).toMatchObject({ content: pointer, lfs: object });
  const { branch } = await call(stack, "push", { sandbox_id, message: "m" }, withToken);
  expect(remoteFile(String(branch), "x.bin")).toBe(pointer);
  expect(remoteFile(String(branch), "b.txt")).toBe("b\n");

  const again = await call(stack, "edit", { sandbox_id, files: [{ ...files[0], path: "y.bin" }] }, withToken);
  expect(again["lfs"]).toEqual([{ path: "y.bin", ...object, uploaded: false }]);
  expect(git.counters().lfs - before).toBe(4);
  const same = await call(stack, "edit", { sandbox_id, files: [files[0]] }, withToken);
  expect(same).toMatchObject({ changed: [], unchanged: ["x.bin"], lfs: [{ path: "x.bin", uploaded: false }] });
});

test.skipIf(!hasGitLfs)("git-lfs gets the object of a pushed edit", async () => {
  const sandbox_id = await workspace();
  const { bytes } = media();
  const files = [{ path: "x.bin", base64: bytes.toString("base64") }];
  await call(stack, "edit", { sandbox_id, files }, withToken);
  const { branch } = await call(stack, "push", { sandbox_id, message: "m" }, withToken);
  const folder = mkdtempSync(join(tmpdir(), "warmtree-lfs-clone-"));
  cleanups.add(async () => rmSync(folder, { recursive: true, force: true }));
  const env = { PATH: process.env["PATH"], HOME: folder, GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" };
  // This process is also the git host, so it must not block.
  const gitHere = async (...args: string[]) => (await promisify(execFile)("git", args, { cwd: folder, env })).stdout;
  await gitHere("lfs", "install", "--skip-repo");
  const url = repo_url.replace("http://", `http://x-access-token:${TOKEN}@`);
  await gitHere("clone", "-q", "-b", String(branch), url, "clone");
  expect(readFileSync(join(folder, "clone", "x.bin")).equals(bytes)).toBe(true);
  expect(await gitHere("-C", "clone", "status", "--porcelain")).toBe("");
});

interface Fault {
  readonly name: string;
  readonly lfs: LfsFaults;
  readonly problem: [number, object];
  readonly says: string;
}

const faults: Fault[] = [
  { name: "no LFS", lfs: { batch: { status: 404 } }, problem: [400, { code: "invalid_input" }], says: "takes no LFS" },
  { name: "a page", lfs: { batch: { body: "<p>" } }, problem: [400, { code: "invalid_input" }], says: "takes no LFS" },
  {
    name: "no permission",
    lfs: { batch: { status: 403, body: '{"message":"You may\\nnot \\u001b[31mwrite"}' } },
    problem: [403, { code: "git_auth_failed" }],
    says: "(You may not write)",
  },
  { name: "overload", lfs: { batch: { status: 503 } }, problem: [502, { code: "git_unreachable" }], says: "later" },
  {
    name: "a redirect",
    lfs: { batch: { status: 302 } },
    problem: [403, { code: "host_not_allowed" }],
    says: "redirects are not followed",
  },
  {
    name: "a full quota",
    lfs: { batch: { status: 507, body: '{"message":"no quota"}' } },
    problem: [409, { code: "push_rejected" }],
    says: "refused 'x.bin' (no quota)",
  },
  {
    name: "a refused object",
    lfs: { refuse: "too large" },
    problem: [409, { code: "push_rejected" }],
    says: "refused 'x.bin' (too large)",
  },
  {
    name: "another object",
    lfs: { batch: { body: '{"objects":[]}' } },
    problem: [409, { code: "push_rejected" }],
    says: "does not name the object",
  },
  { name: "no upload", lfs: { upload: 422 }, problem: [409, { code: "push_rejected" }], says: "(no upload)" },
  { name: "overload then", lfs: { upload: 500 }, problem: [502, { code: "git_unreachable" }], says: "later" },
  { name: "no verification", lfs: { verify: 404 }, problem: [409, { code: "push_rejected" }], says: "refused 'x.bin'" },
  {
    name: "a private address",
    lfs: { href: "https://10.0.0.1/object" },
    problem: [403, { code: "host_not_allowed" }],
    says: "https://10.0.0.1, which",
  },
  {
    name: "another port of this machine",
    lfs: { href: "http://127.0.0.1:9/object" },
    problem: [403, { code: "host_not_allowed" }],
    says: "http://127.0.0.1:9, which",
  },
];

test.each(faults)("$name: told, and nothing changes", async ({ lfs, problem: [expected, problem], says }) => {
  git.setFaults({ lfs });
  const { status, json } = await refusal(media().bytes);
  expect([status, json]).toMatchObject([expected, { ...problem, work: { pushed: false, tree: "unchanged" } }]);
  expect(json).toMatchObject({ detail: expect.stringMatching(/Nothing was changed/) });
  expect(json).toMatchObject({ detail: expect.stringContaining(says) });
});

test("a host that names a time: the answer has it", async () => {
  git.setFaults({ fail: { count: 1, status: 429, retryAfterS: 7 } });
  const { json, headers } = await refusal(media().bytes);
  expect(json).toMatchObject({ code: "git_unreachable", retry_after: 7 });
  expect(headers.get("Retry-After")).toBe("7");
});

test("without a credential, or with a wrong one: git_auth_failed, and nothing is stored", async () => {
  const { bytes, file } = media();
  for (const headers of [{}, { "X-Git-Token": `${git.url}=tok_wrong_5d41402abc4b` }]) {
    const { status, json } = await refusal(bytes, { headers });
    expect([status, json]).toMatchObject([403, { code: "git_auth_failed" }]);
  }
  expect(existsSync(file)).toBe(false);
});

test("another host gets the object and the headers for it, and never the credential", async () => {
  const sandbox_id = await workspace();
  const { bytes } = media();
  const header = { "X-Signature": "s1", Authorization: "echo", "X-Copy": "echo", Host: "other.example" };
  git.setFaults({ lfs: { href: `${storage}/bucket/1?sig=2`, header, verify: 200 } });
  const files = [{ path: "x.bin", base64: bytes.toString("base64") }];
  expect(await call(stack, "edit", { sandbox_id, files }, withToken)).toMatchObject({ lfs: [{ uploaded: true }] });
  expect(received).toMatchObject([
    { method: "PUT", bytes, headers: { "x-signature": "s1", "content-type": "application/octet-stream" } },
  ]);
  const sent = JSON.stringify(received.map(({ headers }) => headers));
  for (const secret of [TOKEN, BASIC, BASIC.slice("Basic ".length), "other.example"]) {
    expect(sent).not.toContain(secret);
  }
});

test.each([302, 403])("another host that answers %d: refused, and no redirect is followed", async (status) => {
  storageStatus = status;
  git.setFaults({ lfs: { href: `${storage}/bucket/1` } });
  const code = status === 302 ? "host_not_allowed" : "push_rejected";
  expect((await refusal(media().bytes)).json).toMatchObject({ code });
  expect(received).toHaveLength(1);
});

/** Returns the answer of git_run. */
async function run(sandbox_id: string, steps: object[]): Promise<string> {
  const message = { method: "tools/call", params: { name: "git_run", arguments: { sandbox_id, steps } } };
  return (await post(`${stack.url}/mcp`, message, withToken.headers)).text();
}

test("a step of git_run stores objects, and the steps after it go on", async () => {
  const sandbox_id = await workspace();
  const { bytes, file, pointer } = media();
  const steps = [
    { op: "edit", files: [{ path: "b.txt", content: "b\n" }] },
    { op: "edit", files: [{ path: "x.bin", base64: bytes.toString("base64") }] },
    { op: "push", message: "m", to: `run-${tasks}` },
  ];
  const starts = () => stack.host.counters().byRoute["process.Process/Start"] ?? 0;
  const before = starts();
  const answer = await run(sandbox_id, steps);
  expect(answer).toContain("uploaded");
  expect(answer).not.toContain("isError");
  expect(readFileSync(file).equals(bytes)).toBe(true);
  expect(remoteFile(`run-${tasks}`, "x.bin")).toBe(pointer);
  // Three processes: the steps, the edit with its pointer, and the push.
  expect(starts() - before).toBe(3);
});

test("a step of git_run whose object is refused: the steps before it are told as done", async () => {
  const sandbox_id = await workspace();
  git.setFaults({ lfs: { refuse: "too large" } });
  const answer = await run(sandbox_id, [
    { op: "edit", files: [{ path: "b.txt", content: "b\n" }] },
    { op: "edit", files: [{ path: "x.bin", base64: media().bytes.toString("base64") }] },
    { op: "push", message: "m" },
  ]);
  expect(answer).toContain("push_rejected");
  expect(answer).toContain("b.txt");
  expect(await call(stack, "status", { sandbox_id })).toMatchObject({ untracked: ["b.txt"] });
});
