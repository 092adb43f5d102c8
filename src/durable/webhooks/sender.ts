import { logEvent } from "../../redaction/log-line.ts";
import { type AddressRules, readAddress } from "../../webhooks/address.ts";
import { type Attempt, DEAD_KEPT_MS, DELIVERED_KEPT_MS, verdictOn } from "../../webhooks/schedule.ts";
import { type Busy, type DeliveryRow, type DeliveryTable, receiverOf } from "./delivery-table.ts";
import type { EndpointTable } from "./endpoint-table.ts";
import { ANSWER_WITHIN_MS, sendOnce } from "./send.ts";

/** Limit of concurrent requests: Cloudflare lets six per Worker invocation wait for response headers. */
const MOST_AT_ONCE = 6;
/** Lower limits per tenant and receiver, so that a slow one leaves room for others. */
const MOST_PER_TENANT = 4;
const MOST_PER_RECEIVER = 2;
/**
 * Limit of requests per alarm: Cloudflare's free plan allows 50, and an alarm may take 15 minutes. The other deliveries
 * stay due at once, for the next alarm.
 */
const MOST_PER_RUN = 40;
/** Interval of checks for LEASE_KEY while it is not set. */
const KEYLESS_MS = 3_600_000;
/** Wait after a crash during an attempt: longer than an attempt can take. */
const INTERRUPTED_AFTER_MS = ANSWER_WITHIN_MS + 15_000;

export interface SenderParts {
  readonly endpoints: EndpointTable;
  readonly deliveries: DeliveryTable;
  /** LEASE_KEY; none: nothing is sent, and pending deliveries wait for a key. */
  readonly keys: readonly Uint8Array[];
  readonly rules: AddressRules;
}

/** Sends the deliveries that are due, several at once. */
export class Sender {
  readonly #parts: SenderParts;
  readonly #flights = new Map<DeliveryRow, Promise<void>>();
  #woken = Promise.withResolvers<void>();

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /** Makes a run in progress look for due deliveries again. */
  wake(): void {
    this.#woken.resolve();
    this.#woken = Promise.withResolvers();
  }

  /** Whether an attempt of the delivery is in progress. */
  isSending(id: string): boolean {
    return [...this.#flights.keys()].some(({ delivery_id }) => delivery_id === id);
  }

  /** Returns when to run next; undefined: nothing is pending. Without keys that is later, or the alarm would loop. */
  dueAt(now: number): number | undefined {
    const at = this.#parts.deliveries.sendAt();
    return at === undefined || this.#parts.keys.length > 0 ? at : Math.max(at, now + KEYLESS_MS);
  }

  /** Sends the due deliveries, up to MOST_PER_RUN, and waits for them. */
  async run(): Promise<void> {
    const { deliveries, keys } = this.#parts;
    if (keys.length === 0) return;
    let left = MOST_PER_RUN;
    do {
      for (; left > 0 && this.#flights.size < MOST_AT_ONCE; left--) {
        const row = deliveries.nextDue(Date.now(), this.#busy(), MOST_PER_TENANT);
        if (!row) break;
        this.#fly(row);
      }
      if (this.#flights.size > 0) await Promise.race([this.#woken.promise, ...this.#flights.values()]);
    } while (this.#flights.size > 0);
  }

  /** Starts an attempt. Stores it first, so that after a crash the delivery is due again, and is sent at least once. */
  #fly(row: DeliveryRow): void {
    const now = Date.now();
    const flying = this.#parts.deliveries.change(row, {
      tries: row.tries + 1,
      due_at: now + INTERRUPTED_AFTER_MS,
      tried_at: now,
      status: null,
      reason: "no answer yet",
    });
    if (!flying) return;
    const flight = this.#send(flying, now).finally(() => this.#flights.delete(flying));
    this.#flights.set(flying, flight);
  }

  async #send(row: DeliveryRow, now: number): Promise<void> {
    // The settings may have changed since the URL was checked.
    const address = readAddress(row.url, this.#parts.rules);
    if (address.ok) this.#record(row, await sendOnce(row, this.#parts.keys, now));
    else this.#end(row, "dead", { reason: `the URL ${address.detail}` });
  }

  #record(row: DeliveryRow, attempt: Attempt): void {
    const verdict = verdictOn(attempt, row.tries, Math.random());
    if (verdict.state === "pending") {
      const { status, reason } = attempt;
      this.#parts.deliveries.change(row, { due_at: Date.now() + verdict.waitMs, status: status ?? null, reason });
      return;
    }
    const hasEnded = this.#end(row, verdict.state, attempt);
    if (hasEnded && verdict.state === "dead" && verdict.gone) this.#removeEndpoint(row);
  }

  #end(row: DeliveryRow, state: "delivered" | "dead", { status, reason }: Attempt): boolean {
    const now = Date.now();
    const due_at = now + (state === "dead" ? DEAD_KEPT_MS : DELIVERED_KEPT_MS);
    const change = { state, due_at, status: status ?? null, reason, ended_at: now };
    const ended = this.#parts.deliveries.change(row, change);
    if (ended && state === "dead") {
      const { delivery_id, tenant, type, tries } = row;
      logEvent("warn", { event: "webhook_dead", delivery_id, tenant, type, tries, reason });
    }
    return ended !== undefined;
  }

  #removeEndpoint({ tenant, endpoint_id }: DeliveryRow): void {
    if (endpoint_id !== null) removeEndpoint(this.#parts, tenant, endpoint_id, "the receiver answered 410 (gone)");
  }

  #busy(): Busy {
    const flying = [...this.#flights.keys()];
    const receivers = [...counts(flying.map(receiverOf))].filter(([, count]) => count >= MOST_PER_RECEIVER);
    return {
      flights: Object.fromEntries(counts(flying.map(({ tenant }) => tenant))),
      receivers: receivers.map(([receiver]) => receiver),
    };
  }
}

/** Removes an endpoint and gives up its pending deliveries. @returns whether the endpoint existed */
export function removeEndpoint(
  { endpoints, deliveries }: Pick<SenderParts, "endpoints" | "deliveries">,
  tenant: string,
  id: string,
  why: string,
): boolean {
  const now = Date.now();
  if (!endpoints.remove(tenant, id)) return false;
  deliveries.endPendingOf(id, `the webhook was removed: ${why}`, now, now + DEAD_KEPT_MS);
  return true;
}

/** Counts the occurrences of each name. */
function counts(names: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const name of names) found.set(name, (found.get(name) ?? 0) + 1);
  return found;
}
