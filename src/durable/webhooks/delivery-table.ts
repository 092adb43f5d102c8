/** States of a delivery. */
export const DELIVERY_STATES = ["pending", "delivered", "dead"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/**
 * delivery       one row for each event and URL; times are Unix milliseconds
 *   delivery_id  value of webhook-id, the same in every attempt
 *   event_id     the sender's id of the event; one row for each tenant, event and URL
 *   endpoint_id  null: the URL came with the event
 *   tries        attempts since it was emitted or redelivered
 *   turn         grows with every attempt and change; a response is stored only if it is unchanged
 *   due_at       when a pending delivery is sent, or the row of an ended one is deleted
 *   status       HTTP status of the newest response; null: there was none
 */
const TABLE = `
  CREATE TABLE IF NOT EXISTS delivery (
    delivery_id TEXT PRIMARY KEY,
    event_id TEXT NOT NULL,
    tenant TEXT NOT NULL,
    url TEXT NOT NULL,
    endpoint_id TEXT,
    type TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    tries INTEGER NOT NULL DEFAULT 0,
    turn INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL,
    status INTEGER,
    reason TEXT,
    created_at INTEGER NOT NULL,
    tried_at INTEGER,
    ended_at INTEGER,
    UNIQUE (tenant, event_id, url)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS delivery_pending ON delivery (due_at) WHERE state = 'pending';
  CREATE INDEX IF NOT EXISTS delivery_waiting ON delivery (tenant, due_at, url) WHERE state = 'pending';
  CREATE INDEX IF NOT EXISTS delivery_ended ON delivery (due_at) WHERE state <> 'pending';
  CREATE INDEX IF NOT EXISTS delivery_tenant ON delivery (tenant, created_at, delivery_id);`;

/** One row of `delivery`. A type, not an interface: SqlStorage requires an index signature. */
export type DeliveryRow = {
  delivery_id: string;
  event_id: string;
  tenant: string;
  url: string;
  endpoint_id: string | null;
  type: string;
  body: string;
  state: DeliveryState;
  tries: number;
  turn: number;
  due_at: number;
  status: number | null;
  reason: string | null;
  created_at: number;
  tried_at: number | null;
  ended_at: number | null;
};

/** A delivery to add. */
export type NewDelivery = Pick<DeliveryRow, "event_id" | "tenant" | "url" | "endpoint_id" | "type" | "body">;

/** The last delivery of a page; the next page starts after it. */
export interface DeliveryPageEnd {
  readonly createdAt: number;
  readonly id: string;
}

/** Requests in flight. */
export interface Busy {
  /** Their number for each tenant that has any. */
  readonly flights: Readonly<Record<string, number>>;
  /** Receivers that have reached their limit, as named by receiverOf. */
  readonly receivers: readonly string[];
}

/**
 * Finds each tenant with pending deliveries, and its first delivery, by one index search each. Reads no more of a long
 * queue, except index entries of earlier deliveries to a busy receiver.
 */
const NEXT_DUE = `
  WITH RECURSIVE
    waiting (tenant) AS (
      SELECT MIN(tenant) FROM delivery WHERE state = 'pending'
      UNION ALL
      SELECT (SELECT MIN(tenant) FROM delivery WHERE state = 'pending' AND tenant > waiting.tenant)
      FROM waiting WHERE tenant IS NOT NULL
    ),
    counted (tenant, flights) AS (
      SELECT tenant, COALESCE((SELECT value FROM json_each(?2) WHERE key = tenant), 0) FROM waiting
      WHERE tenant IS NOT NULL
    ),
    heads (delivery_id, flights) AS (
      SELECT (
        SELECT delivery_id FROM delivery
        WHERE state = 'pending' AND tenant = counted.tenant AND due_at <= ?1
          AND tenant || char(10) || url NOT IN (SELECT value FROM json_each(?3))
        ORDER BY due_at LIMIT 1
      ), flights
      FROM counted WHERE flights < ?4
    )
  SELECT delivery.* FROM heads JOIN delivery USING (delivery_id) ORDER BY flights, due_at LIMIT 1`;

/** Returns the name of a receiver. Unique, because no tenant's name contains a newline. */
export const receiverOf = ({ tenant, url }: Pick<DeliveryRow, "tenant" | "url">) => `${tenant}\n${url}`;

/** SQL of the deliveries. Synchronous: reads and writes between two awaits form one transaction. */
export class DeliveryTable {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#sql.exec(TABLE);
  }

  get(tenant: string, id: string): DeliveryRow | undefined {
    return this.#all("tenant = ? AND delivery_id = ?", tenant, id)[0];
  }

  ofEvent(tenant: string, eventId: string, url: string): DeliveryRow | undefined {
    return this.#all("tenant = ? AND event_id = ? AND url = ?", tenant, eventId, url)[0];
  }

  /** Lists a tenant's deliveries, the newest first. */
  page(tenant: string, state: DeliveryState | undefined, { createdAt, id }: DeliveryPageEnd, limit: number) {
    return this.#all(
      `tenant = ? AND ? IN ('', state) AND (created_at, delivery_id) < (?, ?)
       ORDER BY created_at DESC, delivery_id DESC LIMIT ?`,
      tenant,
      state ?? "",
      createdAt,
      id,
      limit,
    );
  }

  /** Adds a delivery that is due now, unless there is one of the same event and URL. */
  add({ event_id, tenant, url, endpoint_id, type, body }: NewDelivery, now: number): void {
    this.#sql.exec(
      `INSERT INTO delivery (delivery_id, event_id, tenant, url, endpoint_id, type, body, state, due_at, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?8, ?8) ON CONFLICT DO NOTHING`,
      `ev_${crypto.randomUUID().replaceAll("-", "")}`,
      event_id,
      tenant,
      url,
      endpoint_id,
      type,
      body,
      now,
    );
  }

  /**
   * Deletes a tenant's deliveries beyond `most`: ended ones first (delivered before dead), each the oldest first.
   * @returns the number of deleted deliveries that were pending
   */
  trim(tenant: string, most: number): number {
    const { kept } = this.#sql
      .exec<{ kept: number }>("SELECT COUNT(*) AS kept FROM delivery WHERE tenant = ?", tenant)
      .one();
    if (kept <= most) return 0;
    return this.#sql
      .exec<{ state: DeliveryState }>(
        `DELETE FROM delivery WHERE delivery_id IN (SELECT delivery_id FROM delivery WHERE tenant = ?
           ORDER BY state = 'pending', state = 'dead', created_at, delivery_id LIMIT ?) RETURNING state`,
        tenant,
        kept - most,
      )
      .toArray()
      .filter(({ state }) => state === "pending").length;
  }

  /**
   * Returns a due delivery to a receiver that is not busy: from the tenant with the fewest requests in flight, and
   * among equals the delivery that has been due longest.
   * @param most limit of requests in flight per tenant
   */
  nextDue(now: number, { flights, receivers }: Busy, most: number): DeliveryRow | undefined {
    return this.#sql
      .exec<DeliveryRow>(NEXT_DUE, now, JSON.stringify(flights), JSON.stringify(receivers), most)
      .toArray()[0];
  }

  /** Returns when the next pending delivery is due; undefined: there is none. */
  sendAt(): number | undefined {
    return this.#firstAt("state = 'pending'");
  }

  /** Returns when the next ended delivery is to be deleted; undefined: there is none. */
  deleteAt(): number | undefined {
    return this.#firstAt("state <> 'pending'");
  }

  /** Writes a change if the delivery has not changed since `row`; otherwise returns undefined. */
  change(row: DeliveryRow, change: Partial<DeliveryRow>): DeliveryRow | undefined {
    const next = { ...row, ...change };
    return this.#sql
      .exec<DeliveryRow>(
        `UPDATE delivery SET state = ?, tries = ?, due_at = ?, status = ?, reason = ?, tried_at = ?, ended_at = ?,
           turn = turn + 1 WHERE delivery_id = ? AND turn = ? RETURNING *`,
        next.state,
        next.tries,
        next.due_at,
        next.status,
        next.reason,
        next.tried_at,
        next.ended_at,
        row.delivery_id,
        row.turn,
      )
      .toArray()[0];
  }

  /** Ends the pending deliveries of an endpoint as `dead`. */
  endPendingOf(endpointId: string, reason: string, now: number, deleteAt: number): void {
    this.#sql.exec(
      `UPDATE delivery SET state = 'dead', reason = ?, ended_at = ?, due_at = ?, turn = turn + 1
       WHERE endpoint_id = ? AND state = 'pending'`,
      reason,
      now,
      deleteAt,
      endpointId,
    );
  }

  deleteEnded(now: number): void {
    this.#sql.exec("DELETE FROM delivery WHERE state <> 'pending' AND due_at <= ?", now);
  }

  #firstAt(which: string): number | undefined {
    const query = `SELECT MIN(due_at) AS at FROM delivery WHERE ${which}`;
    return this.#sql.exec<{ at: number | null }>(query).one().at ?? undefined;
  }

  #all(query: string, ...bindings: (string | number)[]): DeliveryRow[] {
    return this.#sql.exec<DeliveryRow>(`SELECT * FROM delivery WHERE ${query}`, ...bindings).toArray();
  }
}
