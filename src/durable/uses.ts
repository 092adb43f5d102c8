import type { Source } from "../pool/sources.ts";
import { Room } from "./room.ts";
import { type Grant, grantOf } from "./sandboxes/grant.ts";
import { lossOf } from "./sandboxes/loss.ts";
import { full, GONE, lostWith, NOT_FOUND, type Outcome, type Refusal, rolledBack } from "./sandboxes/refusal.ts";
import type { Shard } from "./shard.ts";
import type { Row } from "./storage/row.ts";

/** Interval between writes of last_used_at: no rule needs finer times, and each write is billed. */
const TOUCH_EVERY_MS = 30_000;

/** Makes the sandboxes of existing workspaces ready, and records their uses. */
export class Uses {
  readonly room: Room;
  readonly #parts: Shard;
  /** Called after rows changed, to set the alarm. */
  readonly #afterChange: () => Promise<void>;
  /** Uses not written yet. If they are lost, a workspace looks at most TOUCH_EVERY_MS more idle than it is. */
  readonly #touched = new Map<string, number>();

  constructor(parts: Shard, afterChange: () => Promise<void>) {
    this.#parts = parts;
    this.#afterChange = afterChange;
    this.room = new Room(parts, (row) => this.current(row));
  }

  /**
   * Returns the sandbox of a workspace for an operation. Refuses after a rollback until a clone has reported the loss:
   * an old tree must not pass for the newest.
   * @param lost generation of a grant whose sandbox turned out not to run
   */
  async use(row: Row, tenant: string, lost?: number): Promise<Grant | Refusal> {
    const ready = await this.ready(row, tenant, lost);
    const now = this.#parts.rows.get(row.sandbox_id);
    const loss = now && lossOf(now);
    return ready.ok && loss && now.loss_told === 0 ? rolledBack(loss) : ready;
  }

  /**
   * Returns the sandbox of a workspace, and resumes it if it is paused.
   * @param lost generation of a grant whose sandbox turned out not to run
   */
  async ready(row: Row, tenant: string, lost?: number): Promise<Grant | Refusal> {
    const ready = await this.#ready(row, tenant, lost);
    if (ready.ok || ready.code !== "workspace_gone") return ready;
    const now = this.#parts.rows.get(row.sandbox_id);
    const loss = now && lossOf(now);
    return loss ? lostWith(loss) : ready;
  }

  async #ready(row: Row, tenant: string, lost?: number): Promise<Grant | Refusal> {
    const { rows, moves, starts, lifecycle, startPatience, saver, seal } = this.#parts;
    if (row.tenant !== tenant) return NOT_FOUND;
    const moving = moves.of(row.sandbox_id);
    if (moving) {
      saver.keep(row.sandbox_id);
      const wasPausing = moves.isPause(row.sandbox_id);
      const moved = await startPatience.wait(moving);
      // Too slow: the transition continues in the background.
      if (!moved.ok && moves.of(row.sandbox_id) === moving) return moved;
      const now = rows.get(row.sandbox_id);
      if (!now) return moved.ok ? GONE : moved;
      // A failed start or resume also fails this call. After a pause, resume.
      return moved.ok || wasPausing || now.state === "bound" ? this.#ready(now, tenant) : moved;
    }
    switch (row.state) {
      case "bound":
        if (lost === row.generation || Date.now() >= row.ends_at || seal.isOutdated(row)) {
          return this.granted(await startPatience.wait(lifecycle.resume(row)), "paused");
        }
        this.#touch(row);
        return this.#grant(row, "live");
      case "paused":
        return this.#resume(row, tenant);
      case "warming":
        return this.granted(await startPatience.wait(starts.adopt(row, true)), "cold");
      case "warm":
        return NOT_FOUND;
      case "gone":
        return GONE;
    }
  }

  /** Records a use of an earlier grant. @returns whether the grant is still valid */
  used(row: Row, generation: number): boolean {
    const runs = row.state === "bound" && row.generation === generation && Date.now() < row.ends_at;
    const holds = runs && !this.#parts.seal.isOutdated(row) && !this.#parts.moves.of(row.sandbox_id);
    if (holds) this.#touch(row);
    return holds;
  }

  async #resume(row: Row, tenant: string): Promise<Grant | Refusal> {
    const { rows, lifecycle, startPatience, maxRunning } = this.#parts;
    // A sandbox whose pause is outstanding already counts as running.
    if (row.charged_until === null && !this.room.has()) {
      if (!(await this.room.make(Date.now()))) return full(maxRunning);
      const now = rows.get(row.sandbox_id);
      return now ? this.#ready(now, tenant) : GONE;
    }
    return this.granted(await startPatience.wait(lifecycle.resume(row)), "paused");
  }

  /** Returns the grant of a transition that ended. */
  async granted(outcome: Outcome, source: Source): Promise<Grant | Refusal> {
    await this.#afterChange();
    return outcome.ok ? this.#grant(outcome.row, source) : outcome;
  }

  #grant(row: Row, source: Source): Grant | Refusal {
    const seedHead = row.template === this.#parts.template() ? undefined : this.#parts.snapshots.seedHead(row.template);
    // A start recovered by `adopt` is reported as "cold"; correct it to "snapshot".
    return grantOf(row, source === "cold" && seedHead !== undefined ? "snapshot" : source, seedHead);
  }

  #touch(row: Row): void {
    const { rows, idlePolicy } = this.#parts;
    const now = Date.now();
    idlePolicy.used(now - this.current(row).last_used_at, now);
    if (now - row.last_used_at < TOUCH_EVERY_MS) {
      this.#touched.set(row.sandbox_id, now);
    } else {
      this.#touched.delete(row.sandbox_id);
      rows.touch(row.sandbox_id, now);
      idlePolicy.remember(row, now);
    }
  }

  /** Returns a row with its last use, which may not be written yet. */
  current(row: Row): Row {
    return { ...row, last_used_at: Math.max(row.last_used_at, this.#touched.get(row.sandbox_id) ?? 0) };
  }
}
