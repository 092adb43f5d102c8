import { Holder } from "./holder.ts";
import { HOLDER_SCRIPT } from "./holder-script.ts";
import { STANDARD_PATH } from "./helper.ts";
import type { Spawner } from "./machine.ts";
import { nodeSpawner } from "./node-spawner.ts";
import { findTool } from "./tools.ts";

/**
 * Returns the fastest spawner of this machine: the holder without a namespace, or else Node, with the reason as a note.
 */
export async function openSpawner(pipesDirectory: string): Promise<{ spawner: Spawner; note?: string }> {
  try {
    return { spawner: await holderSpawner() };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { spawner: await nodeSpawner(pipesDirectory), note: `commands take longer to start: ${reason}` };
  }
}

async function holderSpawner(): Promise<Spawner> {
  const perl = findTool("perl");
  const holder = await Holder.start(perl, ["-e", HOLDER_SCRIPT, "-", "self"], undefined);
  const probe = {
    user: "user",
    cmd: "true",
    args: [],
    cwd: "/",
    env: { PATH: STANDARD_PATH },
    stdin: "closed",
  } as const;
  const { exited } = await holder.run(probe);
  if ((await exited).code !== 0) throw new Error("the holder cannot start processes here");
  return { launch: (request) => holder.run({ ...request, user: "user" }), close: () => holder.end() };
}
