import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { BootFiles } from "./boot-files.ts";
import type { Disk } from "./disks.ts";
import type { Holder } from "./holder.ts";
import { dial, Listeners } from "./listeners.ts";
import { HOMES, type Launched, type LaunchRequest, type Location, type Machine } from "./machine.ts";
import type { Gateway, SandboxUser } from "./machine.ts";
import type { Owner } from "./owner.ts";
import { isWithin } from "./paths.ts";
import { type Premises, visiblePath } from "./premises.ts";
import type { PrivateNetwork } from "./private-network.ts";
import { readUsage, type Usage } from "./usage.ts";

interface Parts {
  readonly disk: Disk;
  readonly boot: BootFiles;
  readonly network: PrivateNetwork | undefined;
  readonly holder: Holder;
}

/** A machine whose first process is a holder in its own namespaces. */
export class NamespaceMachine implements Machine {
  readonly env: Readonly<Record<string, string>>;
  readonly owner: Owner | undefined;
  readonly #hostOwned: readonly string[];
  readonly #premises: Premises;
  readonly #id: string;
  readonly #boot: BootFiles;
  readonly #listeners = new Listeners();
  #disk: Disk;
  #holder: Holder;

  #network: PrivateNetwork | undefined;

  private constructor(premises: Premises, id: string, { disk, boot, network, holder }: Parts) {
    this.#premises = premises;
    this.#id = id;
    this.#disk = disk;
    this.#boot = boot;
    this.#network = network;
    this.#holder = holder;
    this.owner = premises.owner;
    this.env = { PATH: visiblePath(premises.shared) };
    this.#hostOwned = [...premises.shared, "/dev", "/proc"];
  }

  static async open(
    premises: Premises,
    id: string,
    disk: Disk,
    boot: BootFiles,
    gateway: Gateway | undefined,
  ): Promise<NamespaceMachine> {
    let network: PrivateNetwork | undefined;
    try {
      network = gateway === undefined ? undefined : await premises.openNetwork(id, gateway);
      const holder = await premises.openOn(disk, boot, network);
      return new NamespaceMachine(premises, id, { disk, boot, network, holder });
    } catch (error) {
      await network?.close();
      boot.remove();
      throw error;
    }
  }

  get disk(): Disk {
    return this.#disk;
  }

  /** With layers, a path through the holder: only the machine's own namespace has the mount of its layers. */
  get tree(): string {
    return this.#disk.layers.length === 0 ? this.#disk.top : this.#root;
  }

  get reachesOut(): boolean {
    return this.#network?.reachesOut ?? true;
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
    // A path through the holder leads to the sandbox's processes and devices, never to this machine's.
    if (shared) return { host: join(this.#root, sandboxPath), writable: false };
    return { host: join(this.tree, sandboxPath), writable: true };
  }

  launch(request: LaunchRequest): Promise<Launched> {
    return this.#holder.run(request);
  }

  async dial(port: number): Promise<Duplex | undefined> {
    if (this.#network !== undefined) return this.#network.dial(port);
    // The holder was killed meanwhile.
    if (!existsSync(this.#root)) return undefined;
    const host = this.#listeners.find(join(this.#root, "proc"), () => this.#pids(), port);
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

  async killAll(): Promise<void> {
    this.#boot.renew();
    this.#holder.signal("all", "SIGKILL");
    // Discards the process that was forked ahead: it dies too, but could take an order before that.
    await this.#holder.rest();
    await this.#holder.settled();
  }

  async offerPorts(): Promise<void> {
    await this.#network?.offerPorts();
  }

  async leaveNetwork(gateway: Gateway): Promise<boolean> {
    const network = await this.#premises.openNetwork(this.#id, gateway);
    const left = await this.#restart(() => {
      this.#network = network;
      return Promise.resolve();
    });
    if (!left) await network.close();
    return left;
  }

  moveTo(next: () => Promise<Disk>): Promise<boolean> {
    return this.#restart(async () => {
      this.#disk = await next();
    });
  }

  async #restart(change: () => Promise<void>): Promise<boolean> {
    await this.#holder.rest();
    // Pid 1 is the holder.
    if (this.#pids().some((pid) => pid !== "1")) return false;
    await this.#holder.end();
    await change();
    this.#holder = await this.#premises.openOn(this.#disk, this.#boot, this.#network);
    return true;
  }

  /** Returns the pids as the sandbox sees them. */
  #pids(): readonly string[] {
    return readdirSync(join(this.#root, "proc")).filter((name) => /^\d+$/.test(name));
  }

  async close(): Promise<void> {
    await this.#holder.end();
    await this.#network?.close();
    this.#boot.remove();
  }
}
