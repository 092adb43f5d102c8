import type { Disks, Layers } from "../machine/disks.ts";
import type { Sandbox } from "./sandbox.ts";

/** Number of layers at which a snapshot becomes one whole copy again: each layer makes lookups of files slower. */
const MAX_LAYERS = 8;

/**
 * Captures a sandbox's current files. With layers, if no client is connected and no process runs, they become a layer
 * as they are, with times and inode numbers, and the sandbox continues on top: git need not read the files again, as
 * after E2B's snapshots. Otherwise the processes are stopped while the files are copied.
 */
export async function capture(disks: Disks, sandbox: Sandbox): Promise<Layers> {
  const { machine } = sandbox;
  const { disk } = machine;
  const isDeep = disk.layers.length >= MAX_LAYERS;
  let sealed: Layers | undefined;
  if (disks.layered && !isDeep && sandbox.isQuiet()) {
    await machine.moveTo(async () => {
      sealed = await disks.seal(disk);
      return disks.on(sealed);
    });
  }
  if (sealed !== undefined) return sealed;
  await machine.freeze();
  try {
    return isDeep ? await disks.copy(machine.tree, []) : await disks.copy(disk.top, disk.layers);
  } finally {
    await machine.thaw();
  }
}
