import { chownSync, lstatSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Holder } from "./holder.ts";
import { HOLDER_SCRIPT } from "./holder-script.ts";
import { type Helper, STANDARD_PATH, startHelper } from "./helper.ts";
import { HOMES, type Isolation, type Launched, type LaunchRequest, type Location } from "./machine.ts";
import type { Machine, Owner, SandboxUser } from "./machine.ts";
import { BASE_SCRIPT, SANDBOX_SCRIPT } from "./namespace-scripts.ts";
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
    tools: { nsenter: findTool("nsenter"), unshare: findTool("unshare"), perl: findTool("perl") },
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
  const open = async (_id: string, tree: string): Promise<Machine> => {
    return new NamespaceMachine(parts, tree, await openHolder(parts, helper, tree));
  };
  return { kind: "namespaces", owner, open, close: () => helper.end() };
}

interface Parts {
  readonly base: string;
  readonly shared: readonly string[];
  readonly owner: Owner | undefined;
  readonly tools: { readonly nsenter: string; readonly unshare: string; readonly perl: string };
}

function openHolder({ base, shared, owner, tools }: Parts, helper: Helper, tree: string): Promise<Holder> {
  const enter = ["--target", String(helper.pid), "--user", "--mount", "--preserve-credentials", "--"];
  const unshare = [tools.unshare, "--mount", "--pid", "--fork", "--kill-child", "--"];
  const script = ["/bin/sh", "-c", SANDBOX_SCRIPT, "sandbox", tree, base, tools.perl, HOLDER_SCRIPT, tools.unshare];
  const mounts = [...shared.map((path) => path.slice(1)), "dev"];
  return Holder.start(tools.nsenter, [...enter, ...unshare, ...script, ...mounts], owner);
}

class NamespaceMachine implements Machine {
  readonly env: Readonly<Record<string, string>>;
  readonly tree: string;
  readonly owner: Owner | undefined;
  readonly #hostOwned: readonly string[];
  readonly #holder: Holder;

  constructor({ shared, owner }: Parts, tree: string, holder: Holder) {
    this.tree = tree;
    this.owner = owner;
    this.env = { PATH: visiblePath(shared) };
    this.#hostOwned = [...shared, "/dev", "/proc"];
    this.#holder = holder;
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
    if (shared) return { host: `/proc/${this.#holder.hostPid}/root${sandboxPath}`, writable: false };
    return { host: join(this.tree, sandboxPath), writable: true };
  }

  launch(request: LaunchRequest): Promise<Launched> {
    return this.#holder.run(request);
  }

  usage(): Usage | undefined {
    return readUsage(`/proc/${this.#holder.hostPid}/root/proc`, () => true);
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

  close(): Promise<void> {
    return this.#holder.end();
  }
}

/** The host's own PATH as far as sandboxes can see it, after the standard directories. */
function visiblePath(shared: readonly string[]): string {
  const own = (process.env["PATH"] ?? "").split(":").filter((entry) => shared.some((area) => isWithin(entry, area)));
  return [...new Set([...STANDARD_PATH.split(":"), ...own])].join(":");
}
