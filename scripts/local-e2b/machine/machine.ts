import type { Owner } from "./owner.ts";
import type { Duplex, Readable, Writable } from "node:stream";
import type { Disk } from "./disks.ts";
import type { Usage } from "./usage.ts";

/** The two users of an E2B base image. Requests for others are refused before they reach a machine. */
export const SANDBOX_USERS = ["user", "root"] as const;
export type SandboxUser = (typeof SANDBOX_USERS)[number];

/** Home directories, as sandbox paths. */
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
  /** Null if a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that a client started. */
export interface Launched {
  /** Pid as the sandbox sees it. */
  readonly pid: number;
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles when the process itself has ended; its output may still be open in other processes. */
  readonly exited: Promise<ExitStatus>;
  /** Sends a signal to the process, not to its children. Ignored if the process has ended. */
  signal(name: NodeJS.Signals): void;
}

export class LaunchError extends Error {
  override readonly name = "LaunchError";
}

/** Location of a sandbox path on the host. */
export interface Location {
  readonly host: string;
  /** False for files that the machine shares with the host: the envd file API must not change them. */
  readonly writable: boolean;
}

/** The environment of one sandbox's processes: a file tree, and methods to start, stop and end processes in it. */
export interface Machine {
  readonly disk: Disk;
  /** Host path of its root directory, while it is open. */
  readonly tree: string;
  /** Required owner of files that the host writes into the tree; undefined for the host's own user. */
  readonly owner: Owner | undefined;
  /** Default environment of every process. */
  readonly env: Readonly<Record<string, string>>;
  homeOf(user: SandboxUser): string;
  /** Returns the path at which processes see an absolute sandbox path. */
  seenAs(sandboxPath: string): string;
  /** Returns the location of an absolute sandbox path whose parents hold no symlinks. */
  locate(sandboxPath: string): Location;
  /**
   * Starts a process. A missing program is a process that ends with 127. @throws LaunchError if no process can start
   */
  launch(request: LaunchRequest): Promise<Launched>;
  /** Connects to the machine's program that listens on a port; undefined if there is none. */
  dial(port: number): Promise<Duplex | undefined>;
  /** Returns the usage of its processes; undefined if this machine cannot measure it. */
  usage(): Usage | undefined;
  /** Stops every process (SIGSTOP), however it was started. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Kills every process, as a new boot does. Others can be launched afterwards. */
  killAll(): Promise<void>;
  /** Whether programs can connect to the outside. */
  readonly reachesOut: boolean;
  /** Makes the gateway's loopback ports reachable after a change. @throws Error if a port is taken */
  offerPorts(): Promise<void>;
  /** Moves to a network of its own, if no process uses this machine's. @returns false if it has not moved */
  leaveNetwork(gateway: Gateway): Promise<boolean>;
  /** Moves to another disk, if no process is in the way. @returns false if it has not moved and not called `next` */
  moveTo(next: () => Promise<Disk>): Promise<boolean>;
  /** Kills every process and closes the machine. The disk stays. */
  close(): Promise<void>;
}

/** A loopback port of the host, with the same address in a machine that has its own network. */
export interface LoopbackPort {
  readonly address: string;
  readonly port: number;
}

/** Connects a machine that has its own network to the outside. */
export interface Gateway {
  /** Loopback ports that programs may connect to. */
  readonly loopbackPorts: readonly LoopbackPort[];
  /** Handles a connection that a program made to an address. */
  connect(program: Duplex, address: string, port: number): void;
  /** Responds to a DNS query; an empty buffer stands for no response. */
  resolve(question: Buffer): Promise<Buffer>;
}

/** Makes machines; one per host. */
export interface Isolation {
  readonly kind: "namespaces" | "none";
  /** Required owner of the machines' trees. */
  readonly owner: Owner | undefined;
  /** Whether a machine's disk may have layers; if not, it is only its top. */
  readonly layered: boolean;
  /** Whether a machine can have a network of its own. */
  readonly ownNetworks: boolean;
  /** @param gateway for a network of its own; without a gateway, the machine uses the host's network */
  open(sandboxId: string, disk: Disk, gateway?: Gateway): Promise<Machine>;
  close(): Promise<void>;
}

/** Starts processes outside of namespaces. `cwd` is a host path here, and `user` is ignored. */
export interface Spawner {
  /** @throws LaunchError */
  launch(request: LaunchRequest): Promise<Launched>;
  close(): Promise<void>;
}
