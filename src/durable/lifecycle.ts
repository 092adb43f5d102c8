import type { ControlPlane } from "../e2b/control.ts";
import { E2bError } from "../e2b/error.ts";
import { backoffMs } from "../pool/backoff.ts";
import { dueFor, e2bTimeoutS } from "../pool/tiers.ts";
import { GONE, type Refusal, refusalOf } from "./outcome.ts";
import type { Row, Rows } from "./rows.ts";

/** E2B gives up a start after 70 s; what has not shown up in its list by then never will. */
export const START_GIVEN_UP_MS = 100_000;
/** A row that is gone is remembered this long, so that its caller hears what happened instead of "not found". */
const GONE_KEPT_MS = 7 * 24 * 3_600_000;

/** Marks our sandboxes at E2B. */
export const POOL_MARK = "warmtree_pool";
export const SANDBOX_MARK = "warmtree_sandbox";

export type Outcome = { readonly ok: true; readonly row: Row } | Refusal;

interface Settings {
  readonly template: string;
  readonly ttlMs: number;
  readonly poolId: string;
}

/**
 * Moves sandboxes between states: the row says first what is meant, then E2B is asked, and what it answers is written
 * only if the row is still of the generation that asked. One move at a time for each sandbox; whoever needs it meanwhile
 * waits for that move.
 */
export class Lifecycle {
  readonly #rows: Rows;
  readonly #plane: ControlPlane;
  readonly #settings: Settings;
  readonly #moves = new Map<string, Promise<Outcome>>();

  constructor(rows: Rows, plane: ControlPlane, settings: Settings) {
    this.#rows = rows;
    this.#plane = plane;
    this.#settings = settings;
  }

  /** The move under way, if any. */
  move(sandboxId: string): Promise<Outcome> | undefined {
    return this.#moves.get(sandboxId);
  }

  #single(row: Row, work: () => Promise<Outcome>): Promise<Outcome> {
    const known = this.#moves.get(row.sandbox_id);
    if (known) return known;
    const moving = work().finally(() => this.#moves.delete(row.sandbox_id));
    this.#moves.set(row.sandbox_id, moving);
    return moving;
  }

  /** Asks E2B for the sandbox that `row`, just written, stands for. */
  start(row: Row): Promise<Outcome> {
    return this.#single(row, () => this.#create(row));
  }

  /** For a row whose start was cut off: E2B may hold the sandbox already. Starts one only when `orStart`. */
  adopt(row: Row, orStart: boolean): Promise<Outcome> {
    return this.#single(row, async () => {
      try {
        const metadata = { [POOL_MARK]: this.#settings.poolId, [SANDBOX_MARK]: row.sandbox_id };
        const [found] = await this.#plane.list({ metadata, states: ["running", "paused"] });
        if (found) return await this.#connect(row, found.sandboxId);
      } catch (error) {
        return this.#failed(row, error);
      }
      if (orStart) return this.#create(row);
      if (Date.now() - row.created_at >= START_GIVEN_UP_MS) this.#rows.remove(row.sandbox_id);
      return GONE;
    });
  }

  async #create(row: Row): Promise<Outcome> {
    try {
      const { template, poolId, ttlMs } = this.#settings;
      const session = await this.#plane.create({
        template,
        timeoutS: e2bTimeoutS(ttlMs),
        metadata: { [POOL_MARK]: poolId, [SANDBOX_MARK]: row.sandbox_id },
        autoPause: true,
      });
      return await this.#bound(row, session);
    } catch (error) {
      // Proof that nothing was made: forget the row. Otherwise it stays, due when E2B must have made up its mind.
      if (error instanceof E2bError && !error.started) this.#rows.remove(row.sandbox_id);
      return refusalOf(error);
    }
  }

  /** Resumes a paused sandbox, or gives a running one its timeout anew. */
  resume(row: Row): Promise<Outcome> {
    return this.#single(row, async () => {
      if (row.e2b_id === null) return GONE;
      try {
        return await this.#connect(row, row.e2b_id);
      } catch (error) {
        return this.#failed(row, error);
      }
    });
  }

  async #connect(row: Row, e2bId: string): Promise<Outcome> {
    return this.#bound(row, await this.#plane.connect(e2bId, e2bTimeoutS(this.#settings.ttlMs)));
  }

  async #bound(row: Row, session: { sandboxId: string; accessToken?: string; domain?: string }): Promise<Outcome> {
    const now = Date.now();
    const endsAt = now + e2bTimeoutS(this.#settings.ttlMs) * 1000;
    const next = this.#rows.transition(row, {
      state: "bound",
      e2b_id: session.sandboxId,
      access_token: session.accessToken ?? null,
      domain: session.domain ?? null,
      last_used_at: now,
      ends_at: endsAt,
      due_at: this.#dueAt(now, endsAt),
      failures: 0,
    });
    if (next) return { ok: true, row: next };
    // The workspace was ended while E2B was starting it: nobody will come for this sandbox.
    await this.#plane.kill(session.sandboxId);
    return GONE;
  }

  #dueAt(lastUsedAt: number, endsAt: number): number {
    const now = Date.now();
    const due = dueFor({ lastUsedAt, endsAt }, now, this.#settings.ttlMs);
    return due.action === "wait" ? due.until : now;
  }

  /** The row says paused before E2B is asked: an operation that comes now resumes it, whatever became of the pause. */
  pause(row: Row): Promise<Outcome> {
    return this.#single(row, async () => {
      const paused = this.#rows.transition(row, { state: "paused", due_at: null });
      if (!paused || paused.e2b_id === null) return GONE;
      try {
        await this.#plane.pause(paused.e2b_id);
        return { ok: true, row: paused };
      } catch (error) {
        return this.#failed(paused, error);
      }
    });
  }

  /** Ends a workspace at once; the sandbox's kill is owed until E2B confirms it. */
  async end(row: Row): Promise<void> {
    const gone = this.#rows.transition(row, { state: "gone", due_at: Date.now(), access_token: null });
    if (gone) await this.kill(gone);
  }

  async kill(gone: Row): Promise<void> {
    try {
      if (gone.e2b_id !== null) await this.#plane.kill(gone.e2b_id);
      this.#rows.transition(gone, { e2b_id: null, due_at: Date.now() + GONE_KEPT_MS, failures: 0 });
    } catch (error) {
      this.#postpone(gone, error);
    }
  }

  async extend(row: Row): Promise<void> {
    if (row.e2b_id === null) return;
    const timeoutS = e2bTimeoutS(this.#settings.ttlMs);
    try {
      await this.#plane.setTimeout(row.e2b_id, timeoutS);
      const endsAt = Date.now() + timeoutS * 1000;
      this.#rows.setEnd(row.sandbox_id, endsAt, this.#dueAt(row.last_used_at, endsAt));
    } catch (error) {
      // The account's cap is reached, or E2B paused it: it pauses at ends_at, and the next use resumes it.
      const capped = error instanceof E2bError && (error.code === "invalid_request" || error.code === "not_found");
      if (capped) this.#rows.setDue(row.sandbox_id, row.ends_at, 0);
      else this.#postpone(row, error);
    }
  }

  /** E2B no longer has it: the row stays a while, to say so. */
  forget(row: Row): void {
    this.#rows.transition(row, { state: "gone", e2b_id: null, access_token: null, due_at: Date.now() + GONE_KEPT_MS });
  }

  /** A sandbox that E2B no longer has is gone; anything else is tried again when it is due. */
  #failed(row: Row, error: unknown): Refusal {
    if (error instanceof E2bError && error.code === "not_found") {
      this.forget(row);
      return GONE;
    }
    this.#postpone(row, error);
    return refusalOf(error);
  }

  #postpone(row: Row, error: unknown): void {
    const failures = row.failures + 1;
    console.warn(JSON.stringify({ event: "sandbox_move_failed", sandbox_id: row.sandbox_id, state: row.state, failures, error: String(error) }));
    this.#rows.setDue(row.sandbox_id, Date.now() + backoffMs(failures), failures);
  }
}
