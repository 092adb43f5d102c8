import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startStack } from "../../scripts/harness/stack.ts";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { DEV_KEY } from "../../scripts/support/client.ts";
import { remoteGit } from "../../test/support/worker.ts";

const PACKAGE = dirname(import.meta.dirname);
const { resolve } = createRequire(import.meta.url);
const packageFolder = (name: string) => dirname(resolve(`${name}/package.json`));

/** Leaves out npm's variables: this test may itself run under npm, with npm's settings. */
const env = { PATH: process.env.PATH, HOME: process.env.HOME, npm_config_update_notifier: "false" };
const run = (cwd: string, command: string, ...args: string[]) => promisify(execFile)(command, args, { cwd, env });

/** Folder of a program, outside this checkout, in which the packed package is installed. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "client-pack-test-"));
  await run(PACKAGE, "npm", "pack", "--pack-destination", folder);
  const [archive = ""] = await readdir(folder);
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  // Uses an empty cache, so that the archive is the only source.
  await run(folder, "npm", "install", "--offline", "--cache", join(folder, "cache"), "--no-audit", `./${archive}`);
  await writeFile(join(folder, "program.ts"), PROGRAM);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Uses single quotes, so that no check takes its import for one of this repository's. */
const PROGRAM = `
import { createClient, verifyWebhook, WarmtreeError } from 'warmtree/client';
import type { CloneResult, ErrorCode } from 'warmtree/client';
declare const process: { argv: string[] };
const [, , url = '', repo_url = ''] = process.argv;
const client = createClient({ url, key: '${DEV_KEY}' });
const { sandbox_id }: CloneResult = await client.git.clone({ repo_url, agent_id: 'packed', task_id: 't' });
const { ok, steps: [, push] } = await client.run({
  sandbox_id,
  steps: [
    { op: 'edit', files: [{ path: 'packed.txt', content: 'x' }] },
    { op: 'push', message: 'packed' },
  ],
});
const code: ErrorCode | undefined = await client.git.read({ sandbox_id, path: 'none' }).then(
  () => undefined,
  (error: unknown) => (error instanceof WarmtreeError ? error.code : undefined),
);
console.log(JSON.stringify({ ok, branch: push.status === 'done' ? push.result.branch : undefined, code, verify: typeof verifyWebhook }));
`;

test("a program in TypeScript does the main job with the packed client", async () => {
  const stack = await startStack();
  onTestFinished(() => stack.close());
  await makeRepository(stack.git.root, "small", { files: 5, commits: 3 });
  const { stdout } = await run(folder, process.execPath, "program.ts", stack.url, `${stack.git.url}/small.git`);
  const branch = "agent/packed/t";
  expect(JSON.parse(stdout)).toEqual({ ok: true, branch, code: "path_not_found", verify: "function" });
  expect(remoteGit(stack, "small", "show", `${branch}:packed.txt`)).toBe("x");
});

describe("the packed types hold", () => {
  const compiler = join(packageFolder("typescript"), "bin", "tsc");
  const base = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"];
  const esm = ["--module", "nodenext", "--target", "es2022"];
  /** Rejects with the compiler's output. */
  const check = (file: string, ...platform: string[]) =>
    run(folder, process.execPath, compiler, ...base, ...esm, ...platform, file).catch((error: unknown) => {
      throw new Error(String(error instanceof Error && "stdout" in error ? error.stdout : error));
    });
  const nodeTypes = ["--types", "node", "--typeRoots", dirname(packageFolder("@types/node")), "--skipLibCheck"];

  test.each([
    ["pages", ["--lib", "es2022,dom"]],
    ["Node", ["--lib", "es2022", ...nodeTypes]],
    ["Workers", ["--lib", "es2022", "--types", packageFolder("@cloudflare/workers-types"), "--skipLibCheck"]],
  ])("for %s", async (_, platform) => {
    await check("program.ts", ...platform);
  });

  test.each(["README.md", "docs/client.md", "client/README.md"])("for the code in %s", async (page) => {
    const text = await readFile(join(PACKAGE, "..", page), "utf8");
    const blocks = Array.from(text.matchAll(/^```ts\n(.*?)^```$/gms), ([, code = ""]) => code);
    expect(blocks.length).toBeGreaterThan(0);
    await writeFile(join(folder, "page.ts"), blocks.join("\n"));
    await check("page.ts", "--lib", "es2022,dom");
  });

  test("and a program that is wrong does not compile", async () => {
    await writeFile(join(folder, "wrong.ts"), PROGRAM.replace("agent_id: 'packed'", "agent: 'packed'"));
    const checked = check("wrong.ts", "--lib", "es2022,dom");
    await expect(checked).rejects.toThrow("'agent' does not exist");
  });
});

describe("bundlers take it without a warning", () => {
  const bundled = async (contents: string, conditions: string[]) => {
    const { warnings, outputFiles, metafile } = await build({
      stdin: { contents, resolveDir: folder, loader: "ts" },
      bundle: true,
      minify: true,
      format: "esm",
      platform: "neutral",
      conditions,
      write: false,
      metafile: true,
      logLevel: "silent",
    });
    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
    return { warnings, imports, bytes: outputFiles[0]?.contents.length ?? 0 };
  };

  test.each([
    ["pages", ["browser"]],
    ["workerd", ["workerd", "worker", "browser"]],
  ])("for %s", async (_, conditions) => {
    const all = "import { createClient } from 'warmtree/client'; console.log(createClient)";
    const { bytes, ...found } = await bundled(all, conditions);
    expect(found).toEqual({ warnings: [], imports: [] });
    expect(bytes).toBeLessThan(10_000);
    const receiver = "import { verifyWebhook } from 'warmtree/client'; console.log(verifyWebhook)";
    // A receiver's bundle does not contain the client.
    expect((await bundled(receiver, conditions)).bytes).toBeLessThan(bytes / 3);
  });
});
