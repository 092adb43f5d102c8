import type { Disks, Layers } from "../machine/disks.ts";
import type { Sandbox } from "./sandbox.ts";

/** A snapshot of a sandbox from a snapshot, and so on, is made whole again at this depth: each layer makes looking longer. */
const MAX_LAYERS = 8;

/**
 * What a sandbox's files are now. Where nothing runs in it they become a layer as they are, times and inode numbers
 * included, and the sandbox goes on above them: so git need not look at files again, as after E2B's snapshots. Where
 * something runs, it stands still while its files are copied.
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
