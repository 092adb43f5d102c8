import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { problemText } from "./client.ts";
import { endWithParent, hasExited, stopProcess } from "./processes.ts";
import { ROOT, toolEnvironment, toolPath } from "./tools.ts";

export interface WranglerDevOptions {
  readonly port: number;
  /** Variables and secrets of the Worker. */
  readonly bindings: Readonly<Record<string, string>>;
  /** Folder of its own for Durable Object storage and the file that carries the bindings. */
  readonly folder: string;
  /** Shows everything wrangler and the Worker print; otherwise errors only. */
  readonly verbose: boolean;
  /** Gives up waiting for the Worker. */
  readonly signal: AbortSignal;
}

export interface WranglerDev {
  /** Resolves when the process has ended, whatever ended it. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** A cold start on a small machine takes under ten seconds. */
const READY_TIMEOUT_MS = 120_000;
const READY_POLL_MS = 100;

/** What wrangler prints around errors. */
const CHATTER = /⛅️|^─+$|^\s*$|🪵/u;

/** Runs `wrangler dev` on 127.0.0.1 and resolves when the Worker serves. Rejects when it ends, or reports bad settings. */
export async function startWranglerDev({
  port,
  bindings,
  folder,
  verbose,
  signal,
}: WranglerDevOptions): Promise<WranglerDev> {
  // A file only its owner can read: command lines are visible to everybody on the machine.
  const envFile = join(folder, "bindings.env");
  await writeFile(envFile, envFileText(bindings), { mode: 0o600 });
  const args = [
    "dev",
    "--ip=127.0.0.1",
    `--port=${port}`,
    `--env-file=${envFile}`,
    `--persist-to=${join(folder, "worker")}`,
  ];
  const quiet = verbose ? [] : ["--log-level=error"];
  const child = spawn(toolPath("wrangler"), [...args, "--show-interactive-dev-session=false", ...quiet], {
    cwd: ROOT,
    env: { ...toolEnvironment(), WRANGLER_LOG_PATH: join(folder, "wrangler-logs") },
    stdio: ["ignore", "pipe", "pipe"],
    // Its own process group: Ctrl-C is for us to hand on, and wrangler's children end with the group.
    detached: true,
  });
  endWithParent(child, "group");
  for (const stream of [child.stdout, child.stderr]) show(stream, verbose);
  const ended = once(child, "exit").then(() => undefined);
  const url = `http://127.0.0.1:${port}`;
  try {
    await serving(url, child, signal);
  } catch (error) {
    await stopProcess(child);
    throw error;
  }
  return { ended, close: () => stopProcess(child) };
}

async function serving(url: string, child: ChildProcess, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (hasExited(child)) throw new Error("wrangler dev ended before the Worker served");
    const response = await fetch(`${url}/healthz`).catch(() => undefined);
    if (response?.ok) return;
    if (response) throw new Error(`the Worker cannot serve: ${problemText(await response.json())}`);
    await sleep(READY_POLL_MS, undefined, { signal });
  }
  throw new Error(`the Worker did not serve within ${READY_TIMEOUT_MS / 1000} s`);
}

function show(stream: Readable, verbose: boolean): void {
  createInterface({ input: stream }).on("line", (line) => {
    if (verbose || !CHATTER.test(line)) console.error(line);
  });
}

/** The .env format as wrangler reads it: in single quotes nothing is special but `$`, which it expands. */
function envFileText(bindings: Readonly<Record<string, string>>): string {
  return Object.entries(bindings)
    .map(([name, value]) => `${name}='${quotable(name, value).replaceAll("$", "\\$")}'\n`)
    .join("");
}

function quotable(name: string, value: string): string {
  if (!/['\r\n]/.test(value)) return value;
  throw new Error(`${name} contains a quote or a line break, which wrangler dev cannot take`);
}
