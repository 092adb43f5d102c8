import { randomBytes } from "node:crypto";
import type { Writable } from "node:stream";
import type { Egress } from "../egress/gateway.ts";
import type { Machine, SandboxUser } from "../machine/machine.ts";
import { ProcessTable } from "../process/table.ts";
import { processEnvironment } from "./environment.ts";
import type { MetadataStore } from "./file-metadata.ts";
import type { Image } from "./image.ts";
import type { NetworkConfig } from "./network-config.ts";
import { UsageLog } from "./usage.ts";

/** `killed` is final: the sandbox is in no list any more, but running calls may still hold it. */
export type SandboxState = "running" | "paused" | "killed";

interface Lifecycle {
  readonly onTimeout: "kill" | "pause";
  /** False: a pause at the timeout keeps files only. */
  readonly pauseKeepsMemory: boolean;
  readonly autoResume: boolean;
}

/** Settings by the creator, which a fork inherits. */
export interface SandboxSpec {
  readonly team: string;
  readonly image: Image;
  readonly timeoutS: number;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly envVars: Readonly<Record<string, string>>;
  readonly lifecycle: Lifecycle;
  readonly network: NetworkConfig | undefined;
  readonly allowInternetAccess: boolean | undefined;
}

/** A directory watcher that a client polls. */
interface Watcher {
  takeEvents(): Promise<readonly object[]>;
  close(): void;
}

export class Sandbox {
  readonly id: string;
  readonly spec: SandboxSpec;
  readonly machine: Machine;
  readonly accessToken: string;
  /** Token that clients must send to ports other than envd's; set if public traffic is off. */
  readonly trafficToken: string | undefined;
  readonly processes = new ProcessTable();
  readonly usage = new UsageLog();
  readonly fileMetadata: MetadataStore;
  readonly watchers = new Map<string, Watcher>();
  /** Open responses, which are destroyed when the sandbox stops running. */
  readonly connections = new Set<Writable>();
  state: SandboxState = "running";
  /** Start of the current run; a resume begins a new one. */
  startedAtMs = Date.now();
  /** Time of the timeout; for a paused sandbox, time of the pause. */
  endAtMs = 0;
  network: NetworkConfig | undefined;
  /** Its gateway; undefined for this machine's network. */
  egress: Egress | undefined;
  allowInternetAccess: boolean | undefined;
  #held: Promise<void> = Promise.resolve();
  #runningMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(id: string, accessToken: string, spec: SandboxSpec, machine: Machine, fileMetadata: MetadataStore) {
    this.id = id;
    this.accessToken = accessToken;
    this.spec = spec;
    this.machine = machine;
    this.fileMetadata = fileMetadata;
    this.network = spec.network;
    if (spec.network?.allowPublicTraffic === false) this.trafficToken = randomBytes(16).toString("hex");
    this.allowInternetAccess = spec.allowInternetAccess;
  }

  /** Runs one state change at a time: the next waits until the previous one has ended or failed. */
  exclusive<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(change);
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /** Runs `work` while new requests to the sandbox wait. */
  hold<T>(work: () => Promise<T>): Promise<T> {
    const working = work();
    this.#held = working.then(ignore, ignore);
    return working;
  }

  /** Adds a response to the connections, and waits while `hold` runs. */
  async connect(response: Writable): Promise<void> {
    // A closed response emits no second close event.
    if (response.closed) return;
    this.connections.add(response);
    response.once("close", () => this.connections.delete(response));
    await this.#held;
  }

  /** Whether no client is connected to it or watches its files. */
  isQuiet(): boolean {
    return this.connections.size === 0 && this.watchers.size === 0;
  }

  /** Sets the time of the timeout, in milliseconds since 1970. */
  endAt(ms: number, onTimeout: () => void): void {
    clearTimeout(this.#timer);
    this.endAtMs = ms;
    this.#timer = setTimeout(onTimeout, Math.max(0, ms - Date.now()));
  }

  /** Ends the current run: clears the timeout, cuts clients off, counts the seconds. */
  endRun(state: "paused" | "killed"): void {
    clearTimeout(this.#timer);
    if (this.state === "running") {
      this.#runningMs += Date.now() - this.startedAtMs;
      this.endAtMs = Date.now();
    }
    this.state = state;
    if (state === "killed") for (const watcher of this.watchers.values()) watcher.close();
    for (const response of this.connections) response.destroy();
    this.connections.clear();
  }

  beginRun(): void {
    this.state = "running";
    this.startedAtMs = Date.now();
  }

  /** Returns the seconds in state running, over all runs, which E2B would bill. */
  runningSeconds(): number {
    const current = this.state === "running" ? Date.now() - this.startedAtMs : 0;
    return (this.#runningMs + current) / 1000;
  }

  /** Returns the environment of a new process, without its caller's variables. */
  environment(user: SandboxUser): Record<string, string> {
    return { ...processEnvironment(this.machine, user), ...this.variables() };
  }

  /** Returns the part of the environment that is the same for every user. */
  variables(): Record<string, string> {
    return {
      E2B_SANDBOX: "true",
      E2B_SANDBOX_ID: this.id,
      E2B_TEMPLATE_ID: this.spec.image.templateId,
      ...this.spec.image.env,
      ...this.spec.envVars,
    };
  }
}

function ignore(): void {}
