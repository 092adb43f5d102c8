import type { Row } from "./measure.ts";
import type { RepositoryFacts } from "./repository.ts";

export const AGED_SNAPSHOT = "ours, week-old snapshot";
export const FRESH_SNAPSHOT = "ours, fresh snapshot";

interface Target {
  readonly strategy: string;
  readonly figure: "ratio_to_full" | "ratio_to_shallow" | "bytes_of_full";
  readonly most: number;
  /** Smallest repository size for which the target holds. */
  readonly fromMb: number;
}

/** The clone performance that the project promises. */
const TARGETS: readonly Target[] = [
  { strategy: AGED_SNAPSHOT, figure: "ratio_to_full", most: 0.15, fromMb: 0 },
  { strategy: AGED_SNAPSHOT, figure: "ratio_to_shallow", most: 0.4, fromMb: 0 },
  { strategy: AGED_SNAPSHOT, figure: "bytes_of_full", most: 0.03, fromMb: 0 },
  { strategy: AGED_SNAPSHOT, figure: "ratio_to_full", most: 0.05, fromMb: 300 },
  { strategy: FRESH_SNAPSHOT, figure: "ratio_to_full", most: 0.05, fromMb: 0 },
];

/** @returns a line for each missed target; a strategy without full history misses too */
export function missedTargets({ name, packed_mb }: RepositoryFacts, rows: readonly Row[]): readonly string[] {
  const full = rows.find(({ strategy }) => strategy === "full");
  return TARGETS.filter(({ fromMb }) => packed_mb >= fromMb).flatMap(({ strategy, figure, most }) => {
    const row = rows.find((each) => each.strategy === strategy);
    if (row === undefined || full === undefined) return [`${name}: ${strategy} was not measured`];
    const value = figure === "bytes_of_full" ? row.bytes / full.bytes : row[figure];
    if (!row.full_history) return [`${name}: ${strategy} has no full history`];
    return value <= most ? [] : [`${name}: ${strategy}: ${figure} is ${value.toFixed(3)}, not ${most} at most`];
  });
}
