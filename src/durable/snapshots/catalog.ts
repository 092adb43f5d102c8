import type { SnapshotPlane } from "../../e2b/snapshots.ts";
import { ewma } from "../../pool/average.ts";
import { backoffMs } from "../../pool/backoff.ts";
import { isStale, isWorthSnapshot, leastWorth, SNAPSHOT_KEPT_MS } from "../../pool/snapshot-worth.ts";
import { scoreAfterUse, usesPerDay } from "../../pool/top.ts";
import type { Seed } from "../sandboxes/grant.ts";
import type { IdlePolicy } from "../sandboxes/idle-policy.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";
import type { SnapshotKey, SnapshotRow, SnapshotTable } from "../storage/snapshot-table.ts";
import { logEvent } from "../../redaction/log-line.ts";

/** Retry interval for a delete that E2B refused because sandboxes still use the snapshot. */
const DELETE_AGAIN_MS = 6 * 3_600_000;
/** Consecutive failed starts after which a snapshot is dropped; one failure may be a passing fault of E2B. */
const START_FAILURES = 2;

/** Result of a clone that made a working tree. */
export interface CloneReport {
  readonly tenant: string;
  readonly sandboxId: string;
  /** Duration of fetch and checkout. */
  readonly seconds: number;
  /** Whether all history came from the remote, so that `seconds` is the duration of a full clone. */
  readonly full: boolean;
  /** Whether the base clone was usable, if the sandbox started from a snapshot. */
  readonly seed?: "used" | "unsound";
}

interface SnapshotCatalogParts {
  readonly rows: SandboxTable;
  readonly snapshotTable: SnapshotTable;
  readonly idlePolicy: IdlePolicy;
  readonly snapshotPlane: SnapshotPlane;
  /** Number of snapshots kept; 0 disables them. */
  readonly maxSnapshots: number;
  /** `auto`: made if they save cost; `asked`: made on request only. */
  readonly policy: "auto" | "asked";
  readonly template: () => string;
  /** Returns a snapshot's name at E2B. */
  readonly nameOf: (snapshotId: string) => string;
}

/** Decides which repositories have a snapshot, and for how long. builder.ts makes them. */
export class SnapshotCatalog {
  readonly #parts: SnapshotCatalogParts;

  constructor(parts: SnapshotCatalogParts) {
    this.#parts = parts;
  }

  /** Returns the ready snapshot of a repository, with the id to create a sandbox from. */
  findReady({ tenant, repository }: SnapshotKey): (SnapshotRow & { e2b_id: string }) | undefined {
    const row = this.#parts.snapshotTable.of(tenant, repository, "ready");
    return row && row.e2b_id !== null ? { ...row, e2b_id: row.e2b_id } : undefined;
  }

  /** Returns the commit of the base clone that a sandbox started from; undefined: no base clone. */
  seedHead(template: string): string | undefined {
    return this.#parts.snapshotTable.startedAs(template)?.head ?? undefined;
  }

  /** Returns the base clone of a snapshot. */
  seedOf({ snapshot_id, head }: SnapshotRow): Seed {
    return { head: head ?? "", refs: this.#parts.snapshotTable.refs(snapshot_id) ?? "" };
  }

  /** Records a start from a snapshot. */
  started(row: SnapshotRow, now: number): void {
    this.#parts.snapshotTable.used(row.snapshot_id, now, now + SNAPSHOT_KEPT_MS);
  }

  /**
   * Records a failed start, and drops the snapshot if it is unknown to E2B or has failed too often.
   * @param unknown E2B reports that it does not have the snapshot
   */
  failedToStart(row: SnapshotRow, unknown: boolean, now: number): void {
    const failures = row.failures + 1;
    if (unknown || failures >= START_FAILURES) this.drop(row, "start_failed", now);
    else this.#parts.snapshotTable.setDue(row.snapshot_id, row.due_at, failures);
  }

  /** Records the result of a clone. @returns whether to make a snapshot of its repository now */
  cloned({ tenant, sandboxId, seconds, full, seed }: CloneReport, now: number): boolean {
    const { rows, snapshotTable, idlePolicy, maxSnapshots, policy } = this.#parts;
    const row = rows.get(sandboxId);
    if (row?.tenant !== tenant || row.repository === null) return false;
    const key = { tenant, repository: row.repository };
    const known = snapshotTable.clones(key);
    const score = scoreAfterUse(known?.score, now);
    const fullS = full ? ewma(known?.full_s ?? seconds, seconds) : (known?.full_s ?? null);
    const notBefore = known?.not_before ?? 0;
    snapshotTable.setClones(key, { score, full_s: fullS, not_before: notBefore });
    const isOwn = this.#recordUse(key, row.template, { seconds, seed, fullS }, now);
    if (isOwn || fullS === null || policy === "asked" || maxSnapshots === 0 || now < notBefore) return false;
    if (idlePolicy.budget(now).state === "exhausted") return false;
    return isWorthSnapshot({ clonesPerDay: usesPerDay(score, now), fullCloneS: fullS }, idlePolicy.worth(now));
  }

  /** Records the use of a repository's snapshot by a clone. @returns whether the snapshot is still good enough */
  #recordUse(
    { tenant, repository }: { tenant: string; repository: string },
    startedFrom: string,
    clone: { seconds: number; seed: CloneReport["seed"]; fullS: number | null },
    now: number,
  ): boolean {
    const { snapshotTable, template } = this.#parts;
    const snapshot = snapshotTable.of(tenant, repository, "ready");
    if (!snapshot) return false;
    if (snapshot.template !== template()) return false;
    if (snapshot.e2b_id !== startedFrom) return true;
    if (clone.seed === "unsound") {
      this.drop(snapshot, "seed_unsound", now);
      return false;
    }
    snapshotTable.setFetch(snapshot.snapshot_id, clone.seconds);
    return !isStale(clone.seconds, clone.fullS ?? snapshot.clone_s);
  }

  /** Drops a snapshot: no further starts, and its deletion at E2B is due. */
  drop(row: SnapshotRow, reason: string, now: number): void {
    const { snapshot_id, repository } = row;
    logEvent("warn", { event: "snapshot_dropped", snapshot_id, repository, reason });
    this.#parts.snapshotTable.setGone(snapshot_id, now);
  }

  /** Drops the least valuable snapshot if there are more than the limit. Call it after one was made. */
  evictOverCap(now: number): void {
    const { snapshotTable, maxSnapshots } = this.#parts;
    const ready = snapshotTable.ready();
    if (ready.length <= maxSnapshots) return;
    const kept = ready.map((row) => ({
      id: row.snapshot_id,
      lastUsedAt: row.last_used_at,
      starts: row.starts,
      fullCloneS: row.clone_s,
    }));
    const least = leastWorth(kept, now);
    if (least !== undefined) snapshotTable.setGone(least, now);
  }

  /** Handles due snapshots. @returns whether any were due */
  async runIfDue(now: number): Promise<boolean> {
    const due = this.#parts.snapshotTable.due(now);
    await Promise.all(due.map((row) => this.#act(row, now)));
    return due.length > 0;
  }

  async #act(row: SnapshotRow, now: number): Promise<void> {
    const { rows, snapshotTable, snapshotPlane, nameOf } = this.#parts;
    switch (row.state) {
      case "making":
        // The builder sandbox decides; without one the build is dead.
        if (rows.makerOf(row.snapshot_id)) snapshotTable.setDue(row.snapshot_id, now + DELETE_AGAIN_MS, 0);
        else snapshotTable.setGone(row.snapshot_id, now);
        return;
      case "ready":
        this.drop(row, "not_used", now);
        return;
      case "gone":
        try {
          const deleted = await snapshotPlane.delete(row.e2b_id ?? nameOf(row.snapshot_id));
          if (deleted) snapshotTable.remove(row.snapshot_id);
          else snapshotTable.setDue(row.snapshot_id, Date.now() + DELETE_AGAIN_MS, 0);
        } catch (error) {
          const failures = row.failures + 1;
          logEvent("warn", {
            event: "snapshot_delete_failed",
            snapshot_id: row.snapshot_id,
            failures,
            error: String(error),
          });
          snapshotTable.setDue(row.snapshot_id, Date.now() + backoffMs(failures), failures);
        }
    }
  }
}
