import * as z from "zod/v4";
import type { EventType } from "../../webhooks/events.ts";

/** Limit of endpoints per tenant: each causes a request for every event. */
export const MAX_ENDPOINTS = 20;

/**
 * endpoint  a URL that receives events of a tenant ('' is the operator); times are Unix milliseconds
 *   events  types of the events that it receives, as a JSON list
 */
const TABLE = `
  CREATE TABLE IF NOT EXISTS endpoint (
    endpoint_id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (tenant, url)
  ) STRICT;`;

type EndpointRow = { endpoint_id: string; url: string; events: string; created_at: number };

/** An endpoint of a tenant. */
export interface Endpoint {
  readonly id: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly createdAt: number;
}

/** SQL of the endpoints. Synchronous, like DeliveryTable. */
export class EndpointTable {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#sql.exec(TABLE);
  }

  /** Lists a tenant's endpoints, the oldest first. */
  ofTenant(tenant: string): Endpoint[] {
    return this.#all("tenant = ? ORDER BY created_at, endpoint_id", tenant);
  }

  /** Lists the endpoints of a tenant that receive events of a type. */
  taking(tenant: string, type: EventType): Endpoint[] {
    return this.ofTenant(tenant).filter(({ events }) => events.includes(type));
  }

  get(tenant: string, id: string): Endpoint | undefined {
    return this.#all("tenant = ? AND endpoint_id = ?", tenant, id)[0];
  }

  /**
   * Adds an endpoint, or changes the events of the endpoint with the same URL.
   * @returns undefined if the tenant has too many others
   */
  put(tenant: string, url: string, events: readonly EventType[], now: number): Endpoint | undefined {
    const own = this.ofTenant(tenant);
    if (own.length >= MAX_ENDPOINTS && !own.some((endpoint) => endpoint.url === url)) return undefined;
    const [row] = this.#sql
      .exec<EndpointRow>(
        `INSERT INTO endpoint VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (tenant, url) DO UPDATE SET events = excluded.events RETURNING *`,
        `wh_${crypto.randomUUID().replaceAll("-", "")}`,
        tenant,
        url,
        JSON.stringify(events),
        now,
      )
      .toArray();
    return row && endpointOf(row);
  }

  /** @returns whether the endpoint existed */
  remove(tenant: string, id: string): boolean {
    const { rowsWritten } = this.#sql.exec("DELETE FROM endpoint WHERE tenant = ? AND endpoint_id = ?", tenant, id);
    return rowsWritten > 0;
  }

  #all(query: string, ...bindings: string[]): Endpoint[] {
    return this.#sql
      .exec<EndpointRow>(`SELECT endpoint_id, url, events, created_at FROM endpoint WHERE ${query}`, ...bindings)
      .toArray()
      .map(endpointOf);
  }
}

function endpointOf({ endpoint_id: id, url, events, created_at: createdAt }: EndpointRow): Endpoint {
  return { id, url, events: z.array(z.string()).parse(JSON.parse(events)), createdAt };
}
