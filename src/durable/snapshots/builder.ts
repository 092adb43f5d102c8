import type { SnapshotMode, SnapshotPlane } from "../../e2b/snapshots.ts";
import { E2bError } from "../../e2b/error.ts";
import type { SeedState } from "../../ops/probes/base-clone.ts";
import { newSandboxId } from "../../pool/handle.ts";
import { SNAPSHOT_KEPT_MS } from "../../pool/snapshot-worth.ts";
import { NO_SCORE } from "../../pool/top.ts";
import type { Termination } from "../sandboxes/termination.ts";
import { type Grant, grantOf } from "../sandboxes/grant.ts";
import type { Probe } from "../sandboxes/probe.ts";
import type { IdlePolicy } from "../sandboxes/idle-policy.ts";
import { START_GIVEN_UP_MS } from "../sandboxes/orphaned-starts.ts";
import type { Moves } from "../sandboxes/moves.ts";
import type { Starts } from "../sandboxes/starts.ts";
import type { StartPatience } from "../sandboxes/start-patience.ts";
import type { MetricsReporter } from "../reporting/reporter.ts";
import { exhausted, full, GONE, type Outcome, type Refusal, refusalOf, SNAPSHOTS_OFF } from "../sandboxes/refusal.ts";
import type { Row } from "../storage/row.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";
import type { SnapshotKey, SnapshotRow, SnapshotTable } from "../storage/snapshot-table.ts";
import type { SnapshotCatalog } from "./catalog.ts";

/** Interval of checks by the alarm, in case the Worker that runs the clone has died. */
const CHECK_EVERY_MS = 20_000;
/** Before this time the clone may not have begun, so a missing base clone is no failure. */
const BEGUN_WITHIN_MS = 60_000;
/** Added to the operation timeout: the builder sandbox's start, and E2B's snapshot. */
const MARGIN_MS = 2 * 60_000;
/** Retry interval after a snapshot failed: the cause rarely goes away within minutes. */
const TRY_AGAIN_MS = 6 * 3_600_000;

/** The base clone that was built. */
export interface BuiltSnapshot {
  readonly head: string | null;
  readonly refs: string | null;
  readonly bytes: number;
  readonly seconds: number;
}

interface SnapshotBuilderParts {
  readonly rows: SandboxTable;
  readonly snapshotTable: SnapshotTable;
  readonly snapshots: SnapshotCatalog;
  readonly idlePolicy: IdlePolicy;
  readonly moves: Moves;
  readonly starts: Starts;
  readonly startPatience: StartPatience;
  readonly termination: Termination;
  readonly reporter: MetricsReporter;
  readonly snapshotPlane: SnapshotPlane;
  readonly snapshotMode: SnapshotMode;
  readonly probeBaseClone: Probe<undefined, SeedState>;
  readonly template: () => string;
  readonly nameOf: (snapshotId: string) => string;
  readonly maxRunning: number;
  readonly maxSnapshots: number;
  readonly operationTimeoutMs: number;
  readonly shard: number;
}

/**
 * Builds repository snapshots: a dedicated sandbox makes a clean clone, E2B takes a snapshot of it, and the sandbox is
 * ended. The Worker runs the clone, because it has the caller's credential. If the Worker leaves early, the alarm
 * completes the build.
 */
export class SnapshotBuilder {
  readonly #parts: SnapshotBuilderParts;

  constructor(parts: SnapshotBuilderParts) {
    this.#parts = parts;
  }

  /**
   * Starts a sandbox to build a snapshot in, from the snapshot that it replaces if possible. Returns undefined if a
   * build is running.
   */
  async begin(key: SnapshotKey): Promise<Grant | Refusal | undefined> {
    const { rows, snapshotTable, snapshots, idlePolicy, starts, startPatience } = this.#parts;
    const { template, maxRunning, maxSnapshots, shard } = this.#parts;
    const now = Date.now();
    const known = snapshotTable.of(key.tenant, key.repository, "making");
    if (known && rows.makerOf(known.snapshot_id)) return undefined;
    if (known) snapshotTable.setGone(known.snapshot_id, now);
    const budget = idlePolicy.budget(now);
    if (budget.state === "exhausted") return exhausted(budget.liftsAt, now);
    if (maxSnapshots === 0) return SNAPSHOTS_OFF;
    if (rows.running().total >= maxRunning) return full(maxRunning);
    const old = snapshots.findReady(key);
    const snapshotId = newSandboxId(shard);
    snapshotTable.insertMaking(snapshotId, key, template(), { now, due: now + this.#givenUpAfterMs() });
    const from = old?.template === template() ? old.e2b_id : template();
    const row = rows.insertWarming(newSandboxId(shard), from, { makerOf: snapshotId }, now, now + START_GIVEN_UP_MS);
    const started = await startPatience.wait(starts.start(row));
    if (!started.ok) {
      if (old && from === old.e2b_id) snapshots.failedToStart(old, started.code === "workspace_gone", Date.now());
      if (!rows.makerOf(snapshotId)) snapshotTable.setGone(snapshotId, Date.now());
      return started;
    }
    rows.setDue(row.sandbox_id, Date.now() + CHECK_EVERY_MS, 0);
    const granted = grantOf(started.row, "cold");
    return granted.ok ? { ...granted, url: key.url } : granted;
  }

  /**
   * Concludes a build after its clone ended. @param made undefined if the clone failed @returns whether a snapshot is
   * ready
   */
  async finish(tenant: string, makerId: string, made: BuiltSnapshot | undefined): Promise<boolean> {
    const { rows, snapshotTable } = this.#parts;
    const builder = rows.get(makerId);
    const snapshot = builder?.maker_of ? snapshotTable.get(builder.maker_of) : undefined;
    if (!builder || snapshot?.tenant !== tenant) return false;
    if (snapshot.state === "making" && builder.state === "bound") await this.#conclude(builder, snapshot, made);
    return snapshotTable.get(snapshot.snapshot_id)?.state === "ready";
  }

  /** Checks a build that the Worker has not concluded. Called by the alarm. */
  async tend(builder: Row): Promise<void> {
    const { rows, snapshotTable, probeBaseClone, termination } = this.#parts;
    const snapshot = builder.maker_of === null ? undefined : snapshotTable.get(builder.maker_of);
    if (snapshot?.state !== "making" || builder.state !== "bound") return termination.end(builder);
    const ageMs = Date.now() - builder.created_at;
    const found = await probeBaseClone(builder, undefined);
    const isEarly = ageMs < BEGUN_WITHIN_MS && found?.state !== "making";
    if (ageMs > this.#givenUpAfterMs() || (found?.state === "none" && !isEarly)) {
      return this.#conclude(builder, snapshot, undefined);
    }
    if (found?.state === "ready" && !isEarly) {
      return this.#conclude(builder, snapshot, { ...found, seconds: ageMs / 1000 });
    }
    rows.setDue(builder.sandbox_id, Date.now() + CHECK_EVERY_MS, 0);
  }

  #givenUpAfterMs(): number {
    return this.#parts.operationTimeoutMs + MARGIN_MS;
  }

  async #conclude(builder: Row, snapshot: SnapshotRow, made: BuiltSnapshot | undefined): Promise<void> {
    const { snapshotTable, termination, moves } = this.#parts;
    if (made?.head) {
      const { head } = made;
      const taken = await moves.single(builder, () => this.#take(builder, snapshot, { ...made, head }));
      // Not taken yet: the alarm retries.
      if (!taken.ok && taken.code !== "workspace_gone") return;
    }
    const now = Date.now();
    if (snapshotTable.get(snapshot.snapshot_id)?.state === "making") {
      snapshotTable.setGone(snapshot.snapshot_id, now);
      const known = snapshotTable.clones(snapshot);
      if (known) snapshotTable.setClones(snapshot, { ...known, not_before: now + TRY_AGAIN_MS });
    }
    await termination.end(builder);
  }

  async #take(builder: Row, snapshot: SnapshotRow, made: BuiltSnapshot & { head: string }): Promise<Outcome> {
    const { snapshotTable, snapshotPlane, snapshotMode, termination, reporter, nameOf, rows } = this.#parts;
    if (builder.e2b_id === null) return GONE;
    reporter.count("moves", "snapshot");
    try {
      const e2bId = await snapshotPlane.take(builder.e2b_id, nameOf(snapshot.snapshot_id), snapshotMode);
      const now = Date.now();
      // The build may have been abandoned meanwhile.
      if (snapshotTable.get(snapshot.snapshot_id)?.state !== "making") return GONE;
      const { head, refs, bytes, seconds } = made;
      const known = snapshotTable.clones(snapshot);
      // The duration of a clone on top of an older snapshot is not that of a full clone.
      const fullS = known?.full_s ?? (builder.template === snapshot.template ? seconds : null);
      if (!known) snapshotTable.setClones(snapshot, { score: NO_SCORE, full_s: fullS, not_before: 0 });
      const ready = { e2b_id: e2bId, head, refs, bytes, clone_s: fullS ?? seconds, due_at: now + SNAPSHOT_KEPT_MS };
      snapshotTable.setReady(snapshot, ready, now);
      this.#parts.snapshots.evictOverCap(now);
      return { ok: true, row: builder };
    } catch (error) {
      reporter.count("moveFailures", "snapshot");
      if (error instanceof E2bError && error.code === "not_found") return GONE;
      termination.postpone(rows.get(builder.sandbox_id) ?? builder, error);
      return refusalOf(error);
    }
  }
}
