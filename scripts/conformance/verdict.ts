import type { ExpectedFailure } from "./expected.ts";
import type { Check } from "./suite.ts";

export interface Verdict {
  readonly scenarios: number;
  readonly passed: number;
  /** Expected failures, each with its reason. */
  readonly expected: readonly ExpectedFailure[];
  /** Unexpected failures: `scenario:check: the suite's message`. */
  readonly unexpected: readonly string[];
  /** Entries that now pass, and must be removed. */
  readonly stale: readonly string[];
}

const isBad = ({ status }: Check) => status === "FAILURE" || status === "WARNING";

/** Compares a run's checks with the expected failures. */
export function judge(checks: readonly Check[], expected: readonly ExpectedFailure[]): Verdict {
  const covers = ({ entry }: ExpectedFailure, { scenario, id }: Check) =>
    entry === scenario || entry === `${scenario}:${id}`;
  const bad = checks.filter(isBad);
  const scenarios = new Set(checks.map(({ scenario }) => scenario));
  const [met, stale] = [true, false].map((fails) =>
    expected.filter((failure) => bad.some((check) => covers(failure, check)) === fails),
  );
  return {
    scenarios: scenarios.size,
    passed: checks.filter(({ status }) => status === "SUCCESS").length,
    expected: met ?? [],
    unexpected: bad
      .filter((check) => !expected.some((failure) => covers(failure, check)))
      .map(({ scenario, id, errorMessage = "no message" }) => `${scenario}:${id}: ${errorMessage}`),
    stale: (stale ?? []).map(({ entry }) => entry),
  };
}
