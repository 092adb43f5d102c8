import type { E2bConfig } from "../../src/e2b/config.ts";
import { controlPlane } from "../../src/e2b/control.ts";
import { runProcess } from "../../src/e2b/process.ts";
import type { Stack } from "../../scripts/harness/stack.ts";
import { hostedSandboxes } from "./worker.ts";

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 1 << 24;

/** A process of the sandbox's own user, with the rights of an agent's tests, or of a program that it installed. */
export interface Inside {
  /** The folder where the host keeps the sandbox's files. */
  readonly tree: string;
  /** Runs a line in bash, in the home folder. @returns stdout. Throws with stderr if its exit code is not 0 */
  sh(line: string, env?: Readonly<Record<string, string>>): Promise<string>;
}

/** Opens the sandbox of a running workspace. */
export async function inside(stack: Stack, sandbox_id: string): Promise<Inside> {
  const config: E2bConfig = { apiKey: "local", apiUrl: stack.host.url, sandboxUrl: stack.host.url, domain: "e2b.app" };
  const hosted = await hostedSandboxes(stack);
  const found = hosted.find(({ metadata }) => metadata["warmtree_sandbox"] === sandbox_id);
  if (found === undefined) throw new Error(`the host has no sandbox of ${sandbox_id}`);
  const session = await controlPlane(config).get(found.sandboxID);
  return {
    tree: found.tree,
    sh: async (line, env = {}) => {
      const request = { cmd: "/bin/bash", args: ["-c", line], envs: { ...env } };
      const limits = { timeoutMs: TIMEOUT_MS, maxOutputBytes: MAX_OUTPUT_BYTES };
      const { exitCode, stdout, stderr } = await runProcess(config, session, { ...request, ...limits });
      if (exitCode !== 0) throw new Error(`${line}: ${exitCode} ${stderr}`);
      return new TextDecoder().decode(stdout);
    },
  };
}
