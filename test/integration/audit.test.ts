import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod/v4";
import { leaseKey, LeaseHolder } from "../../scripts/harness/lease-holder.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import type { Lease } from "../../src/broker/lease.ts";
import { call, remoteGit } from "../support/worker.ts";

const TOKEN = "tok_7e1f0a9b3c5d2468";
const withToken = { headers: { "X-Git-Token": TOKEN } };
const OWN = "refs/heads/agent/ada/t1";

const lineSchema = z.looseObject({ event: z.literal("audit"), of: z.string(), what: z.string() });
type Line = z.output<typeof lineSchema>;

let stack: Stack;
let folder: string;
let thief: LeaseHolder;
let repo_url: string;
const logged: string[] = [];

const isAudit = (line: string) => line.startsWith('{"event":"audit"');
const linesSince = (from: number): Line[] =>
  logged
    .slice(from)
    .filter(isAudit)
    .map((line) => lineSchema.parse(JSON.parse(line)));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "warmtree-audit-"));
  const key = leaseKey();
  stack = await startStack({
    bindings: { LEASE_KEY: key.setting },
    remoteAuth: { repositories: ["private"], tokens: { "x-access-token": TOKEN } },
    log: (line) => logged.push(line),
  });
  await makeRepository(stack.git.root, "private", { files: 5, commits: 3 });
  repo_url = `${stack.git.url}/private.git`;
  thief = new LeaseHolder({
    worker: stack.url,
    host: stack.git.url,
    key: key.bytes,
    refs: [{ ref: OWN, may: "write" }],
    authorization: `Basic ${btoa(`x-access-token:${TOKEN}`)}`,
  });
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true, force: true });
});

test("a push of an operation has its own line, and one for each request of its git", async () => {
  const { sandbox_id } = await call(stack, "clone", { repo_url, agent_id: "ada", task_id: "t1" }, withToken);
  await call(stack, "edit", { sandbox_id, files: [{ path: "a.txt", content: "said in confidence\n" }] });
  const from = logged.length;
  await call(stack, "push", { sandbox_id, message: "told nobody" }, withToken);
  // The runtime's output comes over a pipe; the operation's line is the last.
  const operationOf = () => linesSince(from).find(({ of, what }) => of === "operation" && what === "push");
  await expect.poll(operationOf).toBeDefined();
  const [operation, lines] = [operationOf(), linesSince(from)];
  const about = { tenant: "dev", key: "ef260e9aa3c6", sandbox_id, verdict: "allowed" };
  expect(operation).toMatchObject({ ...about, what: "push", agent_id: "ada", ms: expect.any(Number) });
  expect(operation?.["repository"]).toMatch(/\/private$/);
  expect(operation?.["refs"]).toEqual(expect.arrayContaining([expect.stringContaining("refs/heads/agent/")]));
  const sent = lines.find(({ of, refs }) => of === "broker" && refs !== undefined);
  expect(sent).toMatchObject({
    ...about,
    what: "git-receive-pack",
    repository: operation?.["repository"],
    operation_request_id: operation?.["request_id"],
    refs: [OWN],
    status: 200,
    bytes_in: expect.any(Number),
  });
});

test.each<[string, string, Partial<Lease>, object]>([
  ["allowed", `HEAD:${OWN}-2`, { refs: [{ ref: `${OWN}-2`, may: "write" }] }, { refs: [`${OWN}-2`], status: 200 }],
  ["refused", "HEAD:refs/heads/main", {}, { refs: ["refs/heads/main"], code: "ref_not_allowed", status: 200 }],
  ["refused", `HEAD:${OWN}`, { services: ["git-upload-pack"] }, { code: "service_not_allowed", status: 403 }],
  ["refused", `HEAD:${OWN}`, { repository: "elsewhere/private" }, { code: "other_repository", status: 403 }],
  ["refused", `HEAD:${OWN}`, { url: "https://evil.example/private" }, { code: "host_not_allowed", status: 403 }],
  ["refused", `HEAD:${OWN}`, { expires_at: 0 }, { code: "lease_expired", status: 403 }],
])("a push with a lease that is %s (%s, %o) is told by the broker's line", async (verdict, refspec, change, facts) => {
  const clone = join(folder, "clone");
  await thief.git(await thief.lease("private"), "clone", "-q", thief.at("private"), clone);
  await thief.git("", "-C", clone, "commit", "-q", "--allow-empty", "-m", "stolen");
  const main = remoteGit(stack, "private", "rev-parse", "main");
  const from = logged.length;
  await thief.git(await thief.lease("private", change), "-C", clone, "push", thief.at("private"), refspec);
  // git asks for the refs first; if that is refused, it sends no more requests.
  const count = "refs" in facts ? 2 : 1;
  await expect.poll(() => linesSince(from).length).toBe(count);
  expect(linesSince(from).at(-1)).toMatchObject({ of: "broker", what: "git-receive-pack", verdict, ...facts });
  expect(remoteGit(stack, "private", "rev-parse", "main")).toBe(main);
});

test("a lease of an operation that makes no commits, sent for a signature, is told by the broker's line", async () => {
  const from = logged.length;
  const headers = { Authorization: `Bearer ${await thief.lease("private")}` };
  const answer = await fetch(`${stack.url}/broker/sign`, { method: "POST", headers, body: "tree 0" });
  await expect.poll(() => linesSince(from).length).toBe(1);
  const refusal = { of: "broker", what: "sign", verdict: "refused", code: "service_not_allowed", bytes_in: 6 };
  expect([answer.status, linesSince(from)]).toMatchObject([403, [{ ...refusal, tenant: "acme", status: 403 }]]);
});

test.each([
  ["an operation", "POST", "/v1/git/status", "sandbox", "status"],
  ["a request", "DELETE", "/v1/workspaces/:sandbox_id", "control", "DELETE /v1/workspaces/:sandbox_id"],
] as const)("%s whose client leaves is told of as well (%s %s)", async (_, method, route, plane, what) => {
  const { sandbox_id } = await call(stack, "clone", { repo_url, agent_id: "bob" }, withToken);
  const from = logged.length;
  const before = stack.host.counters()[plane];
  stack.host.faults.set({ latencyMs: { [plane]: 1000 } });
  const left = new AbortController();
  const url = `${stack.url}${route.replace(":sandbox_id", sandbox_id)}`;
  const headers = { Authorization: "Bearer dev", "Content-Type": "application/json" };
  const body = method === "POST" && { body: JSON.stringify({ sandbox_id }) };
  const answer = fetch(url, { method, headers, ...body, signal: left.signal });
  await expect.poll(() => stack.host.counters()[plane]).toBeGreaterThan(before);
  left.abort();
  await expect(answer).rejects.toThrow();
  const line = () => linesSince(from).find((told) => told.what === what);
  await expect.poll(line, { timeout: 5000 }).toMatchObject({ sandbox_id, verdict: "allowed" });
  stack.host.faults.reset();
});

test("no line has the credential, a file's content, a message or a query", () => {
  const text = logged.join("\n");
  expect(logged.filter(isAudit).length).toBeGreaterThan(10);
  const encoded = btoa(`x-access-token:${TOKEN}`);
  for (const secret of [TOKEN, encoded, "in confidence", "told nobody", "service="]) expect(text).not.toContain(secret);
});
