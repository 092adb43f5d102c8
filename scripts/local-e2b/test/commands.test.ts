import { CommandExitError, type Sandbox, TimeoutError } from "e2b";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failure, processesWith, useHost } from "./support.ts";

describe.each(["auto", "none"] as const)("commands with isolation %s", (isolation) => {
  const test = useHost({ isolation });
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await test.create({ envs: { FROM_SANDBOX: "sandbox", BOTH: "sandbox" } });
  });
  afterAll(async () => {
    await sandbox.kill();
  });

  const sleeping = (seconds: string) =>
    processesWith(`sleep ${seconds}`).filter((line) => !line.includes("bash")).length;

  it("answers output and exit code", async () => {
    const result = await sandbox.commands.run("echo out; echo err >&2");
    expect(result).toMatchObject({ exitCode: 0, stdout: "out\n", stderr: "err\n" });
    const error = await failure(sandbox.commands.run("echo before; exit 3"));
    expect(error).toBeInstanceOf(CommandExitError);
    expect(error).toMatchObject({ exitCode: 3, stdout: "before\n" });
  });

  it("gives real pipes, which can be opened again by name", async () => {
    const { stdout, stderr } = await sandbox.commands.run("echo a > /dev/stdout; echo b > /dev/stderr; : > /dev/null");
    expect([stdout, stderr]).toEqual(["a\n", "b\n"]);
  });

  it("streams output as it comes", async () => {
    // The command continues only after the test has seen its first line.
    let release: (() => Promise<unknown>) | undefined;
    const result = await sandbox.commands.run("echo first; until [ -e go ]; do sleep 0.01; done; echo second; rm go", {
      onStdout: async (text) => {
        release ??= () => sandbox.files.write("go", "");
        if (text.includes("first")) await release();
      },
    });
    expect(result.stdout).toBe("first\nsecond\n");
  });

  it("passes more output than a pipe holds, every byte of it", async () => {
    const { stdout } = await sandbox.commands.run("seq 1 200000");
    expect(stdout).toBe(Array.from({ length: 200_000 }, (_, index) => `${index + 1}\n`).join(""));
  });

  it("runs in a directory, with an environment", async () => {
    await sandbox.files.makeDir("some/place");
    const { stdout: home } = await sandbox.commands.run("pwd");
    const run = async (cwd: string) => (await sandbox.commands.run("pwd", { cwd })).stdout.trim();
    expect(await run("~")).toBe(home.trim());
    expect(await run("~/some")).toBe(`${home.trim()}/some`);
    expect(await run("some/place")).toBe(`${home.trim()}/some/place`);
    expect(await run("/usr")).toBe("/usr");
    const { stdout } = await sandbox.commands.run('echo "$FROM_SANDBOX $BOTH $FROM_COMMAND $E2B_SANDBOX_ID $HOME"', {
      envs: { BOTH: "command", FROM_COMMAND: "x y" },
    });
    expect(stdout).toBe(`sandbox command x y ${sandbox.sandboxId} ${home.trim()}\n`);
  });

  it("says that a directory does not exist", async () => {
    const error = await failure(sandbox.commands.run("true", { cwd: "/no/such/place" }));
    expect(error.message).toContain("cwd '/no/such/place' does not exist");
  });

  it("keeps output and an environment as they are, whatever is in them", async () => {
    const odd = "a'b\"c\\d $HOME\n\tüñ☃ \u{1f600}=";
    const { stdout } = await sandbox.commands.run('printf %s "$ODD"', { envs: { ODD: odd } });
    expect(stdout).toBe(odd);
  });

  it("refuses what no process can be given", async () => {
    expect((await failure(sandbox.commands.run("echo a\0b"))).message).toContain("NUL");
  });

  it("reads from stdin until it is closed", async () => {
    const command = await sandbox.commands.run("cat; echo end", { background: true, stdin: true });
    await sandbox.commands.sendStdin(command.pid, "one\n");
    await sandbox.commands.sendStdin(command.pid, "two\n");
    await sandbox.commands.closeStdin(command.pid);
    expect((await command.wait()).stdout).toBe("one\ntwo\nend\n");
  });

  it("has an empty stdin when none was asked for", async () => {
    expect((await sandbox.commands.run("cat")).stdout).toBe("");
  });

  it("lists, follows and kills what runs in the background", async () => {
    const command = await sandbox.commands.run("sleep 4713", { background: true });
    const listed = (await sandbox.commands.list()).find(({ pid }) => pid === command.pid);
    expect(listed).toMatchObject({ cmd: "/bin/bash", args: ["-l", "-c", "sleep 4713"] });
    const follower = await sandbox.commands.connect(command.pid);
    expect(await sandbox.commands.kill(command.pid)).toBe(true);
    expect(await failure(command.wait())).toMatchObject({ exitCode: -1, error: "signal: killed" });
    expect(await failure(follower.wait())).toMatchObject({ exitCode: -1 });
    expect(await sandbox.commands.kill(command.pid)).toBe(false);
    expect((await sandbox.commands.list()).map(({ pid }) => pid)).not.toContain(command.pid);
  });

  it("keeps the exit code for a late connect", async () => {
    const command = await sandbox.commands.run("exit 7", { background: true });
    await failure(command.wait());
    expect(await failure((await sandbox.commands.connect(command.pid)).wait())).toMatchObject({ exitCode: 7 });
  });

  it("lets a process live when its client leaves", async () => {
    const command = await sandbox.commands.run("sleep 4714", { background: true });
    await command.disconnect();
    expect((await sandbox.commands.list()).map(({ pid }) => pid)).toContain(command.pid);
    expect(await sandbox.commands.kill(command.pid)).toBe(true);
  });

  it("kills the process alone when the time is over, or it is told to: what that started goes on", async () => {
    const command = "sleep 4715.5 & sleep 4715.5; wait";
    const error = await failure(sandbox.commands.run(command, { timeoutMs: 2000 }));
    expect(error).toBeInstanceOf(TimeoutError);
    const killed = await sandbox.commands.run(command, { background: true });
    await expect.poll(() => sleeping("4715.5")).toBe(4);
    await killed.kill();
    expect(await failure(killed.wait())).toMatchObject({ exitCode: -1 });
    await expect.poll(() => processesWith("-c sleep 4715.5")).toEqual([]);
    expect(sleeping("4715.5")).toBe(4);
  });

  it("tells the group it is in from its own: a signal to that ends no more than what runs in the sandbox", async () => {
    await failure(sandbox.commands.run("kill -9 0; sleep 4716.5"));
    expect((await sandbox.commands.run("echo here")).stdout).toBe("here\n");
  });

  it("reports a program that is not there as exit code 127", async () => {
    expect(await failure(sandbox.commands.run("no-such-program"))).toMatchObject({ exitCode: 127 });
  });

  it("serves many commands at once", async () => {
    const runs = Array.from({ length: 40 }, (_, index) => sandbox.commands.run(`echo ${index}`));
    const outputs = (await Promise.all(runs)).map(({ stdout }) => stdout.trim());
    expect(outputs).toEqual(Array.from({ length: 40 }, (_, index) => String(index)));
  });

  it("works as root where that is asked for", async () => {
    const { stdout } = await sandbox.commands.run("echo $USER; id -u", { user: "root" });
    const [name, id] = stdout.split("\n");
    expect(name).toBe("root");
    if (test.host.isolation === "namespaces") expect(id).toBe("0");
    expect((await failure(sandbox.commands.run("true", { user: "nobody-here" }))).message).toContain(
      "invalid username",
    );
  });
});
