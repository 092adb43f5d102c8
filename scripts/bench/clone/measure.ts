import { setTimeout as sleep } from "node:timers/promises";
import type { Cloned, Strategy } from "./strategy.ts";
import { median } from "../../support/median.ts";

/** Pause that keeps a clone's cost from the next: our tree settles in its second second, disks write longer. */
const QUIET_MS = 3000;

/** Bytes sent over the link and requests to the git server, so far. */
export interface Meter {
  readonly bytes: number;
  readonly requests: number;
}

interface Run extends Meter {
  readonly wallS: number;
  readonly timing: Cloned["timing"];
}

/** Medians of one strategy's runs. */
export interface Row {
  readonly strategy: string;
  readonly wall_s: number;
  readonly bytes: number;
  readonly requests: number;
  readonly ratio_to_full: number;
  readonly ratio_to_shallow: number;
  readonly full_history: boolean;
  /** Milliseconds of the parts of our clone, if the answer has them. */
  readonly timing: Readonly<Record<string, number>>;
}

/** Runs the strategies in turn, so that a disturbance affects all. The first and second are full and shallow. */
export async function measure(
  strategies: readonly Strategy[],
  runs: number,
  meter: () => Promise<Meter>,
  say: (text: string) => void,
): Promise<readonly Row[]> {
  const measured = strategies.map((strategy) => ({ strategy, runs: [] as Run[], isFull: true }));
  for (let round = 1; round <= runs; round += 1) {
    for (const subject of measured) {
      const { clone, ready, name } = subject.strategy;
      await ready?.();
      await sleep(QUIET_MS);
      const before = await meter();
      const startedAt = performance.now();
      const cloned = await clone();
      const wallS = (performance.now() - startedAt) / 1000;
      const after = await meter();
      say(`run ${round} of ${runs}: ${name} ${wallS.toFixed(2)} s`);
      subject.runs.push({
        wallS,
        bytes: after.bytes - before.bytes,
        requests: after.requests - before.requests,
        timing: cloned.timing,
      });
      subject.isFull &&= await cloned.hasFullHistory();
    }
  }
  const [full = NaN, shallow = NaN] = measured.map((subject) => median(subject.runs.map(({ wallS }) => wallS)));
  return measured.map(({ strategy, runs: all, isFull }) => {
    const wallS = median(all.map((run) => run.wallS));
    const parts = [...new Set(all.flatMap(({ timing }) => Object.keys(timing)))];
    return {
      strategy: strategy.name,
      wall_s: rounded(wallS),
      bytes: median(all.map(({ bytes }) => bytes)),
      requests: median(all.map(({ requests }) => requests)),
      ratio_to_full: rounded(wallS / full),
      ratio_to_shallow: rounded(wallS / shallow),
      full_history: isFull,
      timing: Object.fromEntries(parts.map((part) => [part, median(all.map(({ timing }) => timing[part] ?? NaN))])),
    };
  });
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
