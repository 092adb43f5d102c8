import type { Exemplar } from "./batch.ts";
import type { ExposedFamily } from "./exposition.ts";
import type { EndedOperation, History } from "./history.ts";
import { poolValues, type StoredSample } from "./pool-values.ts";
import { type DeclaredFamily, FAMILIES } from "./series.ts";

/** All that one Metrics object holds. */
export interface Reading {
  readonly counts: ReadonlyMap<string, number>;
  readonly exemplars: ReadonlyMap<string, Exemplar>;
  readonly samples: readonly StoredSample[];
}

/** The same, and the newest past. */
export interface Look extends Reading {
  readonly history: History;
  readonly newest: readonly EndedOperation[];
}

/** What a scrape reads from; a Caller has it. No shard of the pool is asked. */
interface Source<MetricsObject> {
  readonly env: { readonly METRICS: { getByName(name: string): MetricsObject } };
  readonly config: { readonly metricsShards: number };
}

/** Everything that was recorded. Rejects when one object does not answer: a sum of the others would look like a reset. */
export async function readMetrics(source: Source<{ read(): Promise<Reading> }>): Promise<Reading> {
  return merged(await Promise.all(objectsOf(source).map((object) => object.read())));
}

/** What each object holds, its past from `since` on included. */
export function lookAtMetrics(source: Source<{ look(since: number): Promise<Look> }>, since: number): Promise<Look[]> {
  return Promise.all(objectsOf(source).map((object) => object.look(since)));
}

function objectsOf<MetricsObject>({ env, config }: Source<MetricsObject>): MetricsObject[] {
  return Array.from({ length: config.metricsShards }, (_, shard) => env.METRICS.getByName(String(shard)));
}

/** What several objects hold together. */
export function merged(readings: readonly Reading[]): Reading {
  const counts = new Map<string, number>();
  const exemplars = new Map<string, Exemplar>();
  const samples = new Map<number, StoredSample>();
  for (const reading of readings) {
    for (const [series, count] of reading.counts) counts.set(series, (counts.get(series) ?? 0) + count);
    for (const [series, exemplar] of reading.exemplars) {
      if (exemplar.at >= (exemplars.get(series)?.at ?? 0)) exemplars.set(series, exemplar);
    }
    // A shard of the pool reports to another object once METRICS_SHARDS was raised; what the first one has is old.
    for (const stored of reading.samples) {
      const known = samples.get(stored.sample.shard);
      if (!known || known.sample.sequence < stored.sample.sequence) samples.set(stored.sample.shard, stored);
    }
  }
  return { counts, exemplars, samples: [...samples.values()] };
}

/** Every declared series with its value at `now`; 0 where nothing was ever recorded. */
export function exposedFamilies({ counts, exemplars, samples }: Reading, now: number): ExposedFamily[] {
  const told = poolValues(samples, now);
  const valueOf = ({ from }: DeclaredFamily, parts: readonly string[]) => {
    if (from === "build") return 1;
    const values = from === "pool" ? told : counts;
    return parts.reduce((total, part) => total + (values.get(part) ?? 0), 0);
  };
  return FAMILIES.map((family) => ({
    name: family.name,
    type: family.type,
    help: family.help,
    samples: family.series.map(({ name, labels, parts }) => {
      const exemplar = labels["le"] === undefined ? undefined : exemplars.get(parts.at(-1) ?? "");
      return { name, labels, value: valueOf(family, parts), ...(exemplar && { exemplar }) };
    }),
  }));
}
