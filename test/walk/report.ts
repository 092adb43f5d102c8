import { KNOWN, nameOf } from "./known.ts";
import type { Failure, Run } from "./outcome.ts";
import { TRACE_BEGIN } from "./trace.ts";

export const isGood = ({ failures, stale }: Run): boolean => failures.length === 0 && stale.length === 0;

export function reportJson(run: Run): string {
  const { tally, failures, stale, seconds } = run;
  const counts = (from: ReadonlyMap<string, ReadonlyMap<string, number>>) =>
    Object.fromEntries(Array.from(from, ([name, outcomes]) => [name, Object.fromEntries(outcomes)]));
  return JSON.stringify({
    ok: isGood(run),
    walks: tally.walks,
    steps: tally.steps,
    seconds: Math.round(seconds),
    operations: counts(tally.operations),
    events: counts(tally.events),
    known: Object.fromEntries(tally.known),
    stale,
    failures,
  });
}

export function reportText({ tally, failures, stale, seconds }: Run): string {
  return [
    ...failures.map(
      ({ rule, operation, count, seed }) =>
        `FAILED  ${rule} in ${operation}: ${count} walks, the first is --seed ${seed}`,
    ),
    ...stale.map((name) => `${name} no longer occurs: remove it from test/walk/known.ts`),
    ...table("operation", tally.operations),
    "",
    ...table("person's event", tally.events),
    "",
    ...KNOWN.map((one) => `known: ${nameOf(one)}, ${tally.known.get(nameOf(one)) ?? 0} times: ${one.reason}`),
    `${tally.walks} walks, ${tally.steps} steps in ${seconds.toFixed(0)} s; ${failures.length} kinds of failure`,
  ].join("\n");
}

/** Returns the failure, and lines for a shell that reproduce it. */
export function failureText({ rule, operation, detail, seed, trace, walk }: Failure): string {
  return [
    `FAILED  ${rule} in ${operation}, in ${walk.steps.length} steps (--seed ${seed})`,
    `  ${detail}`,
    TRACE_BEGIN,
    ...trace,
    `  as data: ${JSON.stringify(walk)}`,
    "",
  ].join("\n");
}

function table(heading: string, counts: ReadonlyMap<string, ReadonlyMap<string, number>>): string[] {
  const rows = Array.from(counts).toSorted(([one], [other]) => one.localeCompare(other));
  const width = Math.max(heading.length, ...rows.map(([name]) => name.length));
  const lines = rows.map(([name, outcomes]) => {
    const all = Array.from(outcomes.values()).reduce((sum, one) => sum + one, 0);
    const told = Array.from(outcomes)
      .toSorted(([, one], [, other]) => other - one)
      .map(([outcome, count]) => `${outcome} ${count}`);
    return `${name.padEnd(width)} ${String(all).padStart(6)}  ${told.join(", ")}`;
  });
  return [`${heading.padEnd(width)}  count  outcomes`, ...lines];
}
