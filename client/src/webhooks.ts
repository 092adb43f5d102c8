import type { Routes, WebhookEvents } from "./generated.ts";
import type { CallOptions, Result, Transport } from "./transport.ts";
import { verifyWebhook as verify, type WebhookMessage, type WebhookOptions } from "./webhook.ts";

/** An event that a webhook receives. */
export type WebhookEvent = WebhookEvents[keyof WebhookEvents];
export type Webhook = Result<"POST /v1/webhooks">;
type DeliveryQuery = NonNullable<Routes["GET /v1/webhooks/deliveries"]["query"]>;

export interface Webhooks {
  /** Adds a webhook. Adding the same URL again replaces its events. */
  add(input: Routes["POST /v1/webhooks"]["body"], options?: CallOptions): Promise<Webhook>;
  list(options?: CallOptions): Promise<Result<"GET /v1/webhooks">>;
  remove(webhook_id: string, options?: CallOptions): Promise<void>;
  /** Sends the webhook an event of type `test`. */
  test(webhook_id: string, options?: CallOptions): Promise<Result<"POST /v1/webhooks/{webhook_id}/test">>;
  deliveries(query?: DeliveryQuery, options?: CallOptions): Promise<Result<"GET /v1/webhooks/deliveries">>;
  /** Sends a delivery again, with the same id. */
  redeliver(
    delivery_id: string,
    options?: CallOptions,
  ): Promise<Result<"POST /v1/webhooks/deliveries/{delivery_id}/redeliver">>;
}

export function webhooksOf({ call }: Transport): Webhooks {
  return {
    add: (body, given = {}) => call("POST /v1/webhooks", { ...given, body }),
    list: (given = {}) => call("GET /v1/webhooks", given),
    remove: (webhook_id, given = {}) => call("DELETE /v1/webhooks/{webhook_id}", { ...given, path: { webhook_id } }),
    test: (webhook_id, given = {}) => call("POST /v1/webhooks/{webhook_id}/test", { ...given, path: { webhook_id } }),
    deliveries: (query = {}, given = {}) => call("GET /v1/webhooks/deliveries", { ...given, query }),
    redeliver: (delivery_id, given = {}) =>
      call("POST /v1/webhooks/deliveries/{delivery_id}/redeliver", { ...given, path: { delivery_id } }),
  };
}

/**
 * Checks that the sender of a message has one of the secrets and sent it just now, and returns its event.
 * @param secrets `whsec_…`; several while one replaces another
 * @throws WebhookVerificationError
 */
export const verifyWebhook = (
  message: WebhookMessage,
  secrets: string | readonly string[],
  options?: WebhookOptions,
): Promise<WebhookEvent> => verify<WebhookEvent>(message, secrets, options);
