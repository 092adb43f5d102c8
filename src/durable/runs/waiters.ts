/** Requests that wait for an event of a run. In memory only: a client whose request is lost asks again. */
export class Waiters {
  readonly #byRun = new Map<string, Set<() => void>>();

  /** Resolves at the next event of a run, or when the time is over. */
  async wait(run: string, waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#byRun.get(run) ?? new Set();
    this.#byRun.set(run, waiting.add(resolve));
    const timer = setTimeout(resolve, waitMs);
    await promise;
    clearTimeout(timer);
    waiting.delete(resolve);
    if (waiting.size === 0 && this.#byRun.get(run) === waiting) this.#byRun.delete(run);
  }

  wake(run: string): void {
    for (const resolve of this.#byRun.get(run) ?? []) resolve();
  }
}
