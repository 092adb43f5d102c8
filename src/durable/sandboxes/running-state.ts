import type { ControlPlane } from "../../e2b/control.ts";
import { E2bError } from "../../e2b/error.ts";
import type { SandboxSession } from "../../e2b/schema.ts";
import { e2bTimeoutS } from "../../pool/tiers.ts";
import type { Row, Transition } from "../storage/row.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";
import type { IdlePolicy } from "./idle-policy.ts";
import { isOrphaned, type OrphanedStarts } from "./orphaned-starts.ts";
import { GONE, type Outcome } from "./refusal.ts";

interface RunningStateParts {
  readonly rows: SandboxTable;
  readonly idlePolicy: IdlePolicy;
  readonly plane: ControlPlane;
  readonly orphans: OrphanedStarts;
  readonly ttlMs: number;
}

/** Connects to sandboxes, and records that they run. */
export class RunningState {
  readonly #parts: RunningStateParts;

  constructor(parts: RunningStateParts) {
    this.#parts = parts;
  }

  /** Returns a sandbox's session. Resumes the sandbox if it is paused. */
  connect(e2bId: string): Promise<SandboxSession> {
    return this.#parts.plane.connect(e2bId, e2bTimeoutS(this.#parts.ttlMs));
  }

  /**
   * Returns E2B's end of a run that may have begun before `connect`: E2B silently caps it at the account's longest run.
   * Undefined if that call fails; the next reconcile reads it again.
   */
  async endOf(e2bId: string): Promise<number | undefined> {
    try {
      return (await this.#parts.plane.get(e2bId)).endAtMs;
    } catch (error) {
      if (error instanceof E2bError) return undefined;
      throw error;
    }
  }

  /**
   * Records that a sandbox runs. If its workspace was ended meanwhile, kills it.
   * @param since when E2B began to charge for it, Unix milliseconds
   * @param endsAt absent: a new run, which ends after the requested timeout
   */
  async enter(row: Row, session: SandboxSession, since: number, endsAt?: number): Promise<Outcome> {
    const { rows, idlePolicy, plane, orphans, ttlMs } = this.#parts;
    const now = Date.now();
    const change: Transition = {
      state: row.tenant === null && row.maker_of === null ? "warm" : "bound",
      ...columnsOf(session),
      last_used_at: now,
      ends_at: endsAt ?? now + e2bTimeoutS(ttlMs) * 1000,
      charged_until: since,
      head: null,
      unpushed: null,
      announced_at: null,
      drop_told: 0,
      failures: 0,
    };
    const due = idlePolicy.dueAt({ ...row, ...change }, now);
    const next = rows.transition(row, { ...change, due_at: due });
    if (next) return { ok: true, row: next };
    const ended = rows.get(row.sandbox_id);
    if (ended && isOrphaned(ended)) await orphans.killUnwanted(ended, session.sandboxId, since);
    else await plane.kill(session.sandboxId);
    return GONE;
  }
}

/** Returns the columns of a row for a sandbox's session. */
export const columnsOf = ({ sandboxId, accessToken, domain, envdVersion }: SandboxSession) => ({
  e2b_id: sandboxId,
  access_token: accessToken ?? null,
  domain: domain ?? null,
  envd_version: envdVersion,
});
