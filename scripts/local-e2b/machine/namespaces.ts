import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, chownSync, constants, lstatSync, mkdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { byMountNamespace, type Census, killAll } from "./census.ts";
import { launch, type Launched } from "./launch.ts";
import type { Isolation, LaunchRequest, Location, Machine, Owner, SandboxUser } from "./machine.ts";
import { BASE_SCRIPT, SANDBOX_SCRIPT } from "./namespace-scripts.ts";
import { isWithin } from "./paths.ts";
import type { PipePool } from "./pipes.ts";

/** What sandboxes see of the host, read-only. Everything else (homes, /var, /srv, /run, other sandboxes) is not there. */
const SHARED = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix"];
/**
 * A host run by root starts sandboxes as this user, an id that belongs to nobody: what gets out of a namespace has no
 * right to anything. An ordinary user's sandboxes run as that user.
 */
const UNPRIVILEGED: Owner = { uid: 55_555, gid: 55_555 };
const STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const HOMES: Readonly<Record<SandboxUser, string>> = { user: "/home/user", root: "/root" };
/** Setting up takes about 20 ms; this only bounds a machine that hangs. */
const READY_TIMEOUT_MS = 10_000;

/**
 * Prepares user and mount namespaces: one for the host, from which each sandbox gets its own.
 * @throws Error with the system's own words when this machine does not allow it.
 */
export async function namespaceIsolation(root: string, pipes: PipePool): Promise<Isolation> {
  const owner = process.getuid?.() === 0 ? UNPRIVILEGED : undefined;
  const shared = SHARED.filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true);
  const exposed = shared.find((path) => isWithin(root, path));
  if (exposed !== undefined) {
    throw new Error(`${root} lies in ${exposed}, which every sandbox can see; use another root`);
  }
  const tools = { nsenter: findTool("nsenter"), unshare: findTool("unshare") };
  const base = join(root, "base");
  mkdirSync(base);
  if (owner !== undefined) for (const path of [root, base]) chownSync(path, owner.uid, owner.gid);
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
  const holder = await startHolder(tools.unshare, [...setup, "base", base, ...shared], owner);
  const mounts = [...shared.map((path) => path.slice(1)), "dev", "proc"];
  return {
    kind: "namespaces",
    owner,
    open: async (_sandboxId, tree) => {
      const enter = enterArgs(holder, "--", tools.unshare, "--mount", "--", "/bin/sh", "-c", SANDBOX_SCRIPT);
      const inner = await startHolder(tools.nsenter, [...enter, "sandbox", base, tree, ...mounts], owner);
      return new NamespaceMachine({ pipes, tree, owner, holder: inner, mounts: [...shared, "/dev", "/proc"], tools });
    },
    close: () => endHolder(holder),
  };
}

interface Parts {
  readonly pipes: PipePool;
  readonly tree: string;
  readonly owner: Owner | undefined;
  readonly holder: Holder;
  readonly mounts: readonly string[];
  readonly tools: { readonly nsenter: string; readonly unshare: string };
}

class NamespaceMachine implements Machine {
  readonly env = {};
  readonly tree: string;
  readonly owner: Owner | undefined;
  readonly path: string;
  readonly #parts: Parts;
  readonly #census: Census;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.tree = parts.tree;
    this.owner = parts.owner;
    this.path = visiblePath(parts.mounts);
    this.#census = byMountNamespace(readlinkSync(`/proc/${parts.holder.pid}/ns/mnt`));
  }

  homeOf(user: SandboxUser): string {
    return HOMES[user];
  }

  locate(sandboxPath: string): Location {
    if (this.#parts.mounts.some((mount) => isWithin(sandboxPath, mount))) return { host: sandboxPath, writable: false };
    return { host: join(this.tree, sandboxPath), writable: true };
  }

  launch({ user, cmd, args, cwd, env, stdin }: LaunchRequest): Launched {
    const { pipes, holder, tools, owner } = this.#parts;
    // "root" is root of one more user namespace: id 0 in the sandbox, no right outside it.
    const command = user === "root" ? [tools.unshare, "--map-root-user", "--", cmd, ...args] : [cmd, ...args];
    // The directory is opened before the namespace is entered, hence through the holder's own root.
    const entry = enterArgs(holder, `--wd=/proc/${holder.pid}/root${cwd}`, "--", ...command);
    return launch(pipes, tools.nsenter, entry, stdin, { env, ...owner });
  }

  pids(): readonly number[] {
    return this.#census().filter((pid) => pid !== this.#parts.holder.pid);
  }

  async close(): Promise<void> {
    await killAll(this.#census);
    await this.#parts.holder.gone;
  }
}

interface Holder {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly gone: Promise<void>;
}

function enterArgs(holder: Holder, ...rest: string[]): string[] {
  return ["--target", String(holder.pid), "--user", "--mount", "--preserve-credentials", ...rest];
}

async function startHolder(command: string, args: readonly string[], owner: Owner | undefined): Promise<Holder> {
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    env: { PATH: STANDARD_PATH },
    ...owner,
  });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  // The holder may be gone when its stdin is closed to end it.
  child.stdin.on("error", () => undefined);
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), READY_TIMEOUT_MS);
  const ready = await Promise.race([
    new Promise<boolean>((resolve) => child.stdout.once("data", () => resolve(true))),
    gone.then(() => false),
  ]);
  clearTimeout(timer);
  if (!ready || child.pid === undefined) {
    throw new Error(complaint.trim().split("\n").at(-1) ?? `${command} ended without a word`);
  }
  return { pid: child.pid, child, gone };
}

async function endHolder(holder: Holder): Promise<void> {
  holder.child.stdin?.end();
  await holder.gone;
}

/** The host's own PATH as far as sandboxes can see it, after the standard directories. */
function visiblePath(mounts: readonly string[]): string {
  const own = (process.env["PATH"] ?? "").split(":").filter((entry) => mounts.some((mount) => isWithin(entry, mount)));
  return [...new Set([...STANDARD_PATH.split(":"), ...own])].join(":");
}

function findTool(name: string): string {
  for (const directory of STANDARD_PATH.split(":")) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Look on.
    }
  }
  throw new Error(`${name} (util-linux) is not installed`);
}
