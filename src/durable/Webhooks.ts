import { retryable } from "cloudflare:durable-objects";
import { DurableObject } from "cloudflare:workers";
import { configOf } from "../config.ts";
import { logEvent } from "../redaction/log-line.ts";
import { addressRules, readAddress } from "../webhooks/address.ts";
import {
  bodyOf,
  type Emission,
  type EventType,
  MAX_BODY_BYTES,
  type WebhookEvent,
  webhookEvent,
} from "../webhooks/events.ts";
import { type DeliveryPageEnd, type DeliveryState, DeliveryTable } from "./webhooks/delivery-table.ts";
import { type DeliveryView, deliveryView } from "./webhooks/delivery-view.ts";
import { type Endpoint, EndpointTable } from "./webhooks/endpoint-table.ts";
import { removeEndpoint, Sender } from "./webhooks/sender.ts";

const MAX_DELIVERIES = 10_000;
const METHODS = ["emit", "register", "endpoints", "remove", "sendTest", "deliveries", "redeliver"] as const;

/** `deliveries`: number of URLs that the event is sent to. */
export type Emitted =
  | { readonly ok: true; readonly deliveries: number }
  | { readonly ok: false; readonly reason: string };

interface Named {
  readonly tenant: string;
  readonly id: string;
}

/**
 * One shard of the webhooks: endpoints and deliveries of the tenants that hash to it. All state is in SQLite rows. One
 * alarm, at the earliest due time of any row, sends the deliveries that are due. Each event reaches each URL at least
 * once, with the same id in every attempt, or ends as `dead`.
 */
export class Webhooks extends DurableObject<Env> {
  static {
    // These methods are idempotent, so callers may retry if the response is lost.
    for (const method of METHODS) retryable(this.prototype[method]);
  }

  readonly #endpoints: EndpointTable;
  readonly #deliveries: DeliveryTable;
  readonly #sender: Sender;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#endpoints = new EndpointTable(ctx.storage);
    this.#deliveries = new DeliveryTable(ctx.storage);
    const config = configOf(env);
    const parts = { endpoints: this.#endpoints, deliveries: this.#deliveries };
    this.#sender = new Sender({ ...parts, keys: config.leaseKeys, rules: addressRules(config) });
    // LEASE_KEY may be new: deliveries that waited for a key are due now.
    void ctx.blockConcurrencyWhile(() => this.#armSooner());
  }

  /**
   * Accepts an event for delivery. A repeated call with the same tenant, id and URL sends nothing more. Does not wait
   * for receivers.
   */
  async emit({ url, ...given }: Emission): Promise<Emitted> {
    const config = configOf(this.env);
    if (config.leaseKeys.length === 0) return { ok: false, reason: "LEASE_KEY is not set" };
    // Strips members that are not in the event's schema.
    const event = webhookEvent.parse(given);
    const body = bodyOf(event);
    if (new TextEncoder().encode(body).byteLength > MAX_BODY_BYTES) {
      return { ok: false, reason: `the body has more than ${MAX_BODY_BYTES} bytes` };
    }
    if (url === undefined) {
      return this.#send(event, body, this.#endpoints.taking(event.tenant, event.type));
    }
    const address = readAddress(url, addressRules(config));
    if (!address.ok) return { ok: false, reason: `the URL ${address.detail}` };
    return this.#send(event, body, [{ url: address.url }]);
  }

  /** Adds an endpoint, or changes the events of the endpoint with the same URL. Undefined: the tenant has too many. */
  register(asked: { tenant: string; url: string; events: readonly EventType[] }): Endpoint | undefined {
    return this.#endpoints.put(asked.tenant, asked.url, asked.events, Date.now());
  }

  /** Lists a tenant's endpoints, the oldest first. */
  endpoints(tenant: string): Endpoint[] {
    return this.#endpoints.ofTenant(tenant);
  }

  /** Removes an endpoint, and gives up its pending deliveries. @returns whether the endpoint existed */
  async remove({ tenant, id }: Named): Promise<boolean> {
    const parts = { endpoints: this.#endpoints, deliveries: this.#deliveries };
    const removed = removeEndpoint(parts, tenant, id, "its owner asked for it");
    await this.#arm();
    return removed;
  }

  /**
   * Sends a `test` event to one endpoint.
   * @param eventId id of the event, so that repeated calls send it once
   * @returns the id of the delivery; undefined: the tenant has no endpoint of that id
   */
  async sendTest({ tenant, id, eventId }: Named & { eventId: string }): Promise<string | undefined> {
    const endpoint = this.#endpoints.get(tenant, id);
    if (!endpoint) return undefined;
    const data = { message: "Webhooks of Warmtree reach this URL." };
    const event: WebhookEvent = { tenant, id: eventId, type: "test", at: Date.now(), data };
    await this.#send(event, bodyOf(event), [endpoint]);
    return this.#deliveries.ofEvent(tenant, eventId, endpoint.url)?.delivery_id;
  }

  /** Lists a tenant's deliveries, the newest first. */
  deliveries(asked: { tenant: string; state?: DeliveryState; after: DeliveryPageEnd; limit: number }): DeliveryView[] {
    return this.#deliveries.page(asked.tenant, asked.state, asked.after, asked.limit).map(deliveryView);
  }

  /** Sends an ended delivery again with the same id, or a pending one now. @returns whether the tenant has it */
  async redeliver({ tenant, id }: Named): Promise<boolean> {
    const row = this.#deliveries.get(tenant, id);
    if (!row) return false;
    if (this.#sender.isSending(id)) return true;
    const again = row.state === "pending" ? {} : ({ state: "pending", tries: 0, ended_at: null } as const);
    this.#deliveries.change(row, { ...again, due_at: Date.now() });
    await this.#dueNow();
    return true;
  }

  async #send(
    event: WebhookEvent,
    body: string,
    receivers: readonly { readonly url: string; readonly id?: string }[],
  ): Promise<Emitted> {
    const { tenant, id: event_id, type } = event;
    const now = Date.now();
    for (const { url, id: endpoint_id = null } of receivers) {
      this.#deliveries.add({ event_id, tenant, url, endpoint_id, type, body }, now);
    }
    const unsent = this.#deliveries.trim(tenant, MAX_DELIVERIES);
    if (unsent > 0) logEvent("warn", { event: "webhooks_dropped", tenant, unsent });
    if (receivers.length > 0) await this.#dueNow();
    return { ok: true, deliveries: receivers.length };
  }

  override async alarm(): Promise<void> {
    try {
      this.#deliveries.deleteEnded(Date.now());
      await this.#sender.run();
    } finally {
      await this.#arm();
    }
  }

  async #dueNow(): Promise<void> {
    this.#sender.wake();
    await this.#arm();
  }

  /** Sets the alarm to the earliest due time of any row. */
  async #arm(): Promise<void> {
    const at = this.#dueAt();
    if (at === undefined) return this.ctx.storage.deleteAlarm();
    if ((await this.ctx.storage.getAlarm()) !== at) await this.ctx.storage.setAlarm(at);
  }

  /** Sets the alarm only if it is unset or too late: moving an alarm that is running would cancel it. */
  async #armSooner(): Promise<void> {
    const at = this.#dueAt();
    if (at !== undefined && at < ((await this.ctx.storage.getAlarm()) ?? Infinity)) await this.ctx.storage.setAlarm(at);
  }

  #dueAt(): number | undefined {
    const now = Date.now();
    const times = [this.#sender.dueAt(now), this.#deliveries.deleteAt()].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.max(Math.min(...times), now);
  }
}
