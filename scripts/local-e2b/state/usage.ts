import { existsSync, statfsSync } from "node:fs";
import type { Usage } from "../machine/usage.ts";

/** SandboxMetric of the control plane. CPU in percent of one core, the rest in bytes; the disk is this machine's. */
export interface UsageSample {
  readonly timestamp: string;
  readonly timestampUnix: number;
  readonly cpuCount: number;
  readonly cpuUsedPct: number;
  readonly memTotal: number;
  readonly memUsed: number;
  readonly memCache: number;
  readonly diskTotal: number;
  readonly diskUsed: number;
}

/** E2B's interval of samples. */
export const SAMPLE_INTERVAL_MS = 5000;
/** Samples of one hour. */
const MAX_SAMPLES = 720;
const BYTES_PER_MB = 1024 * 1024;

/** The parts of a sandbox that a sample needs. */
interface Used {
  readonly machine: { readonly tree: string; usage(): Usage | undefined };
  readonly spec: { readonly image: { readonly cpuCount: number; readonly memoryMB: number } };
}

/** Samples of one sandbox's usage. */
export class UsageLog {
  readonly #samples: UsageSample[] = [];
  #last: { readonly usage: Usage; readonly atMs: number } | undefined;

  /** Whether to take samples at every interval: only after the first request for metrics. */
  get wanted(): boolean {
    return this.#last !== undefined;
  }

  /** Takes a sample; undefined if this machine cannot measure usage. */
  sample({ machine, spec }: Used): UsageSample | undefined {
    const usage = machine.usage();
    if (usage === undefined) return undefined;
    // The sandbox is being killed, and its tree is gone.
    if (!existsSync(machine.tree)) return undefined;
    const atMs = Date.now();
    const disk = statfsSync(machine.tree);
    const sample = {
      timestamp: new Date(atMs).toISOString(),
      timestampUnix: Math.floor(atMs / 1000),
      cpuCount: spec.image.cpuCount,
      cpuUsedPct: this.#cpuPercent(usage, atMs),
      memTotal: spec.image.memoryMB * BYTES_PER_MB,
      memUsed: usage.memoryBytes,
      memCache: 0,
      diskTotal: disk.blocks * disk.bsize,
      diskUsed: (disk.blocks - disk.bfree) * disk.bsize,
    };
    this.#last = { usage, atMs };
    this.#samples.push(sample);
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
    return sample;
  }

  /** Returns the samples of a time span, in seconds since 1970, both ends included. */
  between(startS: number, endS: number): readonly UsageSample[] {
    return this.#samples.filter(({ timestampUnix }) => timestampUnix >= startS && timestampUnix <= endS);
  }

  #cpuPercent({ cpuSeconds }: Usage, atMs: number): number {
    if (this.#last === undefined || atMs <= this.#last.atMs) return 0;
    const share = (cpuSeconds - this.#last.usage.cpuSeconds) / ((atMs - this.#last.atMs) / 1000);
    // The sum may fall, because the time of processes that ended between samples may be lost; it is never gained.
    return Math.round(Math.max(0, share) * 10_000) / 100;
  }
}
