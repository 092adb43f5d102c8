import { breakEven, fixed, learned, lfu, lru, tiers, tiersOfTwoHours } from "./keepers.ts";
import { byDemand, constant, type MakeSizeRule, reactive } from "./pools.ts";
import type { Play } from "./play.ts";
import { WORTH } from "./world.ts";

export interface Policy extends Omit<Play, "pool"> {
  readonly name: string;
  readonly pool?: MakeSizeRule;
}

/** The plan's bounds of the pool, and how long it stays large after a claim found it empty. */
const BOUNDS = { min: 2, max: 10 };
const QUIET_MS = 10 * 60_000;
/** Running sandboxes under lru and lfu. */
const CACHE_SIZE = 50;
/** A connected agent asks its model before its first operation. */
const OPENS_AHEAD_S = 2;
const ENDS_TOLD = 0.7;

const KEEPERS = [
  ["learned", learned],
  ["tiers 40 min", tiers],
  ["tiers 2 h", tiersOfTwoHours],
  ["fixed 60 s", fixed(60_000)],
  ["break-even", breakEven],
] as const;

const base = { keeper: learned, idle: "pause" } as const;

/** Returns the compared policies. Those that use session ends need a trace that knows them. */
export function policiesFor(knowsEnds: boolean): Policy[] {
  const keeping = (["pause", "kill"] as const).flatMap((idle) =>
    KEEPERS.map(([name, keeper]): Policy => ({ name: `${name}, ${idle}`, keeper, idle })),
  );
  return [
    ...keeping,
    { name: "LRU of 50, kill", keeper: lru(CACHE_SIZE), idle: "kill" },
    { name: "LFU of 50, kill", keeper: lfu(CACHE_SIZE), idle: "kill" },
    ...(knowsEnds ? [{ ...base, name: "learned, pause, 70% of ends told", endsTold: ENDS_TOLD }] : []),
    { ...base, name: "learned, pause, opened 2 s ahead", opensAheadS: OPENS_AHEAD_S },
    { ...base, name: "learned, pause, pool of 2", pool: constant(2) },
    { ...base, name: "learned, pause, pool of 10", pool: constant(10) },
    { ...base, name: "learned, pause, pool reactive 2-10", pool: reactive(BOUNDS, QUIET_MS) },
    { ...base, name: "learned, pause, pool by demand 2-10", pool: byDemand(() => ({ bounds: BOUNDS, worth: WORTH })) },
    {
      ...base,
      name: "learned, pause, pool by demand 0-10",
      pool: byDemand(() => ({ bounds: { ...BOUNDS, min: 0 }, worth: WORTH })),
    },
    {
      name: "plan (tiers 40 min, kill, pool reactive 2-10)",
      keeper: tiers,
      idle: "kill",
      pool: reactive(BOUNDS, QUIET_MS),
    },
    {
      ...base,
      name: "design (learned, pause, snapshots, opened 2 s ahead, pool by demand 2-10)",
      snapshots: true,
      opensAheadS: OPENS_AHEAD_S,
      pool: byDemand(() => ({ bounds: BOUNDS, worth: WORTH })),
    },
  ];
}
