import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createClient } from "../../client/src/index.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { makeRepository, SAMPLES } from "../../scripts/sample-remote/repositories.ts";
import { buildClient } from "../../scripts/support/client-package.ts";
import { DEV_KEY } from "../../scripts/support/client.ts";
import { freePort } from "../../scripts/support/free-port.ts";
import { ROOT } from "../../scripts/support/tools.ts";
import { startPlainWorker } from "../support/plain-worker.ts";
import { remoteGit } from "../support/worker.ts";

const AGENTS = [
  ["fix-a-file", "agent/fixer/links"],
  ["mcp-client", "agent/mcp-fixer/links"],
] as const;
const folderOf = (example: string) => join(ROOT, "examples", example);

let stack: Stack;
let repository: string;
beforeAll(async () => {
  // The examples import the built client.
  await buildClient();
  stack = await startStack();
  await makeRepository(stack.git.root, "manual", SAMPLES.manual);
  repository = `${stack.git.url}/manual.git`;
});
afterAll(() => stack.close());

const run = (example: string, ...args: string[]) =>
  promisify(execFile)(process.execPath, [join(folderOf(example), "main.ts"), ...args], {
    env: { ...process.env, WARMTREE_URL: stack.url, WARMTREE_KEY: DEV_KEY },
  });

describe.each(AGENTS)("%s", (example, branch) => {
  test("finds the link that leads nowhere, corrects it and pushes to its branch; then there is none", async () => {
    const { stdout } = await run(example, repository);
    expect(stdout).toContain("docs/use.md:3 links to docs/install.md");
    expect(stdout).toContain("+First do what [Installation](setup/install.md) says.");
    const pushed = remoteGit(stack, "manual", "rev-parse", branch);
    expect(stdout).toContain(`pushed ${pushed} to ${branch}`);
    expect(remoteGit(stack, "manual", "diff", "--stat", "main", branch)).toContain("1 file changed, 1 insertion(+)");
    expect(remoteGit(stack, "manual", "show", `${branch}:docs/use.md`)).toContain("](setup/install.md)");
    expect((await run(example, repository)).stdout).toContain("every link leads to a file");
  });

  test("says how it is called, and what went wrong", async () => {
    expect((await run(example, "--help")).stdout).toContain(`node examples/${example}/main.ts <repository>`);
    await expect(run(example)).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining("<repository>") });
    const missing = run(example, `${stack.git.url}/none.git`);
    await expect(missing).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining("no such repository") });
  });
});

describe("webhook-receiver", () => {
  const receive = (secret: string, port?: number) =>
    startPlainWorker(join(folderOf("webhook-receiver"), "wrangler.toml"), "worker", { WEBHOOK_SECRET: secret }, port);

  test("takes what is signed, and nothing else", async () => {
    const [old, secret, other] = [1, 2, 3].map(() => `whsec_${randomBytes(32).toString("base64")}`);
    const receiver = await receive(`${old} ${secret}`);
    const body = JSON.stringify({ type: "test", timestamp: "2026-11-30T08:00:00Z", data: { message: "hello" } });
    const send = async (by: string | undefined, text = body, at = new Date()) => {
      const headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
        "webhook-signature": new Webhook(String(by)).sign("msg_1", at, body),
      };
      return (await fetch(receiver.url, { method: "POST", headers, body: text })).status;
    };
    expect([await send(secret), await send(old)]).toEqual([204, 204]);
    await expect.poll(() => receiver.log()).toContain('test {"message":"hello"}');
    const hourAgo = new Date(Date.now() - 3_600_000);
    const forged = [await send(other), await send(secret, `${body} `), await send(secret, body, hourAgo)];
    expect(forged).toEqual([400, 400, 400]);
    expect((await fetch(receiver.url, { method: "POST", body })).status).toBe(400);
    expect((await fetch(receiver.url)).status).toBe(405);
  });

  test("hears of the end of a run, and again what is asked for again", async () => {
    const client = createClient({ url: stack.url, key: DEV_KEY });
    const port = await freePort();
    const { id, url, secret } = await client.webhooks.add({
      url: `http://127.0.0.1:${port}/`,
      events: ["run.finished"],
    });
    onTestFinished(() => client.webhooks.remove(id));
    const receiver = await receive(secret, port);
    const started = await client.runs.start({ steps: [{ op: "clone", repo_url: repository, agent_id: "hook" }] });
    await expect.poll(() => receiver.log()).toContain(`run ${started.run} done`);
    await client.webhooks.test(id);
    await expect.poll(() => receiver.log()).toContain("test {");
    expect((await client.webhooks.list()).webhooks).toMatchObject([{ id, url, secret }]);

    const delivered = async () => (await client.webhooks.deliveries({ state: "delivered" })).deliveries;
    await expect.poll(async () => (await delivered()).map(({ type }) => type)).toEqual(["test", "run.finished"]);
    const [first] = await delivered();
    await client.webhooks.redeliver(first?.id ?? "");
    await expect.poll(() => receiver.log().match(/test \{/g)).toHaveLength(2);
  });
});
