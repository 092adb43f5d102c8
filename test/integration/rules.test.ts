import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeRepository, SAMPLES } from "../../scripts/sample-remote/repositories.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { callOperation } from "../../scripts/support/client.ts";
import { connect } from "../../scripts/support/mcp-client.ts";
import { glpat } from "../ops/fake-secrets.ts";
import { call, remoteGit } from "../support/worker.ts";

const KEYS = { strict: "key-of-strict-0123456789", usual: "key-of-usual-0123456789" };
const entry = ([tenant, key]: [string, string]) => `${tenant}=${createHash("sha256").update(key).digest("hex")}`;
const POLICY = { tenants: { strict: { paths: ["docs/**"], allow_secrets: false } } };

let stack: Stack;
let repo_url: string;
beforeAll(async () => {
  const bindings = { API_KEYS: Object.entries(KEYS).map(entry).join(","), POLICY: JSON.stringify(POLICY) };
  stack = await startStack({ bindings });
  repo_url = `${stack.git.url}/small.git`;
  await makeRepository(stack.git.root, "small", SAMPLES.small);
});
afterAll(() => stack.close());

/** Makes a workspace whose changes break a rule, of this tenant alone or of all tenants. */
async function changed(key: string, path: string, content: string): Promise<string> {
  const who = { agent_id: key, task_id: path.replace("/", "-") };
  const { sandbox_id } = await call(stack, "clone", { repo_url, ...who }, { key });
  await call(stack, "edit", { sandbox_id, files: [{ path, content }] }, { key });
  return sandbox_id;
}

test("each tenant has its own rules", async () => {
  const path = "docs/page.md";
  const sandbox_id = await changed(KEYS.strict, path, "page\n");
  const { status, json } = await callOperation(stack.url, "push", { sandbox_id, message: "m" }, { key: KEYS.strict });
  expect([status, json]).toMatchObject([
    422,
    {
      code: "rule_broken",
      retryable: false,
      rules: [{ rule: "paths", path, detail: expect.stringContaining("docs/**") }],
      work: { pushed: false, tree: "unchanged" },
    },
  ]);
  const other = await changed(KEYS.usual, path, "page\n");
  await call(stack, "push", { sandbox_id: other, message: "m" }, { key: KEYS.usual });
  expect(remoteGit(stack, "small", "show", `agent/${KEYS.usual}/docs-page.md:${path}`)).toBe("page");
});

test("through MCP the same is said, alone and in steps; the named way out works there, though it is not listed", async () => {
  const sandbox_id = await changed(KEYS.usual, "key.txt", `${glpat()}\n`);
  const agent = await connect(`${stack.url}/mcp`, "2026-07-28", { key: KEYS.usual });
  const rules = [{ rule: "secrets", path: "key.txt", line: 1, detail: expect.stringContaining("allow_secrets") }];
  const refused = { isError: true, facts: { code: "rule_broken", rules } };
  const asked = { sandbox_id, message: "m" };
  expect(await agent.call("git_push", asked)).toMatchObject(refused);
  const steps = [{ op: "status" }, { op: "push", message: "m" }, { op: "log" }];
  expect(await agent.call("git_run", { sandbox_id, steps })).toMatchObject(refused);
  expect(await agent.facts("git_push", { ...asked, allow_secrets: ["key.txt"] })).toMatchObject({ pushed: true });
});

test("where the operator forbids it, the call cannot let a secret through", async () => {
  const sandbox_id = await changed(KEYS.strict, "key.txt", `${glpat()}\n`);
  const asked = { sandbox_id, message: "m", allow_secrets: ["key.txt"] };
  const { json } = await callOperation(stack.url, "push", asked, { key: KEYS.strict });
  expect(json).toMatchObject({ code: "rule_broken", rules: [{ rule: "secrets", path: "key.txt" }] });
  expect(JSON.stringify(json)).not.toContain("glpat-");
});
