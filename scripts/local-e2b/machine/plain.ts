import { tmpdir } from "node:os";
import { join } from "node:path";
import { byEnvironment, byProcessGroup, type Census, continueAll, killAll, stopAll } from "./census.ts";
import { HOMES, type Isolation, type Launched, LaunchError, type LaunchRequest, type Location } from "./machine.ts";
import type { Machine, SandboxUser } from "./machine.ts";
import { isWithin } from "./paths.ts";
import type { PipePool } from "./pipes.ts";
import { spawnLaunched } from "./spawn.ts";
import { readUsage, type Usage } from "./usage.ts";

/** By which processes are found again; added last, so that a caller's own environment cannot change it. */
const MARK = "LOCAL_E2B_SANDBOX";

/** No namespaces: processes see the host, with a home and a temporary directory of their own. */
export function plainIsolation(pipes: PipePool): Isolation {
  return {
    kind: "none",
    owner: undefined,
    open: (sandboxId, tree) => Promise.resolve(new PlainMachine(pipes, sandboxId, tree)),
    close: () => Promise.resolve(),
  };
}

class PlainMachine implements Machine {
  readonly owner = undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly tree: string;
  readonly #pipes: PipePool;
  readonly #mark: Readonly<Record<string, string>>;
  readonly #leaders = new Set<number>();
  readonly #census: Census;

  constructor(pipes: PipePool, sandboxId: string, tree: string) {
    this.#pipes = pipes;
    this.tree = tree;
    this.env = { PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin", TMPDIR: join(tree, "tmp") };
    this.#mark = { [MARK]: sandboxId };
    this.#census = process.platform === "linux" ? byEnvironment(MARK, sandboxId) : byProcessGroup(this.#leaders);
  }

  homeOf(user: SandboxUser): string {
    return join(this.tree, HOMES[user]);
  }

  seenAs(sandboxPath: string): string {
    return this.locate(sandboxPath).host;
  }

  /** The homes are the sandbox's own; every other path is the host's, of which only temporary files may be written. */
  locate(sandboxPath: string): Location {
    const own = Object.values(HOMES).some((home) => isWithin(sandboxPath, home));
    const host = own ? join(this.tree, sandboxPath) : sandboxPath;
    return { host, writable: [this.tree, tmpdir(), "/tmp"].some((area) => isWithin(host, area)) };
  }

  async launch({ cmd, args, cwd, env, stdin }: LaunchRequest): Promise<Launched> {
    const options = { cwd: this.locate(cwd).host, env: { ...env, ...this.#mark } };
    const launched = this.#spawn(cmd, args, stdin, options);
    this.#leaders.add(launched.pid);
    return launched;
  }

  #spawn(...[cmd, args, stdin, options]: [string, readonly string[], LaunchRequest["stdin"], object]): Launched {
    try {
      return spawnLaunched(this.#pipes, cmd, args, stdin, options);
    } catch (error) {
      if (!(error instanceof LaunchError)) throw error;
      // A program that is not there is no failed call but exit code 127; a shell says it in the usual words.
      return spawnLaunched(this.#pipes, "/bin/sh", ["-c", 'exec "$@"', "sh", cmd, ...args], stdin, options);
    }
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

  close(): Promise<void> {
    return killAll(this.#census);
  }
}
