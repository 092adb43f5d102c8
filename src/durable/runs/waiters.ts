/** Requests that wait for news: of a run, or of another request. In memory only: a client whose request is lost asks again. */
export class Waiters {
  readonly #byName = new Map<string, Set<() => void>>();

  /** Resolves when there is news of this name, or when the time is over. */
  async wait(name: string, waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, waiting.add(resolve));
    const timer = setTimeout(resolve, waitMs);
    await promise;
    clearTimeout(timer);
    waiting.delete(resolve);
    if (waiting.size === 0 && this.#byName.get(name) === waiting) this.#byName.delete(name);
  }

  wake(name: string): void {
    for (const resolve of this.#byName.get(name) ?? []) resolve();
  }
}
