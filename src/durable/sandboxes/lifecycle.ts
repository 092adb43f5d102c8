import type { ControlPlane } from "../../e2b/control.ts";
import { E2bError } from "../../e2b/error.ts";
import type { SandboxSession } from "../../e2b/schema.ts";
import type { Paused, Resumed } from "../../ops/probes/tree-state.ts";
import { e2bTimeoutS, isLastOfRun } from "../../pool/tiers.ts";
import type { Moves } from "./moves.ts";
import { START_GIVEN_UP_MS } from "./orphaned-starts.ts";
import type { Termination } from "./termination.ts";
import type { Probe } from "./probe.ts";
import type { IdlePolicy } from "./idle-policy.ts";
import type { Ledger } from "../storage/ledger.ts";
import { losing } from "./loss.ts";
import type { Seal } from "./seal.ts";
import type { MetricsReporter } from "../reporting/reporter.ts";
import type { Outbox } from "../reporting/outbox.ts";
import { GONE, type Outcome, WORKSPACE_BUSY } from "./refusal.ts";
import { columnsOf, type RunningState } from "./running-state.ts";
import type { StartPatience } from "./start-patience.ts";
import type { Row, Transition } from "../storage/row.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";
import { pausedEvent } from "./workspace-events.ts";

/** Retry interval after a pause found an operation running; most operations end well within it. */
const BUSY_AGAIN_MS = 30_000;

interface LifecycleParts {
  readonly rows: SandboxTable;
  readonly ledger: Ledger;
  readonly moves: Moves;
  readonly running: RunningState;
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
}

/**
 * Pauses sandboxes, resumes them and extends their runs. Each transition writes the intended state first, then calls
 * E2B, and writes the answer only if the row still has the same generation.
 */
export class Lifecycle {
  readonly #parts: LifecycleParts;

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
  }

  /**
   * Resumes a sandbox that is paused or turned out not to run, and releases the lock that its pause may still hold.
   */
  resume(row: Row): Promise<Outcome> {
    const { moves, running, idlePolicy } = this.#parts;
    return moves.single(row, () =>
      // If this object dies, the alarm finds the row and pauses it again.
      this.#connected(row, { due_at: Date.now() + START_GIVEN_UP_MS }, async (resuming, session, since) => {
        if (row.state === "paused") idlePolicy.resumed((Date.now() - since) / 1000);
        const mayHaveRun = row.state === "bound" || row.charged_until !== null;
        const endsAt = mayHaveRun ? await running.endOf(session.sandboxId) : undefined;
        return running.enter(resuming, session, since, endsAt);
      }),
    );
  }

  /**
   * Resumes a paused sandbox for work of the pool itself. Does not count as a use: the row stays `paused` with an
   * outstanding pause, so the alarm pauses the sandbox again at `due_at` if nothing else happens. Call it within
   * `Moves.single`.
   */
  wake(row: Row, change: Transition): Promise<Outcome> {
    return this.#connected(row, change, async (waking, session) => {
      const woken = this.#parts.rows.transition(waking, columnsOf(session));
      return woken ? { ok: true, row: woken } : GONE;
    });
  }

  /** Resumes a sandbox by connecting to it, and checks its files. */
  async #connected(
    row: Row,
    change: Transition,
    proceed: (row: Row, session: SandboxSession, since: number) => Promise<Outcome>,
  ): Promise<Outcome> {
    const { rows, ledger, reporter, running, startPatience, termination } = this.#parts;
    if (row.e2b_id === null) return GONE;
    const since = Date.now();
    // Charge the sandbox from the request on.
    const resuming = rows.transition(row, { ...change, charged_until: since });
    if (!resuming) return GONE;
    ledger.close(row, since);
    reporter.count("moves", "resume");
    try {
      const session = await running.connect(row.e2b_id);
      startPatience.took(Date.now() - since);
      const resumed = await proceed(resuming, session, since);
      return resumed.ok ? await this.#checked(resumed.row, row) : resumed;
    } catch (error) {
      const failed = termination.failed("resume", resuming, error);
      // The sandbox is still paused, unless its pause was outstanding. A sandbox that E2B lacks is already marked gone.
      if (error instanceof E2bError && !error.started && row.charged_until === null) {
        termination.stopped(resuming);
      }
      return failed;
    }
  }

  async #checked(row: Row, paused: Row): Promise<Outcome> {
    const outcome = await this.#checkRollback(row, paused);
    // E2B keeps the network rule over a pause, so this sends no request unless the setting has changed.
    return outcome.ok ? this.#parts.seal.renew(outcome.row) : outcome;
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

  /**
   * Probes the tree, then pauses. The probe takes the lock, so no operation begins after it. Writes `paused` before
   * calling E2B: an operation that comes now resumes the sandbox, whatever the result of the pause. An outstanding
   * pause probes again, because the sandbox may have run on and been used.
   * @param isBrief whether the sandbox is resumed at once, so that no event is sent
   */
  pause(row: Row, isBrief = false): Promise<Outcome> {
    return this.#parts.moves.single(row, () => this.#pause(row, isBrief), { isPause: true });
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

/** Whether a resume lost files. Additions are no loss: they came after the probe. Unknown state counts as no loss. */
function isRolledBack({ head, unpushed }: Row, found: Resumed): boolean {
  return !found.kept || (found.head === head && unpushed === 1 && !found.unpushed);
}
