import type { State } from "../../pool/reconcile.ts";
import type { Row, Transition, WorkspaceKey } from "./row.ts";
import type { PageEnd, PageFilter } from "./row.ts";

/** Purpose of a new sandbox: a workspace or a snapshot build; neither: the warm pool. */
interface Purpose {
  readonly key?: WorkspaceKey;
  readonly makerOf?: string;
}

/** SQL of the sandboxes. Synchronous: reads and writes between two awaits form one transaction. */
export class SandboxTable {
  readonly #sql: SqlStorage;
  /** False: no row has a loss. Saves a query per claim, because few shards ever have a loss. */
  #mayHaveLoss: boolean;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#mayHaveLoss = this.#all("lost_at IS NOT NULL LIMIT 1").length > 0;
  }

  #all(query: string, ...bindings: (string | number | null)[]): Row[] {
    return this.#sql.exec<Row>(`SELECT * FROM sandbox WHERE ${query}`, ...bindings).toArray();
  }

  get(sandboxId: string): Row | undefined {
    return this.#all("sandbox_id = ?", sandboxId)[0];
  }

  workspace(key: WorkspaceKey): Row | undefined {
    const { tenant, repository, agentId, taskId } = key;
    return this.#all(
      "tenant = ? AND repository = ? AND agent_id = ? AND task_id = ? AND state <> 'gone'",
      tenant,
      repository,
      agentId,
      taskId,
    )[0];
  }

  /**
   * Returns the newest loss of a workspace, even if another sandbox serves it now. Losses before `since` only if still
   * unreported.
   */
  lostSince({ tenant, repository, agentId, taskId }: WorkspaceKey, since: number): Row | undefined {
    if (!this.#mayHaveLoss) return undefined;
    return this.#all(
      `tenant = ? AND repository = ? AND agent_id = ? AND task_id = ? AND lost_at IS NOT NULL
         AND (lost_at > ? OR (loss_told = 0 AND state <> 'gone'))
       ORDER BY lost_at DESC LIMIT 1`,
      tenant,
      repository,
      agentId,
      taskId,
      since,
    )[0];
  }

  setLossTold(sandboxId: string): void {
    this.#sql.exec("UPDATE sandbox SET loss_told = 1 WHERE sandbox_id = ?", sandboxId);
  }

  ofTenant(tenant: string, limit: number): Row[] {
    return this.#all("tenant = ? ORDER BY last_used_at DESC LIMIT ?", tenant, limit);
  }

  /** Whether a tenant has at least `count` workspaces. The index skips workspaces that are gone; there may be many. */
  hasWorkspaces(tenant: string, count: number): boolean {
    const { total } = this.#sql
      .exec<{ total: number }>(
        `SELECT COUNT(*) AS total FROM
           (SELECT 1 FROM sandbox INDEXED BY sandbox_workspace WHERE tenant = ? AND state <> 'gone' LIMIT ?)`,
        tenant,
        count,
      )
      .one();
    return total >= count;
  }

  lastUsed(tenant: string): Row | undefined {
    return this.#all("tenant = ? AND state <> 'gone' ORDER BY last_used_at DESC LIMIT 1", tenant)[0];
  }

  /** Lists workspaces of all tenants, last used first. */
  workspaces({ lastUsedAt, sandboxId }: PageEnd, limit: number, { tenant, text }: PageFilter): Row[] {
    return this.#all(
      `tenant IS NOT NULL AND state <> 'gone' AND (last_used_at, sandbox_id) < (?, ?)
       AND ? IN ('', tenant)
       AND instr(lower(concat_ws(' ', repository, agent_id, task_id, sandbox_id)), lower(?)) > 0
       ORDER BY last_used_at DESC, sandbox_id DESC LIMIT ?`,
      lastUsedAt,
      sandboxId,
      tenant,
      text,
      limit,
    );
  }

  /** Lists all rows that E2B may hold a sandbox for. */
  owned(): Row[] {
    return this.#all("state <> 'gone' OR e2b_id IS NOT NULL");
  }

  /** Lists the templates that live sandboxes started from. */
  templates(): string[] {
    return this.#sql
      .exec<{ template: string }>("SELECT DISTINCT template FROM sandbox WHERE state <> 'gone'")
      .toArray()
      .map(({ template }) => template);
  }

  /** Lists rows with running time that is not fully charged. */
  charging(): Row[] {
    return this.#all("charged_until IS NOT NULL");
  }

  /** Lists running workspaces. */
  bound(): Row[] {
    return this.#all("state = 'bound' AND tenant IS NOT NULL");
  }

  /** Counts rows that E2B may hold a sandbox for by state; paused ones also by unpushed work and by announcement. */
  counts(): { state: State; total: number; unpushed: number; announced: number }[] {
    return this.#sql
      .exec<{ state: State; total: number; unpushed: number; announced: number }>(
        `SELECT state, COUNT(*) AS total, COUNT(*) FILTER (WHERE unpushed IS NOT 0) AS unpushed,
           COUNT(announced_at) AS announced
         FROM sandbox WHERE state <> 'gone' OR e2b_id IS NOT NULL GROUP BY state`,
      )
      .toArray();
  }

  due(now: number, limit: number): Row[] {
    return this.#all("due_at <= ? ORDER BY due_at LIMIT ?", now, limit);
  }

  firstDueAt(): number | undefined {
    const { at } = this.#sql
      .exec<{ at: number | null }>("SELECT MIN(due_at) AS at FROM sandbox WHERE due_at IS NOT NULL")
      .one();
    return at ?? undefined;
  }

  /** Counts sandboxes that run or start, as far as known, and lists those that are bound to no workspace. */
  running(): { total: number; blankWarming: Row[]; warm: Row[] } {
    const { total } = this.#sql
      .exec<{ total: number }>(
        "SELECT COUNT(*) AS total FROM sandbox WHERE charged_until IS NOT NULL OR state = 'warming'",
      )
      .one();
    return {
      total,
      blankWarming: this.#all("state = 'warming' AND tenant IS NULL AND maker_of IS NULL"),
      warm: this.#all("state = 'warm' ORDER BY created_at"),
    };
  }

  /** Lists running workspaces unused since `usedBefore`, the longest idle first. */
  idleLongest(usedBefore: number): Row[] {
    return this.#all("state = 'bound' AND maker_of IS NULL AND last_used_at < ? ORDER BY last_used_at", usedBefore);
  }

  /** Returns the sandbox_id of a repository's most recently used workspace. */
  lastUsedOf(tenant: string, repository: string): string | undefined {
    return this.#all(
      "tenant = ? AND repository = ? AND state = 'bound' ORDER BY last_used_at DESC LIMIT 1",
      tenant,
      repository,
    )[0]?.sandbox_id;
  }

  /** Returns the sandbox that builds a snapshot; undefined if it is gone. */
  makerOf(snapshotId: string): Row | undefined {
    return this.#all("maker_of = ? AND state <> 'gone'", snapshotId)[0];
  }

  /** Inserts the row of a sandbox before E2B is called, so that a crash leaves a trace. */
  insertWarming(sandboxId: string, template: string, { key, makerOf }: Purpose, now: number, dueAt: number): Row {
    return this.#sql
      .exec<Row>(
        `INSERT INTO sandbox (sandbox_id, state, template, tenant, repository, url, agent_id, task_id, created_at,
           last_used_at, ends_at, due_at, maker_of)
         VALUES (?1, 'warming', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?8, ?9, ?10) RETURNING *`,
        sandboxId,
        template,
        key?.tenant ?? null,
        key?.repository ?? null,
        key?.url ?? null,
        key?.agentId ?? null,
        key?.taskId ?? null,
        now,
        dueAt,
        makerOf ?? null,
      )
      .one();
  }

  /** Binds the youngest warm sandbox, preferably one of this template. Returns undefined if there is none. */
  bindWarm(key: WorkspaceKey, template: string, now: number): Row | undefined {
    return this.#sql
      .exec<Row>(
        `UPDATE sandbox SET state = 'bound', tenant = ?, repository = ?, url = ?, agent_id = ?, task_id = ?,
           last_used_at = ?, generation = generation + 1
         WHERE sandbox_id = (SELECT sandbox_id FROM sandbox WHERE state = 'warm' AND ends_at > ?6
           ORDER BY template = ? DESC, created_at DESC LIMIT 1) RETURNING *`,
        key.tenant,
        key.repository,
        key.url,
        key.agentId,
        key.taskId,
        now,
        template,
      )
      .toArray()[0];
  }

  /** Writes a transition if the row still has the generation of `row`; otherwise returns undefined. */
  transition(row: Row, change: Transition): Row | undefined {
    const next = { ...row, ...change };
    this.#mayHaveLoss ||= next.lost_at !== null;
    return this.#sql
      .exec<Row>(
        `UPDATE sandbox SET state = ?, e2b_id = ?, access_token = ?, domain = ?, envd_version = ?, last_used_at = MAX(last_used_at, ?),
           ends_at = ?, charged_until = ?, head = ?, unpushed = ?, announced_at = ?, due_at = ?, failures = ?,
           lost_at = ?, lost_head = ?, lost_unpushed = ?, loss_told = ?, saved_at = ?, saved_bytes = ?, save_after = ?,
           sealed_to = ?, drop_told = ?,
           generation = generation + 1
         WHERE sandbox_id = ? AND generation = ? RETURNING *`,
        next.state,
        next.e2b_id,
        next.access_token,
        next.domain,
        next.envd_version,
        next.last_used_at,
        next.ends_at,
        next.charged_until,
        next.head,
        next.unpushed,
        next.announced_at,
        next.due_at,
        next.failures,
        next.lost_at,
        next.lost_head,
        next.lost_unpushed,
        next.loss_told,
        next.saved_at,
        next.saved_bytes,
        next.save_after,
        next.sealed_to,
        next.drop_told,
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
    this.#sql.exec(
      "UPDATE sandbox SET ends_at = ?, due_at = ?, failures = 0 WHERE sandbox_id = ?",
      endsAt,
      dueAt,
      sandboxId,
    );
  }

  /** Counts a use of a repository, and returns its new score. */
  addUse(tenant: string, repository: string, next: (score: number | undefined) => number): number {
    const [known] = this.#sql
      .exec<{ score: number }>("SELECT score FROM repository WHERE tenant = ? AND repository = ?", tenant, repository)
      .toArray();
    const score = next(known?.score);
    this.#sql.exec("INSERT OR REPLACE INTO repository VALUES (?, ?, ?)", tenant, repository, score);
    return score;
  }

  remove(sandboxId: string): void {
    this.#sql.exec("DELETE FROM sandbox WHERE sandbox_id = ?", sandboxId);
  }
}
