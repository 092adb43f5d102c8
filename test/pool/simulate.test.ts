import * as fc from "fast-check";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { keepingBoundUsd, poolBoundUsd } from "../../scripts/simulate/bound.ts";
import { compare } from "../../scripts/simulate/compare.ts";
import { readTrace } from "../../scripts/simulate/csv.ts";
import { fixed, learned, tiers } from "../../scripts/simulate/keepers.ts";
import { playMonth } from "../../scripts/simulate/month.ts";
import { picture } from "../../scripts/simulate/picture.ts";
import { play } from "../../scripts/simulate/play.ts";
import { byDemand, constant, WarmPool } from "../../scripts/simulate/pools.ts";
import { type Trace, traceOf } from "../../scripts/simulate/trace.ts";
import { synthesise } from "../../scripts/simulate/workload.ts";
import { CREATE_S, WORTH } from "../../scripts/simulate/world.ts";

const SEEDS = [1, 2, 3];
const week = (sessionsPerDay: number, seed: number): Trace => synthesise("week", { sessionsPerDay, days: 7, seed });
const busyWeeks = SEEDS.map((seed) => week(2000, seed));

function csv(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "warmtree-trace-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "trace.csv");
  writeFileSync(file, text);
  return file;
}

test("at 2,000 sessions a day learned with pause costs at most 1.16 of a clairvoyant, the plan's tiers thrice that", () => {
  const ratios = busyWeeks.map((trace) => {
    const bound = keepingBoundUsd(trace, { keeper: learned, idle: "pause" });
    const ratioOf = (keeper: typeof learned): number => play(trace, { keeper, idle: "pause" }).costUsd / bound;
    return { learned: ratioOf(learned), tiers: ratioOf(tiers) };
  });
  const mean = (of: (ratio: { learned: number; tiers: number }) => number): number =>
    ratios.reduce((sum, ratio) => sum + of(ratio), 0) / ratios.length;
  expect(mean((ratio) => ratio.learned)).toBeLessThanOrEqual(1.16);
  expect(mean((ratio) => ratio.tiers)).toBeGreaterThan(3);
});

test("the same seed draws the same week, with as many sessions as it says", () => {
  const trace = week(200, 7);
  expect(week(200, 7).at).toEqual(trace.at);
  expect(week(200, 8).at).not.toEqual(trace.at);
  const sessions = busyWeeks.map(({ opens }) => opens.reduce((sum, one) => sum + one, 0));
  for (const count of sessions) expect(Math.abs(count / (7 * 2000) - 1)).toBeLessThan(0.15);
});

const smallTrace = fc
  .array(fc.record({ gap: fc.integer({ min: 0, max: 4_000_000 }), workspace: fc.integer({ min: 0, max: 4 }) }), {
    minLength: 2,
    maxLength: 60,
  })
  .map((steps): Trace => {
    let at = 0;
    const uses = steps.map(({ gap, workspace }) => ({ at: (at += gap), workspace, opens: gap > 600_000, ends: false }));
    return traceOf({
      name: "small",
      lengthMs: at + 1000,
      uses,
      knowsEnds: true,
      repositoryOf: [0, 0, 1, 2, 3],
      sizesMb: [5, 50, 100, 500],
    });
  });

test("nobody beats the clairvoyant, with whatever keeper, pause or kill", () => {
  const keepers = fc.constantFrom(learned, tiers, fixed(0), fixed(60_000), fixed(10 * 24 * 3_600_000));
  fc.assert(
    fc.property(smallTrace, keepers, fc.constantFrom("pause" as const, "kill" as const), (trace, keeper, idle) => {
      const bound = keepingBoundUsd(trace, { keeper, idle });
      expect(play(trace, { keeper, idle }).costUsd).toBeGreaterThanOrEqual(bound * (1 - 1e-12));
    }),
  );
});

test("a pool only moves costs: what it spends idle it spends, what it saves it saves", () => {
  fc.assert(
    fc.property(smallTrace, fc.integer({ min: 0, max: 3 }), (trace, size) => {
      const pool = new WarmPool(constant(size)(), 0);
      const without = play(trace, { keeper: learned, idle: "kill" });
      const withPool = play(trace, { keeper: learned, idle: "kill", pool });
      const saved = withPool.claims.length - withPool.coldClaims;
      expect(saved).toBeLessThanOrEqual(withPool.claims.length);
      expect(pool.idleMs).toBeLessThanOrEqual(size * trace.lengthMs);
      if (size === 0) expect(withPool).toEqual(without);
    }),
  );
});

test("by demand the pool costs less than any fixed size, where claims come in waves", () => {
  const claims: number[] = [];
  for (let hour = 0; hour < 48; hour++) {
    const every = hour % 4 === 0 ? 4000 : 400_000;
    for (let at = hour * 3_600_000; at < (hour + 1) * 3_600_000; at += every) claims.push(at);
  }
  const costOf = (pool: WarmPool): number => {
    const cold = claims.filter((at) => !pool.claim(at)).length;
    return (WORTH.rentUsdPerS * pool.idleMs) / 1000 + WORTH.waitUsdPerS * CREATE_S * cold;
  };
  const bounds = { min: 0, max: 10 };
  const demand = costOf(new WarmPool(byDemand(() => ({ bounds, worth: WORTH }))(), 0));
  for (const size of [0, 1, 2, 10]) expect(demand).toBeLessThan(costOf(new WarmPool(constant(size)(), 0)));
  expect(demand).toBeGreaterThanOrEqual(poolBoundUsd(claims));
});

test("the budget rule ends the month at 98 to 100% of its limit, though the load doubles on day 14", () => {
  for (const seed of SEEDS) {
    const trace = synthesise("month", { sessionsPerDay: 150, days: 30, seed, doublesOnDay: 14 });
    const { usd } = playMonth(trace, Infinity, "none");
    for (const share of [0.8, 0.5]) {
      const month = playMonth(trace, share * usd, "budget");
      expect(month.of_limit).toBeGreaterThan(0.98);
      expect(month.of_limit).toBeLessThanOrEqual(1);
      expect(month.refused).toBe(0);
    }
  }
});

test("a user's CSV is read, in any order of columns and lines", () => {
  const trace = readTrace(csv("agent,time,repo\nb,1700000900.5,x\na,1700000000,x\na,1700000010,x\n\na,1700001000,y\n"));
  expect([...trace.at]).toEqual([0, 10_000, 900_500, 1_000_000]);
  expect([...trace.opens]).toEqual([1, 0, 1, 1]);
  expect(trace.repositoryOf).toHaveLength(3);
  expect(trace.sizesMb).toHaveLength(2);
});

test("sizes, other names and no repository are understood", () => {
  expect(readTrace(csv("unit,sizeMB,t\nu,12,5\nv,7,9\n")).sizesMb).toEqual([12, 7]);
  expect(readTrace(csv("t\n0.5\n0.7\n")).repositoryOf).toHaveLength(2);
});

test.each([
  ["repo,agent\nx,a\n", /line 1: no column "time"/],
  ["time,repo\n1,x\nsoon,x\n", /line 3: the time is not a number: "soon"/],
  ["time,repo,size_mb\n1,x,\n", /line 2: the size is not a number: ""/],
  ["time,repo\n", /no lines below the header/],
  ["time,repo\n5,x\n5,x\n", /all lines are of one moment/],
])("what is no trace is refused by line: %j", (text, message) => {
  expect(() => readTrace(csv(text))).toThrow(message);
});

test("the comparison names each policy once, and the picture holds a dot and a name for each", () => {
  const lines = compare([week(200, 1)]);
  expect(new Set(lines.map(({ policy }) => policy)).size).toBe(lines.length);
  for (const line of lines) {
    expect(line.j_over_bound).toBeGreaterThan(1);
    expect(line.starts_within_1_5s).toBeLessThanOrEqual(1);
  }
  const svg = picture(lines, "A & B");
  expect(svg).toContain("A &amp; B");
  const headings = 4;
  expect(svg.match(/<circle /g)).toHaveLength(lines.length + headings);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});
