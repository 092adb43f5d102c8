import { tmpdir } from "node:os";
import { join } from "node:path";
import { byEnvironment, byProcessGroup, type Census, killAll } from "./census.ts";
import { launch, type Launched, LaunchError } from "./launch.ts";
import type { Isolation, LaunchRequest, Location, Machine, SandboxUser } from "./machine.ts";
import { isWithin } from "./paths.ts";
import type { PipePool } from "./pipes.ts";

/** Sandbox names of the homes; every other path is the host's own. */
const HOMES: Readonly<Record<SandboxUser, string>> = { user: "/home/user", root: "/root" };

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
  readonly path = process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin";
  readonly env: Readonly<Record<string, string>>;
  readonly tree: string;
  /** By which processes are found again; added last, so that a caller's own environment cannot change it. */
  readonly #mark: Readonly<Record<string, string>>;
  readonly #pipes: PipePool;
  readonly #leaders = new Set<number>();
  readonly #census: Census;

  constructor(pipes: PipePool, sandboxId: string, tree: string) {
    this.#pipes = pipes;
    this.tree = tree;
    this.env = { TMPDIR: join(tree, "tmp") };
    this.#mark = { [MARK]: sandboxId };
    this.#census = process.platform === "linux" ? byEnvironment(MARK, sandboxId) : byProcessGroup(this.#leaders);
  }

  homeOf(user: SandboxUser): string {
    return join(this.tree, HOMES[user]);
  }

  locate(sandboxPath: string): Location {
    const own = Object.values(HOMES).some((home) => isWithin(sandboxPath, home));
    const host = own ? join(this.tree, sandboxPath) : sandboxPath;
    return { host, writable: [this.tree, tmpdir(), "/tmp"].some((area) => isWithin(host, area)) };
  }

  launch({ cmd, args, cwd, env, stdin }: LaunchRequest): Launched {
    const options = { cwd: this.locate(cwd).host, env: { ...env, ...this.#mark } };
    const launched = this.#launch(cmd, args, stdin, options);
    this.#leaders.add(launched.pid);
    return launched;
  }

  #launch(...[cmd, args, stdin, options]: [string, readonly string[], LaunchRequest["stdin"], object]): Launched {
    try {
      return launch(this.#pipes, cmd, args, stdin, options);
    } catch (error) {
      if (!(error instanceof LaunchError)) throw error;
      // envd runs commands through a shell's exec, so a missing program is exit code 127, not a refused call.
      return launch(this.#pipes, "/bin/sh", ["-c", 'exec "$@"', "sh", cmd, ...args], stdin, options);
    }
  }

  pids(): readonly number[] {
    return this.#census();
  }

  close(): Promise<void> {
    return killAll(this.#census);
  }
}
