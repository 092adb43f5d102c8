import type { Owner } from "./owner.ts";
import type { Duplex, Readable, Writable } from "node:stream";
import type { Disk } from "./disks.ts";
import type { Usage } from "./usage.ts";

/** The two users an E2B base image has. Anything else is refused before a machine hears of it. */
export const SANDBOX_USERS = ["user", "root"] as const;
export type SandboxUser = (typeof SANDBOX_USERS)[number];

/** Sandbox names of the homes. */
export const HOMES: Readonly<Record<SandboxUser, string>> = { user: "/home/user", root: "/root" };

/** `closed`: the process reads end of file from the start, as from /dev/null. */
type StdinMode = "open" | "closed";

export interface LaunchRequest {
  readonly user: SandboxUser;
  readonly cmd: string;
  readonly args: readonly string[];
  /** Absolute sandbox path of an existing directory. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: StdinMode;
}

export interface ExitStatus {
  /** Null when a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that a client started. */
export interface Launched {
  /** As the sandbox numbers it. */
  readonly pid: number;
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles when the process itself is gone; its output may still be open in other processes. */
  readonly exited: Promise<ExitStatus>;
  /** Reaches the process itself, and not what it started; one that is gone is nobody. */
  signal(name: NodeJS.Signals): void;
}

export class LaunchError extends Error {
  override readonly name = "LaunchError";
}

/** Where a sandbox path lies on the host. */
export interface Location {
  readonly host: string;
  /** False for what the machine shares with the host: the envd file API must not change it. */
  readonly writable: boolean;
}

/** The place where one sandbox's processes live: a file tree, and a way to start, stop and end processes in it. */
export interface Machine {
  readonly disk: Disk;
  /** Its root directory as the host finds it, while it is open. */
  readonly tree: string;
  /** Who must own files that the host writes into the tree; undefined when the host's own user does. */
  readonly owner: Owner | undefined;
  /** Environment of every process, unless its caller says otherwise. */
  readonly env: Readonly<Record<string, string>>;
  homeOf(user: SandboxUser): string;
  /** What processes call an absolute sandbox path. */
  seenAs(sandboxPath: string): string;
  /** Maps an absolute sandbox path whose parents hold no symlinks. */
  locate(sandboxPath: string): Location;
  /** A program that does not exist is a process that ends with 127. @throws LaunchError when there can be no process */
  launch(request: LaunchRequest): Promise<Launched>;
  /** Connects to the program of its own that listens on a port; undefined when there is none. */
  dial(port: number): Promise<Duplex | undefined>;
  /** What its processes use; undefined where this machine does not tell. */
  usage(): Usage | undefined;
  /** Stops every process (SIGSTOP), however it was started. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Kills every process, as a new boot does; others can be launched after. */
  killAll(): Promise<void>;
  /** Whether a program's connection to the world gets anywhere. */
  readonly reachesOut: boolean;
  /** Makes the gateway's ports of the loopback reachable after they have changed. @throws Error when one is taken */
  offerPorts(): Promise<void>;
  /** Has a network of its own from now on, if no process has this machine's. @returns false when it has not */
  leaveNetwork(gateway: Gateway): Promise<boolean>;
  /** Goes on with another disk, if no process is in the way. @returns false when it did not, and did not ask for one */
  moveTo(next: () => Promise<Disk>): Promise<boolean>;
  /** Kills every process, for good. The disk stays. */
  close(): Promise<void>;
}

/** A port of this machine's loopback, by the same address in a machine with a network of its own. */
export interface LoopbackPort {
  readonly address: string;
  readonly port: number;
}

/** The way out of a machine with a network of its own. */
export interface Gateway {
  /** Those that programs may connect to. */
  readonly loopbackPorts: readonly LoopbackPort[];
  /** Takes a connection that a program made to an address. */
  connect(program: Duplex, address: string, port: number): void;
  /** Answers a question to a resolver, a message of DNS; no answer is none. */
  resolve(question: Buffer): Promise<Buffer>;
}

/** A way of making machines; one per host. */
export interface Isolation {
  readonly kind: "namespaces" | "none";
  /** Who must own the trees of its machines. */
  readonly owner: Owner | undefined;
  /** Whether a machine's disk may have layers; where not, it is its top alone. */
  readonly layered: boolean;
  /** Whether a machine can have a network of its own. */
  readonly ownNetworks: boolean;
  /** @param gateway for a network of its own; without, it is this machine's */
  open(sandboxId: string, disk: Disk, gateway?: Gateway): Promise<Machine>;
  close(): Promise<void>;
}

/** Starts processes outside of namespaces. `cwd` is a host path here, and `user` has no meaning. */
export interface Spawner {
  /** @throws LaunchError */
  launch(request: LaunchRequest): Promise<Launched>;
  close(): Promise<void>;
}
