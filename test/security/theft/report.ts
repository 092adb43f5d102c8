import { type Catch, springTrap } from "./thief.ts";
import type { Scene } from "./scene.ts";
import { PLACES, type Watched } from "./watch.ts";
import type { Way } from "./ways.ts";

/** The thief's finds, by traps and by watching. */
export interface Loot {
  readonly ways: number;
  readonly operations: number;
  /** Ways that miss the token of a careless session: their empty result proves nothing. */
  readonly blind: readonly string[];
  readonly credential: readonly string[];
  /** Traps that got a lease: only the watcher may get one. */
  readonly leases: readonly string[];
  /** Traps that ran beside operations, or sent a request. */
  readonly sprung: readonly string[];
}

/** Springs traps, some side by side, each in a workspace of its own. */
export async function springTraps(scene: Scene, ways: readonly Way[], lanes: number): Promise<readonly Catch[]> {
  const all: Catch[] = [];
  const waiting = ways.entries();
  const lane = async () => {
    for (const [number, way] of waiting) all.push(await springTrap(scene, way, `trap-${number}`));
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return all;
}

export function lootOf(traps: readonly Catch[], watched: Watched): Loot {
  const named = (has: (each: Catch) => boolean) => traps.filter(has).map(({ way }) => way);
  return {
    ways: traps.length + PLACES.length,
    operations: watched.operations,
    blind: [...named(({ works }) => !works), ...PLACES.filter((place) => !watched.works.includes(place))],
    credential: [...named(({ credential }) => credential), ...watched.credential],
    leases: named(({ lease }) => lease),
    sprung: named(({ sprung }) => sprung),
  };
}
