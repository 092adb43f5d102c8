import { isOrphaned } from "./sandboxes/orphaned-starts.ts";
import { losing } from "./sandboxes/loss.ts";
import { droppingEvent } from "./sandboxes/workspace-events.ts";
import type { Shard } from "./shard.ts";
import type { Row } from "./storage/row.ts";

/** Rows per alarm, to bound its duration; the rest stay due at once. */
const DUE_BATCH = 24;

/** Alarm handler. Idempotent; never throws: a row that fails is rescheduled with back-off. */
export class AlarmHandler {
  readonly #parts: Shard;
  readonly #current: (row: Row) => Row;
  readonly #afterChange: () => Promise<void>;

  /**
   * @param current adds the last use of a row, which may not be written yet
   * @param afterChange sets the alarm; called after work that continues in the background
   */
  constructor(parts: Shard, current: (row: Row) => Row, afterChange: () => Promise<void>) {
    this.#parts = parts;
    this.#current = current;
    this.#afterChange = afterChange;
  }

  /** Handles the due work, at most DUE_BATCH rows of it. */
  async run(): Promise<void> {
    const { rows, reconciler, filler, snapshots, reporter, budgetWatch, outbox } = this.#parts;
    const before = Date.now();
    const due = rows.due(before, DUE_BATCH);
    await Promise.all(due.map((row) => this.#act(this.#current(row))));
    const reconciled = await reconciler.runIfDue(Date.now());
    const tended = await filler.tendIfDue(Date.now());
    const dropped = await snapshots.runIfDue(Date.now());
    if (rows.running().total > 0) reconciler.schedule(Date.now());
    if (due.length > 0 || reconciled || tended || dropped) reporter.changed(Date.now());
    budgetWatch.look(Date.now());
    await Promise.all([reporter.runIfDue(Date.now()), outbox.runIfDue(Date.now())]);
  }

  /** Returns the next due time, or undefined if nothing is due. */
  nextAt(): number | undefined {
    const { rows, snapshotTable, reconciler, filler, reporter, outbox } = this.#parts;
    const own = [rows.firstDueAt(), snapshotTable.firstDueAt()];
    const dues = [...own, reconciler.dueAt(), filler.dueAt(), reporter.dueAt(), outbox.dueAt()];
    const times = dues.filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  async #act(row: Row): Promise<void> {
    const { rows, idlePolicy, moves, starts, lifecycle, termination, builder } = this.#parts;
    if (moves.of(row.sandbox_id)) return;
    if (row.maker_of !== null && (row.state === "bound" || row.state === "paused")) return builder.tend(row);
    const now = Date.now();
    switch (row.state) {
      case "warming":
        await starts.adopt(row, false);
        return;
      case "warm":
      case "bound": {
        const due = idlePolicy.due(row, now);
        if (due.action === "wait") rows.setDue(row.sandbox_id, due.until, 0);
        else if (due.action === "renew") await lifecycle.resume(row);
        else await lifecycle[due.action](row);
        return;
      }
      case "paused":
        // If the sandbox is still charged, its pause at E2B is outstanding. Otherwise decide on retention.
        if (row.charged_until !== null) await lifecycle.pause(row);
        else await this.#retain(row, now);
        return;
      case "gone":
        if (isOrphaned(row)) await starts.reap(row);
        else if (row.e2b_id === null) await this.#remove(row);
        else await termination.kill(row);
    }
  }

  async #retain(found: Row, now: number): Promise<void> {
    const { rows, idlePolicy, termination, saver } = this.#parts;
    const row = this.#tellDrop(found, now);
    const kept = idlePolicy.retain(row, now);
    switch (kept.decision) {
      case "keep":
        rows.setDue(row.sandbox_id, idlePolicy.retainUntil(row, now), 0);
        return;
      case "announce":
        rows.transition(row, { announced_at: now, due_at: idlePolicy.retainUntil({ ...row, announced_at: now }, now) });
        return;
      case "drop":
        if (kept.reason === "clean") await termination.end(row);
        else if (saver.mustSave(kept.dropsAt, now)) this.#save(row, kept.dropsAt);
        else await termination.end(row, losing(row, now));
    }
  }

  /** Sends the event of the coming drop when it is due. @returns the row, marked if the event was sent */
  #tellDrop(row: Row, now: number): Row {
    const { rows, idlePolicy, outbox } = this.#parts;
    const tellAt = idlePolicy.tellsDropAt(row, now);
    if (tellAt === undefined || tellAt > now) return row;
    const told = rows.transition(row, { drop_told: 1 });
    const event = told && droppingEvent(told, idlePolicy.dropsAt(told, now), now);
    if (event) outbox.add(event);
    return told ?? row;
  }

  /** Saves in the background: a large workspace takes minutes, and other rows are due meanwhile. */
  #save(row: Row, dropsAt: number): void {
    void this.#parts.saver
      .save(row, dropsAt)
      .catch((error: unknown) => this.#parts.termination.postpone(row, error))
      .then(this.#afterChange);
  }

  async #remove(row: Row): Promise<void> {
    const { rows, saver, termination } = this.#parts;
    try {
      await saver.forget(row);
      rows.remove(row.sandbox_id);
    } catch (error) {
      termination.postpone(row, error);
    }
  }
}
