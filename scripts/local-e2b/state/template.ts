import { randomUUID } from "node:crypto";
import type { Image } from "./image.ts";

export interface LogEntry {
  readonly timestamp: string;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly step?: string;
}

interface BuildFailure {
  readonly message: string;
  /** Number of the failed step, counted from 1; absent if no step failed. */
  readonly step?: string;
}

export type BuildOutcome =
  | { readonly status: "waiting" | "building" }
  | { readonly status: "ready"; readonly image: Image }
  | { readonly status: "error"; readonly reason: BuildFailure };

/** One build of a template, or one snapshot under its name. */
export class Build {
  readonly id = randomUUID();
  readonly createdAt = new Date().toISOString();
  readonly logs: LogEntry[] = [];
  /** Tags of the request. */
  readonly tags: readonly string[];
  readonly cpuCount: number;
  readonly memoryMB: number;
  outcome: BuildOutcome = { status: "waiting" };
  updatedAt = this.createdAt;

  constructor(tags: readonly string[], cpuCount: number, memoryMB: number) {
    this.tags = tags;
    this.cpuCount = cpuCount;
    this.memoryMB = memoryMB;
  }

  settle(outcome: BuildOutcome): void {
    this.outcome = outcome;
    this.updatedAt = new Date().toISOString();
  }

  log(level: LogEntry["level"], message: string, step?: string): void {
    const entry = { timestamp: new Date().toISOString(), level, message };
    this.logs.push(step === undefined ? entry : { ...entry, step });
  }
}

/** Assignment of a tag to a build, ready or not. Of the same tag, the last assignment with a ready build counts. */
export interface Tag {
  readonly tag: string;
  readonly buildID: string;
  readonly createdAt: string;
}

/** A template: builds under a name, found by tags. A snapshot is a template whose builds were taken from a sandbox. */
export interface Template {
  readonly id: string;
  readonly team: string;
  readonly name: string | undefined;
  /** Id of the sandbox of a snapshot; undefined for a template that was built. */
  readonly sourceSandboxId: string | undefined;
  readonly createdAt: string;
  readonly builds: Map<string, Build>;
  /** Oldest first. */
  tags: readonly Tag[];
  public: boolean;
  spawnCount: number;
  lastSpawnedAt: string | null;
}
