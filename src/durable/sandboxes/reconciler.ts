import type { ControlPlane } from "../../e2b/control.ts";
import type { ListedSandbox } from "../../e2b/schema.ts";
import { E2bError } from "../../e2b/error.ts";
import { type Correction, type KnownSandbox, reconcile } from "../../pool/reconcile.ts";
import type { Termination } from "./termination.ts";
import { isOrphaned, POOL_MARK, SANDBOX_MARK } from "./orphaned-starts.ts";
import type { IdlePolicy } from "./idle-policy.ts";
import { type Lifecycle } from "./lifecycle.ts";
import type { MetricsReporter } from "../reporting/reporter.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";
import type { KeyValues } from "../storage/key-values.ts";

/** Rows are written before E2B is asked, so this only finds what went wrong elsewhere; ten minutes bound its price. */
const RECONCILE_EVERY_MS = 10 * 60_000;

interface ReconcilerParts {
  readonly rows: SandboxTable;
  readonly settings: KeyValues;
  readonly plane: ControlPlane;
  readonly lifecycle: Lifecycle;
  readonly termination: Termination;
  readonly idlePolicy: IdlePolicy;
  readonly reporter: MetricsReporter;
  readonly poolId: string;
}

/** Holds the rows against what E2B really runs under this pool's mark, and mends the difference. */
export class Reconciler {
  readonly #parts: ReconcilerParts;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  dueAt(): number | undefined {
    return this.#parts.settings.time("reconcile_at");
  }

  /** Makes sure that one is due; called when a sandbox is about to be made. */
  schedule(now: number): void {
    if (this.dueAt() === undefined) this.#parts.settings.setTime("reconcile_at", now + RECONCILE_EVERY_MS);
  }

  /** @returns whether it was due */
  async runIfDue(now: number): Promise<boolean> {
    const due = this.dueAt();
    if (due === undefined || due > now) return false;
    this.#parts.settings.setTime("reconcile_at", now + RECONCILE_EVERY_MS);
    try {
      await this.#run();
    } catch (error) {
      console.warn(JSON.stringify({ event: "reconcile_failed", error: String(error) }));
    }
    // With nothing at E2B there is nothing to hold against; the next claim makes one due again.
    if (this.#parts.rows.owned().length === 0) this.#parts.settings.setTime("reconcile_at", undefined);
    return true;
  }

  async #run(): Promise<void> {
    const metadata = { [POOL_MARK]: this.#parts.poolId };
    // Rows as they were before the list was asked for: what was made meanwhile is not in it and not missing.
    const known = this.#parts.rows.owned().map((row) => ({
      sandboxId: row.sandbox_id,
      e2bId: row.e2b_id,
      state: row.state,
      moving: this.#parts.lifecycle.move(row.sandbox_id) !== undefined,
    }));
    const listed = await this.#parts.plane.list({ metadata, states: ["running", "paused"] });
    this.#takeEnds(known, listed);
    const corrections = reconcile(
      known,
      listed.map((s) => ({ e2bId: s.sandboxId, sandboxId: s.metadata?.[SANDBOX_MARK], state: s.state })),
    );
    if (corrections.length > 0) {
      console.warn(JSON.stringify({ event: "reconcile", corrections: corrections.map(({ action }) => action) }));
    }
    for (const { action } of corrections) this.#parts.reporter.count("corrections", action);
    await Promise.all(corrections.map((correction) => this.#mend(correction)));
  }

  /** When E2B itself will act on what runs, where that is earlier than was asked for: its account may have less time. */
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

  async #mend(correction: Correction): Promise<void> {
    if (correction.action === "kill") return this.#killStray(correction);
    const row = this.#parts.rows.get(correction.sandboxId);
    if (!row || this.#parts.lifecycle.move(row.sandbox_id)) return;
    switch (correction.action) {
      case "adopt":
        await this.#parts.lifecycle.adopt(row, false);
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

  /** Unless it is what a start that began after the rows were read is waiting for. */
  async #killStray({ e2bId, sandboxId }: Correction & { action: "kill" }): Promise<void> {
    const row = sandboxId === undefined ? undefined : this.#parts.rows.get(sandboxId);
    if (row && isOrphaned(row)) {
      await this.#parts.lifecycle.seek(row);
      return;
    }
    const wanted = row !== undefined && row.state !== "gone" && (row.e2b_id === null || row.e2b_id === e2bId);
    if (!wanted) await this.#parts.plane.kill(e2bId);
  }
}
