import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { Sandbox } from "e2b";
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod/v4";
import { mountsIn, processesWith } from "./support.ts";

const MAIN = new URL("../main.ts", import.meta.url).pathname;
const ready = z.object({
  url: z.string(),
  root: z.string(),
  isolation: z.enum(["namespaces", "none"]),
  layered: z.boolean(),
});

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

function run(...args: string[]): {
  child: ChildProcess;
  ended: Promise<number | null>;
  output: Promise<string>;
  errors: () => string;
} {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString("utf8")));
  const output = new Promise<string>((resolve) =>
    child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString("utf8"))),
  );
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, ended, output, errors: () => errors };
}

describe("npm run local-e2b", () => {
  it("says where it serves, and leaves nothing behind after Ctrl-C", async () => {
    const { child, ended, output } = run("--port", "0", "--json");
    const { url, root } = ready.parse(JSON.parse(await output));
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const sandbox = await Sandbox.create("base", { apiKey: "k", apiUrl: url, sandboxUrl: url });
    await sandbox.commands.run("sleep 4720.5", { background: true });
    // A terminal's Ctrl-C arrives twice when npm passes it on.
    child.kill("SIGINT");
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    await expect.poll(() => processesWith("sleep 4720.5")).toEqual([]);
    expect(existsSync(root)).toBe(false);
  });

  it("leaves no process behind even when it is killed, and files until the next start only", async () => {
    const { child, ended, output } = run("--port", "0", "--json");
    const { url, root, isolation, layered } = ready.parse(JSON.parse(await output));
    if (isolation === "namespaces") {
      const connection = { apiKey: "k", apiUrl: url, sandboxUrl: url };
      const { snapshotId } = await (await Sandbox.create("base", connection)).createSnapshot();
      const sandbox = await Sandbox.create(snapshotId, connection);
      await sandbox.commands.run("sleep 4721.5", { background: true });
      if (layered) expect(mountsIn(root)).not.toEqual([]);
      child.kill("SIGKILL");
      await ended;
      await expect.poll(() => processesWith("sleep 4721.5")).toEqual([]);
      await expect.poll(() => mountsIn(root)).toEqual([]);
    }
    child.kill("SIGKILL");
    await ended;
    // The next host removes the files of the killed one.
    const next = run("--port", "0", "--json");
    await next.output;
    await expect.poll(() => existsSync(root)).toBe(false);
    next.child.kill("SIGTERM");
    expect(await next.ended).toBe(0);
  });

  it("leaves no process of sandboxes without namespaces either when it is killed", async () => {
    const { child, ended, output } = run("--port", "0", "--json", "--isolation", "none");
    const { url } = ready.parse(JSON.parse(await output));
    const sandbox = await Sandbox.create("base", { apiKey: "k", apiUrl: url, sandboxUrl: url });
    await sandbox.commands.run("sleep 4722.5", { background: true });
    // The leader of its process group ends, and the process continues.
    await sandbox.commands.run("sleep 4722.6 > /dev/null 2>&1 &");
    await expect.poll(() => processesWith("sleep 4722.").length).toBeGreaterThanOrEqual(2);
    child.kill("SIGKILL");
    await ended;
    await expect.poll(() => processesWith("sleep 4722.")).toEqual([]);
  });

  it("says in one line what is wrong with its arguments, or with the port", async () => {
    const { output, child, ended } = run("--port", "0", "--json", "--isolation", "none");
    const { url } = ready.parse(JSON.parse(await output));
    const taken = run("--port", new URL(url).port);
    expect(await taken.ended).toBe(1);
    expect(taken.errors()).toBe(`port ${new URL(url).port} is in use\n`);
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    const wrong = run("--isolation", "maximal");
    expect(await wrong.ended).toBe(1);
    expect(wrong.errors()).toContain("isolation");
  });
});
