import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod/v4";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { DEV_KEY } from "../../scripts/support/client.ts";
import { durableRunSchema, runStartedSchema } from "../../src/api/run-schemas.ts";
import { hostedSandboxes, remoteGit } from "../support/worker.ts";

const TOKEN = "tok_91c2e8d7a4b65f03";
const AUTH = { repositories: ["private"], tokens: { "x-access-token": TOKEN } };

const logged: string[] = [];
const stacks: Stack[] = [];
afterAll(() => Promise.all(stacks.map((stack) => stack.close())));

async function privateStack(bindings: Readonly<Record<string, string>>): Promise<Stack> {
  const stack = await startStack({ bindings, remoteAuth: AUTH, log: (line) => logged.push(line) });
  stacks.push(stack);
  await makeRepository(stack.git.root, "private", { files: 3, commits: 2 });
  return stack;
}

function ask(stack: Stack, method: string, path: string, { token = "", body }: { token?: string; body?: object } = {}) {
  const headers = { Authorization: `Bearer ${DEV_KEY}`, "Content-Type": "application/json" };
  const own = token === "" ? headers : { ...headers, "X-Git-Token": token };
  return fetch(stack.url + path, { method, headers: own, ...(body && { body: JSON.stringify(body) }) });
}

const stepsOf = (stack: Stack, task_id: string) => [
  { op: "clone", repo_url: `${stack.git.url}/private.git`, agent_id: "token", task_id },
  { op: "edit", files: [{ path: "a.txt", content: "a\n" }] },
  { op: "push", message: task_id },
];

describe("a run with the caller's git token", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await privateStack({});
  });

  const ended = async (url: string) => durableRunSchema.parse(await (await ask(stack, "GET", `${url}?wait=60`)).json());

  /** Returns the files that hold the token, in the Worker's storage and on the disks of the sandboxes. */
  async function filesWithToken(): Promise<string> {
    const encoded = btoa(`x-access-token:${TOKEN}`);
    const trees = (await hostedSandboxes(stack)).map(({ tree }) => tree);
    try {
      const folders = [stack.storage, ...trees];
      return execFileSync("grep", ["-rlaF", "-e", TOKEN, "-e", encoded, ...folders], { encoding: "utf8" });
    } catch (error) {
      // grep found nothing.
      if (error instanceof Error && "status" in error && error.status === 1) return "";
      throw error;
    }
  }

  test("uses it while the caller is away, and writes it nowhere", async () => {
    stack.git.setFaults({ delayMs: 200 });
    const started = await ask(stack, "POST", "/v1/run", {
      token: TOKEN,
      body: { async: true, steps: stepsOf(stack, "away") },
    });
    const { url, events } = runStartedSchema.parse(await started.json());
    await ask(stack, "GET", `${events}?after=2&wait=60`);
    // During the run, the storage has its token, sealed.
    expect(await filesWithToken()).toBe("");
    stack.git.setFaults({});
    expect((await ended(url)).status).toBe("done");
    expect(remoteGit(stack, "private", "log", "-1", "--format=%s", "agent/token/away")).toBe("away");
    expect(await filesWithToken()).toBe("");
    for (const path of [url, events]) expect(await (await ask(stack, "GET", path)).text()).not.toContain(TOKEN);
    expect(logged.filter((line) => line.includes(TOKEN))).toEqual([]);
  });

  test("needs it again to go on after the end", async () => {
    const body = { async: true, steps: stepsOf(stack, "again") };
    const { url } = runStartedSchema.parse(await (await ask(stack, "POST", "/v1/run", { body })).json());
    expect(await ended(url)).toMatchObject({ steps: [{ error: { code: "git_auth_failed" } }, {}, {}] });
    await ask(stack, "POST", `${url}/retry`, { token: TOKEN });
    expect((await ended(url)).status).toBe("done");
  });
});

test("without LEASE_KEY, nothing can seal a token: the run is refused, and nothing was begun", async () => {
  const stack = await privateStack({ LEASE_KEY: "", CREDENTIALS: "env" });
  const refused = await ask(stack, "POST", "/v1/run", {
    token: TOKEN,
    body: { async: true, steps: stepsOf(stack, "unsealed") },
  });
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ code: "misconfigured", detail: expect.stringContaining("LEASE_KEY") });
  expect(
    z.looseObject({ runs: z.array(z.unknown()) }).parse(await (await ask(stack, "GET", "/v1/runs")).json()).runs,
  ).toEqual([]);
});
