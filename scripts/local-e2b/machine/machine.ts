import type { Launched, StdinMode } from "./launch.ts";

/** The two users an E2B base image has. Anything else is refused before a machine hears of it. */
export const SANDBOX_USERS = ["user", "root"] as const;
export type SandboxUser = (typeof SANDBOX_USERS)[number];

/** Where a sandbox path lies on the host. */
export interface Location {
  readonly host: string;
  /** False for what the machine shares with the host: the envd file API must not change it. */
  readonly writable: boolean;
}

export interface LaunchRequest {
  readonly user: SandboxUser;
  readonly cmd: string;
  readonly args: readonly string[];
  /** Canonical absolute sandbox path (no symlink left in it) of an existing directory. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: StdinMode;
}

/** The place where one sandbox's processes live: a file tree, and a way to start, find and end processes in it. */
export interface Machine {
  /** Host directory that holds everything the sandbox may change. */
  readonly tree: string;
  /** Who must own files that the host writes into the tree; undefined when the host's own user does. */
  readonly owner: Owner | undefined;
  /** PATH for processes that bring none. */
  readonly path: string;
  /** Environment that only this kind of machine needs. */
  readonly env: Readonly<Record<string, string>>;
  homeOf(user: SandboxUser): string;
  /** Maps an absolute sandbox path whose parents hold no symlinks. */
  locate(sandboxPath: string): Location;
  /** Starts a process in its own session. @throws LaunchError when the operating system refuses. */
  launch(request: LaunchRequest): Launched;
  /** Live processes of the sandbox, in ascending order, our own helpers left out. */
  pids(): readonly number[];
  /** Ends every process; the tree stays. */
  close(): Promise<void>;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A way of making machines; one per host. */
export interface Isolation {
  readonly kind: "namespaces" | "none";
  readonly owner: Owner | undefined;
  open(sandboxId: string, tree: string): Promise<Machine>;
  close(): Promise<void>;
}
