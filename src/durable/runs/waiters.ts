/** Requests that wait for news of a run or another request. In memory only: a client whose request is lost retries. */
export class Waiters {
  readonly #byName = new Map<string, Set<() => void>>();

  /** Resolves on news of this name, or after `waitMs`. */
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
