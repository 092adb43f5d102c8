import type { ControlPlane } from "../../e2b/control.ts";
import { E2bError } from "../../e2b/error.ts";
import { e2bTimeoutS } from "../../pool/tiers.ts";
import type { MetricsReporter } from "../reporting/reporter.ts";
import type { Row } from "../storage/row.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";
import type { Moves } from "./moves.ts";
import { type OrphanedStarts, runsSince, START_GIVEN_UP_MS } from "./orphaned-starts.ts";
import { GONE, type Outcome, refusalOf } from "./refusal.ts";
import type { RunningState } from "./running-state.ts";
import type { Seal } from "./seal.ts";
import type { StartPatience } from "./start-patience.ts";
import type { Termination } from "./termination.ts";

interface StartsParts {
  readonly rows: SandboxTable;
  readonly moves: Moves;
  readonly running: RunningState;
  readonly orphans: OrphanedStarts;
  readonly termination: Termination;
  readonly reporter: MetricsReporter;
  readonly plane: ControlPlane;
  readonly seal: Seal;
  readonly startPatience: StartPatience;
  readonly ttlMs: number;
}

/** Creates the sandboxes of rows, and settles starts that were interrupted. */
export class Starts {
  readonly #parts: StartsParts;

  constructor(parts: StartsParts) {
    this.#parts = parts;
  }

  /** Creates the sandbox of `row`, which was just inserted. */
  start(row: Row): Promise<Outcome> {
    return this.#parts.moves.single(row, () => this.#create(row));
  }

  /** Recovers a row whose start was interrupted: E2B may already hold the sandbox. Creates one only if `orStart`. */
  adopt(row: Row, orStart: boolean): Promise<Outcome> {
    const { rows, moves, orphans, termination } = this.#parts;
    return moves.single(row, async () => {
      try {
        const found = await orphans.find(row);
        if (found) return await this.#adopted(row, found.sandboxId, runsSince(found));
      } catch (error) {
        return termination.failed("start", row, error);
      }
      if (orStart) return this.#create(row);
      if (Date.now() - row.created_at >= START_GIVEN_UP_MS) rows.remove(row.sandbox_id);
      return GONE;
    });
  }

  /** Reaps a row that was ended during or after an interrupted start: kills the sandbox that E2B may hold by now. */
  reap(row: Row): Promise<Outcome> {
    return this.#parts.moves.single(row, () => this.#parts.orphans.reap(row));
  }

  async #adopted(row: Row, e2bId: string, since: number): Promise<Outcome> {
    const { running, seal } = this.#parts;
    const session = await running.connect(e2bId);
    const adopted = await running.enter(row, session, since, await running.endOf(e2bId));
    return adopted.ok ? seal.renew(adopted.row) : adopted;
  }

  async #create(row: Row): Promise<Outcome> {
    const { rows, running, orphans, reporter, plane, seal, startPatience, ttlMs } = this.#parts;
    const since = Date.now();
    reporter.count("moves", "start");
    try {
      const session = await plane.create({
        template: row.template,
        timeoutS: e2bTimeoutS(ttlMs),
        metadata: orphans.marks(row),
        autoPause: true,
        sealedTo: seal.host,
      });
      startPatience.took(Date.now() - since);
      return await running.enter({ ...row, sealed_to: seal.column }, session, since);
    } catch (error) {
      reporter.count("moveFailures", "start");
      // Proof that no sandbox was created: remove the row. Otherwise keep it, due when E2B must have decided.
      if (error instanceof E2bError && !error.started) rows.remove(row.sandbox_id);
      return refusalOf(error);
    }
  }
}
