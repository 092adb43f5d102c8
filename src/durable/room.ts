import { WORKSPACE_BUSY } from "./sandboxes/refusal.ts";
import type { Shard } from "./shard.ts";
import type { Row } from "./storage/row.ts";

/** Minimum idle time before a workspace may be paused in favour of another. */
const ROOM_IDLE_MS = 60_000;

/** Frees capacity for one more running sandbox, within the `maxRunning` of this shard. */
export class Room {
  readonly #parts: Shard;
  readonly #current: (row: Row) => Row;

  /** @param current adds the last use of a row, which may not be written yet */
  constructor(parts: Shard, current: (row: Row) => Row) {
    this.#parts = parts;
    this.#current = current;
  }

  /** Whether one more sandbox may run. */
  has(): boolean {
    return this.#parts.rows.running().total < this.#parts.maxRunning;
  }

  /**
   * Frees capacity: ends a warm sandbox, waits for a starting one, or pauses the workspace that has been idle
   * longest. The caller must check capacity again: another claim may have come first.
   * @returns false if all running sandboxes are in use
   */
  async make(now: number): Promise<boolean> {
    const { rows, termination } = this.#parts;
    const { warm, blankWarming } = rows.running();
    const [blank] = warm;
    if (blank) {
      await termination.end(blank);
      return true;
    }
    const [starting] = blankWarming;
    if (starting && (await this.#started(starting))) return true;
    return this.#pauseIdle(now);
  }

  /** Waits for a starting warm sandbox. Returns whether it is ready, or has failed and no longer takes capacity. */
  async #started({ sandbox_id: id }: Row): Promise<boolean> {
    const starting = this.#parts.moves.of(id);
    if (starting) await this.#parts.startPatience.wait(starting);
    return this.#parts.rows.get(id)?.state !== "warming";
  }

  async #pauseIdle(now: number): Promise<boolean> {
    const { rows, lifecycle, startPatience } = this.#parts;
    for (const idle of rows.idleLongest(now - ROOM_IDLE_MS)) {
      const paused = await startPatience.wait(lifecycle.pause(this.#current(idle)));
      // An operation may run longer than a minute: try the next workspace.
      if (paused !== WORKSPACE_BUSY) break;
    }
    return this.has();
  }
}
