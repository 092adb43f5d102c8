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
import type { MetricsReporter } from "../reporting/reporter.ts";
import { GONE, type Outcome, refusalOf, WORKSPACE_BUSY } from "./refusal.ts";
import type { StartPatience } from "./start-patience.ts";
import type { Row, Transition } from "../storage/row.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";

/** An operation was found running in a workspace that looked idle; most end well within this. */
const BUSY_AGAIN_MS = 30_000;

export interface LifecycleParts {
  readonly rows: SandboxTable;
  readonly ledger: Ledger;
  readonly idlePolicy: IdlePolicy;
  readonly termination: Termination;
  readonly reporter: MetricsReporter;
  readonly plane: ControlPlane;
  readonly startPatience: StartPatience;
  readonly probeBeforePause: Probe<undefined, Paused>;
  readonly probeAfterResume: Probe<{ readonly head: string }, Resumed>;
  readonly ttlMs: number;
  readonly poolId: string;
}

/**
 * Moves sandboxes between states: the row says first what is meant, then E2B is asked, and what it answers is written
 * only if the row is still of the generation that asked. One move at a time for each sandbox; whoever needs it meanwhile
 * waits for that move.
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

  /** The move under way, if any. */
  move(sandboxId: string): Promise<Outcome> | undefined {
    return this.#moves.get(sandboxId);
  }

  /** Whether that is a pause. */
  isPausing(sandboxId: string): boolean {
    return this.#pausing.has(sandboxId);
  }

  /** One move at a time: where another is under way, its outcome is the answer. */
  single(row: Row, work: () => Promise<Outcome>): Promise<Outcome> {
    const known = this.#moves.get(row.sandbox_id);
    if (known) return known;
    const moving = work().finally(() => this.#moves.delete(row.sandbox_id));
    this.#moves.set(row.sandbox_id, moving);
    return moving;
  }

  /** Asks E2B for the sandbox that `row`, just written, stands for. */
  start(row: Row): Promise<Outcome> {
    return this.single(row, () => this.#create(row));
  }

  /** For a row whose start was cut off: E2B may hold the sandbox already. Starts one only when `orStart`. */
  adopt(row: Row, orStart: boolean): Promise<Outcome> {
    return this.single(row, async () => {
      try {
        const found = await this.#orphans.find(row);
        if (found) {
          const session = await this.#connect(found.sandboxId);
          return await this.#running(row, session, runsSince(found), await this.#endOf(found.sandboxId));
        }
      } catch (error) {
        return this.#parts.termination.failed("start", row, error);
      }
      if (orStart) return this.#create(row);
      if (Date.now() - row.created_at >= START_GIVEN_UP_MS) this.#parts.rows.remove(row.sandbox_id);
      return GONE;
    });
  }

  /** For a row that was ended while its start was under way or cut off: kills what E2B may hold by now. */
  seek(row: Row): Promise<Outcome> {
    return this.single(row, () => this.#orphans.seek(row));
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
      });
      this.#parts.startPatience.took(Date.now() - since);
      return await this.#running(row, session, since);
    } catch (error) {
      this.#parts.reporter.count("moveFailures", "start");
      // Proof that nothing was made: forget the row. Otherwise it stays, due when E2B must have made up its mind.
      if (error instanceof E2bError && !error.started) this.#parts.rows.remove(row.sandbox_id);
      return refusalOf(error);
    }
  }

  /** Resumes a paused sandbox, or one that turned out not to run, and frees the lock that its pause may have left held. */
  resume(row: Row): Promise<Outcome> {
    return this.single(row, async () => {
      if (row.e2b_id === null) return GONE;
      const since = Date.now();
      // It counts as running from the moment E2B is asked. Should this object die, the alarm finds it and pauses it again.
      const asked = this.#parts.rows.transition(row, { charged_until: since, due_at: since + START_GIVEN_UP_MS });
      if (!asked) return GONE;
      this.#parts.ledger.close(row, since);
      this.#parts.reporter.count("moves", "resume");
      try {
        const session = await this.#connect(row.e2b_id);
        const tookMs = Date.now() - since;
        this.#parts.startPatience.took(tookMs);
        if (row.state === "paused") this.#parts.idlePolicy.resumed(tookMs / 1000);
        const mayHaveRun = row.state === "bound" || row.charged_until !== null;
        const endsAt = mayHaveRun ? await this.#endOf(row.e2b_id) : undefined;
        const running = await this.#running(asked, session, since, endsAt);
        return running.ok ? await this.#lookedAt(running.row, row) : running;
      } catch (error) {
        const failed = this.#parts.termination.failed("resume", asked, error);
        // Proof that it sleeps on, unless its pause was still owed. What E2B does not have is gone by now.
        if (error instanceof E2bError && !error.started && row.charged_until === null) {
          this.#parts.termination.stopped(asked);
        }
        return failed;
      }
    });
  }

  /**
   * What was found before the pause must have come back: E2B has lost files over a pause (e2b-dev/E2B#884), and an old tree
   * must not pass for the newest. The sandbox is kept, as what it holds may be nowhere else; its owner is told.
   */
  async #lookedAt(row: Row, paused: Row): Promise<Outcome> {
    const found = await this.#parts.probeAfterResume(row, { head: paused.head ?? "" });
    if (found === undefined || !isRolledBack(paused, found)) return { ok: true, row };
    this.#parts.termination.lost(paused, "rolled_back", { found: found.head });
    const told = this.#parts.rows.transition(row, losing(paused, Date.now()));
    return told ? { ok: true, row: told } : GONE;
  }

  #connect(e2bId: string): Promise<SandboxSession> {
    return this.#parts.plane.connect(e2bId, e2bTimeoutS(this.#parts.ttlMs));
  }

  /**
   * When E2B ends the run of a sandbox that may have run before `connect`: it keeps to the account's longest run, and the answer
   * does not say so. Undefined: it does not say that either, and the next reconcile asks again.
   */
  async #endOf(e2bId: string): Promise<number | undefined> {
    try {
      return (await this.#parts.plane.get(e2bId)).endAtMs;
    } catch (error) {
      if (error instanceof E2bError) return undefined;
      throw error;
    }
  }

  /** @param endsAt absent: the run is a new one, and ends when that was asked for */
  async #running(row: Row, session: SandboxSession, since: number, endsAt?: number): Promise<Outcome> {
    const now = Date.now();
    const change: Transition = {
      state: row.tenant === null && row.maker_of === null ? "warm" : "bound",
      e2b_id: session.sandboxId,
      access_token: session.accessToken ?? null,
      domain: session.domain ?? null,
      envd_version: session.envdVersion,
      last_used_at: now,
      ends_at: endsAt ?? now + e2bTimeoutS(this.#parts.ttlMs) * 1000,
      charged_until: since,
      head: null,
      unpushed: null,
      announced_at: null,
      failures: 0,
    };
    const due = this.#parts.idlePolicy.dueAt({ ...row, ...change }, now);
    const next = this.#parts.rows.transition(row, { ...change, due_at: due });
    if (next) return { ok: true, row: next };
    // The workspace was ended meanwhile: nobody will come for this sandbox.
    const ended = this.#parts.rows.get(row.sandbox_id);
    if (ended && isOrphaned(ended)) await this.#orphans.unwanted(ended, session.sandboxId, since);
    else await this.#parts.plane.kill(session.sandboxId);
    return GONE;
  }

  /**
   * Looks what the tree holds, then pauses; from the look on no operation begins in the sandbox. The row says paused before
   * E2B is asked: an operation that comes now resumes it, whatever became of the pause. One that is owed is no exception:
   * the sandbox may have run on, and been used.
   */
  pause(row: Row): Promise<Outcome> {
    return this.single(row, async () => {
      this.#pausing.add(row.sandbox_id);
      try {
        return await this.#pause(row);
      } finally {
        this.#pausing.delete(row.sandbox_id);
      }
    });
  }

  async #pause(row: Row): Promise<Outcome> {
    const found = await this.#parts.probeBeforePause(row, undefined);
    if (found?.busy) {
      this.#parts.rows.setDue(row.sandbox_id, Date.now() + BUSY_AGAIN_MS, 0);
      return WORKSPACE_BUSY;
    }
    const known = found ? { head: found.head, unpushed: found.unpushed ? 1 : 0 } : { head: null, unpushed: null };
    const paused = this.#parts.rows.transition(row, { ...known, state: "paused", due_at: null });
    if (!paused || paused.e2b_id === null) return GONE;
    this.#parts.reporter.count("moves", "pause");
    try {
      await this.#parts.plane.pause(paused.e2b_id);
      return this.#parts.termination.stopped(paused);
    } catch (error) {
      return this.#parts.termination.failed("pause", paused, error);
    }
  }

  /**
   * Where the account's longest run ends earlier, E2B takes that end and does not say so: what it tells of the sandbox does.
   * Near that end the sandbox gets a new run, once nothing is at work in it.
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
        // More than the account may have, and said so.
        await this.#runAnew(row);
      } else if (code === "not_found") {
        // E2B paused it: the next use resumes it.
        this.#parts.rows.setDue(row.sandbox_id, row.ends_at, 0);
      } else this.#parts.termination.postpone(row, error);
    }
  }

  /** Of what nobody has used for a while the pause is enough. */
  async #runAnew(row: Row): Promise<void> {
    const { idlePolicy } = this.#parts;
    const now = Date.now();
    const isWanted = idlePolicy.keepUntil(row, now) === undefined || idlePolicy.tier(row, now) !== "idle";
    const paused = await this.pause(row);
    if (paused.ok && isWanted) await this.resume(paused.row);
  }
}

/** Whether less came back than was paused. What is more came after the look, and where nothing is known, nothing is missed. */
function isRolledBack({ head, unpushed }: Row, found: Resumed): boolean {
  return !found.kept || (found.head === head && unpushed === 1 && !found.unpushed);
}
