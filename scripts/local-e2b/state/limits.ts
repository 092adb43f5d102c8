import { ApiError } from "../http/reply.ts";

/** Limits of an account, with E2B's error messages. */
export class Limits {
  /** Longest timeout, and longest single run, in seconds. */
  readonly #maxTimeoutS: number;
  /** Running sandboxes per team; undefined for no limit. */
  readonly #maxRunning: number | undefined;
  readonly #longestRunS: () => number | undefined;

  /** @param longestRunS returns the longest run, if that is shorter than the longest timeout */
  constructor(maxTimeoutS: number, maxRunning: number | undefined, longestRunS: () => number | undefined) {
    this.#maxTimeoutS = maxTimeoutS;
    this.#maxRunning = maxRunning;
    this.#longestRunS = longestRunS;
  }

  /** @throws ApiError 400 */
  checkTimeout(seconds: number): void {
    if (seconds <= 0) throw new ApiError(400, "Timeout must be greater than 0");
    if (seconds <= this.#maxTimeoutS) return;
    const hours = this.#maxTimeoutS / 3600;
    const limit = Number.isInteger(hours) ? `${hours} hours` : `${this.#maxTimeoutS} seconds`;
    throw new ApiError(400, `Timeout cannot be greater than ${limit}`);
  }

  /** @throws ApiError 429 if one more would be too many */
  checkRunning(running: number): void {
    if (this.#maxRunning === undefined || running < this.#maxRunning) return;
    throw new ApiError(429, `you have reached the maximum number of concurrent E2B sandboxes (${this.#maxRunning})`);
  }

  /** Returns the end of a run, at most the longest run after its start; milliseconds since 1970. */
  endOfRun(startedAtMs: number, wantedMs: number): number {
    return Math.min(wantedMs, startedAtMs + (this.#longestRunS() ?? this.#maxTimeoutS) * 1000);
  }
}
