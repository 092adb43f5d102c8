import { WORKSPACE_BUSY } from "./sandboxes/refusal.ts";
import type { Shard } from "./shard.ts";
import type { Row } from "./storage/row.ts";

/** A workspace that was not used this long may be paused to make room for another. */
const ROOM_IDLE_MS = 60_000;

/** Room for one more running sandbox, of the `maxRunning` that this shard may have. */
export class Room {
  readonly #parts: Shard;
  readonly #current: (row: Row) => Row;

  /** @param current gives a row its last use, also where that is not written down yet */
  constructor(parts: Shard, current: (row: Row) => Row) {
    this.#parts = parts;
    this.#current = current;
  }

  has(): boolean {
    return this.#parts.rows.running().total < this.#parts.maxRunning;
  }

  /**
   * Ends a blank sandbox, waits for one that is being started, or pauses the workspace that was not used for the longest
   * time. The caller must look anew at what there is: another claim may have come first.
   * @returns false: all sandboxes that run are in use
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

  /** Whether a blank sandbox that takes up room is there by now, or takes up none any more. */
  async #started({ sandbox_id: id }: Row): Promise<boolean> {
    const starting = this.#parts.lifecycle.move(id);
    if (starting) await this.#parts.startPatience.wait(starting);
    return this.#parts.rows.get(id)?.state !== "warming";
  }

  async #pauseIdle(now: number): Promise<boolean> {
    const { rows, lifecycle, startPatience } = this.#parts;
    for (const idle of rows.idleLongest(now - ROOM_IDLE_MS)) {
      const paused = await startPatience.wait(lifecycle.pause(this.#current(idle)));
      // An operation may take longer than a minute: the next one, then.
      if (paused !== WORKSPACE_BUSY) break;
    }
    return this.has();
  }
}
