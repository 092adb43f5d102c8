import { CATALOGUE, type Catalogue, DURATION_BOUNDS, type Family, type FamilyName } from "./catalogue.ts";

/** One value for each label of a family, from its closed set. */
export type Labels<Name extends FamilyName> = {
  readonly [Label in keyof Catalogue[Name]["labels"]]: Catalogue[Name]["labels"][Label] extends readonly (infer Value)[]
    ? Value
    : never;
};

type NameWhere<Wanted extends Partial<Family>> = {
  [Name in FamilyName]: Catalogue[Name] extends Wanted ? Name : never;
}[FamilyName];
/** Families that the Worker may count. */
export type RecordedCounter = NameWhere<{ type: "counter"; from: "worker" }>;
export type RecordedHistogram = NameWhere<{ type: "histogram"; from: "worker" }>;

/**
 * Returns the stored and exposed name of a series, such as `git_operations_total{operation="clone",status="started"}`.
 */
export function seriesOf<Name extends FamilyName>(name: Name, labels: Labels<Name>): string {
  return keyOf(name, declaredOrder(name, labels));
}

/** Returns the bucket of an observation; buckets are stored individually, and cumulated when exposed. */
export function bucketOf<Name extends RecordedHistogram>(name: Name, labels: Labels<Name>, value: number): string {
  const le = boundText(DURATION_BOUNDS.find((bound) => value <= bound));
  return keyOf(`${name}_bucket`, { ...declaredOrder(name, labels), le });
}

/** Returns the name of a histogram's sum. */
export function sumOf<Name extends RecordedHistogram>(name: Name, labels: Labels<Name>): string {
  return keyOf(`${name}_sum`, declaredOrder(name, labels));
}

/** Orders labels as declared, so that a series has one name. */
function declaredOrder<Name extends FamilyName>(name: Name, labels: Labels<Name>): LabelSet {
  const given: Map<string, string> = new Map(Object.entries(labels));
  return Object.fromEntries(Object.keys(CATALOGUE[name].labels).map((label) => [label, given.get(label) ?? ""]));
}

/**
 * Formats a bound as OpenMetrics requires, in both formats, so that a scraper that changes formats sees the same
 * series.
 */
function boundText(bound: number | undefined): string {
  if (bound === undefined) return "+Inf";
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}

type LabelSet = Readonly<Record<string, string>>;

/** Label values come from closed sets that need no escaping (checked by a test). */
function keyOf(name: string, labels: LabelSet): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
}

interface Series {
  readonly name: string;
  readonly labels: LabelSet;
  /** Names of the stored counts that add up to its value: several for `_count` and buckets. */
  readonly parts: readonly string[];
}

/** A family's series, in the order of exposition. */
export interface DeclaredFamily {
  readonly name: string;
  readonly type: Family["type"];
  readonly from: Family["from"];
  readonly help: string;
  readonly series: readonly Series[];
}

function combinations(labels: Family["labels"]): LabelSet[] {
  return Object.entries(labels).reduce<LabelSet[]>(
    (sets, [label, values]) => sets.flatMap((set) => values.map((value) => ({ ...set, [label]: value }))),
    [{}],
  );
}

function histogramSeries(name: string, labels: LabelSet): Series[] {
  const bounds = [...DURATION_BOUNDS, undefined].map((bound) => ({ ...labels, le: boundText(bound) }));
  const keys = bounds.map((bound) => keyOf(`${name}_bucket`, bound));
  return [
    ...bounds.map((bound, index) => ({ name: `${name}_bucket`, labels: bound, parts: keys.slice(0, index + 1) })),
    { name: `${name}_sum`, labels, parts: [keyOf(`${name}_sum`, labels)] },
    { name: `${name}_count`, labels, parts: keys },
  ];
}

function declared(name: string, { type, from, help, labels }: Family): DeclaredFamily {
  const series = combinations(labels).flatMap((set) =>
    type === "histogram" ? histogramSeries(name, set) : [{ name, labels: set, parts: [keyOf(name, set)] }],
  );
  return { name, type, from, help, series };
}

/** All families, and so all series: no others can be recorded, stored or exposed. */
export const FAMILIES: readonly DeclaredFamily[] = Object.entries(CATALOGUE).map(([name, family]) =>
  declared(name, family),
);

/** Series that the Metrics object may store a count for. */
export const COUNTED: ReadonlySet<string> = new Set(
  FAMILIES.filter(({ from }) => from === "worker" || from === "object").flatMap(({ series }) =>
    series.flatMap(({ parts }) => parts),
  ),
);
