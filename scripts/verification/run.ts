import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_WITHIN_S } from "./check.ts";
import type { Check, Finding, Theme } from "./check.ts";

/** A completed check. */
export interface Row extends Finding {
  readonly theme: string;
  readonly name: string;
  readonly expects: string;
  readonly seconds: number;
}

const ANSWERED_MAX_CHARS = 300;

/**
 * Runs all checks, one after the other, each within its time. `tell` is called with each result.
 * @param clean removes secrets from a finding
 */
export async function runChecks<Scene>(
  themes: readonly Theme<Scene>[],
  scene: Scene,
  tell: (row: Row) => void,
  clean: (text: string) => string = (text) => text,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { name: theme, checks } of themes) {
    for (const check of checks) {
      const startedAt = performance.now();
      const { verdict, answered } = await found(check, scene);
      const seconds = Math.round((performance.now() - startedAt) / 10) / 100;
      const { name, expects } = check;
      const row = { theme, name, expects, verdict, answered: oneLine(clean(answered)), seconds };
      rows.push(row);
      tell(row);
    }
  }
  return rows;
}

/** Runs a check within its time; never rejects. After a timeout the check may go on, but its result is ignored. */
async function found<Scene>({ look, withinS = DEFAULT_WITHIN_S }: Check<Scene>, scene: Scene): Promise<Finding> {
  const over = new AbortController();
  const late = sleep(withinS * 1000, undefined, { signal: over.signal }).then((): Finding => ({
    verdict: "differs",
    answered: `nothing after ${withinS} s`,
  }));
  const looked = look(scene).catch((error: unknown): Finding => ({ verdict: "differs", answered: reasonOf(error) }));
  try {
    return await Promise.race([looked, late]);
  } finally {
    over.abort();
    late.catch(() => undefined);
  }
}

/** Returns the reason of an error in words; fetch puts it only into the cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > ANSWERED_MAX_CHARS ? `${line.slice(0, ANSWERED_MAX_CHARS)}…` : line;
}

/** Asks until the answer is good or the time is over. @returns the last answer */
export async function polled<T>(ask: () => Promise<T>, isGood: (answer: T) => boolean, withinMs: number): Promise<T> {
  const endAt = performance.now() + withinMs;
  for (let waitMs = 50; ; waitMs = Math.min(1000, waitMs * 1.5)) {
    const answer = await ask();
    if (isGood(answer) || performance.now() + waitMs > endAt) return answer;
    await sleep(waitMs);
  }
}
