import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { type Sandbox, Sandbox as SandboxClass } from "e2b";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startLocalHost } from "../host.ts";
import { failure, processesWith, useHost } from "./support.ts";

const probe = await startLocalHost();
const isolated = probe.isolation === "namespaces";
await probe.close();
if (!isolated) console.warn(`isolation is not tested: ${probe.warnings.join("; ")}`);

describe.runIf(isolated)("a sandbox in namespaces", () => {
  const test = useHost();
  const outside = mkdtempSync(join(tmpdir(), "outside-"));
  let sandbox: Sandbox;
  let neighbour: Sandbox;
  beforeAll(async () => {
    writeFileSync(join(outside, "secret"), "host");
    [sandbox, neighbour] = await Promise.all([test.create(), test.create()]);
  });
  afterAll(() => rmSync(outside, { recursive: true }));

  /** Returns the output and errors of a command line, with any exit code. */
  const sh = async (line: string): Promise<string> => {
    const { stdout } = await sandbox.commands.run(`(${line}) 2>&1; true`);
    return stdout.trim();
  };
  const succeeds = async (line: string): Promise<boolean> =>
    (await sh(`${line} && echo it-worked`)).includes("it-worked");

  it("has a home, a name and a temporary directory of its own", async () => {
    expect(await sh("echo $HOME; pwd; whoami; ls /home; ls -A /tmp")).toBe("/home/user\n/home/user\nuser\nuser");
    await sandbox.files.write("/tmp/mine", "x");
    expect(await sh("cat /tmp/mine")).toBe("x");
    expect(await neighbour.files.exists("/tmp/mine")).toBe(false);
    expect(existsSync("/tmp/mine")).toBe(false);
  });

  it("does not see this machine's homes and files, nor other sandboxes", async () => {
    expect(await succeeds(`ls ${outside}/secret`)).toBe(false);
    expect(await succeeds(`ls ${test.host.root}`)).toBe(false);
    if (homedir() !== "/root") expect(await succeeds(`ls ${homedir()}`)).toBe(false);
    expect(await sh("ls -A /root")).toBe("");
  });

  it("cannot change what it shares, by no means it has", async () => {
    expect(await succeeds("touch /usr/x")).toBe(false);
    expect(await succeeds("touch /etc/x")).toBe(false);
    expect(await succeeds("cat /etc/shadow")).toBe(false);
    const asRoot = (line: string) => succeeds(`unshare --user --map-root-user --mount sh -c '${line}'`);
    expect(await asRoot("umount /usr")).toBe(false);
    expect(await asRoot("mount -o remount,bind,rw /usr && touch /usr/x")).toBe(false);
    expect(await asRoot("mount -o remount,bind,rw /dev")).toBe(false);
    expect((await failure(sandbox.files.write("/usr/x", ""))).message).toMatch(/read-only/);
    expect((await failure(sandbox.files.remove("/etc"))).message).toMatch(/read-only/);
  });

  it("has a writable root directory, and devices that work", async () => {
    expect(await sh("mkdir -p /app/x && echo y > /app/x/f && cat /app/x/f; echo z > /dev/null; ls /dev/null")).toBe(
      "y\n/dev/null",
    );
    expect(await sandbox.files.read("/app/x/f")).toBe("y\n");
    expect(await sh("head -c 8 /dev/urandom | wc -c")).toBe("8");
  });

  it("keeps its processes to itself", async () => {
    await neighbour.commands.run("sleep 4718.5", { background: true });
    expect(await sh("cat /proc/[0-9]*/cmdline | tr '\\0' ' '")).not.toContain("sleep 4718.5");
    expect(await succeeds(`kill -0 ${process.pid}`)).toBe(false);
    await sandbox.commands.run("sleep 4719.5", { background: true });
    // Kills every process that it can reach, except the shell itself.
    await sandbox.commands.run("kill -9 -1");
    await expect.poll(() => processesWith("sleep 4719.5")).toEqual([]);
    expect(processesWith("sleep 4718.5")).not.toEqual([]);
    expect(await sh("echo still here")).toBe("still here");
  });

  it("does not lead the file API out of it", async () => {
    await sh(`ln -s ${outside} to-outside; ln -s / to-root; ln -s ../../../../../../../../${outside} up`);
    expect((await failure(sandbox.files.read("to-outside/secret"))).message).toMatch(/does not exist/);
    expect((await failure(sandbox.files.read("up/secret"))).message).toMatch(/does not exist/);
    expect(await sandbox.files.read("to-root/etc/passwd")).toContain("user:x:1000:1000::/home/user");
    await sandbox.files.write("to-outside/secret", "sandbox");
    expect(existsSync(join(outside, "secret"))).toBe(true);
    expect(await sh(`cat ${outside}/secret`)).toBe("sandbox");
    expect((await failure(sandbox.files.read("/etc/shadow"))).message).toMatch(
      /cannot be read|permission denied|EACCES/,
    );
    // Reads the sandbox's first process, not this machine's.
    expect(await sandbox.files.read("/proc/1/cmdline")).toContain("perl");
    expect((await failure(sandbox.files.read("/proc/self/environ"))).message).toMatch(/does not exist/);
  });

  it("has a boot id of its own, which a pause with memory and a snapshot keep, and a cold boot does not", async () => {
    const read = async ({ commands }: Sandbox) => (await commands.run("cat /proc/sys/kernel/random/boot_id")).stdout;
    const first = await read(sandbox);
    expect(first).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\n$/);
    expect(first).not.toBe(readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
    expect(first).not.toBe(await read(neighbour));
    expect(await succeeds("echo x > /proc/sys/kernel/random/boot_id")).toBe(false);
    await sandbox.pause();
    await sandbox.connect();
    await sandbox.createSnapshot();
    expect(await read(sandbox)).toBe(first);
    await sandbox.pause({ keepMemory: false });
    await sandbox.connect();
    const second = await read(sandbox);
    expect(second).toMatch(/^[\da-f-]{36}\n$/);
    expect(second).not.toBe(first);
    await sandbox.pause();
    await test.control("POST", `/v2/sandboxes/${sandbox.sandboxId}/connect`, { memory: false });
    expect(await read(sandbox)).not.toBe(second);
  });

  it("lets programs in it make namespaces with a /proc of their own", async () => {
    expect(await succeeds("unshare --map-root-user --mount --pid --fork --mount-proc true")).toBe(true);
  });

  it("lets its user become root by sudo, without a password, and back", async () => {
    expect(await sh("sudo -n id -u; sudo whoami; sudo sudo -u user whoami; sudo -u user whoami")).toBe(
      "0\nroot\nuser\nuser",
    );
    expect(await sh("cd /tmp; A=1 sudo B='2 3' sh -c 'echo $HOME $USER $SUDO_USER $SUDO_UID ${A-none} $B; pwd'")).toBe(
      "/root root user 1000 none 2 3\n/tmp",
    );
    expect(await sh("A=1 sudo -E sh -c 'echo $A'; echo text | sudo sh -c 'tee ~/file; cat ~/file; rm ~/file'")).toBe(
      "1\ntext\ntext",
    );
    expect(await sh(`sudo -i pwd; sudo -s echo 'a  "b' '$USER'; echo 'echo $0 $1' | sudo sh -s x`)).toBe(
      '/root\na  "b root\nsh x',
    );
    expect(await sh("sudo sh -c 'exit 7'; echo $?; sudo no-such; echo $?; sudo -u nobody true; echo $?")).toBe(
      "7\nsudo: no-such: command not found\n1\nsudo: unknown user nobody\n1",
    );
    expect(await succeeds("sudo touch /usr/x")).toBe(false);
  });

  it("becomes a root that has no power outside", async () => {
    const root = await sandbox.commands.run("id -u; whoami; echo $HOME; touch ~/f && ls ~", { user: "root" });
    expect(root.stdout).toBe("0\nroot\n/root\nf\n");
    expect(await failure(sandbox.commands.run("touch /usr/x", { user: "root" }))).toMatchObject({ exitCode: 1 });
    expect(await failure(sandbox.commands.run("umount /usr", { user: "root" }))).toHaveProperty("exitCode");
  });
});

describe("without namespaces", () => {
  const test = useHost({ isolation: "none" });

  it("gives each sandbox a home of its own, and keeps the file API to it", async () => {
    const [one, two] = await Promise.all([test.create(), test.create()]);
    await one.files.write("/home/user/f", "1");
    expect((await one.commands.run("cat ~/f; echo $TMPDIR")).stdout).toMatch(/^1.*\/tmp\n$/);
    expect(await two.files.exists("f")).toBe(false);
    expect((await failure(one.files.write("/usr/x", ""))).message).toMatch(/read-only/);
    expect(test.host.warnings).toEqual([]);
    expect(await SandboxClass.kill(one.sandboxId, test.connection)).toBe(true);
  });
});
