import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { ROOT } from "../../scripts/support/tools.ts";

const LOCK = {
  name: "project",
  lockfileVersion: 3,
  requires: true,
  packages: {
    "": { name: "project", workspaces: ["left"] },
    left: { version: "1.0.0" },
    "node_modules/left": { resolved: "left", link: true },
  },
};

let project: string;

/** Makes a project with run.mjs, and a workspace, which needs no registry. */
beforeEach(async () => {
  settings = {};
  project = await mkdtemp(join(tmpdir(), "warmtree-run-"));
  onTestFinished(() => rm(project, { recursive: true, force: true }));
  await mkdir(join(project, "left"));
  for (const file of [
    "run.mjs",
    "local-e2b/machine/guard.mjs",
    "support/install.mjs",
    "support/no-proxy.mjs",
    "support/text-imports.mjs",
  ]) {
    await cp(join(ROOT, "scripts", file), join(project, "scripts", file));
  }
  await writeFile(join(project, "left", "package.json"), JSON.stringify({ name: "left", version: "1.0.0" }));
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "project", workspaces: ["left"] }));
  await writeFile(join(project, "package-lock.json"), JSON.stringify(LOCK));
});

let settings: Record<string, string> = {};

function start(script: string, ...args: string[]): { child: ChildProcess; output: () => string } {
  // Leaves out npm's variables: this test may itself run under npm, with npm's settings.
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...settings };
  const command = ["scripts/run.mjs", script, ...args];
  const child = spawn(process.execPath, command, { cwd: project, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output };
}

async function run(...command: [string, ...string[]]): Promise<{ code: unknown; output: string }> {
  const { child, output } = start(...command);
  const [code]: unknown[] = await once(child, "close");
  return { code, output: output() };
}

async function writeScript(text: string): Promise<string> {
  await writeFile(join(project, "scripts", "main.ts"), text);
  return "scripts/main.ts";
}

test("installs once, again when the installation is not what the lock asks for, and passes arguments and exit code", async () => {
  const script = await writeScript(`
    const args: string[] = process.argv.slice(2);
    console.log("arguments", args.join("|"));
    process.exitCode = 3;
  `);
  const first = await run(script, "--flag", "a b");
  expect(first).toMatchObject({ code: 3, output: expect.stringContaining("npm ci: done") });
  expect(first.output).toContain("arguments --flag|a b");
  expect((await run(script)).output).not.toContain("npm ci");

  const record = join(project, "node_modules", ".package-lock.json");
  await writeFile(record, (await readFile(record, "utf8")).replace('"1.0.0"', '"0.9.0"'));
  expect((await run(script)).output).toContain("npm ci: done");
});

test("shows npm's own words and starts nothing when the installation fails", async () => {
  // A dependency that the lock file lacks.
  await writeFile(
    join(project, "package.json"),
    JSON.stringify({ name: "project", dependencies: { other: "file:left" } }),
  );
  const { code, output } = await run(await writeScript(`console.log("the script ran")`));
  expect(code).toBe(1);
  expect(output).toContain("npm error");
  expect(output).not.toContain("the script ran");
});

test("passes signals on and answers with the script's exit code", async () => {
  const script = await writeScript(`
    process.on("SIGTERM", () => process.exit(7));
    setInterval(() => {}, 1000);
    console.log("waiting");
  `);
  const { child, output } = start(script);
  await expect.poll(output).toContain("waiting");
  child.kill("SIGTERM");
  expect(await once(child, "close")).toEqual([7, null]);
});

test("a script ends with it, also when it is killed", async () => {
  const script = await writeScript(`
    process.on("SIGTERM", () => {
      console.log("told to end");
      process.exit();
    });
    setInterval(() => {}, 1000);
    console.log("waiting");
  `);
  const { child, output } = start(script);
  await expect.poll(output).toContain("waiting");
  child.kill("SIGKILL");
  // The script holds the other end of the pipe, so this waits for the script's end too.
  await once(child, "close");
  expect(output()).toContain("told to end");
});

test.each([
  [{}, undefined],
  [{ no_proxy: "example.com" }, undefined],
  [{ https_proxy: "http://proxy.example:1" }, "localhost,127.0.0.1,::1,[::1]"],
  [{ HTTP_PROXY: "http://p:1", NO_PROXY: "a.example, ::1" }, "a.example,::1,localhost,127.0.0.1,[::1]"],
])("with %j, nothing for this machine goes to a proxy", async (given, expected) => {
  settings = given;
  const { output } = await run(await writeScript(`console.log("exempt", process.env.no_proxy, process.env.NO_PROXY)`));
  const { no_proxy: lower, NO_PROXY: upper }: Record<string, string> = given;
  expect(output).toContain(`exempt ${expected ?? lower} ${expected ?? upper}`);
});
