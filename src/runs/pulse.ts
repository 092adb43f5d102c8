/** Tracks whether an instance works or rests: it reports while it works, and announces until when it rests. */
export class Pulse {
  readonly #rests = new Set<{ readonly until: number }>();
  #working = 0;

  get isWorking(): boolean {
    return this.#working > 0;
  }

  /** Runs `work`; the instance counts as working until it settles. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#working += 1;
    try {
      return await work();
    } finally {
      this.#working -= 1;
    }
  }

  /** Runs `wait`; the instance counts as resting until it settles. */
  async resting(until: number, wait: () => Promise<unknown>): Promise<void> {
    const rest = { until };
    this.#rests.add(rest);
    try {
      await wait();
    } finally {
      this.#rests.delete(rest);
    }
  }

  /**
   * Returns when the instance works again, if only the caller is still working; 0: the instance continues to work.
   * @param own when the caller continues
   */
  restsUntil(own?: number): number {
    const all = [...this.#rests].map(({ until }) => until).concat(own ?? []);
    return this.#working > 1 || all.length === 0 ? 0 : Math.min(...all);
  }
}
