import { Sandbox, SandboxNotFoundError } from "e2b";
import { describe, expect, it } from "vitest";
import { startLocalHost } from "../host.ts";
import * as z from "zod/v4";
import { connectionTo, failure, json, processesWith, useHost } from "./support.ts";

const test = useHost({ maxTimeoutS: 3600 });

describe("creation and end", () => {
  it("makes a sandbox that says who it is", async () => {
    const sandbox = await test.create({ metadata: { job: "a" }, timeoutMs: 60_000 });
    expect(sandbox.sandboxId).toMatch(/^i[a-z0-9]{20}$/);
    const info = await sandbox.getInfo();
    expect(info).toMatchObject({ templateId: "base", state: "running", metadata: { job: "a" } });
    expect(info.endAt.getTime() - info.startedAt.getTime()).toBe(60_000);
    expect(info.lifecycle).toEqual({ onTimeout: "kill", autoResume: false });
    expect(await sandbox.isRunning()).toBe(true);
  });

  it("is gone after a kill, and a second kill says so", async () => {
    const sandbox = await test.create();
    expect(await sandbox.kill()).toBe(true);
    expect(await sandbox.kill()).toBe(false);
    expect(await sandbox.isRunning()).toBe(false);
    expect(await failure(sandbox.getInfo())).toBeInstanceOf(SandboxNotFoundError);
    expect(await failure(Sandbox.connect(sandbox.sandboxId, test.connection))).toBeInstanceOf(SandboxNotFoundError);
  });

  it("leaves no process behind, not even daemons that left their session", async () => {
    const sandbox = await test.create();
    await sandbox.commands.run("setsid sleep 4711.01 >/dev/null 2>&1 & sleep 4711.02 >/dev/null 2>&1 & disown");
    await expect.poll(() => processesWith("sleep 4711.0").length).toBe(2);
    await sandbox.kill();
    await expect.poll(() => processesWith("sleep 4711.0")).toEqual([]);
  });

  it("ends everything when the host closes", async () => {
    const host = await startLocalHost();
    const sandbox = await Sandbox.create("base", connectionTo(host, "k"));
    await sandbox.commands.run("sleep 4712.01", { background: true });
    await host.close();
    await expect.poll(() => processesWith("sleep 4712.01")).toEqual([]);
  });

  it("knows the first version's create, with its short default timeout", async () => {
    const response = await test.control("POST", "/sandboxes", { templateID: "base" });
    expect(response.status).toBe(201);
    const made = await json(response, z.object({ sandboxID: z.string() }));
    const info = await Sandbox.getInfo(made.sandboxID, test.connection);
    expect(info.endAt.getTime() - info.startedAt.getTime()).toBe(15_000);
  });
});

describe("timeouts", () => {
  it("kills when the time is over", async () => {
    const sandbox = await test.create({ timeoutMs: 1000 });
    await expect.poll(() => sandbox.isRunning()).toBe(false);
    expect(await failure(sandbox.getInfo())).toBeInstanceOf(SandboxNotFoundError);
  });

  it("sets the end absolutely, and never shortens it by a connect", async () => {
    const sandbox = await test.create({ timeoutMs: 60_000 });
    await sandbox.setTimeout(600_000);
    const long = (await sandbox.getInfo()).endAt;
    await sandbox.connect({ timeoutMs: 5000 });
    expect((await sandbox.getInfo()).endAt).toEqual(long);
    await sandbox.setTimeout(30_000);
    expect((await sandbox.getInfo()).endAt.getTime()).toBeLessThan(long.getTime() - 500_000);
    await sandbox.connect({ timeoutMs: 300_000 });
    expect((await sandbox.getInfo()).endAt.getTime()).toBeGreaterThan(Date.now() + 200_000);
  });

  it("extends by a refresh", async () => {
    const sandbox = await test.create({ timeoutMs: 10_000 });
    const response = await test.control("POST", `/sandboxes/${sandbox.sandboxId}/refreshes`, { duration: 120 });
    expect(response.status).toBe(204);
    expect((await sandbox.getInfo()).endAt.getTime()).toBeGreaterThan(Date.now() + 100_000);
  });

  it("refuses what the account does not allow, and caps a later change", async () => {
    expect((await failure(test.create({ timeoutMs: 3_601_000 }))).message).toContain(
      "Timeout cannot be greater than 1 hours",
    );
    expect((await failure(test.create({ timeoutMs: 0 }))).message).toContain("Timeout must be greater than 0");
    const sandbox = await test.create();
    await sandbox.setTimeout(7_200_000);
    const { startedAt, endAt } = await sandbox.getInfo();
    expect(endAt.getTime() - startedAt.getTime()).toBe(3_600_000);
  });
});

it("keeps the network settings, which it does not enforce", async () => {
  const sandbox = await test.create({ network: { denyOut: ["0.0.0.0/0"] } });
  expect((await sandbox.getInfo()).network).toMatchObject({ denyOut: ["0.0.0.0/0"] });
  await sandbox.updateNetwork({ allowOut: ["1.1.1.1"], denyOut: ["0.0.0.0/0"] });
  expect((await sandbox.getInfo()).network).toEqual({ allowOut: ["1.1.1.1"], denyOut: ["0.0.0.0/0"] });
});

it("measures what a sandbox uses", async () => {
  const sandbox = await test.create();
  await sandbox.commands.run("sleep 60", { background: true });
  const [sample] = await sandbox.getMetrics();
  expect(sample).toMatchObject({ cpuCount: 2, memTotal: 512 * 1024 * 1024 });
  expect(sample?.memUsed).toBeGreaterThan(0);
});

it("accounts the seconds each sandbox ran, the dead ones included", async () => {
  const sandbox = await test.create({ metadata: { account: "yes" } });
  const row = () => test.host.account().find(({ sandboxID }) => sandboxID === sandbox.sandboxId);
  expect(row()).toMatchObject({ state: "running", metadata: { account: "yes" } });
  await sandbox.pause();
  const paused = row()?.runningSeconds;
  await sandbox.kill();
  expect(row()).toMatchObject({ state: "killed", runningSeconds: paused });
  expect(await (await test.admin("GET", "/_local/account")).json()).toContainEqual(row());
});
