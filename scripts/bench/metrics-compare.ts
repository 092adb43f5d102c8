/** Measures two ways of doing one thing in turn, in one run. */

export interface Quantiles {
  readonly p50_ms: number;
  readonly p99_ms: number;
}

export interface Comparison {
  readonly rounds: number;
  readonly on: Quantiles;
  readonly off: Quantiles;
  /** Medians of the differences in parts of the run, because other load on the machine comes in bursts. */
  readonly difference: Quantiles;
  /** Bounds of those medians, with a certainty of 95%. */
  readonly from: Quantiles;
  readonly to: Quantiles;
}

type Calls = Readonly<Record<"on" | "off", () => Promise<void>>>;

const PARTS = 20;
/** Of twenty sorted values, the 6th and the 15th enclose the median of their distribution in 96 of 100 cases. */
const MEDIAN_BETWEEN = [5, 14] as const;
/** Warm-up rounds, as a share of the measured rounds. */
const WARM_UP = 0.2;

/** Measures both calls `rounds` times each. Rejects with the error of the first call that fails. */
export async function compared(calls: Calls, rounds: number): Promise<Comparison> {
  const times: Record<"on" | "off", number[]> = { on: [], off: [] };
  for (let round = -rounds * WARM_UP; round < rounds; round++) {
    // The second call finds warmer caches, so the order alternates.
    for (const which of round % 2 === 0 ? (["on", "off"] as const) : (["off", "on"] as const)) {
      const ms = await timed(calls[which]);
      if (round >= 0) times[which].push(ms);
    }
  }
  const differences = (share: number) =>
    partsOf(times.on)
      .map((on, part) => quantile(on, share) - quantile(partsOf(times.off)[part] ?? [], share))
      .sort((a, b) => a - b);
  const [p50, p99] = [differences(0.5), differences(0.99)];
  const [low, high] = MEDIAN_BETWEEN;
  return {
    rounds,
    on: quantiles(times.on),
    off: quantiles(times.off),
    difference: { p50_ms: quantile(p50, 0.5), p99_ms: quantile(p99, 0.5) },
    from: { p50_ms: rounded(p50[low] ?? NaN), p99_ms: rounded(p99[low] ?? NaN) },
    to: { p50_ms: rounded(p50[high] ?? NaN), p99_ms: rounded(p99[high] ?? NaN) },
  };
}

/** Returns the milliseconds that the work takes. */
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

/** Rounds to thousandths. */
export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
