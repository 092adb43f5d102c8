import type { ControlPlane } from "../../e2b/control.ts";
import type { ListedSandbox } from "../../e2b/schema.ts";
import { e2bTimeoutS } from "../../pool/tiers.ts";
import type { Termination } from "./termination.ts";
import { GONE, type Outcome } from "./refusal.ts";
import type { Row } from "../storage/row.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";

/** E2B abandons a start after 70 s; a sandbox that is not listed by this time will never appear. */
export const START_GIVEN_UP_MS = 100_000;

/** Metadata keys of our sandboxes at E2B. */
export const POOL_MARK = "warmtree_pool";
export const SANDBOX_MARK = "warmtree_sandbox";

interface OrphanedStartsParts {
  readonly rows: SandboxTable;
  readonly termination: Termination;
  readonly plane: ControlPlane;
  readonly ttlMs: number;
  readonly poolId: string;
}

/** Whether a row was ended before E2B confirmed its start. */
export const isOrphaned = ({ state, e2b_id, charged_until }: Row) =>
  state === "gone" && e2b_id === null && charged_until !== null;

/** Returns since when a listed sandbox has been charged. */
export const runsSince = ({ state, startedAtMs }: ListedSandbox) => (state === "running" ? startedAtMs : Date.now());

/** Finds sandboxes of starts whose answer was lost, and kills those that are no longer needed. */
export class OrphanedStarts {
  readonly #parts: OrphanedStartsParts;

  constructor(parts: OrphanedStartsParts) {
    this.#parts = parts;
  }

  /** Returns the metadata of the sandbox of this row. */
  marks(row: Row): Record<string, string> {
    return { [POOL_MARK]: this.#parts.poolId, [SANDBOX_MARK]: row.sandbox_id };
  }

  /** Returns the sandbox that E2B started for a row, if any. */
  async find(row: Row): Promise<ListedSandbox | undefined> {
    const [found] = await this.#parts.plane.list({ metadata: this.marks(row), states: ["running", "paused"] });
    return found;
  }

  /** Reaps an ended row: kills its sandbox at E2B, or waits until E2B can no longer create it. */
  async reap(row: Row): Promise<Outcome> {
    const { rows, termination } = this.#parts;
    const givenUpAt = row.created_at + START_GIVEN_UP_MS;
    try {
      const found = await this.find(row);
      if (found) await this.killUnwanted(row, found.sandboxId, runsSince(found));
      else if (Date.now() < givenUpAt) rows.setDue(row.sandbox_id, givenUpAt, 0);
      else termination.forget({ ...row, charged_until: null });
    } catch (error) {
      return termination.failed("kill", row, error);
    }
    return GONE;
  }

  /** Kills a sandbox that appeared after its row had ended. The row stays due until E2B confirms the kill. */
  async killUnwanted(gone: Row, e2bId: string, since: number): Promise<void> {
    const now = Date.now();
    const next = this.#parts.rows.transition(gone, {
      e2b_id: e2bId,
      charged_until: since,
      ends_at: now + e2bTimeoutS(this.#parts.ttlMs) * 1000,
      due_at: now,
    });
    if (next) await this.#parts.termination.kill(next);
  }
}
