import { version } from "../../../package.json";
import type { Attempt } from "../../webhooks/schedule.ts";
import { retryAfterMs } from "../../webhooks/schedule.ts";
import { webhookSignature } from "../../webhooks/sign.ts";
import type { DeliveryRow } from "./delivery-table.ts";

/** Standard Webhooks recommends 15 to 30 s; a receiver should answer first and work afterwards. */
export const ANSWER_WITHIN_MS = 15_000;

/** Sends a delivery once. Never rejects: a missing response is a result. */
export async function sendOnce(row: DeliveryRow, keys: readonly Uint8Array[], now: number): Promise<Attempt> {
  const late = new AbortController();
  // Cleared at the end: a pending timer would keep the object in memory.
  const timer = setTimeout(() => late.abort(), ANSWER_WITHIN_MS);
  const message = { id: row.delivery_id, timestampS: Math.floor(now / 1000), body: row.body };
  try {
    const answer = await fetch(row.url, {
      method: "POST",
      // The target of a redirect was not checked.
      redirect: "manual",
      headers: {
        "Content-Type": "application/json",
        "User-Agent": `Warmtree/${version}`,
        "webhook-id": message.id,
        "webhook-timestamp": String(message.timestampS),
        "webhook-signature": await webhookSignature(keys, row, message),
      },
      body: message.body,
      signal: late.signal,
    });
    await answer.body?.cancel().catch(() => undefined);
    const { status, headers } = answer;
    const wait = retryAfterMs(headers.get("Retry-After"), Date.now());
    return { status, reason: reasonOf(status), ...(wait !== undefined && { retryAfterMs: wait }) };
  } catch {
    // The runtime's message could reveal the Worker's network.
    return { reason: late.signal.aborted ? `no answer within ${ANSWER_WITHIN_MS / 1000} s` : "no connection" };
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(status: number): string {
  return status >= 300 && status < 400 ? `answered ${status}; redirects are not followed` : `answered ${status}`;
}
