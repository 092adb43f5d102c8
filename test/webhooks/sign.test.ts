import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { webhookSecret, webhookSignature } from "../../src/webhooks/sign.ts";

const key = (byte: number) => new Uint8Array(32).fill(byte);
const RECEIVER = { tenant: "acme", url: "https://hooks.example.com/in" };
const BODY = JSON.stringify({ type: "test", timestamp: "2026-11-30T08:00:00.000Z", data: { message: "grüße" } });

async function signed(keys: readonly Uint8Array[]) {
  const message = { id: "ev_1", timestampS: Math.floor(Date.now() / 1000), body: BODY };
  return {
    "webhook-id": message.id,
    "webhook-timestamp": String(message.timestampS),
    "webhook-signature": await webhookSignature(keys, RECEIVER, message),
  };
}

test("the published library verifies, and refuses any change", async () => {
  const secret = await webhookSecret([key(1)], RECEIVER);
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const headers = await signed([key(1)]);
  const webhook = new Webhook(secret);
  expect(webhook.verify(BODY, headers)).toEqual(JSON.parse(BODY));
  expect(() => webhook.verify(`${BODY} `, headers)).toThrow("No matching signature");
  for (const change of [
    { "webhook-id": "ev_2" },
    { "webhook-timestamp": String(Number(headers["webhook-timestamp"]) - 1) },
  ]) {
    expect(() => webhook.verify(BODY, { ...headers, ...change })).toThrow("No matching signature");
  }
});

test("each tenant, URL and key has a secret of its own, and always the same", async () => {
  const given = [
    [1, RECEIVER],
    [2, RECEIVER],
    [1, { ...RECEIVER, tenant: "globex" }],
    [1, { ...RECEIVER, tenant: "" }],
    [1, { ...RECEIVER, url: "https://hooks.example.com/other" }],
  ] as const;
  const secrets = await Promise.all(given.map(([byte, receiver]) => webhookSecret([key(byte)], receiver)));
  expect(new Set(secrets).size).toBe(given.length);
  expect(await webhookSecret([key(1), key(2)], RECEIVER)).toBe(secrets[0]);
});

test("while two keys are set, receivers with either secret verify", async () => {
  const headers = await signed([key(2), key(1)]);
  expect(headers["webhook-signature"]).toMatch(/^v1,\S{44} v1,\S{44}$/);
  for (const byte of [1, 2]) {
    const webhook = new Webhook(await webhookSecret([key(byte)], RECEIVER));
    expect(webhook.verify(BODY, headers)).toEqual(JSON.parse(BODY));
  }
  const other = new Webhook(await webhookSecret([key(3)], RECEIVER));
  expect(() => other.verify(BODY, headers)).toThrow("No matching signature");
});

test("without a key there is no secret", async () => {
  await expect(webhookSecret([], RECEIVER)).rejects.toThrow("no key");
});
