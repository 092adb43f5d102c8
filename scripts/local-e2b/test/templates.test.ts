import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BuildError, type LogEntry, Sandbox, Template } from "e2b";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod/v4";
import { failure, json, useHost } from "./support.ts";

const test = useHost();
const context = mkdtempSync(join(tmpdir(), "template-context-"));

beforeAll(() => {
  mkdirSync(join(context, "site/css"), { recursive: true });
  writeFileSync(join(context, "site/index.html"), "<h1>hi</h1>");
  writeFileSync(join(context, "site/css/main.css"), "h1{}");
  writeFileSync(join(context, "tool.sh"), "#!/bin/sh\necho tool");
});
afterAll(() => rmSync(context, { recursive: true }));

describe("templates", () => {
  it("runs every step, and sandboxes start where the build ended", async () => {
    const template = Template({ fileContextPath: context })
      .fromBaseImage()
      .setEnvs({ STAGE: "built", COMBINED: "$USER/x" })
      .setWorkdir("/home/user/app")
      .copy("site", "public")
      .copy("tool.sh", "/home/user/bin/", { mode: 0o755 })
      .copy("site/*.html", "copies/")
      .runCmd("echo from-$STAGE > built.txt")
      .runCmd("echo $USER > made-by", { user: "root" });
    const logs: LogEntry[] = [];
    const built = await Template.build(template, "site:v1", {
      ...test.connection,
      cpuCount: 4,
      memoryMB: 1024,
      onBuildLogs: (entry) => void logs.push(entry),
    });
    expect(logs.map(({ message }) => message).join("\n")).toContain("RUN echo from-$STAGE");
    const sandbox = await Sandbox.create("site:v1", test.connection);
    const { stdout } = await sandbox.commands.run(
      "pwd; cat built.txt made-by public/index.html public/css/main.css copies/index.html; ~/bin/tool.sh; echo $STAGE $COMBINED",
    );
    const home = (await sandbox.commands.run("echo $HOME")).stdout.trim();
    expect(stdout).toBe(`${home}/app\nfrom-built\nroot\n<h1>hi</h1>h1{}<h1>hi</h1>tool\nbuilt user/x\n`);
    expect(await sandbox.getInfo()).toMatchObject({ templateId: built.templateId, cpuCount: 4, memoryMB: 1024 });
  });

  it("builds on another template", async () => {
    await Template.build(
      Template().fromTemplate("site:v1").runCmd("cat built.txt > again.txt"),
      "child",
      test.connection,
    );
    const sandbox = await Sandbox.create("child", test.connection);
    expect((await sandbox.commands.run("cat again.txt; echo $STAGE")).stdout).toBe("from-built\nbuilt\n");
  });

  it("starts a service in every sandbox, and waits for it", async () => {
    const template = Template().fromBaseImage().setStartCmd("sleep 0.2; touch ready; sleep 600", "test -e ready");
    await Template.build(template, "service", test.connection);
    const sandbox = await Sandbox.create("service", test.connection);
    expect(await sandbox.files.exists("ready")).toBe(true);
    expect((await sandbox.commands.list()).map(({ args }) => args.at(-1))).toContainEqual(
      expect.stringContaining("sleep 600"),
    );
  });

  it("fails with the step's own words, and makes no template", async () => {
    const template = Template().fromBaseImage().runCmd("echo fine").runCmd("echo the reason >&2; exit 9");
    const logs: string[] = [];
    const options = { ...test.connection, onBuildLogs: (entry: LogEntry) => void logs.push(entry.message) };
    const error = await failure(Template.build(template, "broken", options));
    expect(error).toBeInstanceOf(BuildError);
    expect(error.message).toContain("exit status 9");
    expect(logs).toContain("the reason");
    expect((await failure(Sandbox.create("broken", test.connection))).message).toContain("does not exist");
  });

  it("leaves no files of a build whose template is deleted meanwhile", async () => {
    const disks = () => readdirSync(join(test.host.root, "disks")).toSorted();
    const before = disks();
    const begun = z.object({ templateID: z.string(), buildID: z.string() });
    const { templateID, buildID } = await json(await test.control("POST", "/v3/templates", { name: "dropped" }), begun);
    const steps = [{ type: "RUN", args: ["sleep 0.5"] }];
    await test.control("POST", `/v2/templates/${templateID}/builds/${buildID}`, { steps });
    await expect.poll(disks).not.toEqual(before);
    expect((await test.control("DELETE", `/templates/${templateID}`)).status).toBe(204);
    await expect.poll(disks, { timeout: 10_000 }).toEqual(before);
  });

  it("names, tags, lists and deletes", async () => {
    expect(await Template.exists("site", test.connection)).toBe(true);
    expect(await Template.exists("nothing", test.connection)).toBe(false);
    await Template.assignTags("site:v1", ["stable", "latest"], test.connection);
    const tags = (await Template.getTags("site", test.connection)).map(({ tag }) => tag);
    expect(tags.sort()).toEqual(["latest", "stable", "v1"]);
    await Template.removeTags("site", ["latest"], test.connection);
    const stable = await Sandbox.create("site:stable", test.connection);
    await stable.kill();
    expect((await failure(Sandbox.create("site:latest", test.connection))).message).toContain("tag 'latest'");

    const listed = await json(
      await test.control("GET", "/templates"),
      z.array(z.object({ names: z.array(z.string()) })),
    );
    expect(listed.flatMap(({ names }) => names)).toEqual(expect.arrayContaining(["local/site", "local/child"]));
    for (const { sandboxId } of await Sandbox.list(test.connection).nextItems()) {
      await Sandbox.kill(sandboxId, test.connection);
    }
    expect((await test.control("DELETE", "/templates/site")).status).toBe(204);
    expect((await test.control("GET", "/templates/site")).status).toBe(404);
  });
});
