import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as z from "zod/v4";
import type { Cleanups } from "../support/cleanups.ts";
import { endWithParent, stopProcess } from "../support/processes.ts";
import { ROOT } from "../support/tools.ts";

const readySchema = z.object({ url: z.string(), layered: z.boolean() });

/**
 * Starts a local sandbox host in a process of its own, for benchmarks: it shares only the machine's processor time with
 * the other processes, and it starts processes as fast as a process with little memory can.
 * @param root folder of the sandboxes' files
 */
export async function startHostProcess(
  root: string,
  isolation: "auto" | "none",
  cleanups: Cleanups,
): Promise<z.infer<typeof readySchema>> {
  const main = join(ROOT, "scripts/local-e2b/main.ts");
  const args = [main, "--port", "0", "--root", root, "--isolation", isolation, "--json"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  endWithParent(child);
  cleanups.add(() => stopProcess(child));
  for await (const line of createInterface({ input: child.stdout })) return readySchema.parse(JSON.parse(line));
  throw new Error("the sandbox host ended before it was ready");
}
