/** What has to be undone at the end, last thing first. */
export class Cleanups {
  #waiting: (() => Promise<unknown>)[] = [];

  add(cleanup: () => Promise<unknown>): void {
    this.#waiting.push(cleanup);
  }

  /** Undoes everything, even when a step fails; then rejects with the first failure. Fine to call more than once. */
  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (let cleanup = this.#waiting.pop(); cleanup !== undefined; cleanup = this.#waiting.pop()) {
      await cleanup().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }
}
