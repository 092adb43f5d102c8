/** What an instance does at the moment: it reports while it works, and says until when it rests. */
export class Pulse {
  readonly #rests = new Set<{ readonly until: number }>();
  #working = 0;

  get isWorking(): boolean {
    return this.#working > 0;
  }

  /** Works on something. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#working += 1;
    try {
      return await work();
    } finally {
      this.#working -= 1;
    }
  }

  /** Waits for something. */
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
   * When the instance works again, if the one who asks is the last that works; 0: it goes on working.
   * @param own when the one who asks goes on
   */
  restsUntil(own?: number): number {
    const all = [...this.#rests].map(({ until }) => until).concat(own ?? []);
    return this.#working > 1 || all.length === 0 ? 0 : Math.min(...all);
  }
}
