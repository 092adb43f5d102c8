/** Cleanup steps that run at the end, in reverse order. */
export class Cleanups {
  #waiting: (() => Promise<unknown>)[] = [];

  add(cleanup: () => Promise<unknown>): void {
    this.#waiting.push(cleanup);
  }

  /** Runs every step, even if one fails; then rejects with the first failure. May be called more than once. */
  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (let cleanup = this.#waiting.pop(); cleanup !== undefined; cleanup = this.#waiting.pop()) {
      await cleanup().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }
}
