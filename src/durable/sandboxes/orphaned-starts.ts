import type { ControlPlane } from "../../e2b/control.ts";
import type { ListedSandbox } from "../../e2b/schema.ts";
import { e2bTimeoutS } from "../../pool/tiers.ts";
import type { Termination } from "./termination.ts";
import { GONE, type Outcome } from "./refusal.ts";
import type { Row } from "../storage/row.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";

/** E2B gives up a start after 70 s; what has not shown up in its list by then never will. */
export const START_GIVEN_UP_MS = 100_000;

/** Marks our sandboxes at E2B. */
export const POOL_MARK = "warmtree_pool";
export const SANDBOX_MARK = "warmtree_sandbox";

interface CutOffParts {
  readonly rows: SandboxTable;
  readonly termination: Termination;
  readonly plane: ControlPlane;
  readonly ttlMs: number;
  readonly poolId: string;
}

/** Ended before it was known whether E2B had started it. */
export const isOrphaned = ({ state, e2b_id, charged_until }: Row) =>
  state === "gone" && e2b_id === null && charged_until !== null;

export const runsSince = ({ state, startedAtMs }: ListedSandbox) => (state === "running" ? startedAtMs : Date.now());

/** Starts whose answer never came: what E2B has of them, and its end where nobody wants it any more. */
export class OrphanedStarts {
  readonly #parts: CutOffParts;

  constructor(parts: CutOffParts) {
    this.#parts = parts;
  }

  /** What a sandbox for this row is marked with. */
  marks(row: Row): Record<string, string> {
    return { [POOL_MARK]: this.#parts.poolId, [SANDBOX_MARK]: row.sandbox_id };
  }

  /** What E2B has started for a row. */
  async find(row: Row): Promise<ListedSandbox | undefined> {
    const [found] = await this.#parts.plane.list({ metadata: this.marks(row), states: ["running", "paused"] });
    return found;
  }

  /** Kills what E2B may hold by now for a row that was ended; until E2B must have made up its mind, it may yet come. */
  async seek(row: Row): Promise<Outcome> {
    const { rows, termination } = this.#parts;
    const givenUpAt = row.created_at + START_GIVEN_UP_MS;
    try {
      const found = await this.find(row);
      if (found) await this.unwanted(row, found.sandboxId, runsSince(found));
      else if (Date.now() < givenUpAt) rows.setDue(row.sandbox_id, givenUpAt, 0);
      else termination.forget({ ...row, charged_until: null });
    } catch (error) {
      return termination.failed("kill", row, error);
    }
    return GONE;
  }

  /** Kills a sandbox that came when its row was gone already; the row owes the kill until E2B confirms it. */
  async unwanted(gone: Row, e2bId: string, since: number): Promise<void> {
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
