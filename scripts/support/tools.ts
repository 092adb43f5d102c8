import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { endWithParent } from "./processes.ts";

/** Root folder of the checkout. */
export const ROOT: string = join(import.meta.dirname, "..", "..");

const BIN = join(ROOT, "node_modules", ".bin");

/** Returns the absolute path of a command from an npm package of this checkout. */
export function toolPath(name: string): string {
  return join(BIN, name);
}

/**
 * Returns the environment for npm tools: the pinned Node is first in PATH (they start with `#!/usr/bin/env node`), and
 * they make no requests to Cloudflare, neither for telemetry nor for a sample of request.cf.
 */
export function toolEnvironment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `${BIN}${delimiter}${process.env.PATH ?? ""}`,
    WRANGLER_SEND_METRICS: "false",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
  };
}

export interface ToolResult {
  readonly ok: boolean;
  /** stdout and stderr, in order of arrival. */
  readonly output: string;
  readonly stdout: string;
}

/** Runs one of the checkout's tools to its end. Rejects if it cannot be started, or if `signal` ended it. */
export function runTool(name: string, args: readonly string[], signal?: AbortSignal): Promise<ToolResult> {
  return runProgram(toolPath(name), args, signal);
}

/** Runs a program of the machine in the same way. */
export function runProgram(command: string, args: readonly string[], signal?: AbortSignal): Promise<ToolResult> {
  const child = spawn(command, args, {
    cwd: ROOT,
    env: toolEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
    // Many tools start other processes, and end without ending them.
    detached: true,
    ...(signal && { signal }),
  });
  endWithParent(child, "group");
  const chunks: Buffer[] = [];
  const answer: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    answer.push(chunk);
  });
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ ok: code === 0, output: textOf(chunks), stdout: textOf(answer) }));
  });
}

const textOf = (chunks: readonly Buffer[]) => Buffer.concat(chunks).toString("utf8");
