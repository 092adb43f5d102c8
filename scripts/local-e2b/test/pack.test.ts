import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { Sandbox } from "e2b";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import * as z from "zod/v4";
import { startLocalHost } from "../host.ts";

const PACKAGE = dirname(import.meta.dirname);
const { resolve } = createRequire(import.meta.url);
const packageFolder = (name: string) => dirname(resolve(`${name}/package.json`));

/** Environment without npm's variables: this test may itself run under npm, with its settings. */
const env = { PATH: process.env.PATH, HOME: process.env.HOME, npm_config_update_notifier: "false" };
const run = (cwd: string, command: string, ...args: string[]) => promisify(execFile)(command, args, { cwd, env });

/** Folder of a program, outside of this checkout, in which the packed package is installed. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "local-e2b-pack-test-"));
  await run(PACKAGE, "npm", "pack", "--pack-destination", folder);
  const [archive = ""] = await readdir(folder);
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  // With an empty cache of its own, so that every package comes from the archive.
  await run(folder, "npm", "install", "--offline", "--cache", join(folder, "cache"), "--no-audit", `./${archive}`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const readySchema = z.object({ url: z.string(), isolation: z.string(), layered: z.boolean() });

test("the packed command serves as the sources do, and ends when it is told to", async () => {
  const child = spawn(join(folder, "node_modules", ".bin", "local-e2b"), ["--port", "0", "--json"], {
    cwd: folder,
    env,
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line]: unknown[] = await once(createInterface({ input: child.stdout }), "line");
  const { url, isolation, layered } = readySchema.parse(JSON.parse(z.string().parse(line)));
  const sources = await startLocalHost();
  onTestFinished(() => sources.close());
  expect({ isolation, layered }).toEqual({ isolation: sources.isolation, layered: sources.layered });

  const sandbox = await Sandbox.create({ apiKey: "k", apiUrl: url, sandboxUrl: url });
  expect((await sandbox.commands.run("echo from $HOME; pwd")).stdout).toMatch(/^from .+\n.+\n$/);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});

/** In single quotes, so that no check takes its import for one of this repository. */
const PROGRAM = `
import { startLocalHost } from '@warmtree/local-e2b';
const host = await startLocalHost({ apiKeys: ['good'] });
const asked = async (key: string): Promise<number> =>
  (await fetch(host.url + '/v2/sandboxes', { headers: { 'X-API-KEY': key } })).status;
host.faults.set({ controlErrors: { count: 1, status: 429 } });
console.log([await asked('good'), await asked('good'), await asked('bad')].join());
await host.close();
`;

test("a program in TypeScript starts the packed library, and its types hold", async () => {
  await writeFile(join(folder, "program.ts"), PROGRAM);
  expect((await run(folder, process.execPath, "program.ts")).stdout).toBe("429,200,401\n");

  await writeFile(join(folder, "wrong.ts"), PROGRAM.replace("status: 429", "status: 418"));
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2024", "--types", "node"];
  const types = ["--typeRoots", dirname(packageFolder("@types/node"))];
  const check = (file: string) =>
    run(folder, process.execPath, join(packageFolder("typescript"), "bin", "tsc"), ...options, ...types, file);
  await check("program.ts");
  await expect(check("wrong.ts")).rejects.toMatchObject({ stdout: expect.stringContaining("'418' is not assignable") });
});
