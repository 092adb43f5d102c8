import { exponential, logNormal, pareto, poisson, type Random, seeded, uniformInt, zipf } from "./random.ts";
import { type Trace, traceOf, type Use } from "./trace.ts";

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const WORKLOADS = { "200": 200, "2k": 2_000, "10k": 10_000 } as const;

/** Operations of a session, and seconds to think between two of them. */
const OPERATIONS = { min: 5, max: 40 };
const THINK = { medianS: 15, sigma: 0.8 };
/** Share of the sessions after which the agent returns to the workspace; half return soon, half with a long tail. */
const RETURNS = 0.65;
const SOON = { medianMs: 25 * 60 * SECOND_MS, sigma: 1 };
const LATE = { medianMs: HOUR_MS, shape: 1.2 };
/** Share of the arrivals that are fleets: several agents at once on one repository. */
const FLEETS = 0.04;
const FLEET_SIZE = 6;
const AGENTS_PER_ARRIVAL = 1 - FLEETS + FLEETS * FLEET_SIZE;
/** Day and night: the rate varies by this share around its mean. */
const DIURNAL_SWING = 0.8;
/** Now and then many agents come at once. */
const BURST = { factor: 6, lengthMs: 10 * 60 * SECOND_MS, everyMs: 8 * HOUR_MS };

const REPOSITORIES = 500;
/** Popularity of repositories: one exponent for each seed in turn. */
const ZIPF_EXPONENTS = [0.8, 1, 1.2] as const;
const SIZE = { medianMb: 53, sigma: 1.4, maxMb: 500 };

export interface Shape {
  readonly sessionsPerDay: number;
  readonly days: number;
  readonly seed: number;
  /** From this day on, the rate is doubled. */
  readonly doublesOnDay?: number;
}

/** Returns a synthetic workload. The same shape gives the same trace. */
export function synthesise(name: string, shape: Shape): Trace {
  const random = seeded(shape.seed);
  const lengthMs = shape.days * DAY_MS;
  const exponent = ZIPF_EXPONENTS[shape.seed % ZIPF_EXPONENTS.length] ?? 1;
  const pick = zipf(random, REPOSITORIES, exponent);
  const sizesMb = Array.from({ length: REPOSITORIES }, () =>
    Math.min(SIZE.maxMb, Math.max(1, logNormal(random, SIZE.medianMb, SIZE.sigma))),
  );
  const repositoryOf: number[] = [];
  const uses: Use[] = [];
  for (const at of arrivals(random, shape)) {
    const repository = pick();
    const agents = random() < FLEETS ? Math.max(2, poisson(random, FLEET_SIZE)) : 1;
    for (let agent = 0; agent < agents; agent++) {
      const workspace = repositoryOf.push(repository) - 1;
      addSessions(uses, random, workspace, at, lengthMs);
    }
  }
  return traceOf({ name, lengthMs, uses, knowsEnds: true, repositoryOf, sizesMb });
}

/** Yields arrival times of agents with new workspaces: a Poisson process whose rate follows the day, with bursts. */
function* arrivals(random: Random, { sessionsPerDay, days, doublesOnDay }: Shape): Generator<number> {
  const burstShare = BURST.lengthMs / BURST.everyMs;
  const meanFactor = 1 + burstShare * (BURST.factor - 1);
  // Only this share of all sessions is the first of its workspace; the others are returns.
  const perDay = (sessionsPerDay * (1 - RETURNS)) / AGENTS_PER_ARRIVAL / meanFactor;
  const highest = (perDay / DAY_MS) * (1 + DIURNAL_SWING) * BURST.factor * (doublesOnDay === undefined ? 1 : 2);
  let burstAt = exponential(random, BURST.everyMs);
  for (let at = 0; (at += exponential(random, 1 / highest)) < days * DAY_MS;) {
    if (at > burstAt + BURST.lengthMs) burstAt = at + exponential(random, BURST.everyMs - BURST.lengthMs);
    const burst = at >= burstAt ? BURST.factor : 1;
    const diurnal = 1 - DIURNAL_SWING * Math.cos((2 * Math.PI * at) / DAY_MS);
    const growth = doublesOnDay !== undefined && at >= doublesOnDay * DAY_MS ? 2 : 1;
    if (random() * highest < (perDay / DAY_MS) * diurnal * burst * growth) yield Math.round(at);
  }
}

function addSessions(uses: Use[], random: Random, workspace: number, from: number, lengthMs: number): void {
  for (let at = from; at < lengthMs;) {
    const operations = uniformInt(random, OPERATIONS.min, OPERATIONS.max);
    for (let n = 1; n <= operations && at < lengthMs; n++) {
      uses.push({ at: Math.round(at), workspace, opens: n === 1, ends: n === operations });
      if (n < operations) at += SECOND_MS * logNormal(random, THINK.medianS, THINK.sigma);
    }
    if (random() >= RETURNS) return;
    at += random() < 0.5 ? logNormal(random, SOON.medianMs, SOON.sigma) : pareto(random, LATE.medianMs, LATE.shape);
  }
}
