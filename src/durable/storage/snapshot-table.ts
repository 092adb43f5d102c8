/** One row of `snapshot`; see schema.ts. A type, not an interface: SqlStorage requires an index signature. */
export type SnapshotRow = {
  snapshot_id: string;
  tenant: string;
  repository: string;
  url: string;
  state: "making" | "ready" | "gone";
  e2b_id: string | null;
  template: string;
  head: string | null;
  bytes: number;
  clone_s: number;
  fetch_s: number;
  starts: number;
  made_at: number;
  last_used_at: number;
  due_at: number;
  failures: number;
};

interface Repository {
  readonly tenant: string;
  readonly repository: string;
}

/** One row of `clones`. */
type Clones = { score: number; full_s: number | null; not_before: number };

/** Repository of a snapshot. */
export interface SnapshotKey extends Repository {
  /** URL of the repository. */
  readonly url: string;
}

/** SQL of the repository snapshots. Synchronous, like SandboxTable. */
export class SnapshotTable {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  #all(query: string, ...bindings: (string | number | null)[]): SnapshotRow[] {
    return this.#sql.exec<SnapshotRow>(`SELECT * FROM snapshot WHERE ${query}`, ...bindings).toArray();
  }

  get(snapshotId: string): SnapshotRow | undefined {
    return this.#all("snapshot_id = ?", snapshotId)[0];
  }

  of(tenant: string, repository: string, state: "making" | "ready"): SnapshotRow | undefined {
    return this.#all("tenant = ? AND repository = ? AND state = ?", tenant, repository, state)[0];
  }

  /** Returns the snapshot that sandboxes of this "template" started from, even if it is gone by now. */
  startedAs(template: string): SnapshotRow | undefined {
    return this.#all("e2b_id = ?", template)[0];
  }

  ofTenant(tenant: string): SnapshotRow[] {
    return this.#all("tenant = ? AND state <> 'gone' ORDER BY last_used_at DESC", tenant);
  }

  ready(): SnapshotRow[] {
    return this.#all("state = 'ready'");
  }

  /** Lists the templates that snapshots are based on. */
  templates(): string[] {
    const rows = this.#sql.exec<{ template: string }>("SELECT DISTINCT template FROM snapshot").toArray();
    return rows.map(({ template }) => template);
  }

  due(now: number): SnapshotRow[] {
    return this.#all("due_at <= ?", now);
  }

  firstDueAt(): number | undefined {
    const { at } = this.#sql.exec<{ at: number | null }>("SELECT MIN(due_at) AS at FROM snapshot").one();
    return at ?? undefined;
  }

  insertMaking(
    snapshotId: string,
    { tenant, repository, url }: SnapshotKey,
    template: string,
    at: { now: number; due: number },
  ): void {
    this.#sql.exec(
      `INSERT INTO snapshot (snapshot_id, tenant, repository, url, state, template, made_at, last_used_at, due_at)
       VALUES (?1, ?2, ?3, ?4, 'making', ?5, ?6, ?6, ?7)`,
      snapshotId,
      tenant,
      repository,
      url,
      template,
      at.now,
      at.due,
    );
  }

  /** Marks a snapshot as ready to start from, and the previous one as gone. */
  setReady(
    row: SnapshotRow,
    ready: Pick<SnapshotRow, "head" | "bytes" | "clone_s" | "due_at"> & { e2b_id: string; refs: string | null },
    now: number,
  ): void {
    this.#sql.exec(
      "UPDATE snapshot SET state = 'gone', due_at = ? WHERE tenant = ? AND repository = ? AND state = 'ready'",
      now,
      row.tenant,
      row.repository,
    );
    this.#sql.exec(
      `UPDATE snapshot SET state = 'ready', e2b_id = ?, head = ?, bytes = ?, clone_s = ?, due_at = ?, made_at = ?7,
         last_used_at = ?7, failures = 0 WHERE snapshot_id = ?6`,
      ready.e2b_id,
      ready.head,
      ready.bytes,
      ready.clone_s,
      ready.due_at,
      row.snapshot_id,
      now,
    );
    if (ready.refs !== null) this.#sql.exec("INSERT INTO seed VALUES (?, ?)", row.snapshot_id, ready.refs);
  }

  /** Returns the branches and tags of its base clone. In a separate table, because they are long and rarely read. */
  refs(snapshotId: string): string | undefined {
    const rows = this.#sql.exec<{ refs: string }>("SELECT refs FROM seed WHERE snapshot_id = ?", snapshotId).toArray();
    return rows[0]?.refs;
  }

  /** Records a start from the snapshot. */
  used(snapshotId: string, now: number, dueAt: number): void {
    this.#sql.exec(
      "UPDATE snapshot SET starts = starts + 1, last_used_at = ?, due_at = ?, failures = 0 WHERE snapshot_id = ?",
      now,
      dueAt,
      snapshotId,
    );
  }

  setFetch(snapshotId: string, seconds: number): void {
    this.#sql.exec("UPDATE snapshot SET fetch_s = ? WHERE snapshot_id = ?", seconds, snapshotId);
  }

  /** Marks a snapshot as gone: no further starts, and its deletion at E2B is due at `dueAt`. */
  setGone(snapshotId: string, dueAt: number): void {
    this.#sql.exec(
      "UPDATE snapshot SET state = 'gone', due_at = ?, failures = 0 WHERE snapshot_id = ?",
      dueAt,
      snapshotId,
    );
  }

  setDue(snapshotId: string, dueAt: number, failures: number): void {
    this.#sql.exec("UPDATE snapshot SET due_at = ?, failures = ? WHERE snapshot_id = ?", dueAt, failures, snapshotId);
  }

  remove(snapshotId: string): void {
    this.#sql.exec("DELETE FROM snapshot WHERE snapshot_id = ?", snapshotId);
    this.#sql.exec("DELETE FROM seed WHERE snapshot_id = ?", snapshotId);
  }

  /** Returns the clone statistics of a repository. */
  clones({ tenant, repository }: Repository): Clones | undefined {
    return this.#sql
      .exec<Clones>(
        "SELECT score, full_s, not_before FROM clones WHERE tenant = ? AND repository = ?",
        tenant,
        repository,
      )
      .toArray()[0];
  }

  setClones({ tenant, repository }: Repository, { score, full_s, not_before }: Clones): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO clones VALUES (?, ?, ?, ?, ?)",
      tenant,
      repository,
      score,
      full_s,
      not_before,
    );
  }
}
