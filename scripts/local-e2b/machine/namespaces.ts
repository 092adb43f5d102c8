import { chownSync, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Disk } from "./disks.ts";
import { Holder } from "./holder.ts";
import { HOLDER_SCRIPT } from "./holder-script.ts";
import { type Helper, STANDARD_PATH, startHelper } from "./helper.ts";
import { HOMES, type Isolation, type Launched, type LaunchRequest, type Location } from "./machine.ts";
import type { Machine, Owner, SandboxUser } from "./machine.ts";
import { BASE_SCRIPT, LAYERS_SCRIPT, SANDBOX_SCRIPT } from "./namespace-scripts.ts";
import { isWithin } from "./paths.ts";
import { findTool } from "./tools.ts";
import { readUsage, type Usage } from "./usage.ts";

/** What sandboxes see of the host, read-only. Everything else (homes, /var, /srv, /run, other sandboxes) is not there. */
const SHARED = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix"];
/**
 * A host run by root starts sandboxes as this user, an id that belongs to nobody: what gets out of a namespace has no
 * right to anything. An ordinary user's sandboxes run as that user.
 */
const UNPRIVILEGED: Owner = { uid: 55_555, gid: 55_555 };

/**
 * Prepares user, mount and process namespaces: a user and a mount namespace for the host, from which each sandbox gets
 * its own, and a process namespace per sandbox, whose end is the end of everything in it.
 * @throws Error with the system's own words when this machine does not allow it
 */
export async function namespaceIsolation(root: string): Promise<Isolation> {
  const owner = process.getuid?.() === 0 ? UNPRIVILEGED : undefined;
  const shared = SHARED.filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true);
  const exposed = shared.find((path) => isWithin(root, path));
  if (exposed !== undefined) {
    throw new Error(`${root} lies in ${exposed}, which every sandbox can see; use another root`);
  }
  const base = join(root, "base");
  mkdirSync(base);
  if (owner !== undefined) for (const path of [root, base]) chownSync(path, owner.uid, owner.gid);
  const parts: Parts = {
    base,
    shared,
    owner,
    tools: {
      nsenter: findTool("nsenter"),
      unshare: findTool("unshare"),
      perl: findTool("perl"),
      setpriv: findTool("setpriv"),
    },
  };
  const setup = [
    "--user",
    "--map-root-user",
    "--mount",
    "--propagation",
    "private",
    "--",
    "/bin/sh",
    "-c",
    BASE_SCRIPT,
  ];
  const helper = await startHelper(parts.tools.unshare, [...setup, "base", base, ...shared], owner);
  const open = async (_id: string, disk: Disk): Promise<Machine> => {
    const openOn = (its: Disk) => openHolder(parts, helper, its);
    return new NamespaceMachine(parts, disk, await openOn(disk), openOn);
  };
  return { kind: "namespaces", owner, layered: owner !== undefined, open, close: () => helper.end() };
}

interface Parts {
  readonly base: string;
  readonly shared: readonly string[];
  readonly owner: Owner | undefined;
  readonly tools: Readonly<Record<"nsenter" | "unshare" | "perl" | "setpriv", string>>;
}

function openHolder({ base, shared, owner, tools }: Parts, helper: Helper, { top, layers }: Disk): Promise<Holder> {
  const target = ["--target", String(helper.pid)];
  const asUser = [tools.nsenter, ...target, "--user", "--preserve-credentials"];
  const unshare = [tools.unshare, "--mount", "--pid", "--fork", "--kill-child", "--"];
  const script = ["/bin/sh", "-c", SANDBOX_SCRIPT, "sandbox", top, base, tools.perl, HOLDER_SCRIPT, tools.unshare];
  const sandbox = [...unshare, ...script, ...shared.map((path) => path.slice(1)), "dev"];
  if (layers.length === 0) return start([...asUser, "--mount", "--", ...sandbox], owner);
  if (owner === undefined) throw new Error("only a host run by root can put directories on top of each other");
  const names = layers.map((layer) => basename(layer)).join(":");
  const mount = ["/bin/sh", "-c", LAYERS_SCRIPT, "layers", dirname(top), basename(top), names];
  const asOwner = [tools.setpriv, `--reuid=${owner.uid}`, `--regid=${owner.gid}`, "--clear-groups", "--"];
  const asRoot = [tools.nsenter, ...target, "--mount", "--", tools.unshare, "--mount", "--", ...mount];
  return start([...asRoot, ...asOwner, ...asUser, "--", ...sandbox], undefined);
}

function start([command = "", ...args]: readonly string[], owner: Owner | undefined): Promise<Holder> {
  return Holder.start(command, args, owner);
}

class NamespaceMachine implements Machine {
  readonly env: Readonly<Record<string, string>>;
  readonly owner: Owner | undefined;
  readonly #hostOwned: readonly string[];
  readonly #openOn: (disk: Disk) => Promise<Holder>;
  #disk: Disk;
  #holder: Holder;

  constructor({ shared, owner }: Parts, disk: Disk, holder: Holder, openOn: (disk: Disk) => Promise<Holder>) {
    this.#disk = disk;
    this.#openOn = openOn;
    this.owner = owner;
    this.env = { PATH: visiblePath(shared) };
    this.#hostOwned = [...shared, "/dev", "/proc"];
    this.#holder = holder;
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
    this.#holder.signal("all", "SIGKILL");
    return this.#holder.settled();
  }

  async moveTo(next: () => Promise<Disk>): Promise<boolean> {
    // The first process is the holder.
    if (readdirSync(join(this.#root, "proc")).some((name) => /^\d+$/.test(name) && name !== "1")) return false;
    await this.#holder.end();
    this.#disk = await next();
    this.#holder = await this.#openOn(this.#disk);
    return true;
  }

  close(): Promise<void> {
    return this.#holder.end();
  }
}

/** The host's own PATH as far as sandboxes can see it, after the standard directories. */
function visiblePath(shared: readonly string[]): string {
  const own = (process.env["PATH"] ?? "").split(":").filter((entry) => shared.some((area) => isWithin(entry, area)));
  return [...new Set([...STANDARD_PATH.split(":"), ...own])].join(":");
}
