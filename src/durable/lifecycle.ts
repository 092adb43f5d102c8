import type { ControlPlane } from "../e2b/control.ts";
import { E2bError } from "../e2b/error.ts";
import { backoffMs } from "../pool/backoff.ts";
import { e2bTimeoutS } from "../pool/tiers.ts";
import type { Keeper } from "./keeper.ts";
import type { Ledger } from "./ledger.ts";
import { GONE, type Refusal, refusalOf } from "./outcome.ts";
import type { Row, Rows, Transition } from "./rows.ts";
import type { Inspect } from "./inspect.ts";

/** E2B gives up a start after 70 s; what has not shown up in its list by then never will. */
export const START_GIVEN_UP_MS = 100_000;
/** A row that is gone is remembered this long, so that its caller hears what happened instead of "not found". */
const GONE_KEPT_MS = 7 * 24 * 3_600_000;
/** An operation was found running in a workspace that looked idle; most end well within this. */
const BUSY_AGAIN_MS = 30_000;

/** Marks our sandboxes at E2B. */
export const POOL_MARK = "warmtree_pool";
export const SANDBOX_MARK = "warmtree_sandbox";

export type Outcome = { readonly ok: true; readonly row: Row } | Refusal;

interface LifecycleOptions {
  readonly ttlMs: number;
  readonly poolId: string;
}

interface Session {
  readonly sandboxId: string;
  readonly accessToken?: string;
  readonly domain?: string;
}

/**
 * Moves sandboxes between states: the row says first what is meant, then E2B is asked, and what it answers is written
 * only if the row is still of the generation that asked. One move at a time for each sandbox; whoever needs it meanwhile
 * waits for that move.
 */
export class Lifecycle {
  readonly #rows: Rows;
  readonly #ledger: Ledger;
  readonly #keeper: Keeper;
  readonly #plane: ControlPlane;
  readonly #inspect: Inspect;
  readonly #options: LifecycleOptions;
  readonly #moves = new Map<string, Promise<Outcome>>();

  constructor(
    rows: Rows,
    ledger: Ledger,
    keeper: Keeper,
    plane: ControlPlane,
    inspect: Inspect,
    options: LifecycleOptions,
  ) {
    this.#rows = rows;
    this.#ledger = ledger;
    this.#keeper = keeper;
    this.#plane = plane;
    this.#inspect = inspect;
    this.#options = options;
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
        const metadata = { [POOL_MARK]: this.#options.poolId, [SANDBOX_MARK]: row.sandbox_id };
        const [found] = await this.#plane.list({ metadata, states: ["running", "paused"] });
        if (found) {
          const since = found.state === "running" ? found.startedAtMs : Date.now();
          return await this.#running(row, await this.#connect(found.sandboxId), since);
        }
      } catch (error) {
        return this.#failed(row, error);
      }
      if (orStart) return this.#create(row);
      if (Date.now() - row.created_at >= START_GIVEN_UP_MS) this.#rows.remove(row.sandbox_id);
      return GONE;
    });
  }

  async #create(row: Row): Promise<Outcome> {
    const since = Date.now();
    try {
      const session = await this.#plane.create({
        template: row.template,
        timeoutS: e2bTimeoutS(this.#options.ttlMs),
        metadata: { [POOL_MARK]: this.#options.poolId, [SANDBOX_MARK]: row.sandbox_id },
        autoPause: true,
      });
      return await this.#running(row, session, since);
    } catch (error) {
      // Proof that nothing was made: forget the row. Otherwise it stays, due when E2B must have made up its mind.
      if (error instanceof E2bError && !error.started) this.#rows.remove(row.sandbox_id);
      return refusalOf(error);
    }
  }

  /**
   * Resumes a paused sandbox, or one that turned out not to run. What was paused with a known HEAD must come back with
   * it: E2B has lost files over a pause (e2b-dev/E2B#884), and an old tree must not pass for the newest.
   */
  resume(row: Row): Promise<Outcome> {
    return this.#single(row, async () => {
      if (row.e2b_id === null) return GONE;
      const since = Date.now();
      // It counts as running from the moment E2B is asked. Should this object die, the alarm finds it and pauses it again.
      const asked = this.#rows.transition(row, { charged_until: since, due_at: since + START_GIVEN_UP_MS });
      if (!asked) return GONE;
      this.#ledger.close(row, since);
      try {
        const session = await this.#connect(row.e2b_id);
        if (row.state === "paused") this.#keeper.resumed((Date.now() - since) / 1000);
        const running = await this.#running(asked, session, since);
        return running.ok && row.head !== null ? await this.#verified(running.row, row.head) : running;
      } catch (error) {
        // Proof that it sleeps on, unless its pause was still owed.
        if (error instanceof E2bError && !error.started && row.charged_until === null) this.stopped(asked);
        return this.#failed(asked, error);
      }
    });
  }

  async #verified(row: Row, head: string): Promise<Outcome> {
    const found = await this.#inspect(row);
    if (found === undefined || found.head === head) return { ok: true, row };
    console.warn(
      JSON.stringify({ event: "resumed_wrong", sandbox_id: row.sandbox_id, expected: head, found: found.head }),
    );
    await this.end(row);
    return GONE;
  }

  #connect(e2bId: string): Promise<Session> {
    return this.#plane.connect(e2bId, e2bTimeoutS(this.#options.ttlMs));
  }

  async #running(row: Row, session: Session, since: number): Promise<Outcome> {
    const now = Date.now();
    const change: Transition = {
      state: row.tenant === null ? "warm" : "bound",
      e2b_id: session.sandboxId,
      access_token: session.accessToken ?? null,
      domain: session.domain ?? null,
      last_used_at: now,
      ends_at: now + e2bTimeoutS(this.#options.ttlMs) * 1000,
      charged_until: since,
      head: null,
      unpushed: null,
      announced_at: null,
      failures: 0,
    };
    const due = this.#keeper.dueAt({ ...row, ...change }, now);
    const next = this.#rows.transition(row, { ...change, due_at: due });
    if (next) return { ok: true, row: next };
    // The workspace was ended while E2B was starting it: nobody will come for this sandbox.
    await this.#plane.kill(session.sandboxId);
    return GONE;
  }

  /**
   * Looks what the tree holds, then pauses. The row says paused before E2B is asked: an operation that comes now resumes
   * it, whatever became of the pause.
   */
  pause(row: Row): Promise<Outcome> {
    return this.#single(row, async () => {
      const found = row.state === "bound" ? await this.#inspect(row) : undefined;
      if (found?.busy) {
        this.#rows.setDue(row.sandbox_id, Date.now() + BUSY_AGAIN_MS, 0);
        return { ok: true, row };
      }
      const known: Transition = found ? { head: found.head, unpushed: found.unpushed ? 1 : 0 } : {};
      const paused = this.#rows.transition(row, { ...known, state: "paused", due_at: null });
      if (!paused || paused.e2b_id === null) return GONE;
      try {
        await this.#plane.pause(paused.e2b_id);
        return this.stopped(paused);
      } catch (error) {
        return this.#failed(paused, error);
      }
    });
  }

  /** Notes that a sandbox does not run any more, and when to look at it for retention. */
  stopped(row: Row): Outcome {
    const now = Date.now();
    const next = this.#rows.transition(row, {
      state: "paused",
      charged_until: null,
      due_at: this.#keeper.retainUntil(row, now),
      failures: 0,
    });
    if (next) this.#ledger.close(row, now);
    return next ? { ok: true, row: next } : GONE;
  }

  /** Ends a workspace at once; the sandbox's kill is owed until E2B confirms it. */
  async end(row: Row): Promise<void> {
    const gone = this.#rows.transition(row, { state: "gone", due_at: Date.now(), access_token: null });
    if (gone) await this.kill(gone);
  }

  async kill(gone: Row): Promise<void> {
    try {
      if (gone.e2b_id !== null) await this.#plane.kill(gone.e2b_id);
      this.forget(gone);
    } catch (error) {
      this.#postpone(gone, error);
    }
  }

  /** E2B does not have it any more: the row stays a while, to say so. A blank one has nobody to say it to. */
  forget(row: Row): void {
    const now = Date.now();
    const change = { state: "gone", e2b_id: null, access_token: null, charged_until: null, failures: 0 } as const;
    if (!this.#rows.transition(row, { ...change, due_at: now + (row.tenant === null ? 0 : GONE_KEPT_MS) })) return;
    this.#ledger.close(row, now);
  }

  async extend(row: Row): Promise<void> {
    if (row.e2b_id === null) return;
    const timeoutS = e2bTimeoutS(this.#options.ttlMs);
    try {
      await this.#plane.setTimeout(row.e2b_id, timeoutS);
      const now = Date.now();
      const endsAt = now + timeoutS * 1000;
      this.#rows.setEnd(row.sandbox_id, endsAt, this.#keeper.dueAt({ ...row, ends_at: endsAt }, now));
    } catch (error) {
      // The account's cap is reached, or E2B paused it: it pauses at ends_at, and the next use resumes it.
      const capped = error instanceof E2bError && (error.code === "invalid_request" || error.code === "not_found");
      if (capped) this.#rows.setDue(row.sandbox_id, row.ends_at, 0);
      else this.#postpone(row, error);
    }
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
    const { sandbox_id, state } = row;
    console.warn(JSON.stringify({ event: "sandbox_move_failed", sandbox_id, state, failures, error: String(error) }));
    this.#rows.setDue(sandbox_id, Date.now() + backoffMs(failures), failures);
  }
}
