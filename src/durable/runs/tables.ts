/**
 * The tables of a Runs object. Times are Unix milliseconds.
 *
 * run         one row for each run
 *   ops           JSON: the operation of each step
 *   about         JSON: RunAbout; null: the run has no clone, or it has items
 *   items         number of items of `for_each`; null: no `for_each`, and the steps belong to item 0
 *   generation    number of the Workflow instance that may write; grows with each new instance
 *   attempt       grows with each retry of the ended run; the end of each attempt is a separate event
 *   lease_until   when the instance counts as lost if it does not report; null: the run has ended
 *   stalls        consecutive instances that were lost before they completed a step
 *   seed          source of the ids of its operations (src/execution/once.ts)
 *   sealed        the caller's git tokens, sealed, until the run ends
 *   caller        JSON: RunCaller
 *   webhook       address to notify of the end
 *   error         JSON: why the run was given up, if no step has the reason
 *   bytes         length of its input and of the results of its steps
 *   steps_…, items_…  number in each state, so that lists need not count; a waiting step counts as running
 *   delete_at     when the run and all its rows are deleted; null: the run has not ended
 * step        state of a step; no row: no instance has reported it
 *   attempt       grows when a permanently failed step is retried: it then counts as another operation
 *   retry_at      time of the next retry of a waiting step
 *   result        JSON of the operation's result
 *   is_cut        1: the result was too large, and only its short members are stored
 *   error         JSON
 * event       id counts up from 1 in each run; error, retry_at: those of the step at that time
 * answer      the response to a request with an Idempotency-Key
 *   digest        of the request
 *   seed          identifies the work of the request; the same for a repeat that takes over
 *   holder        the attempt of the request that is in progress; null: the request is answered
 *   lease_until   when that attempt counts as lost
 *   type          Content-Type
 * outbox      events to send to the Webhooks object, as in the pool's schema (storage/schema.ts)
 * piece       texts above the size limit of a row: `owner` is a run, the items of a run, or an answer
 */
const TABLES = `
  CREATE TABLE IF NOT EXISTS run (
    run TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'canceling', 'done', 'failed', 'canceled')),
    ops TEXT NOT NULL,
    about TEXT,
    items INTEGER,
    generation INTEGER NOT NULL DEFAULT 1,
    attempt INTEGER NOT NULL DEFAULT 1,
    lease_until INTEGER,
    stalls INTEGER NOT NULL DEFAULT 0,
    seed TEXT NOT NULL,
    sealed TEXT,
    caller TEXT NOT NULL,
    webhook TEXT,
    error TEXT,
    bytes INTEGER NOT NULL DEFAULT 0,
    steps_done INTEGER NOT NULL DEFAULT 0,
    steps_failed INTEGER NOT NULL DEFAULT 0,
    steps_running INTEGER NOT NULL DEFAULT 0,
    items_done INTEGER NOT NULL DEFAULT 0,
    items_failed INTEGER NOT NULL DEFAULT 0,
    items_running INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    began_at INTEGER,
    ended_at INTEGER,
    delete_at INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS run_tenant ON run (tenant, created_at, run);
  CREATE INDEX IF NOT EXISTS run_status ON run (tenant, status, created_at, run);
  CREATE INDEX IF NOT EXISTS run_unfinished ON run (tenant) WHERE ended_at IS NULL;
  CREATE INDEX IF NOT EXISTS run_ended ON run (tenant, ended_at) WHERE ended_at IS NOT NULL;
  CREATE INDEX IF NOT EXISTS run_created ON run (created_at, run);
  CREATE INDEX IF NOT EXISTS run_lease ON run (lease_until) WHERE lease_until IS NOT NULL;
  CREATE INDEX IF NOT EXISTS run_delete ON run (delete_at) WHERE delete_at IS NOT NULL;
  CREATE TABLE IF NOT EXISTS step (
    run TEXT NOT NULL,
    item INTEGER NOT NULL,
    step INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('not_begun', 'running', 'waiting', 'done', 'failed')),
    tries INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 1,
    began_at INTEGER NOT NULL,
    ended_at INTEGER,
    retry_at INTEGER,
    result TEXT,
    is_cut INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    PRIMARY KEY (run, item, step)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS event (
    run TEXT NOT NULL,
    id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    status TEXT NOT NULL,
    item INTEGER,
    step INTEGER,
    error TEXT,
    retry_at INTEGER,
    PRIMARY KEY (run, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS answer (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    seed TEXT NOT NULL,
    holder TEXT,
    lease_until INTEGER NOT NULL,
    status INTEGER,
    type TEXT,
    bytes INTEGER NOT NULL DEFAULT 0,
    delete_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS answer_oldest ON answer (tenant, delete_at);
  CREATE INDEX IF NOT EXISTS answer_delete ON answer (delete_at);
  CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX IF NOT EXISTS outbox_due ON outbox (due_at);
  CREATE TABLE IF NOT EXISTS piece (
    owner TEXT NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (owner, number)
  ) STRICT;`;

export function createTables(sql: SqlStorage): void {
  sql.exec(TABLES);
}

/** A row holds at most 2 MB, and a character takes at most 3 bytes of UTF-8. */
const PIECE_LENGTH = 600_000;

/** Stores a well-formed text of any length. */
export function keepText(sql: SqlStorage, owner: string, text: string): void {
  forgetText(sql, owner);
  for (let at = 0, number = 0, end = 0; at < text.length; at = end, number++) {
    end = pieceEnd(text, at + PIECE_LENGTH);
    sql.exec("INSERT INTO piece VALUES (?, ?, ?)", owner, number, text.slice(at, end));
  }
}

/** Returns the end of a piece. Never splits a surrogate pair: half of one would be stored as another character. */
function pieceEnd(text: string, end: number): number {
  const isFirstHalf = /[\uD800-\uDBFF]/.test(text.charAt(end - 1));
  return isFirstHalf && end < text.length ? end - 1 : end;
}

export function textOf(sql: SqlStorage, owner: string): string {
  const pieces = sql.exec<{ text: string }>("SELECT text FROM piece WHERE owner = ? ORDER BY number", owner);
  return Array.from(pieces, ({ text }) => text).join("");
}

export function forgetText(sql: SqlStorage, owner: string): void {
  sql.exec("DELETE FROM piece WHERE owner = ?", owner);
}
