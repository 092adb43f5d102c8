import type { ControlPlane } from "../../e2b/control.ts";
import type { ListedSandbox } from "../../e2b/schema.ts";
import { E2bError } from "../../e2b/error.ts";
import { type Correction, type KnownSandbox, reconcile } from "../../pool/reconcile.ts";
import type { Termination } from "./termination.ts";
import { isOrphaned, POOL_MARK, SANDBOX_MARK } from "./orphaned-starts.ts";
import type { IdlePolicy } from "./idle-policy.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Moves } from "./moves.ts";
import type { Starts } from "./starts.ts";
import type { MetricsReporter } from "../reporting/reporter.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";
import type { KeyValues } from "../storage/key-values.ts";
import { logEvent } from "../../redaction/log-line.ts";

/**
 * Reconcile interval. Rows are written before each call to E2B, so differences are rare; ten minutes bound their cost.
 */
const RECONCILE_EVERY_MS = 10 * 60_000;

interface ReconcilerParts {
  readonly rows: SandboxTable;
  readonly settings: KeyValues;
  readonly plane: ControlPlane;
  readonly moves: Moves;
  readonly starts: Starts;
  readonly lifecycle: Lifecycle;
  readonly termination: Termination;
  readonly idlePolicy: IdlePolicy;
  readonly reporter: MetricsReporter;
  readonly poolId: string;
}

/** Compares the rows with E2B's list of sandboxes under this pool's mark, and corrects differences. */
export class Reconciler {
  readonly #parts: ReconcilerParts;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  /** Returns when the next run is due; undefined: none is. */
  dueAt(): number | undefined {
    return this.#parts.settings.time("reconcile_at");
  }

  /** Schedules a run unless one is due. Call it before creating a sandbox. */
  schedule(now: number): void {
    if (this.dueAt() === undefined) this.#parts.settings.setTime("reconcile_at", now + RECONCILE_EVERY_MS);
  }

  /** Runs if it is due. @returns whether it ran */
  async runIfDue(now: number): Promise<boolean> {
    const due = this.dueAt();
    if (due === undefined || due > now) return false;
    this.#parts.settings.setTime("reconcile_at", now + RECONCILE_EVERY_MS);
    try {
      await this.#run();
    } catch (error) {
      logEvent("warn", { event: "reconcile_failed", error: String(error) });
    }
    // Without sandboxes at E2B there is nothing to compare; the next claim schedules a run.
    if (this.#parts.rows.owned().length === 0) this.#parts.settings.setTime("reconcile_at", undefined);
    return true;
  }

  async #run(): Promise<void> {
    const metadata = { [POOL_MARK]: this.#parts.poolId };
    // Read the rows before the list: a sandbox created in between is not listed, and not missing.
    const known = this.#parts.rows.owned().map((row) => ({
      sandboxId: row.sandbox_id,
      e2bId: row.e2b_id,
      state: row.state,
      moving: this.#parts.moves.of(row.sandbox_id) !== undefined,
    }));
    const listed = await this.#parts.plane.list({ metadata, states: ["running", "paused"] });
    this.#takeEnds(known, listed);
    const corrections = reconcile(
      known,
      listed.map((s) => ({ e2bId: s.sandboxId, sandboxId: s.metadata?.[SANDBOX_MARK], state: s.state })),
    );
    if (corrections.length > 0) {
      logEvent("warn", { event: "reconcile", corrections: corrections.map(({ action }) => action) });
    }
    for (const { action } of corrections) this.#parts.reporter.count("corrections", action);
    await Promise.all(corrections.map((correction) => this.#apply(correction)));
  }

  /** Takes over E2B's end of a run where it is earlier than requested: the account may have a shorter limit. */
  #takeEnds(known: readonly KnownSandbox[], listed: readonly ListedSandbox[]): void {
    const ends = new Map(
      listed.map(({ sandboxId, endAtMs, state }) => [sandboxId, state === "running" ? endAtMs : Infinity]),
    );
    for (const { sandboxId, e2bId, moving } of known) {
      const row = moving ? undefined : this.#parts.rows.get(sandboxId);
      const endAtMs = ends.get(e2bId ?? "") ?? Infinity;
      if (row?.e2b_id !== e2bId || (row.state !== "bound" && row.state !== "warm") || endAtMs >= row.ends_at) continue;
      const due = this.#parts.idlePolicy.dueAt({ ...row, ends_at: endAtMs }, Date.now());
      this.#parts.rows.setEnd(sandboxId, endAtMs, due);
    }
  }

  async #apply(correction: Correction): Promise<void> {
    if (correction.action === "kill") return this.#killStray(correction);
    const row = this.#parts.rows.get(correction.sandboxId);
    if (!row || this.#parts.moves.of(row.sandbox_id)) return;
    switch (correction.action) {
      case "adopt":
        await this.#parts.starts.adopt(row, false);
        return;
      case "note_paused":
        this.#parts.termination.stopped(row);
        return;
      case "discard":
        await this.#parts.termination.end(row);
        return;
      case "pause":
        await this.#parts.lifecycle.pause(row);
        return;
      case "verify":
        if (row.e2b_id === null) return;
        await this.#parts.plane.get(row.e2b_id).catch((error: unknown) => {
          if (error instanceof E2bError && error.code === "not_found") this.#parts.termination.forget(row);
          else throw error;
        });
    }
  }

  /** Kills a listed sandbox without a row. Keeps it if it belongs to a start that began after the rows were read. */
  async #killStray({ e2bId, sandboxId }: Correction & { action: "kill" }): Promise<void> {
    const row = sandboxId === undefined ? undefined : this.#parts.rows.get(sandboxId);
    if (row && isOrphaned(row)) {
      await this.#parts.starts.reap(row);
      return;
    }
    const wanted = row !== undefined && row.state !== "gone" && (row.e2b_id === null || row.e2b_id === e2bId);
    if (!wanted) await this.#parts.plane.kill(e2bId);
  }
}
