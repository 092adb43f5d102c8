/** Longest silence in ms: clients abandon silent calls. */
const BEAT_MS = 5_000;
/** Shortest interval in ms: git prints far more percentages than anyone can read. */
const MIN_INTERVAL_MS = 1_000;

/** A percentage of `git --progress`, as in `Receiving objects:  45% (450/1000), 1.2 MiB | 3.1 MiB/s`. */
const PERCENTAGE = /([A-Z][a-z]+ [a-z]+): +(\d{1,3})%/g;

export interface Progress {
  /** Processes git's stderr. */
  readonly hear: (text: string) => void;
  /** Processes the number of pushes ahead. */
  readonly wait: (before: number) => void;
  readonly stop: () => void;
}

/**
 * Reports the progress of a call: soon after git prints a new percentage, and otherwise every few seconds.
 * @param notify receives the seconds since the start, which only grow, and a line for people
 */
export function startProgress(what: string, tell: (elapsedS: number, message: string) => void): Progress {
  const startedAt = Date.now();
  let toldAt = startedAt;
  let latest = "";
  const say = () => {
    const now = Date.now();
    if (now - toldAt < MIN_INTERVAL_MS) return;
    toldAt = now;
    const elapsedS = (now - startedAt) / 1000;
    tell(elapsedS, latest === "" ? `${what}: ${Math.round(elapsedS)} s so far` : `${what}: ${latest}`);
  };
  const beat = setInterval(say, BEAT_MS);
  return {
    hear(text) {
      const [, phase, percent] = [...text.matchAll(PERCENTAGE)].at(-1) ?? [];
      if (phase === undefined) return;
      latest = `${phase.toLowerCase()} ${percent}%`;
      say();
    },
    wait(before) {
      latest = before === 0 ? "" : `waits for ${before} other${before === 1 ? "" : "s"} to push`;
      say();
    },
    stop: () => clearInterval(beat),
  };
}
