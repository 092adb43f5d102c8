import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import * as z from "zod/v4";
import { hasExited } from "../../scripts/support/processes.ts";
import { ROOT } from "../../scripts/support/tools.ts";
import { freePort } from "../../scripts/support/free-port.ts";
import { until } from "./until.ts";

const readySchema = z.object({ url: z.string(), key: z.string(), remotes: z.array(z.string()) });

export interface Started extends z.output<typeof readySchema> {
  /** The npm process. */
  readonly child: ChildProcess;
  readonly port: number;
  /** The address of the local sandbox host. */
  readonly hostUrl: string;
}

/**
 * Runs `npm start` on this machine alone, without the environment's E2B account, in a session of its own, and waits
 * until it serves. It ends with the test.
 */
export async function npmStart(env: Readonly<Record<string, string>> = {}): Promise<Started> {
  const { E2B_API_KEY: _, ...mine } = process.env;
  const port = await freePort();
  // Also holds the files of processes that are killed, and is removed with the rest.
  const folder = await mkdtemp(join(tmpdir(), "warmtree-start-"));
  const child = spawn("npm", ["start", "--", "--port", String(port), "--json", "--no-demo"], {
    cwd: ROOT,
    env: { ...mine, TMPDIR: folder, ...env },
    detached: true,
  });
  const exit = once(child, "close");
  onTestFinished(async () => {
    if (!hasExited(child)) child.kill("SIGTERM");
    else killGroup(z.number().parse(child.pid));
    await exit;
    for (const left of [folder, join(ROOT, ".warmtree", `local-${port}`)]) {
      await rm(left, { recursive: true, force: true });
    }
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  const ready = () => /^\{.*\}$/m.exec(output.stdout)?.[0];
  const hostUrl = () => /sandboxes on this machine: (\S+)/.exec(output.stderr)?.[1];
  await until(`npm start is ready: ${output.stderr}`, () => ready() !== undefined && hostUrl() !== undefined);
  return { child, port, hostUrl: hostUrl() ?? "", ...readySchema.parse(JSON.parse(ready() ?? "")) };
}

/** Kills the processes that a fault has left of an npm that is gone. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The group has no process left.
  }
}
