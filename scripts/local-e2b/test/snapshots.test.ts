import { Sandbox } from "e2b";
import { describe, expect, it } from "vitest";
import * as z from "zod/v4";
import { failure, json, useHost } from "./support.ts";

const test = useHost();

describe("snapshots", () => {
  it("start new sandboxes with the files, and leave the original running", async () => {
    const original = await test.create();
    const counter = await original.commands.run("sleep 600", { background: true });
    await original.commands.run("mkdir -p repo && cd repo && git init -q && echo one > file && chmod 755 file");
    await original.files.write("tagged", "1", { metadata: { author: "me" } });
    const { snapshotId } = await original.createSnapshot();
    await original.files.write("repo/file", "changed");
    const [first, second] = await Promise.all([
      Sandbox.create(snapshotId, test.connection),
      Sandbox.create(snapshotId, test.connection),
    ]);
    expect(await first.files.read("repo/file")).toBe("one\n");
    expect((await first.commands.run("cd repo && git status --short && stat -c %a file")).stdout).toBe(
      "?? file\n755\n",
    );
    if (process.platform === "linux") {
      expect((await first.files.getInfo("tagged")).metadata).toEqual({ author: "me" });
    }
    await first.files.write("repo/file", "mine");
    expect(await second.files.read("repo/file")).toBe("one\n");
    expect((await original.commands.list()).map(({ pid }) => pid)).toContain(counter.pid);
    await Promise.all([first, second, original].map((sandbox) => sandbox.kill()));
  });

  it("are listed, by sandbox and by name, and deleted once nobody uses them", async () => {
    const sandbox = await test.create();
    const nameless = await sandbox.createSnapshot();
    const named = await sandbox.createSnapshot({ name: "warm:v1" });
    expect(named).toEqual({ snapshotId: "local/warm:v1", names: ["local/warm"] });
    const list = async (options: { sandboxId?: string; name?: string }) => {
      const page = await Sandbox.listSnapshots({ ...test.connection, ...options }).nextItems();
      return page.map(({ snapshotId }) => snapshotId);
    };
    expect(await list({ sandboxId: sandbox.sandboxId })).toEqual([named.snapshotId, nameless.snapshotId]);
    expect(await list({ name: "warm" })).toEqual([named.snapshotId]);
    const user = await Sandbox.create("warm:v1", test.connection);
    const refused = await failure(Sandbox.deleteSnapshot(named.snapshotId, test.connection));
    expect(refused.message).toContain("there are running sandboxes using it");
    await user.kill();
    expect(await Sandbox.deleteSnapshot(named.snapshotId, test.connection)).toBe(true);
    expect(await Sandbox.deleteSnapshot(named.snapshotId, test.connection)).toBe(false);
    expect(await list({ sandboxId: sandbox.sandboxId })).toEqual([nameless.snapshotId]);
    expect((await failure(Sandbox.create("warm:v1", test.connection))).message).toContain("not found");
  });

  it("are not taken into the template of another team", async () => {
    const mine = await test.create();
    const { snapshotId } = await mine.createSnapshot({ name: "published" });
    const alias = z.object({ templateID: z.string() });
    const { templateID: published } = await json(await test.control("GET", "/templates/aliases/published"), alias);
    expect((await test.control("PATCH", `/templates/${published}`, { public: true })).status).toBe(200);
    const theirs = await test.create({ apiKey: "key-of-another-team" });
    const refused = await failure(theirs.createSnapshot({ name: published }));
    expect(refused.message).toContain("You don't have access");
    const again = await Sandbox.create(snapshotId, test.connection);
    expect(await again.isRunning()).toBe(true);
  });

  it("are taken of running sandboxes only", async () => {
    const sandbox = await test.create();
    await sandbox.pause();
    expect((await test.control("POST", `/sandboxes/${sandbox.sandboxId}/snapshots`, {})).status).toBe(404);
  });
});
