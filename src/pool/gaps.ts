const FIRST_EDGE_MS = 2_000;
const EDGE_RATIO = 1.6;
export const BINS = 27;
/** Half-life of a gap's weight, in gaps: long enough to fill 27 bins, short enough to follow changing habits. */
const HALF_LIFE_GAPS = 2_000;
const GROWTH = 1 + Math.LN2 / HALF_LIFE_GAPS;
/**
 * Rescaling threshold of the weights, reached about every 40,000 gaps: far below the precision limit of doubles, far
 * above one half-life.
 */
const RESCALE_ABOVE = 2 ** 20;

/** Lower edge of each bin: 0, then 2 s × 1.6^k up to almost three days. The last bin has no upper edge. */
export const EDGES_MS: readonly number[] = Array.from({ length: BINS }, (_, bin) =>
  bin === 0 ? 0 : FIRST_EDGE_MS * EDGE_RATIO ** (bin - 1),
);

/** Length assumed for a gap in a bin that ends before the pause: the bin's middle. */
const MIDDLES_MS = EDGES_MS.map((edge, bin) => (edge + (EDGES_MS[bin + 1] ?? edge)) / 2);

/**
 * Decayed histogram of idle times between two operations on a workspace. New gaps get a growing weight. That equals
 * decay of the old ones, without touching each bin.
 */
export interface Gaps {
  /** One weight for each bin of EDGES_MS. */
  readonly weights: readonly number[];
  /** Weight of the next gap. */
  readonly increment: number;
}

export const NO_GAPS: Gaps = { weights: EDGES_MS.map(() => 0), increment: 1 };

function binOf(gapMs: number): number {
  if (!(gapMs >= FIRST_EDGE_MS)) return 0;
  const near = Math.min(BINS - 1, Math.floor(Math.log(gapMs / FIRST_EDGE_MS) / Math.log(EDGE_RATIO)) + 1);
  // The logarithm may be off by one at an edge.
  if (gapMs < (EDGES_MS[near] ?? 0)) return near - 1;
  return gapMs >= (EDGES_MS[near + 1] ?? Infinity) ? near + 1 : near;
}

/** Returns the histogram with one more gap. */
export function addGap(gaps: Gaps, gapMs: number): Gaps {
  const weights = [...gaps.weights];
  const bin = binOf(gapMs);
  weights[bin] = (weights[bin] ?? 0) + gaps.increment;
  const increment = gaps.increment * GROWTH;
  if (increment <= RESCALE_ABOVE) return { weights, increment };
  return { weights: weights.map((weight) => weight / increment), increment: 1 };
}

/**
 * Returns the bin edge that is the cheapest idle time before a pause: it minimizes Σ min(gap, T) + breakEven × #(gap >
 * T), the cost of the observed gaps in milliseconds of rent.
 * @param breakEvenMs cost of one pause and resume, waiting included, in milliseconds of rent
 */
export function cheapestKeepMs({ weights }: Gaps, breakEvenMs: number): number {
  let longer = weights.reduce((sum, weight) => sum + weight, 0);
  let shorterMs = 0;
  let cheapest = { keepMs: 0, cost: Infinity };
  for (const [bin, keepMs] of EDGES_MS.entries()) {
    const cost = shorterMs + longer * (keepMs + breakEvenMs);
    if (cost < cheapest.cost) cheapest = { keepMs, cost };
    const weight = weights[bin] ?? 0;
    longer -= weight;
    shorterMs += weight * (MIDDLES_MS[bin] ?? 0);
  }
  return cheapest.keepMs;
}
