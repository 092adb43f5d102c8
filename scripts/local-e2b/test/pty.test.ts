import type { Sandbox } from "e2b";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failure, useHost } from "./support.ts";

const test = useHost();
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await test.create();
});
afterAll(async () => {
  await sandbox.kill();
});

describe.runIf(process.platform === "linux")("terminals", () => {
  it("runs a shell in a terminal of the given size, which can change", async () => {
    let screen = "";
    const terminal = await sandbox.pty.create({
      cols: 81,
      rows: 25,
      envs: { GREETING: "hello" },
      onData: (data) => {
        screen += Buffer.from(data).toString("utf8");
      },
    });
    const type = (line: string) => sandbox.pty.sendInput(terminal.pid, Buffer.from(`${line}\n`));
    await type('echo "$GREETING-$TERM-$(stty size)"');
    await expect.poll(() => screen).toContain("hello-xterm-256color-25 81");
    await sandbox.pty.resize(terminal.pid, { cols: 120, rows: 40 });
    await type("stty size");
    await expect.poll(() => screen).toContain("40 120");
    await type("exit 5");
    expect(await failure(terminal.wait())).toMatchObject({ exitCode: 5 });
  });

  it("ends a terminal by a kill, and lets others follow it", async () => {
    const terminal = await sandbox.pty.create({ cols: 80, rows: 24, onData: () => undefined });
    let seen = "";
    const follower = await sandbox.pty.connect(terminal.pid, {
      onData: (data) => {
        seen += Buffer.from(data).toString("utf8");
      },
    });
    await sandbox.pty.sendInput(terminal.pid, Buffer.from("echo mar''ker\n"));
    await expect.poll(() => seen).toContain("marker");
    expect(await sandbox.pty.kill(terminal.pid)).toBe(true);
    await failure(follower.wait());
    expect((await sandbox.commands.list()).map(({ pid }) => pid)).not.toContain(terminal.pid);
  });
});
