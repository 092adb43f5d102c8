import type { ControlPlane } from "../../e2b/control.ts";
import { E2bError } from "../../e2b/error.ts";
import { backoffMs } from "../../pool/backoff.ts";
import type { IdlePolicy } from "./idle-policy.ts";
import type { Ledger } from "../storage/ledger.ts";
import { LOSS_TOLD_MS, losing, savedOf } from "./loss.ts";
import type { Lost, Move, MetricsReporter } from "../reporting/reporter.ts";
import { GONE, type Outcome, type Refusal, refusalOf } from "./refusal.ts";
import type { Row, Transition } from "../storage/row.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";
import { logEvent } from "../../redaction/log-line.ts";

/** Records that a sandbox stopped (paused, killed or lost), and schedules retries of failed transitions. */
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

  /** Records that a sandbox no longer runs, and schedules its retention check. */
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
   * Ends a workspace at once; the kill stays due until E2B confirms it. If the sandbox was starting, E2B's result is
   * unknown: it counts as running until Starts.reap settles it.
   * @param loss columns of a loss, if the pool ends the workspace and not its owner
   */
  async end(row: Row, loss: Transition = {}): Promise<void> {
    const now = Date.now();
    const isUnknown = row.state === "warming";
    const due = isUnknown ? { charged_until: now, due_at: row.due_at } : { due_at: now };
    const gone = this.#rows.transition(row, { ...loss, state: "gone", access_token: null, ...due });
    if (gone && !isUnknown) await this.kill(gone);
  }

  /** Kills the sandbox of an ended row, or schedules a retry. */
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

  /**
   * Records that E2B no longer has the sandbox. The row of a workspace stays for a while to report that; the row of a
   * warm sandbox has no owner to report to.
   */
  forget(row: Row): void {
    const now = Date.now();
    const isLost = row.tenant !== null && (row.state === "bound" || row.state === "paused");
    const change = { state: "gone", e2b_id: null, access_token: null, charged_until: null, failures: 0 } as const;
    const due_at = savedOf(row)?.until ?? now + (row.tenant === null ? 0 : LOSS_TOLD_MS);
    if (!this.#rows.transition(row, { ...change, due_at, ...(isLost ? losing(row, now) : {}) })) return;
    this.#ledger.close(row, now);
    if (isLost) this.lost(row, "vanished", {});
  }

  /** Counts and logs a loss. */
  lost({ sandbox_id, head, unpushed }: Row, how: Lost, found: object): void {
    this.#reporter.count("losses", how);
    logEvent("warn", { event: "workspace_lost", how, sandbox_id, head, unpushed, ...found });
  }

  /** Handles a failed transition. A sandbox that E2B lacks is gone; any other failure is retried when due. */
  failed(move: Move, row: Row, error: unknown): Refusal {
    this.#reporter.count("moveFailures", move);
    if (error instanceof E2bError && error.code === "not_found") {
      this.forget(row);
      return GONE;
    }
    this.postpone(row, error);
    return refusalOf(error);
  }

  /** Schedules a retry with back-off. */
  postpone(row: Row, error: unknown): void {
    const failures = row.failures + 1;
    const { sandbox_id, state } = row;
    logEvent("warn", { event: "sandbox_move_failed", sandbox_id, state, failures, error: String(error) });
    this.#rows.setDue(sandbox_id, Date.now() + backoffMs(failures), failures);
  }
}
