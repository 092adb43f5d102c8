import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { BootFiles } from "./boot-files.ts";
import type { Disk } from "./disks.ts";
import { STANDARD_PATH } from "./helper.ts";
import type { Holder } from "./holder.ts";
import { dial, listenerOf } from "./listeners.ts";
import { HOMES, type Launched, type LaunchRequest, type Location, type Machine } from "./machine.ts";
import type { Owner, SandboxUser } from "./machine.ts";
import { isWithin } from "./paths.ts";
import { readUsage, type Usage } from "./usage.ts";

/** What a host has for all of its machines. */
interface Premises {
  /** Directories of this machine that sandboxes see. */
  readonly shared: readonly string[];
  readonly owner: Owner | undefined;
  /** Starts a holder whose root directory is the disk. */
  readonly openOn: (disk: Disk, boot: BootFiles) => Promise<Holder>;
}

/** A machine whose first process is a holder in namespaces of its own. */
export class NamespaceMachine implements Machine {
  readonly env: Readonly<Record<string, string>>;
  readonly owner: Owner | undefined;
  readonly #hostOwned: readonly string[];
  readonly #openOn: (disk: Disk, boot: BootFiles) => Promise<Holder>;
  readonly #boot: BootFiles;
  #disk: Disk;
  #holder: Holder;

  private constructor({ shared, owner, openOn }: Premises, disk: Disk, boot: BootFiles, holder: Holder) {
    this.#disk = disk;
    this.#boot = boot;
    this.#openOn = openOn;
    this.owner = owner;
    this.env = { PATH: visiblePath(shared) };
    this.#hostOwned = [...shared, "/dev", "/proc"];
    this.#holder = holder;
  }

  static async open(premises: Premises, disk: Disk, boot: BootFiles): Promise<NamespaceMachine> {
    try {
      return new NamespaceMachine(premises, disk, boot, await premises.openOn(disk, boot));
    } catch (error) {
      boot.remove();
      throw error;
    }
  }

  get disk(): Disk {
    return this.#disk;
  }

  /** Layers are put together in the machine's own namespace alone. */
  get tree(): string {
    return this.#disk.layers.length === 0 ? this.#disk.top : this.#root;
  }

  get #root(): string {
    return `/proc/${this.#holder.hostPid}/root`;
  }

  homeOf(user: SandboxUser): string {
    return HOMES[user];
  }

  seenAs(sandboxPath: string): string {
    return sandboxPath;
  }

  locate(sandboxPath: string): Location {
    const shared = this.#hostOwned.some((area) => isWithin(sandboxPath, area));
    // Seen through the holder: the sandbox's own processes and devices, never this machine's.
    if (shared) return { host: join(this.#root, sandboxPath), writable: false };
    return { host: join(this.tree, sandboxPath), writable: true };
  }

  launch(request: LaunchRequest): Promise<Launched> {
    return this.#holder.run(request);
  }

  async dial(port: number): Promise<Duplex | undefined> {
    // Killed meanwhile.
    if (!existsSync(this.#root)) return undefined;
    const host = listenerOf(join(this.#root, "proc"), this.#pids(), port);
    return host === undefined ? undefined : dial(host, port);
  }

  usage(): Usage | undefined {
    return readUsage(join(this.#root, "proc"), () => true);
  }

  freeze(): Promise<void> {
    this.#holder.signal("all", "SIGSTOP");
    return this.#holder.settled();
  }

  thaw(): Promise<void> {
    this.#holder.signal("all", "SIGCONT");
    return this.#holder.settled();
  }

  killAll(): Promise<void> {
    this.#boot.renew();
    this.#holder.signal("all", "SIGKILL");
    return this.#holder.settled();
  }

  async moveTo(next: () => Promise<Disk>): Promise<boolean> {
    await this.#holder.rest();
    // The first process is the holder.
    if (this.#pids().some((pid) => pid !== "1")) return false;
    await this.#holder.end();
    this.#disk = await next();
    this.#holder = await this.#openOn(this.#disk, this.#boot);
    return true;
  }

  /** As the sandbox numbers its processes. */
  #pids(): readonly string[] {
    return readdirSync(join(this.#root, "proc")).filter((name) => /^\d+$/.test(name));
  }

  async close(): Promise<void> {
    await this.#holder.end();
    this.#boot.remove();
  }
}

/** The host's own PATH as far as sandboxes can see it, after the standard directories. */
function visiblePath(shared: readonly string[]): string {
  const own = (process.env["PATH"] ?? "").split(":").filter((entry) => shared.some((area) => isWithin(entry, area)));
  return [...new Set([...STANDARD_PATH.split(":"), ...own])].join(":");
}
