import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { byEnvironment, byProcessGroup, type Census, continueAll, killAll, stopAll } from "./census.ts";
import type { Disk } from "./disks.ts";
import { dial, Listeners } from "./listeners.ts";
import { HOMES, type Isolation, type Launched, type LaunchRequest, type Location, type Spawner } from "./machine.ts";
import type { Machine, SandboxUser } from "./machine.ts";
import { isWithin } from "./paths.ts";
import { readUsage, type Usage } from "./usage.ts";

/**
 * Environment variable by which a sandbox's processes are found. Set last, so that no caller's environment changes it.
 */
const MARK = "LOCAL_E2B_SANDBOX";

/** Isolation without namespaces: processes see the host, with their own home and temporary directory. */
export function plainIsolation(spawner: Spawner): Isolation {
  return {
    kind: "none",
    owner: undefined,
    layered: false,
    ownNetworks: false,
    open: (sandboxId, disk) => Promise.resolve(new PlainMachine(spawner, sandboxId, disk)),
    close: () => spawner.close(),
  };
}

class PlainMachine implements Machine {
  readonly owner = undefined;
  readonly reachesOut = true;
  readonly env: Readonly<Record<string, string>>;
  readonly disk: Disk;
  readonly tree: string;
  readonly #spawner: Spawner;
  readonly #mark: Readonly<Record<string, string>>;
  readonly #leaders = new Set<number>();
  readonly #census: Census;
  readonly #listeners = new Listeners();

  constructor(spawner: Spawner, sandboxId: string, disk: Disk) {
    this.#spawner = spawner;
    this.disk = disk;
    this.tree = disk.top;
    this.env = { PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin", TMPDIR: join(this.tree, "tmp") };
    this.#mark = { [MARK]: sandboxId };
    this.#census =
      process.platform === "linux" ? byEnvironment(MARK, sandboxId, this.#leaders) : byProcessGroup(this.#leaders);
  }

  homeOf(user: SandboxUser): string {
    return join(this.tree, HOMES[user]);
  }

  seenAs(sandboxPath: string): string {
    return this.locate(sandboxPath).host;
  }

  /** Maps homes to the sandbox's tree, and other paths to the host's, of which only temporary files are writable. */
  locate(sandboxPath: string): Location {
    const own = Object.values(HOMES).some((home) => isWithin(sandboxPath, home));
    const host = own ? join(this.tree, sandboxPath) : sandboxPath;
    return { host, writable: [this.tree, tmpdir(), "/tmp"].some((area) => isWithin(host, area)) };
  }

  async launch(request: LaunchRequest): Promise<Launched> {
    const env = { ...request.env, ...this.#mark };
    const launched = await this.#spawner.launch({ ...request, cwd: this.locate(request.cwd).host, env });
    this.#leaders.add(launched.pid);
    // On other systems a leader stands for its process group, which may outlive it.
    if (process.platform === "linux") void launched.exited.then(() => this.#leaders.delete(launched.pid));
    return launched;
  }

  async dial(port: number): Promise<Duplex | undefined> {
    // Without /proc, the owner of the listening program is unknown.
    if (process.platform !== "linux") return (await dial("127.0.0.1", port)) ?? dial("::1", port);
    const host = this.#listeners.find("/proc", () => this.#census().map(String), port);
    return host === undefined ? undefined : dial(host, port);
  }

  usage(): Usage | undefined {
    const pids = new Set(this.#census().map(String));
    return readUsage("/proc", (pid) => pids.has(pid));
  }

  async freeze(): Promise<void> {
    stopAll(this.#census);
  }

  async thaw(): Promise<void> {
    continueAll(this.#census);
  }

  killAll(): Promise<void> {
    return killAll(this.#census);
  }

  offerPorts(): Promise<void> {
    return Promise.resolve();
  }

  leaveNetwork(): Promise<boolean> {
    return Promise.resolve(false);
  }

  /** Never moves, because processes know the disk's path on this machine. */
  moveTo(): Promise<boolean> {
    return Promise.resolve(false);
  }

  close(): Promise<void> {
    return killAll(this.#census);
  }
}
