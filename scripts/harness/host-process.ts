import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as z from "zod/v4";
import type { Cleanups } from "../support/cleanups.ts";
import { endWithParent, stopProcess } from "../support/processes.ts";
import { ROOT } from "../support/tools.ts";

const readySchema = z.object({ url: z.string(), layered: z.boolean() });

/**
 * A local sandbox host as a process of its own, for benchmarks: what it does takes nothing from the others but the
 * machine's time, and it starts processes as fast as one can that has little memory.
 * @param root where sandboxes keep their files
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
