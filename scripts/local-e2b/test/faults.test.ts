import { RateLimitError, Sandbox } from "e2b";
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod/v4";
import { failure, json, useHost } from "./support.ts";

const test = useHost();
afterEach(async () => {
  await test.admin("DELETE", "/_local/faults");
});

const put = async (faults: object): Promise<void> => {
  const response = await test.admin("PUT", "/_local/faults", faults);
  expect(response.status).toBe(200);
};

const sandboxes = async (): Promise<string[]> => {
  const rows = await json(await test.admin("GET", "/_local/sandboxes"), z.array(z.object({ sandboxID: z.string() })));
  return rows.map(({ sandboxID }) => sandboxID);
};

describe("the control plane", () => {
  it("fails so many calls, with a time to wait", async () => {
    await put({ controlErrors: { count: 2, status: 429, retryAfterS: 7 } });
    const response = await test.control("GET", "/v2/sandboxes");
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "7"]);
    expect(await failure(Sandbox.list({ ...test.connection, retries: 0 }).nextItems())).toBeInstanceOf(RateLimitError);
    expect((await test.control("GET", "/v2/sandboxes")).status).toBe(200);
    test.host.faults.set({ controlErrors: { count: 1, status: 500 } });
    expect((await test.control("GET", "/v2/sandboxes")).status).toBe(500);
  });

  it("is slow when told to be", async () => {
    await put({ latencyMs: { control: 150 } });
    const before = Date.now();
    await test.control("GET", "/v2/sandboxes");
    expect(Date.now() - before).toBeGreaterThanOrEqual(149);
  });

  it("hangs before there is a sandbox: who leaves has made none", async () => {
    await put({ hangCreates: { count: 1, when: "before" } });
    const before = await sandboxes();
    const error = await failure(test.create({ requestTimeoutMs: 300 }));
    expect(error.name).toMatch(/Timeout|Abort/);
    await expect.poll(() => test.host.faults.settings.hangingCreates).toBe(0);
    expect(await sandboxes()).toEqual(before);
  });

  it("hangs after there is one: who leaves has lost it", async () => {
    await put({ hangCreates: { count: 1, when: "after" } });
    const before = await sandboxes();
    await failure(test.create({ requestTimeoutMs: 300 }));
    const lost = async () => (await sandboxes()).filter((id) => !before.includes(id));
    await expect.poll(lost).toHaveLength(1);
    expect(await Sandbox.kill((await lost())[0] ?? "", test.connection)).toBe(true);
  });

  it("hangs before it resumes", async () => {
    const sandbox = await test.create();
    await sandbox.pause();
    await put({ hangConnects: { count: 1 } });
    const resuming = sandbox.connect();
    await expect.poll(() => test.host.faults.settings.hangingConnects).toBe(1);
    expect(await sandbox.isRunning()).toBe(false);
    await test.admin("POST", "/_local/faults/release");
    expect(await (await resuming).isRunning()).toBe(true);
  });

  it("lets go of what hangs", async () => {
    await put({ hangCreates: { count: 1, when: "before" } });
    const creating = test.create();
    await expect.poll(() => test.host.faults.settings.hangingCreates).toBe(1);
    await test.admin("POST", "/_local/faults/release");
    expect(await (await creating).isRunning()).toBe(true);
  });
});

describe("sandboxes", () => {
  it("break off a stream after so many events, or in the middle of one", async () => {
    const sandbox = await test.create();
    await put({ cutStreams: { count: 1, afterEvents: 2 } });
    let output = "";
    const onStdout = (text: string) => void (output += text);
    await failure(sandbox.commands.run("echo one; sleep 0.2; echo two", { onStdout }));
    expect(output).toBe("one\n");
    await put({ cutStreams: { count: 1, afterBytes: 60 } });
    await failure(sandbox.commands.run("echo three"));
    expect((await sandbox.commands.run("echo four")).stdout).toBe("four\n");
  });

  it("fail so many requests, of one route where it is named, or leave them without an answer", async () => {
    const sandbox = await test.create();
    const answers = async (path: string): Promise<(string | number | null)[]> => {
      const headers = { "E2b-Sandbox-Id": sandbox.sandboxId, "E2b-Sandbox-Port": "49983" };
      const { status, headers: got } = await fetch(`${test.host.url}${path}`, { headers });
      return [status, got.get("retry-after")];
    };
    await put({ sandboxErrors: { count: 1, status: 429, retryAfterS: 3, route: "GET /health" } });
    expect(await answers("/metrics")).toEqual([401, null]);
    expect(await answers("/health")).toEqual([429, "3"]);
    expect(await answers("/health")).toEqual([204, null]);
    await put({ sandboxErrors: { count: 1 } });
    await expect(answers("/health")).rejects.toThrow("fetch failed");
    expect(await answers("/health")).toEqual([204, null]);
  });

  it("vanish", async () => {
    const sandbox = await test.create();
    expect((await test.admin("DELETE", `/_local/sandboxes/${sandbox.sandboxId}`)).status).toBe(204);
    expect(await sandbox.isRunning()).toBe(false);
    expect(await sandbox.kill()).toBe(false);
    expect((await test.admin("DELETE", `/_local/sandboxes/${sandbox.sandboxId}`)).status).toBe(404);
  });

  it("are slow when told to be", async () => {
    const sandbox = await test.create();
    await put({ latencyMs: { sandbox: 150 } });
    const before = Date.now();
    await sandbox.commands.run("true");
    expect(Date.now() - before).toBeGreaterThanOrEqual(149);
  });
});

describe("the switches", () => {
  it("say what is wrong with them", async () => {
    const response = await test.admin("PUT", "/_local/faults", { controlErrors: { count: -1, status: 429 } });
    expect([response.status, await response.json()]).toEqual([
      400,
      { code: 400, message: expect.stringMatching(/^controlErrors\.count: /) },
    ]);
    expect((await test.admin("PUT", "/_local/faults", { unknown: 1 })).status).toBe(400);
    expect((await test.admin("PUT", "/_local/faults", { cutStreams: { count: 1 } })).status).toBe(400);
    expect((await test.admin("GET", "/_local/nothing")).status).toBe(404);
  });

  it("count requests by plane and route", async () => {
    await test.admin("DELETE", "/_local/counters");
    const sandbox = await test.create();
    await sandbox.commands.run("true");
    await sandbox.files.write("f", "");
    expect(await (await test.admin("GET", "/_local/counters")).json()).toEqual({
      control: 1,
      sandbox: 2,
      byRoute: { "POST /v2/sandboxes": 1, "process.Process/Start": 1, "POST /files": 1 },
    });
  });
});
