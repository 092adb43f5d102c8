import type { ControlPlane } from "../../e2b/control.ts";
import { E2bError } from "../../e2b/error.ts";
import type { SandboxSession } from "../../e2b/schema.ts";
import type { Paused, Resumed } from "../../ops/probes/tree-state.ts";
import { e2bTimeoutS, isLastOfRun } from "../../pool/tiers.ts";
import { OrphanedStarts, isOrphaned, runsSince, START_GIVEN_UP_MS } from "./orphaned-starts.ts";
import type { Termination } from "./termination.ts";
import type { Probe } from "./probe.ts";
import type { IdlePolicy } from "./idle-policy.ts";
import type { Ledger } from "../storage/ledger.ts";
import { losing } from "./loss.ts";
import type { Seal } from "./seal.ts";
import type { MetricsReporter } from "../reporting/reporter.ts";
import type { Outbox } from "../reporting/outbox.ts";
import { GONE, type Outcome, refusalOf, WORKSPACE_BUSY } from "./refusal.ts";
import type { StartPatience } from "./start-patience.ts";
import type { Row, Transition } from "../storage/row.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";
import { pausedEvent } from "./workspace-events.ts";

/** Retry interval after a pause found an operation running; most operations end well within it. */
const BUSY_AGAIN_MS = 30_000;

export interface LifecycleParts {
  readonly rows: SandboxTable;
  readonly ledger: Ledger;
  readonly idlePolicy: IdlePolicy;
  readonly termination: Termination;
  readonly reporter: MetricsReporter;
  readonly outbox: Outbox;
  readonly plane: ControlPlane;
  readonly seal: Seal;
  readonly startPatience: StartPatience;
  readonly probeBeforePause: Probe<undefined, Paused>;
  readonly probeAfterResume: Probe<{ readonly head: string }, Resumed>;
  readonly ttlMs: number;
  readonly poolId: string;
}

/**
 * Moves sandboxes between states. Each transition writes the intended state first, then calls E2B, and writes the
 * answer only if the row still has the same generation. A sandbox has at most one transition at a time; other callers
 * wait for it.
 */
export class Lifecycle {
  readonly #parts: LifecycleParts;
  readonly #orphans: OrphanedStarts;
  readonly #moves = new Map<string, Promise<Outcome>>();
  readonly #pausing = new Set<string>();

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
    this.#orphans = new OrphanedStarts(parts);
  }

  /** Returns the transition in progress, if any. */
  move(sandboxId: string): Promise<Outcome> | undefined {
    return this.#moves.get(sandboxId);
  }

  /** Whether the transition in progress is a pause. */
  isPausing(sandboxId: string): boolean {
    return this.#pausing.has(sandboxId);
  }

  /** Runs a transition, or joins the one in progress and returns its outcome. */
  single(row: Row, work: () => Promise<Outcome>): Promise<Outcome> {
    const known = this.#moves.get(row.sandbox_id);
    if (known) return known;
    const moving = work().finally(() => this.#moves.delete(row.sandbox_id));
    this.#moves.set(row.sandbox_id, moving);
    return moving;
  }

  /** Creates the sandbox of `row`, which was just inserted. */
  start(row: Row): Promise<Outcome> {
    return this.single(row, () => this.#create(row));
  }

  /** Recovers a row whose start was interrupted: E2B may already hold the sandbox. Creates one only if `orStart`. */
  adopt(row: Row, orStart: boolean): Promise<Outcome> {
    return this.single(row, async () => {
      try {
        const found = await this.#orphans.find(row);
        if (found) {
          const session = await this.#connect(found.sandboxId);
          const since = runsSince(found);
          return await this.#sealed(this.#running(row, session, since, await this.#endOf(found.sandboxId)));
        }
      } catch (error) {
        return this.#parts.termination.failed("start", row, error);
      }
      if (orStart) return this.#create(row);
      if (Date.now() - row.created_at >= START_GIVEN_UP_MS) this.#parts.rows.remove(row.sandbox_id);
      return GONE;
    });
  }

  /** Reaps a row that was ended during or after an interrupted start: kills the sandbox that E2B may hold by now. */
  reap(row: Row): Promise<Outcome> {
    return this.single(row, () => this.#orphans.reap(row));
  }

  async #create(row: Row): Promise<Outcome> {
    const since = Date.now();
    this.#parts.reporter.count("moves", "start");
    try {
      const session = await this.#parts.plane.create({
        template: row.template,
        timeoutS: e2bTimeoutS(this.#parts.ttlMs),
        metadata: this.#orphans.marks(row),
        autoPause: true,
        sealedTo: this.#parts.seal.host,
      });
      this.#parts.startPatience.took(Date.now() - since);
      return await this.#running({ ...row, sealed_to: this.#parts.seal.column }, session, since);
    } catch (error) {
      this.#parts.reporter.count("moveFailures", "start");
      // Proof that no sandbox was created: remove the row. Otherwise keep it, due when E2B must have decided.
      if (error instanceof E2bError && !error.started) this.#parts.rows.remove(row.sandbox_id);
      return refusalOf(error);
    }
  }

  /**
   * Resumes a paused sandbox, or one that turned out not to run, and frees the lock that its pause may have left held.
   */
  resume(row: Row): Promise<Outcome> {
    return this.single(row, () =>
      // If this object dies, the alarm finds the row and pauses it again.
      this.#connected(row, { due_at: Date.now() + START_GIVEN_UP_MS }, async (resuming, session, since) => {
        if (row.state === "paused") this.#parts.idlePolicy.resumed((Date.now() - since) / 1000);
        const mayHaveRun = row.state === "bound" || row.charged_until !== null;
        const endsAt = mayHaveRun ? await this.#endOf(session.sandboxId) : undefined;
        return this.#running(resuming, session, since, endsAt);
      }),
    );
  }

  /**
   * Resumes a paused sandbox for work of the pool itself. This is no use: the row stays `paused`, and a pause is
   * outstanding, so the alarm pauses the sandbox again at `due_at` if nothing else happens. The caller has the
   * transition (`single`).
   */
  wake(row: Row, change: Transition): Promise<Outcome> {
    return this.#connected(row, change, async (waking, session) => {
      const woken = this.#parts.rows.transition(waking, columnsOf(session));
      return woken ? { ok: true, row: woken } : GONE;
    });
  }

  /** Connects to a sandbox, which resumes it, and checks what it brought back. */
  async #connected(
    row: Row,
    change: Transition,
    proceed: (row: Row, session: SandboxSession, since: number) => Promise<Outcome>,
  ): Promise<Outcome> {
    if (row.e2b_id === null) return GONE;
    const since = Date.now();
    // Count it as running from the request on.
    const resuming = this.#parts.rows.transition(row, { ...change, charged_until: since });
    if (!resuming) return GONE;
    this.#parts.ledger.close(row, since);
    this.#parts.reporter.count("moves", "resume");
    try {
      const session = await this.#connect(row.e2b_id);
      this.#parts.startPatience.took(Date.now() - since);
      const running = await proceed(resuming, session, since);
      return running.ok ? await this.#sealed(this.#checkRollback(running.row, row)) : running;
    } catch (error) {
      const failed = this.#parts.termination.failed("resume", resuming, error);
      // Proof that it is still paused, unless its pause was outstanding. A sandbox that E2B lacks is already marked
      // gone.
      if (error instanceof E2bError && !error.started && row.charged_until === null) {
        this.#parts.termination.stopped(resuming);
      }
      return failed;
    }
  }

  /**
   * Compares the tree after a resume with the tree before the pause: E2B has lost files over a pause (e2b-dev/E2B#884),
   * and an old tree must not pass for the newest. Keeps the sandbox, because it may hold the only copy; the next clone
   * reports the loss.
   */
  async #checkRollback(row: Row, paused: Row): Promise<Outcome> {
    const found = await this.#parts.probeAfterResume(row, { head: paused.head ?? "" });
    if (found === undefined || !isRolledBack(paused, found)) return { ok: true, row };
    this.#parts.termination.lost(paused, "rolled_back", { found: found.head });
    const recorded = this.#parts.rows.transition(row, losing(paused, Date.now()));
    return recorded ? { ok: true, row: recorded } : GONE;
  }

  #connect(e2bId: string): Promise<SandboxSession> {
    return this.#parts.plane.connect(e2bId, e2bTimeoutS(this.#parts.ttlMs));
  }

  /** E2B keeps the rules over a pause, so this asks for nothing unless the setting has changed. */
  async #sealed(running: Promise<Outcome>): Promise<Outcome> {
    const outcome = await running;
    return outcome.ok ? this.#parts.seal.renew(outcome.row) : outcome;
  }

  /**
   * Returns E2B's end of a run that may have begun before `connect`: E2B silently caps it at the account's longest run.
   * Undefined if that call fails; the next reconcile reads it again.
   */
  async #endOf(e2bId: string): Promise<number | undefined> {
    try {
      return (await this.#parts.plane.get(e2bId)).endAtMs;
    } catch (error) {
      if (error instanceof E2bError) return undefined;
      throw error;
    }
  }

  /** @param endsAt absent: a new run, which ends after the requested timeout */
  async #running(row: Row, session: SandboxSession, since: number, endsAt?: number): Promise<Outcome> {
    const now = Date.now();
    const change: Transition = {
      state: row.tenant === null && row.maker_of === null ? "warm" : "bound",
      ...columnsOf(session),
      last_used_at: now,
      ends_at: endsAt ?? now + e2bTimeoutS(this.#parts.ttlMs) * 1000,
      charged_until: since,
      head: null,
      unpushed: null,
      announced_at: null,
      drop_told: 0,
      failures: 0,
    };
    const due = this.#parts.idlePolicy.dueAt({ ...row, ...change }, now);
    const next = this.#parts.rows.transition(row, { ...change, due_at: due });
    if (next) return { ok: true, row: next };
    // The workspace was ended meanwhile: kill the sandbox.
    const ended = this.#parts.rows.get(row.sandbox_id);
    if (ended && isOrphaned(ended)) await this.#orphans.killUnwanted(ended, session.sandboxId, since);
    else await this.#parts.plane.kill(session.sandboxId);
    return GONE;
  }

  /**
   * Probes the tree, then pauses. The probe takes the lock, so no operation begins after it. Writes `paused` before
   * calling E2B: an operation that comes now resumes the sandbox, whatever the result of the pause. An outstanding
   * pause probes again, because the sandbox may have run on and been used.
   * @param isBrief it is resumed at once, so nobody is told
   */
  pause(row: Row, isBrief = false): Promise<Outcome> {
    return this.single(row, async () => {
      this.#pausing.add(row.sandbox_id);
      try {
        return await this.#pause(row, isBrief);
      } finally {
        this.#pausing.delete(row.sandbox_id);
      }
    });
  }

  async #pause(row: Row, isBrief: boolean): Promise<Outcome> {
    const found = await this.#parts.probeBeforePause(row, undefined);
    if (found?.busy) {
      this.#parts.rows.setDue(row.sandbox_id, Date.now() + BUSY_AGAIN_MS, 0);
      return WORKSPACE_BUSY;
    }
    const known = found ? { head: found.head, unpushed: found.unpushed ? 1 : 0 } : { head: null, unpushed: null };
    const paused = this.#parts.rows.transition(row, { ...known, state: "paused", due_at: null });
    if (!paused || paused.e2b_id === null) return GONE;
    if (!isBrief) this.#tellPaused(row, paused);
    this.#parts.reporter.count("moves", "pause");
    try {
      await this.#parts.plane.pause(paused.e2b_id);
      return this.#parts.termination.stopped(paused);
    } catch (error) {
      return this.#parts.termination.failed("pause", paused, error);
    }
  }

  #tellPaused(before: Row, paused: Row): void {
    const now = Date.now();
    const event = pausedEvent(before, paused, this.#parts.idlePolicy.dropsAt(paused, now), now);
    if (event) this.#parts.outbox.add(event);
  }

  /**
   * Extends E2B's timeout. E2B silently caps it at the account's longest run, so read the real end back. Near that cap,
   * start a new run once no operation is active.
   */
  async extend(row: Row): Promise<void> {
    if (row.e2b_id === null) return;
    try {
      await this.#parts.plane.setTimeout(row.e2b_id, e2bTimeoutS(this.#parts.ttlMs));
      const { endAtMs } = await this.#parts.plane.get(row.e2b_id);
      const now = Date.now();
      this.#parts.rows.setEnd(row.sandbox_id, endAtMs, this.#parts.idlePolicy.dueAt({ ...row, ends_at: endAtMs }, now));
      if (isLastOfRun(endAtMs, now)) await this.#runAnew(row);
    } catch (error) {
      const code = error instanceof E2bError ? error.code : undefined;
      if (code === "invalid_request") {
        // E2B rejects a timeout above the account's limit.
        await this.#runAnew(row);
      } else if (code === "not_found") {
        // E2B paused it: the next use resumes it.
        this.#parts.rows.setDue(row.sandbox_id, row.ends_at, 0);
      } else this.#parts.termination.postpone(row, error);
    }
  }

  /** Starts a new run by a pause and a resume. A workspace that has been idle for a while stays paused. */
  async #runAnew(row: Row): Promise<void> {
    const { idlePolicy } = this.#parts;
    const now = Date.now();
    const isWanted = idlePolicy.keepUntil(row, now) === undefined || idlePolicy.tier(row, now) !== "idle";
    const paused = await this.pause(row, isWanted);
    if (paused.ok && isWanted) await this.resume(paused.row);
  }
}

const columnsOf = ({ sandboxId, accessToken, domain, envdVersion }: SandboxSession) => ({
  e2b_id: sandboxId,
  access_token: accessToken ?? null,
  domain: domain ?? null,
  envd_version: envdVersion,
});

/** Whether less came back than was paused. Additions were made after the probe. Unknown state counts as no loss. */
function isRolledBack({ head, unpushed }: Row, found: Resumed): boolean {
  return !found.kept || (found.head === head && unpushed === 1 && !found.unpushed);
}
