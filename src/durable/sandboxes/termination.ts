import type { ControlPlane } from "../../e2b/control.ts";
import { E2bError } from "../../e2b/error.ts";
import { backoffMs } from "../../pool/backoff.ts";
import type { IdlePolicy } from "./idle-policy.ts";
import type { Ledger } from "../storage/ledger.ts";
import { LOSS_TOLD_MS, losing } from "./loss.ts";
import type { Lost, Move, MetricsReporter } from "../reporting/reporter.ts";
import { GONE, type Outcome, type Refusal, refusalOf } from "./refusal.ts";
import type { Row, Transition } from "../storage/row.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";

/** How sandboxes stop: paused by E2B, ended by us, lost; and what becomes of a move that failed. */
export class Termination {
  readonly #rows: SandboxTable;
  readonly #ledger: Ledger;
  readonly #idlePolicy: IdlePolicy;
  readonly #plane: ControlPlane;
  readonly #reporter: MetricsReporter;

  constructor(
    rows: SandboxTable,
    ledger: Ledger,
    idlePolicy: IdlePolicy,
    plane: ControlPlane,
    reporter: MetricsReporter,
  ) {
    this.#rows = rows;
    this.#ledger = ledger;
    this.#idlePolicy = idlePolicy;
    this.#plane = plane;
    this.#reporter = reporter;
  }

  /** Notes that a sandbox does not run any more, and when to look at it for retention. */
  stopped(row: Row): Outcome {
    const now = Date.now();
    const next = this.#rows.transition(row, {
      state: "paused",
      charged_until: null,
      due_at: this.#idlePolicy.retainUntil(row, now),
      failures: 0,
    });
    if (next) this.#ledger.close(row, now);
    return next ? { ok: true, row: next } : GONE;
  }

  /**
   * Ends a workspace at once; the sandbox's kill is owed until E2B confirms it. Of one that was being started nobody knows
   * yet whether E2B has it: it counts as running until that is known, see Lifecycle.seek.
   * @param loss it is not its owner who ends it
   */
  async end(row: Row, loss: Transition = {}): Promise<void> {
    const now = Date.now();
    const isUnknown = row.state === "warming";
    const due = isUnknown ? { charged_until: now, due_at: row.due_at } : { due_at: now };
    const gone = this.#rows.transition(row, { ...loss, state: "gone", access_token: null, ...due });
    if (gone && !isUnknown) await this.kill(gone);
  }

  async kill(gone: Row): Promise<void> {
    try {
      if (gone.e2b_id !== null) {
        this.#reporter.count("moves", "kill");
        await this.#plane.kill(gone.e2b_id);
      }
      this.forget(gone);
    } catch (error) {
      this.#reporter.count("moveFailures", "kill");
      this.postpone(gone, error);
    }
  }

  /** E2B does not have it any more: the row stays a while, to say so. A blank one has nobody to say it to. */
  forget(row: Row): void {
    const now = Date.now();
    const isLost = row.tenant !== null && (row.state === "bound" || row.state === "paused");
    const change = { state: "gone", e2b_id: null, access_token: null, charged_until: null, failures: 0 } as const;
    const due_at = now + (row.tenant === null ? 0 : LOSS_TOLD_MS);
    if (!this.#rows.transition(row, { ...change, due_at, ...(isLost ? losing(row, now) : {}) })) return;
    this.#ledger.close(row, now);
    if (isLost) this.lost(row, "vanished", {});
  }

  /** Counts and logs what E2B lost of a workspace. */
  lost({ sandbox_id, head, unpushed }: Row, how: Lost, found: object): void {
    this.#reporter.count("losses", how);
    console.warn(JSON.stringify({ event: "workspace_lost", how, sandbox_id, head, unpushed, ...found }));
  }

  /** A sandbox that E2B no longer has is gone; anything else is tried again when it is due. */
  failed(move: Move, row: Row, error: unknown): Refusal {
    this.#reporter.count("moveFailures", move);
    if (error instanceof E2bError && error.code === "not_found") {
      this.forget(row);
      return GONE;
    }
    this.postpone(row, error);
    return refusalOf(error);
  }

  postpone(row: Row, error: unknown): void {
    const failures = row.failures + 1;
    const { sandbox_id, state } = row;
    console.warn(JSON.stringify({ event: "sandbox_move_failed", sandbox_id, state, failures, error: String(error) }));
    this.#rows.setDue(sandbox_id, Date.now() + backoffMs(failures), failures);
  }
}
