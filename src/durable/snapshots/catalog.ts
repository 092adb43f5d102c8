import type { SnapshotPlane } from "../../e2b/snapshots.ts";
import { ewma } from "../../pool/average.ts";
import { backoffMs } from "../../pool/backoff.ts";
import { isStale, isWorthSnapshot, leastWorth, SNAPSHOT_KEPT_MS } from "../../pool/snapshot-worth.ts";
import { scoreAfterUse, usesPerDay } from "../../pool/top.ts";
import type { Seed } from "../sandboxes/grant.ts";
import type { IdlePolicy } from "../sandboxes/idle-policy.ts";
import type { SandboxTable } from "../storage/sandbox-table.ts";
import type { SnapshotKey, SnapshotRow, SnapshotTable } from "../storage/snapshot-table.ts";

/** E2B keeps a snapshot while sandboxes that came from it are there, so one that it would not delete is asked for seldom. */
const DELETE_AGAIN_MS = 6 * 3_600_000;
/** A snapshot that sandboxes cannot be started from this often in a row is given up: one failure may be E2B's bad minute. */
const START_FAILURES = 2;

/** What a clone that made a tree tells of itself. */
export interface CloneFacts {
  readonly tenant: string;
  readonly sandboxId: string;
  /** Of fetch and checkout. */
  readonly seconds: number;
  /** Whether all history came from the remote: it tells how long a full clone takes. */
  readonly full: boolean;
  /** What became of the seed, where its sandbox was started from a snapshot. */
  readonly seed?: "used" | "unsound";
}

interface SnapshotsParts {
  readonly rows: SandboxTable;
  readonly snapshotTable: SnapshotTable;
  readonly idlePolicy: IdlePolicy;
  readonly snapshotPlane: SnapshotPlane;
  /** Most that are kept; 0: none are made. */
  readonly maxSnapshots: number;
  /** Whether they are made by themselves, or on request alone. */
  readonly policy: "auto" | "asked";
  readonly template: () => string;
  /** What a snapshot is called at E2B. */
  readonly nameOf: (snapshotId: string) => string;
}

/** Which repositories have a snapshot, for how long, and what clones say about that. maker.ts makes them. */
export class SnapshotCatalog {
  readonly #parts: SnapshotsParts;

  constructor(parts: SnapshotsParts) {
    this.#parts = parts;
  }

  /** The one to start a workspace from, and what to create the sandbox of. */
  findReady({ tenant, repository }: SnapshotKey): (SnapshotRow & { e2b_id: string }) | undefined {
    const row = this.#parts.snapshotTable.of(tenant, repository, "ready");
    return row && row.e2b_id !== null ? { ...row, e2b_id: row.e2b_id } : undefined;
  }

  /** Commit that the seed of a sandbox must be on; undefined: it has none. */
  seedHead(template: string): string | undefined {
    return this.#parts.snapshotTable.startedAs(template)?.head ?? undefined;
  }

  /** What a clone in a sandbox that is started from it begins with. */
  seedOf({ snapshot_id, head }: SnapshotRow): Seed {
    return { head: head ?? "", refs: this.#parts.snapshotTable.refs(snapshot_id) ?? "" };
  }

  started(row: SnapshotRow, now: number): void {
    this.#parts.snapshotTable.used(row.snapshot_id, now, now + SNAPSHOT_KEPT_MS);
  }

  /** @param unknown E2B says that it does not have it */
  failedToStart(row: SnapshotRow, unknown: boolean, now: number): void {
    const failures = row.failures + 1;
    if (unknown || failures >= START_FAILURES) this.drop(row, "start_failed", now);
    else this.#parts.snapshotTable.setDue(row.snapshot_id, row.due_at, failures);
  }

  /** Takes in how a clone went. @returns whether a snapshot of its repository should be made now */
  cloned({ tenant, sandboxId, seconds, full, seed }: CloneFacts, now: number): boolean {
    const { rows, snapshotTable, idlePolicy, maxSnapshots, policy } = this.#parts;
    const row = rows.get(sandboxId);
    if (row?.tenant !== tenant || row.repository === null) return false;
    const key = { tenant, repository: row.repository };
    const known = snapshotTable.clones(key);
    const score = scoreAfterUse(known?.score, now);
    const fullS = full ? ewma(known?.full_s ?? seconds, seconds) : (known?.full_s ?? null);
    const notBefore = known?.not_before ?? 0;
    snapshotTable.setClones(key, { score, full_s: fullS, not_before: notBefore });
    const isOwn = this.#heed(key, row.template, { seconds, seed, fullS }, now);
    if (isOwn || fullS === null || policy === "asked" || maxSnapshots === 0 || now < notBefore) return false;
    if (idlePolicy.budget(now).state === "exhausted") return false;
    return isWorthSnapshot({ clonesPerDay: usesPerDay(score, now), fullCloneS: fullS }, idlePolicy.worth(now));
  }

  /** What a clone says of the repository's snapshot. @returns whether there is one that is good enough */
  #heed(
    { tenant, repository }: { tenant: string; repository: string },
    startedFrom: string,
    clone: { seconds: number; seed: CloneFacts["seed"]; fullS: number | null },
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

  /** Not started from again; E2B is asked to delete it. */
  drop(row: SnapshotRow, reason: string, now: number): void {
    const { snapshot_id, repository } = row;
    console.warn(JSON.stringify({ event: "snapshot_dropped", snapshot_id, repository, reason }));
    this.#parts.snapshotTable.setGone(snapshot_id, now);
  }

  /** After one more was made: the one that is worth least may have to go. */
  holdToCap(now: number): void {
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

  /** @returns whether anything was due */
  async runIfDue(now: number): Promise<boolean> {
    const due = this.#parts.snapshotTable.due(now);
    await Promise.all(due.map((row) => this.#act(row, now)));
    return due.length > 0;
  }

  async #act(row: SnapshotRow, now: number): Promise<void> {
    const { rows, snapshotTable, snapshotPlane, nameOf } = this.#parts;
    switch (row.state) {
      case "making":
        // Its maker knows; without one nothing will come of it.
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
          console.warn(
            JSON.stringify({
              event: "snapshot_delete_failed",
              snapshot_id: row.snapshot_id,
              failures,
              error: String(error),
            }),
          );
          snapshotTable.setDue(row.snapshot_id, Date.now() + backoffMs(failures), failures);
        }
    }
  }
}
