import type { Archive } from "../../archive/archive.ts";
import { streamedWork } from "../../archive/streamed-work.ts";
import { E2bError } from "../../e2b/error.ts";
import { WarmtreeError } from "../../errors.ts";
import type { Parsed } from "../../ops/output/script-output.ts";
import type { WorkFacts, WorkRequest } from "../../ops/probes/unpushed-work.ts";
import { SAVE_GRACE_MS, saveAgainAt } from "../../pool/retention.ts";
import type { MetricsReporter } from "../reporting/reporter.ts";
import type { Row } from "../storage/row.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";
import type { IdlePolicy } from "./idle-policy.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Moves } from "./moves.ts";
import { losing } from "./loss.ts";
import { START_GIVEN_UP_MS } from "./orphaned-starts.ts";
import type { Outcome } from "./refusal.ts";
import type { Termination } from "./termination.ts";
import { logEvent } from "../../redaction/log-line.ts";

/** Retry interval while all sandboxes are in use, the budget is spent, or another save runs. */
const NO_ROOM_AGAIN_MS = 60_000;

interface WorkSaverParts {
  readonly rows: SandboxTable;
  readonly moves: Moves;
  readonly lifecycle: Lifecycle;
  readonly termination: Termination;
  readonly idlePolicy: IdlePolicy;
  readonly reporter: MetricsReporter;
  /** Undefined: nothing is saved. */
  readonly archive: () => Archive | undefined;
  /** Sends `unpushedWork` to the sandbox of a row. */
  readonly send: (row: Row, request: WorkRequest) => Promise<Parsed<WorkFacts>>;
  readonly maxRunning: number;
  readonly operationTimeoutMs: number;
}

/** Saves the unpushed work of a paused workspace in the archive before it is dropped. */
export class WorkSaver {
  readonly #parts: WorkSaverParts;
  /** Workspace whose work is being saved, at most one. Value: whether a caller has used it meanwhile. */
  readonly #saving = new Map<string, boolean>();

  constructor(parts: WorkSaverParts) {
    this.#parts = parts;
  }

  /** Whether a drop that was due at `dropsAt` waits until the work is saved. */
  mustSave(dropsAt: number, now: number): boolean {
    return this.#parts.archive() !== undefined && now < dropsAt + SAVE_GRACE_MS;
  }

  /** Keeps a workspace whose work is being saved: its owner uses it again. */
  keep(sandboxId: string): void {
    if (this.#saving.has(sandboxId)) this.#saving.set(sandboxId, true);
  }

  /**
   * Resumes the sandbox, saves its work and drops the workspace. One at a time, within the running limit and the
   * budget. After a failure the workspace is kept, and the alarm retries.
   */
  async save(row: Row, dropsAt: number): Promise<void> {
    const { rows, idlePolicy, moves, maxRunning } = this.#parts;
    const now = Date.now();
    const hasRoom = rows.running().total < maxRunning && idlePolicy.budget(now).state !== "exhausted";
    if (!hasRoom || this.#saving.size > 0) return rows.setDue(row.sandbox_id, now + NO_ROOM_AGAIN_MS, 0);
    this.#saving.set(row.sandbox_id, false);
    try {
      await moves.single(row, () => this.#save(row, dropsAt, now));
    } finally {
      this.#saving.delete(row.sandbox_id);
    }
  }

  /** Deletes the saved work of a workspace, if the archive holds any. */
  async forget({ tenant, sandbox_id: sandboxId, saved_at }: Row): Promise<void> {
    if (tenant !== null && saved_at !== null) await this.#parts.archive()?.delete({ tenant, sandboxId });
  }

  async #save(row: Row, dropsAt: number, now: number): Promise<Outcome> {
    const { rows, lifecycle, termination, operationTimeoutMs } = this.#parts;
    const due = now + START_GIVEN_UP_MS + operationTimeoutMs;
    const change = { saved_at: now, save_after: saveAgainAt(dropsAt, now), due_at: due };
    const woken = await lifecycle.wake(row, change);
    if (!woken.ok) {
      this.#failed(row, woken.code);
      return woken;
    }
    const bytes = await this.#store(woken.row).catch((error: unknown) => {
      this.#failed(row, error instanceof WarmtreeError || error instanceof E2bError ? error.code : String(error));
      return undefined;
    });
    if (this.#saving.get(row.sandbox_id) === true) return woken;
    if (bytes === undefined) {
      // The pause is outstanding: let the alarm do it now.
      rows.setDue(row.sandbox_id, Date.now(), 0);
      return woken;
    }
    const known = bytes === 0 ? { ...woken.row, unpushed: 0 } : woken.row;
    await termination.end(woken.row, { ...losing(known, Date.now()), saved_bytes: bytes || null });
    return woken;
  }

  /** Returns the size of the stored work; 0: the workspace has nothing unpushed. */
  async #store(row: Row): Promise<number> {
    const { reporter, send } = this.#parts;
    const archive = this.#parts.archive();
    const { tenant, sandbox_id: sandboxId } = row;
    if (!archive || tenant === null) throw new Error("no archive");
    const { begun, ended } = streamedWork((request) => send(row, request));
    const parsed = await begun;
    if (!parsed.ok) {
      const { code } = parsed.error;
      if (code === "nothing_unpushed" || code === "not_cloned") return 0;
      throw parsed.error;
    }
    await archive.put({ tenant, sandboxId }, parsed.value).catch(async (error: unknown) => {
      // Otherwise the sandbox would wait for a reader, and hold the lock.
      await parsed.value.body.cancel(error).catch(() => undefined);
      throw error;
    });
    await ended;
    const { tarBytes, head } = parsed.value.facts;
    reporter.count("saves", "saved");
    logEvent("log", { event: "work_saved", sandbox_id: sandboxId, head, bytes: tarBytes });
    return tarBytes;
  }

  #failed({ sandbox_id }: Row, reason: string): void {
    this.#parts.reporter.count("saves", "failed");
    logEvent("warn", { event: "work_not_saved", sandbox_id, reason });
  }
}
