import { Sandbox, SandboxNotFoundError } from "e2b";
import { describe, expect, it } from "vitest";
import { failure, processesWith, useHost } from "./support.ts";

describe.each(["auto", "none"] as const)("pause and connect with isolation %s", (isolation) => {
  const test = useHost({ isolation });

  it("keeps files and processes, which stand still meanwhile", async () => {
    const sandbox = await test.create();
    const counter = await sandbox.commands.run("i=0; while true; do i=$((i+1)); echo $i > count; sleep 0.01; done", {
      background: true,
      timeoutMs: 0,
    });
    const count = async () => Number(await sandbox.files.read("count").catch(() => "0"));
    await expect.poll(count).toBeGreaterThan(3);
    expect(await sandbox.pause()).toBe(true);
    expect(await sandbox.pause()).toBe(false);
    expect(await sandbox.getInfo()).toMatchObject({ state: "paused" });
    expect(await sandbox.isRunning()).toBe(false);
    expect(await failure(sandbox.commands.run("true"))).toBeInstanceOf(SandboxNotFoundError);
    const resumed = await Sandbox.connect(sandbox.sandboxId, test.connection);
    const before = await count();
    await expect.poll(count).toBeGreaterThan(before);
    expect((await resumed.commands.list()).map(({ pid }) => pid)).toContain(counter.pid);
    expect(await resumed.commands.kill(counter.pid)).toBe(true);
  });

  it("resumes with the timeout of the connect, 300 seconds when it names none", async () => {
    const sandbox = await test.create({ timeoutMs: 3_000_000 });
    await sandbox.pause();
    expect((await test.control("POST", `/sandboxes/${sandbox.sandboxId}/timeout`, { timeout: 60 })).status).toBe(404);
    const resumed = await test.control("POST", `/v2/sandboxes/${sandbox.sandboxId}/connect`, {});
    expect(resumed.status).toBe(201);
    const { startedAt, endAt } = await sandbox.getInfo();
    expect(endAt.getTime() - startedAt.getTime()).toBe(300_000);
    expect((await test.control("POST", `/v2/sandboxes/${sandbox.sandboxId}/connect`, {})).status).toBe(200);
  });

  it("without memory keeps the files only", async () => {
    const sandbox = await test.create();
    await sandbox.files.write("kept", "yes");
    await sandbox.commands.run("sleep 4716.25", { background: true });
    await sandbox.pause({ keepMemory: false });
    await expect.poll(() => processesWith("sleep 4716.25")).toEqual([]);
    await sandbox.connect();
    expect(await sandbox.files.read("kept")).toBe("yes");
    expect(await sandbox.commands.list()).toEqual([]);
  });

  it("cuts off who follows a process", async () => {
    const sandbox = await test.create();
    const command = await sandbox.commands.run("sleep 600", { background: true });
    const ended = failure(command.wait());
    await sandbox.pause();
    expect((await ended).name).toMatch(/TimeoutError|NotFoundError/);
  });

  it("kills a paused sandbox with everything in it", async () => {
    const sandbox = await test.create();
    await sandbox.commands.run("sleep 4717.25", { background: true });
    await sandbox.pause();
    expect(await sandbox.kill()).toBe(true);
    await expect.poll(() => processesWith("sleep 4717.25")).toEqual([]);
  });

  it("stops the clock of a running command", async () => {
    const sandbox = await test.create();
    const command = await sandbox.commands.run("sleep 600", { background: true, timeoutMs: 400 });
    await sandbox.pause();
    // Waits past the deadline, whose clock stands still during the pause.
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(() => resolve(), 500);
    await promise;
    await sandbox.connect();
    expect((await sandbox.commands.list()).map(({ pid }) => pid)).toContain(command.pid);
    await expect.poll(() => sandbox.commands.list()).toEqual([]);
  });
});

describe("what happens at the timeout", () => {
  const test = useHost();

  it("pauses when that was chosen, again after every resume", async () => {
    const sandbox = await test.create({ timeoutMs: 1000, lifecycle: { onTimeout: "pause" } });
    const state = async () => (await sandbox.getInfo()).state;
    await expect.poll(state).toBe("paused");
    await sandbox.connect({ timeoutMs: 1000 });
    expect(await state()).toBe("running");
    await expect.poll(state).toBe("paused");
  });

  it("wakes by traffic when that was chosen", async () => {
    const sandbox = await test.create({ lifecycle: { onTimeout: "pause", autoResume: true } });
    await sandbox.pause();
    const headers = { "E2b-Sandbox-Id": sandbox.sandboxId, "E2b-Sandbox-Port": "49983" };
    const stranger = await fetch(`${test.host.url}/health`, { headers });
    expect([stranger.status, await stranger.text()]).toEqual([403, expect.stringContaining("can't be resumed")]);
    expect((await sandbox.getInfo()).state).toBe("paused");
    expect((await sandbox.commands.run("echo awake")).stdout).toBe("awake\n");
    const { state, startedAt, endAt } = await sandbox.getInfo();
    expect(state).toBe("running");
    expect(endAt.getTime() - startedAt.getTime()).toBe(300_000);
  });
});
