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
  /** Where those medians lie with a certainty of 95%. */
  readonly from: Quantiles;
  readonly to: Quantiles;
}

type Calls = Readonly<Record<"on" | "off", () => Promise<void>>>;

const PARTS = 20;
/** Of twenty values in order, the median of what they are drawn from lies between the 6th and the 15th in 96 of 100 cases. */
const MEDIAN_BETWEEN = [5, 14] as const;
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
