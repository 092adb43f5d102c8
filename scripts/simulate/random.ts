/** Returns a number in [0, 1). */
export type Random = () => number;

/** Returns an sfc32 generator: small, fast and good enough; the same seed gives the same workload everywhere. */
export function seeded(seed: number): Random {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed | 0;
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return (t >>> 0) / 2 ** 32;
  };
  // Skips the first numbers, which are alike for similar seeds.
  for (let n = 0; n < 15; n++) next();
  return next;
}

export function uniformInt(random: Random, min: number, max: number): number {
  return min + Math.floor(random() * (max - min + 1));
}

export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random());
}

export function logNormal(random: Random, median: number, sigma: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return median * Math.exp(sigma * normal);
}

export function pareto(random: Random, median: number, shape: number): number {
  return median * (2 * (1 - random())) ** (-1 / shape);
}

export function poisson(random: Random, mean: number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count++;
  return count;
}

/** Draws from 0 … count − 1; the frequency of n is proportional to 1 / (n + 1)^exponent. */
export function zipf(random: Random, count: number, exponent: number): () => number {
  const upTo: number[] = [];
  let sum = 0;
  for (let n = 1; n <= count; n++) upTo.push((sum += n ** -exponent));
  return () => {
    const point = random() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((upTo[middle] ?? 0) > point) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
