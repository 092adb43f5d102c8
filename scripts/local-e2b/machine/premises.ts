import type { BootFiles } from "./boot-files.ts";
import type { Disk } from "./disks.ts";
import { STANDARD_PATH } from "./helper.ts";
import type { Holder } from "./holder.ts";
import type { Gateway } from "./machine.ts";
import type { Owner } from "./owner.ts";
import { isWithin } from "./paths.ts";
import type { PrivateNetwork } from "./private-network.ts";

/** Resources of a host that all its machines share. */
export interface Premises {
  /** Directories of this machine that sandboxes see. */
  readonly shared: readonly string[];
  readonly owner: Owner | undefined;
  /** Starts a holder whose root directory is the disk, in this network. */
  readonly openOn: (disk: Disk, boot: BootFiles, network: PrivateNetwork | undefined) => Promise<Holder>;
  readonly openNetwork: (id: string, gateway: Gateway) => Promise<PrivateNetwork>;
}

/** Returns a PATH of the standard directories and those of the host's own PATH that sandboxes can see. */
export function visiblePath(shared: readonly string[]): string {
  const own = (process.env["PATH"] ?? "").split(":").filter((entry) => shared.some((area) => isWithin(entry, area)));
  return [...new Set([...STANDARD_PATH.split(":"), ...own])].join(":");
}
