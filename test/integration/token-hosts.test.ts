import { request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod/v4";
import { callOperation, DEV_KEY } from "../../scripts/support/client.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { type EchoHost, startEchoHost } from "../support/echo-host.ts";
import { call } from "../support/worker.ts";
import { post } from "./mcp-post.ts";

const TOKENS = { first: "tok_first_3f9c2a71d0c84e55", second: "tok_second_77ab01c2d3e4f5a6" };
const basic = (token: string) => `Basic ${btoa(`x-access-token:${token}`)}`;

/** Two hosts that are allowed, and record their requests. */
let first: EchoHost;
let second: EchoHost;
let stack: Stack;

beforeAll(async () => {
  [first, second] = await Promise.all([startEchoHost(), startEchoHost()]);
  stack = await startStack({ bindings: { ALLOWED_GIT_HOSTS: `${first.url},${second.url}` } });
});
afterAll(async () => {
  await stack.close();
  await Promise.all([first.close(), second.close()]);
});

const repositoryOf = (host: EchoHost) => `${host.url}/plain.git`;

interface Calls {
  readonly host: EchoHost;
  readonly header: string;
  readonly agent_id: string;
}

const headersWith = (header: string) => ({
  Authorization: `Bearer ${DEV_KEY}`,
  "Content-Type": "application/json",
  "X-Git-Token": header,
});

/** Calls everything that talks to a git host, through every door. */
async function callAll({ host, header, agent_id }: Calls): Promise<void> {
  const options = { headers: { "X-Git-Token": header } };
  const repo_url = repositoryOf(host);
  const init = { method: "POST", headers: headersWith(header), body: JSON.stringify({ repo_url }) };
  expect((await fetch(`${stack.url}/v1/snapshots`, init)).status).toBe(200);
  // Clones from the snapshot: the Worker itself asks the host.
  const { sandbox_id } = await call(stack, "clone", { repo_url, agent_id, task_id: "http" }, options);
  await call(stack, "edit", { sandbox_id, files: [{ path: "mine.txt", content: `${agent_id}\n` }] }, options);
  await call(stack, "push", { sandbox_id, message: "Mine" }, options);
  await call(stack, "pull", { sandbox_id }, options);
  const clone = { repo_url, agent_id, task_id: "partial", filter: "blob:none" };
  const partial = (await call(stack, "clone", clone, options)).sandbox_id;
  await call(stack, "search", { sandbox_id: partial, pattern: "x", ref: "HEAD~1" }, options);

  const tool = (name: string, args: object) =>
    post(`${stack.url}/mcp`, { method: "tools/call", params: { name, arguments: args } }, options.headers);
  const steps = [
    { op: "clone", repo_url, agent_id, task_id: "run" },
    { op: "edit", files: [{ path: "run.txt", content: `${agent_id}\n` }] },
    { op: "push", message: "Run" },
    { op: "pull" },
  ];
  for (const [name, args] of [
    ["git_clone", { repo_url, agent_id, task_id: "tool" }],
    ["git_pull", { sandbox_id }],
    ["git_push", { sandbox_id, message: "Again" }],
    ["git_run", { steps }],
  ] as const) {
    const answer = await (await tool(name, args)).text();
    expect([name, answer]).toEqual([name, expect.not.stringContaining("isError")]);
  }
}

/** Returns the credentials that a host gets during some work; undefined for a request without one. */
async function received(host: EchoHost, happens: () => Promise<unknown>): Promise<Set<string | undefined>> {
  const before = host.received().length;
  await happens();
  return new Set(
    host
      .received()
      .slice(before)
      .map(({ authorization }) => authorization),
  );
}

test("a call that names the second host never takes the first one's token there", async () => {
  const header = `${first.url}=${TOKENS.first}`;
  expect(await received(second, () => callAll({ host: second, header, agent_id: "ada" }))).toEqual(
    new Set([undefined]),
  );
});

test("each host gets its own token, and no other", async () => {
  const header = `${first.url}=${TOKENS.first}, ${second.url}=${TOKENS.second}`;
  const toSecond = () => callAll({ host: second, header, agent_id: "bob" });
  expect(await received(second, toSecond)).toEqual(new Set([basic(TOKENS.second)]));
  const toFirst = () => callAll({ host: first, header, agent_id: "bob" });
  expect(await received(first, toFirst)).toEqual(new Set([basic(TOKENS.first)]));
});

test("the header may be repeated", async () => {
  const headers = {
    ...headersWith(""),
    "X-Git-Token": [`${first.url}=${TOKENS.first}`, `${second.url}=${TOKENS.second}`],
  };
  const body = JSON.stringify({ repo_url: repositoryOf(second), agent_id: "cleo", task_id: "repeated" });
  const clone = async () => {
    const sent = request(`${stack.url}/v1/git/clone`, { method: "POST", headers });
    const answer = new Promise<string>((resolve, reject) => {
      sent.once("response", (response) => void text(response).then(resolve, reject)).once("error", reject);
    });
    sent.end(body);
    expect(z.object({ created: z.literal(true) }).parse(JSON.parse(await answer))).toBeTruthy();
  };
  expect(await received(second, clone)).toEqual(new Set([basic(TOKENS.second)]));
});

test.each([
  ["a token alone", TOKENS.first],
  ["a host that is not allowed", `evil.example=${TOKENS.first}`],
])("%s: refused with the right spelling, and neither host is asked", async (_, header) => {
  const asked = () => first.received().length + second.received().length;
  const before = asked();
  const body = { repo_url: repositoryOf(second), agent_id: "dan", task_id: "refused" };
  const { status, json } = await callOperation(stack.url, "clone", body, { headers: { "X-Git-Token": header } });
  expect([status, json]).toMatchObject([400, { code: "invalid_input", field: "X-Git-Token" }]);
  expect(json).toMatchObject({ detail: expect.stringContaining(`X-Git-Token: ${first.url}=<token>`) });
  expect(JSON.stringify(json)).not.toContain(TOKENS.first);
  expect(asked()).toBe(before);
});
