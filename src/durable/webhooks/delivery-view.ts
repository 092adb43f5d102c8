import type { DeliveryRow, DeliveryState } from "./delivery-table.ts";

/** A delivery as shown to its tenant. Times are Unix milliseconds. */
export interface DeliveryView {
  readonly id: string;
  readonly type: string;
  readonly url: string;
  /** JSON body of the request. */
  readonly body: string;
  readonly state: DeliveryState;
  readonly tries: number;
  readonly createdAt: number;
  /** For a pending delivery. */
  readonly nextTryAt?: number;
  readonly triedAt?: number;
  readonly endedAt?: number;
  /** HTTP status of the newest response. */
  readonly status?: number;
  readonly reason?: string;
}

export function deliveryView(row: DeliveryRow): DeliveryView {
  return {
    id: row.delivery_id,
    type: row.type,
    url: row.url,
    body: row.body,
    state: row.state,
    tries: row.tries,
    createdAt: row.created_at,
    ...(row.state === "pending" && { nextTryAt: row.due_at }),
    ...(row.tried_at !== null && { triedAt: row.tried_at }),
    ...(row.ended_at !== null && { endedAt: row.ended_at }),
    ...(row.status !== null && { status: row.status }),
    ...(row.reason !== null && { reason: row.reason }),
  };
}
