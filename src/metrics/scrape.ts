import type { Exemplar } from "./batch.ts";
import type { ExposedFamily } from "./exposition.ts";
import type { EndedOperation, History } from "./history.ts";
import { poolValues, type StoredSample } from "./pool-values.ts";
import { type DeclaredFamily, FAMILIES } from "./series.ts";

/** Content of one Metrics object. */
export interface Reading {
  readonly counts: ReadonlyMap<string, number>;
  readonly exemplars: ReadonlyMap<string, Exemplar>;
  readonly samples: readonly StoredSample[];
}

/** Content of one Metrics object, with the recent history. */
export interface Look extends Reading {
  readonly history: History;
  readonly newest: readonly EndedOperation[];
}

/** Source of a scrape; a Caller is one. Pool shards are not involved. */
interface Source<MetricsObject> {
  readonly env: { readonly METRICS: { getByName(name: string): MetricsObject } };
  readonly config: { readonly metricsShards: number };
}

/** Reads all recorded values. Rejects if one object fails: a partial sum would look like a counter reset. */
export async function readMetrics(source: Source<{ read(): Promise<Reading> }>): Promise<Reading> {
  return merged(await Promise.all(objectsOf(source).map((object) => object.read())));
}

/** Reads each object's content, with its history from `since` on. */
export function lookAtMetrics(source: Source<{ look(since: number): Promise<Look> }>, since: number): Promise<Look[]> {
  return Promise.all(objectsOf(source).map((object) => object.look(since)));
}

function objectsOf<MetricsObject>({ env, config }: Source<MetricsObject>): MetricsObject[] {
  return Array.from({ length: config.metricsShards }, (_, shard) => env.METRICS.getByName(String(shard)));
}

/** Merges the content of several objects. */
export function merged(readings: readonly Reading[]): Reading {
  const counts = new Map<string, number>();
  const exemplars = new Map<string, Exemplar>();
  const samples = new Map<number, StoredSample>();
  for (const reading of readings) {
    for (const [series, count] of reading.counts) counts.set(series, (counts.get(series) ?? 0) + count);
    for (const [series, exemplar] of reading.exemplars) {
      if (exemplar.at >= (exemplars.get(series)?.at ?? 0)) exemplars.set(series, exemplar);
    }
    // After a change of METRICS_SHARDS a pool shard reports to another object; the older sample is stale.
    for (const stored of reading.samples) {
      const known = samples.get(stored.sample.shard);
      if (!known || known.sample.sequence < stored.sample.sequence) samples.set(stored.sample.shard, stored);
    }
  }
  return { counts, exemplars, samples: [...samples.values()] };
}

/** Returns every declared series with its value at `now`; 0 if never recorded. */
export function exposedFamilies({ counts, exemplars, samples }: Reading, now: number): ExposedFamily[] {
  const poolSeries = poolValues(samples, now);
  const valueOf = ({ from }: DeclaredFamily, parts: readonly string[]) => {
    if (from === "build") return 1;
    const values = from === "pool" ? poolSeries : counts;
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
