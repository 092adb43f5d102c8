import type { State } from "../pool/reconcile.ts";

/** One row of `sandbox`, see schema.ts. A type, not an interface: SqlStorage wants an index signature. */
export type Row = {
  sandbox_id: string;
  e2b_id: string | null;
  access_token: string | null;
  domain: string | null;
  state: State;
  generation: number;
  tenant: string | null;
  repository: string | null;
  url: string | null;
  agent_id: string | null;
  task_id: string | null;
  created_at: number;
  last_used_at: number;
  ends_at: number;
  due_at: number | null;
  failures: number;
};

export interface WorkspaceKey {
  readonly tenant: string;
  readonly repository: string;
  /** '' where the caller gave none. */
  readonly agentId: string;
  readonly taskId: string;
}

/** What a transition may write; the identity of a row never changes. */
export type Transition = Partial<
  Pick<Row, "state" | "e2b_id" | "access_token" | "domain" | "last_used_at" | "ends_at" | "due_at" | "failures">
>;

/** All SQL of the pool. Synchronous: what is read and written between two awaits is one transaction. */
export class Rows {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  get(sandboxId: string): Row | undefined {
    return this.#sql.exec<Row>("SELECT * FROM sandbox WHERE sandbox_id = ?", sandboxId).toArray()[0];
  }

  workspace(key: WorkspaceKey): Row | undefined {
    return this.#sql
      .exec<Row>(
        "SELECT * FROM sandbox WHERE tenant = ? AND repository = ? AND agent_id = ? AND task_id = ? AND state <> 'gone'",
        key.tenant,
        key.repository,
        key.agentId,
        key.taskId,
      )
      .toArray()[0];
  }

  ofTenant(tenant: string, limit: number): Row[] {
    return this.#sql
      .exec<Row>("SELECT * FROM sandbox WHERE tenant = ? ORDER BY last_used_at DESC LIMIT ?", tenant, limit)
      .toArray();
  }

  /** Everything E2B may hold for us. */
  owned(): Row[] {
    return this.#sql.exec<Row>("SELECT * FROM sandbox WHERE state <> 'gone' OR e2b_id IS NOT NULL").toArray();
  }

  due(now: number, limit: number): Row[] {
    return this.#sql.exec<Row>("SELECT * FROM sandbox WHERE due_at <= ? ORDER BY due_at LIMIT ?", now, limit).toArray();
  }

  firstDueAt(): number | undefined {
    const { at } = this.#sql.exec<{ at: number | null }>("SELECT MIN(due_at) AS at FROM sandbox").one();
    return at ?? undefined;
  }

  /** A row for a sandbox that is about to be asked for: written first, so that a crash leaves a trace of it. */
  insertWarming(sandboxId: string, key: WorkspaceKey, url: string, now: number, dueAt: number): Row {
    return this.#sql
      .exec<Row>(
        `INSERT INTO sandbox (sandbox_id, state, tenant, repository, url, agent_id, task_id, created_at, last_used_at, ends_at, due_at)
         VALUES (?, 'warming', ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *`,
        sandboxId,
        key.tenant,
        key.repository,
        url,
        key.agentId,
        key.taskId,
        now,
        now,
        now,
        dueAt,
      )
      .one();
  }

  /** Writes a transition if nothing happened to the row since `row` was read; undefined if something did. */
  transition(row: Row, change: Transition): Row | undefined {
    const next = { ...row, ...change };
    return this.#sql
      .exec<Row>(
        `UPDATE sandbox SET state = ?, e2b_id = ?, access_token = ?, domain = ?, last_used_at = MAX(last_used_at, ?),
           ends_at = ?, due_at = ?, failures = ?, generation = generation + 1
         WHERE sandbox_id = ? AND generation = ? RETURNING *`,
        next.state,
        next.e2b_id,
        next.access_token,
        next.domain,
        next.last_used_at,
        next.ends_at,
        next.due_at,
        next.failures,
        row.sandbox_id,
        row.generation,
      )
      .toArray()[0];
  }

  touch(sandboxId: string, now: number): void {
    this.#sql.exec("UPDATE sandbox SET last_used_at = ? WHERE sandbox_id = ?", now, sandboxId);
  }

  setDue(sandboxId: string, dueAt: number | null, failures: number): void {
    this.#sql.exec("UPDATE sandbox SET due_at = ?, failures = ? WHERE sandbox_id = ?", dueAt, failures, sandboxId);
  }

  setEnd(sandboxId: string, endsAt: number, dueAt: number): void {
    this.#sql.exec("UPDATE sandbox SET ends_at = ?, due_at = ?, failures = 0 WHERE sandbox_id = ?", endsAt, dueAt, sandboxId);
  }

  remove(sandboxId: string): void {
    this.#sql.exec("DELETE FROM sandbox WHERE sandbox_id = ?", sandboxId);
  }

  /** Marks this pool's sandboxes at E2B; made once, so that two deployments on one E2B account leave each other alone. */
  poolId(): string {
    const known = this.setting("pool_id");
    if (known !== undefined) return known;
    const made = crypto.randomUUID();
    this.setSetting("pool_id", made);
    return made;
  }

  setting(name: string): string | undefined {
    return this.#sql.exec<{ value: string }>("SELECT value FROM setting WHERE name = ?", name).toArray()[0]?.value;
  }

  setSetting(name: string, value: string): void {
    this.#sql.exec("INSERT OR REPLACE INTO setting VALUES (?, ?)", name, value);
  }
}
