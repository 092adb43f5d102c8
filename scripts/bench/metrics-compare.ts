/** Two ways of doing one thing, measured in turn in one run. */

export interface Quantiles {
  readonly p50_ms: number;
  readonly p99_ms: number;
}

export interface Comparison {
  readonly rounds: number;
  readonly on: Quantiles;
  readonly off: Quantiles;
  /** Medians of the differences that parts of the run show: what else the machine does comes in bursts. */
  readonly difference: Quantiles;
}

type Calls = Readonly<Record<"on" | "off", () => Promise<void>>>;

const PARTS = 20;
/** Part of the measured rounds. */
const WARM_UP = 0.2;

/** Measures both calls so many times. Rejects with the first that fails. */
export async function compared(calls: Calls, rounds: number): Promise<Comparison> {
  const times: Record<"on" | "off", number[]> = { on: [], off: [] };
  for (let round = -rounds * WARM_UP; round < rounds; round++) {
    // Whoever comes second finds warmer caches: they take turns.
    for (const which of round % 2 === 0 ? (["on", "off"] as const) : (["off", "on"] as const)) {
      const ms = await timed(calls[which]);
      if (round >= 0) times[which].push(ms);
    }
  }
  const difference = (share: number) =>
    quantile(
      partsOf(times.on).map((on, part) => quantile(on, share) - quantile(partsOf(times.off)[part] ?? [], share)),
      0.5,
    );
  return {
    rounds,
    on: quantiles(times.on),
    off: quantiles(times.off),
    difference: { p50_ms: difference(0.5), p99_ms: difference(0.99) },
  };
}

/** Milliseconds that the work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function partsOf(times: readonly number[]): number[][] {
  const size = times.length / PARTS;
  return Array.from({ length: PARTS }, (_, part) => times.slice(part * size, (part + 1) * size));
}

function quantiles(times: readonly number[]): Quantiles {
  return { p50_ms: quantile(times, 0.5), p99_ms: quantile(times, 0.99) };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return rounded(sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN);
}

/** To thousandths. */
export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
