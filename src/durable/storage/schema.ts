/**
 * The pool's tables. Times are Unix milliseconds. A migration, once released, is never edited; a later one is added.
 *
 * sandbox     one row for each sandbox of this pool, ended ones included
 *   sandbox_id    our handle (src/pool/handle.ts)
 *   e2b_id        E2B's id; null until E2B answered, and after the kill
 *   envd_version  version of E2B's daemon in it; null: the row is older than the column
 *   generation    grows with every transition; work that waited for E2B writes only if it is unchanged
 *   template      template or snapshot that it started from
 *   tenant…task_id  the workspace it is bound to; null in the warm pool; '' where the caller gave no agent or task
 *   last_used_at  start of the last operation, to half a minute
 *   ends_at       end of its run by E2B's own timeout
 *   charged_until time up to which the ledger has charged it; null: it does not run
 *   head, unpushed  state of the tree at the last pause; null: unknown, or it has run since
 *   announced_at  start of the notice that the workspace will be dropped
 *   due_at        when the alarm handles the row next; null: never
 *   failures      consecutive failures of the due work
 *   maker_of      the repository snapshot that it makes; it then serves no workspace and has no tenant
 *   lost_at       when the loss of the sandbox, or of its newest files, was detected; null: no loss
 *   lost_head, lost_unpushed  head and unpushed of the lost state
 *   loss_told     1: a clone has reported the loss to its caller
 *   saved_at      start of the newest attempt to save its unpushed work: the archive may hold an object
 *   saved_bytes   size of the saved work; null: the attempt has not succeeded
 *   save_after    earliest time of the next attempt after a failure
 *   drop_told     1: the event of the coming drop was sent since the last use
 *   sealed_to     the only host that it may connect to; null: any, or not known yet
 * ledger      running time by hour (UTC) and price
 * snapshot    one row for each repository snapshot
 *   state         making: its maker clones; ready; gone: to be deleted at E2B
 *   e2b_id        E2B's id, for new sandboxes; null until the snapshot is taken
 *   template      template of its first maker
 *   head, bytes, clone_s  commit of its base clone, size of its objects, seconds of a full clone (or of its own)
 *   fetch_s       seconds of the newest fetch on top of it
 *   starts, last_used_at  number of sandboxes started from it, and the last start (at first: when it was made)
 *   due_at, failures  as in sandbox
 * seed        branches and tags of a snapshot's base clone, one line of object and name each; no row if too many
 * clones      for each repository: decayed count of its clones (as in repository), seconds of a full clone, and
 *             not_before, the earliest time of the next snapshot after a failed one
 * outbox      events to send to the Webhooks object, as JSON; due_at, failures: as in sandbox
 * repository  decayed count of the uses of each repository (src/pool/top.ts)
 * setting     pool_id (marks our sandboxes at E2B), reconcile_at, tend_at, schema_version; as JSON the learned state of
 *             rules (demand, starts, learned, budget, budget_told, top) and of templates (template-version.ts:
 *             promoted, newest_build)
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE sandbox (
     sandbox_id TEXT PRIMARY KEY,
     e2b_id TEXT UNIQUE,
     access_token TEXT,
     domain TEXT,
     state TEXT NOT NULL CHECK (state IN ('warming', 'warm', 'bound', 'paused', 'gone')),
     generation INTEGER NOT NULL DEFAULT 1,
     template TEXT NOT NULL,
     tenant TEXT,
     repository TEXT,
     url TEXT,
     agent_id TEXT,
     task_id TEXT,
     created_at INTEGER NOT NULL,
     last_used_at INTEGER NOT NULL,
     ends_at INTEGER NOT NULL,
     charged_until INTEGER,
     head TEXT,
     unpushed INTEGER,
     announced_at INTEGER,
     due_at INTEGER,
     failures INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE UNIQUE INDEX sandbox_workspace ON sandbox (tenant, repository, agent_id, task_id)
     WHERE state <> 'gone' AND tenant IS NOT NULL;
   CREATE INDEX sandbox_tenant ON sandbox (tenant, last_used_at);
   CREATE INDEX sandbox_due ON sandbox (due_at) WHERE due_at IS NOT NULL;
   CREATE INDEX sandbox_running ON sandbox (state, last_used_at) WHERE charged_until IS NOT NULL OR state = 'warming';
   CREATE INDEX sandbox_warm ON sandbox (created_at) WHERE state = 'warm';
   CREATE INDEX sandbox_bound ON sandbox (last_used_at) WHERE state = 'bound';
   CREATE TABLE ledger (
     hour INTEGER NOT NULL,
     usd_per_s REAL NOT NULL,
     running_ms INTEGER NOT NULL,
     PRIMARY KEY (hour, usd_per_s)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE repository (
     tenant TEXT NOT NULL,
     repository TEXT NOT NULL,
     score REAL NOT NULL,
     PRIMARY KEY (tenant, repository)
   ) STRICT, WITHOUT ROWID;`,
  `ALTER TABLE sandbox ADD COLUMN maker_of TEXT;
   CREATE INDEX sandbox_maker ON sandbox (maker_of) WHERE maker_of IS NOT NULL;
   CREATE TABLE snapshot (
     snapshot_id TEXT PRIMARY KEY,
     tenant TEXT NOT NULL,
     repository TEXT NOT NULL,
     url TEXT NOT NULL,
     state TEXT NOT NULL CHECK (state IN ('making', 'ready', 'gone')),
     e2b_id TEXT UNIQUE,
     template TEXT NOT NULL,
     head TEXT,
     bytes INTEGER NOT NULL DEFAULT 0,
     clone_s REAL NOT NULL DEFAULT 0,
     fetch_s REAL NOT NULL DEFAULT 0,
     starts INTEGER NOT NULL DEFAULT 0,
     made_at INTEGER NOT NULL,
     last_used_at INTEGER NOT NULL,
     due_at INTEGER NOT NULL,
     failures INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE UNIQUE INDEX snapshot_of ON snapshot (tenant, repository, state) WHERE state <> 'gone';
   CREATE INDEX snapshot_due ON snapshot (due_at);
   CREATE TABLE clones (
     tenant TEXT NOT NULL,
     repository TEXT NOT NULL,
     score REAL NOT NULL,
     full_s REAL,
     not_before INTEGER NOT NULL DEFAULT 0,
     PRIMARY KEY (tenant, repository)
   ) STRICT, WITHOUT ROWID;`,
  `CREATE TABLE seed (snapshot_id TEXT PRIMARY KEY, refs TEXT NOT NULL) STRICT;`,
  `ALTER TABLE sandbox ADD COLUMN lost_at INTEGER;
   ALTER TABLE sandbox ADD COLUMN lost_head TEXT;
   ALTER TABLE sandbox ADD COLUMN lost_unpushed INTEGER;
   ALTER TABLE sandbox ADD COLUMN loss_told INTEGER NOT NULL DEFAULT 0;
   CREATE INDEX sandbox_lost ON sandbox (tenant, repository, agent_id, task_id) WHERE lost_at IS NOT NULL;`,
  `ALTER TABLE sandbox ADD COLUMN envd_version TEXT;`,
  `ALTER TABLE sandbox ADD COLUMN saved_at INTEGER;
   ALTER TABLE sandbox ADD COLUMN saved_bytes INTEGER;
   ALTER TABLE sandbox ADD COLUMN save_after INTEGER;`,
  `ALTER TABLE sandbox ADD COLUMN sealed_to TEXT;`,
  `ALTER TABLE sandbox ADD COLUMN drop_told INTEGER NOT NULL DEFAULT 0;
   CREATE TABLE outbox (
     number INTEGER PRIMARY KEY AUTOINCREMENT,
     event TEXT NOT NULL,
     due_at INTEGER NOT NULL,
     failures INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE INDEX outbox_due ON outbox (due_at);`,
];

/** Migrates the tables to the newest version; costs one read if they are up to date. */
export function migrate(storage: DurableObjectStorage): void {
  const sql = storage.sql;
  storage.transactionSync(() => {
    sql.exec("CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID");
    const [known] = sql.exec<{ value: string }>("SELECT value FROM setting WHERE name = 'schema_version'").toArray();
    const version = Number(known?.value ?? 0);
    if (version === MIGRATIONS.length) return;
    for (const migration of MIGRATIONS.slice(version)) sql.exec(migration);
    sql.exec("INSERT OR REPLACE INTO setting VALUES ('schema_version', ?)", String(MIGRATIONS.length));
  });
}
