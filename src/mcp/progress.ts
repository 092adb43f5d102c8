/** Longest silence in ms: clients abandon silent calls. */
const BEAT_MS = 5_000;
/** Shortest interval in ms: git prints far more percentages than anyone can read. */
const MIN_INTERVAL_MS = 1_000;

/** A percentage of `git --progress`, as in `Receiving objects:  45% (450/1000), 1.2 MiB | 3.1 MiB/s`. */
const PERCENTAGE = /([A-Z][a-z]+ [a-z]+): +(\d{1,3})%/g;

export interface Progress {
  /** Processes git's stderr. */
  readonly onStderr: (text: string) => void;
  /** Processes the number of pushes ahead. */
  readonly onBefore: (before: number) => void;
  readonly stop: () => void;
}

/**
 * Reports the progress of a call: soon after git prints a new percentage, and otherwise every few seconds.
 * @param notify receives the seconds since the start, which only grow, and a line for people
 */
export function startProgress(what: string, notify: (elapsedS: number, message: string) => void): Progress {
  const startedAt = Date.now();
  let notifiedAt = startedAt;
  let latest = "";
  const emit = () => {
    const now = Date.now();
    if (now - notifiedAt < MIN_INTERVAL_MS) return;
    notifiedAt = now;
    const elapsedS = (now - startedAt) / 1000;
    notify(elapsedS, latest === "" ? `${what}: ${Math.round(elapsedS)} s so far` : `${what}: ${latest}`);
  };
  const beat = setInterval(emit, BEAT_MS);
  return {
    onStderr(text) {
      const [, phase, percent] = [...text.matchAll(PERCENTAGE)].at(-1) ?? [];
      if (phase === undefined) return;
      latest = `${phase.toLowerCase()} ${percent}%`;
      emit();
    },
    onBefore(before) {
      latest = before === 0 ? "" : `waits for ${before} other${before === 1 ? "" : "s"} to push`;
      emit();
    },
    stop: () => clearInterval(beat),
  };
}
