import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Sandbox } from "e2b";
import { describe, expect, it } from "vitest";
import { startLocalHost } from "../host.ts";
import { failure, mountsIn, useHost } from "./support.ts";

const probe = await startLocalHost();
const { layered } = probe;
await probe.close();
if (!layered) console.warn("layers are not tested: this machine has none for us");

/** Makes a repository with one folder of files, old enough for git to trust its index. */
const MAKE_REPOSITORY = `git init -q seed && cd seed && mkdir docs && echo 1 >docs/a && echo 1 >docs/b && git add -A &&
touch -d '2026-01-01' docs/a docs/b && git update-index -q --refresh && git -c user.name=t -c user.email=t commit -qm x`;
const IDENTITY = "stat -c '%i %Z %Y' docs/a docs/b";

describe.runIf(layered)("a sandbox on layers", () => {
  const test = useHost();
  const run = async (sandbox: Sandbox, line: string) => (await sandbox.commands.run(line)).stdout;
  const start = (snapshotId: string) => Sandbox.create(snapshotId, test.connection);

  it("has the very files of the snapshot, and changes its own only", async () => {
    const original = await test.create();
    await run(original, MAKE_REPOSITORY);
    const before = await run(original, `cd seed && ${IDENTITY}`);
    const { snapshotId } = await original.createSnapshot();
    expect(await run(original, `cd seed && ${IDENTITY}`)).toBe(before);
    const [one, two] = await Promise.all([start(snapshotId), start(snapshotId)]);
    await run(one, `perl -e 'rename "seed", "repo" or die $!'`);
    expect(await run(one, `cd repo && ${IDENTITY}`)).toBe(before);
    await run(one, "cd repo && rm docs/b && echo more >>docs/a && mv docs papers");
    expect(await run(one, "cd repo && git status --short && ls papers")).toBe(" D docs/a\n D docs/b\n?? papers/\na\n");
    for (const other of [original, two]) {
      expect(await run(other, "cd seed && git status --short && cat docs/a")).toBe("1\n");
    }
    expect(await failure(one.commands.run("unshare --user --map-root-user --mount umount /usr"))).toHaveProperty(
      "exitCode",
    );
    await Promise.all([original, one, two].map((sandbox) => sandbox.kill()));
  });

  it("is reached by the file API, below and above", async () => {
    const original = await test.create();
    await original.files.write("docs/below", "below");
    await original.files.write("docs/gone", "gone");
    const { snapshotId } = await original.createSnapshot();
    const sandbox = await start(snapshotId);
    expect(await sandbox.files.read("docs/below")).toBe("below");
    const seen: string[] = [];
    const watching = await sandbox.files.watchDir("docs", ({ name, type }) => void seen.push(`${type} ${name}`));
    await sandbox.files.write("docs/above", "above");
    await sandbox.files.write("docs/below", "changed");
    await sandbox.files.remove("docs/gone");
    await expect.poll(() => seen).toEqual(expect.arrayContaining(["remove gone", "write below"]));
    await watching.stop();
    await sandbox.files.rename("docs", "papers");
    await run(sandbox, "echo mine >>papers/above");
    const entries = await sandbox.files.list("papers");
    expect(entries.map(({ name, owner }) => [name, owner])).toEqual([
      ["above", "user"],
      ["below", "user"],
    ]);
    expect(await sandbox.files.read("papers/above")).toBe("abovemine\n");
    expect(await original.files.read("docs/below")).toBe("below");
    await Promise.all([original, sandbox].map((each) => each.kill()));
  });

  it("is snapshotted with all its layers, however many, whether something runs in it or not", async () => {
    let sandbox = await test.create();
    for (let round = 0; round < 10; round += 1) {
      await run(sandbox, `echo ${round} >${round} && rm -f ./${round - 1}-x && echo >${round}-x`);
      if (round % 3 === 2) await sandbox.commands.run("sleep 600", { background: true });
      const { snapshotId } = await sandbox.createSnapshot();
      await sandbox.kill();
      sandbox = await start(snapshotId);
    }
    expect(await run(sandbox, "cat $(seq 0 9) | tr '\\n' ' '; ls -- *-x")).toBe("0 1 2 3 4 5 6 7 8 9 9-x\n");
    await sandbox.kill();
  });

  it("keeps what it needs of a snapshot that is deleted, and nothing more", async () => {
    const original = await test.create();
    await original.files.write("first", "1");
    const first = await original.createSnapshot();
    const user = await start(first.snapshotId);
    const second = await user.createSnapshot();
    await Promise.all([original, user].map((sandbox) => sandbox.kill()));
    expect(await Sandbox.deleteSnapshot(first.snapshotId, test.connection)).toBe(true);
    const last = await start(second.snapshotId);
    expect(await last.files.read("first")).toBe("1");
    await last.pause();
    await last.connect();
    expect(await run(last, "cat first")).toBe("1");
    await last.kill();
    expect(mountsIn(test.host.root).filter((line) => line.includes("upperdir="))).toEqual([]);
    const left = (await Sandbox.listSnapshots(test.connection).nextItems()).map(({ snapshotId }) => snapshotId);
    for (const snapshotId of left) await Sandbox.deleteSnapshot(snapshotId, test.connection);
    await expect.poll(() => readdirSync(join(test.host.root, "disks"))).toEqual([]);
  });
});
