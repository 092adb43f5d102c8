import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { Webhook } from "standardwebhooks";
import { verifyWebhook, WebhookVerificationError } from "../src/webhook.ts";

const newSecret = () => `whsec_${randomBytes(32).toString("base64")}`;
const SECRET = newSecret();
const BODY = JSON.stringify({ type: "run.finished", timestamp: "2026-11-30T08:00:00Z", data: { run: "größer – 大" } });

/** Returns headers made by the standard's own library. */
function signed({ secret = SECRET, body = BODY, at = new Date(), id = "msg_1" } = {}) {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": new Webhook(secret).sign(id, at, body),
  };
}

const faultOf = async (verified: Promise<unknown>) => {
  const error: unknown = await verified.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(WebhookVerificationError);
  return error instanceof WebhookVerificationError ? error.fault : undefined;
};

test("what the standard's library signs is believed, in each form", async () => {
  const headers = signed();
  const event = JSON.parse(BODY);
  expect(await verifyWebhook({ headers, body: BODY }, SECRET)).toEqual(event);
  expect(await verifyWebhook({ headers: new Headers(headers), body: Buffer.from(BODY) }, SECRET)).toEqual(event);
  const request = new Request("https://example.com", { method: "POST", headers, body: BODY });
  expect(await verifyWebhook(request, SECRET)).toEqual(event);
  // Node's own server gives names in lower case, and lists.
  const capitals = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
  expect(await verifyWebhook({ headers: { ...capitals, accept: ["a", "b"] }, body: BODY }, SECRET)).toEqual(event);
});

test("one signature of several and one secret of several are enough, while one replaces another", async () => {
  const next = newSecret();
  const [old, both] = [signed(), signed({ secret: next })];
  const headers = { ...old, "webhook-signature": `${both["webhook-signature"]} v1a,other ${old["webhook-signature"]}` };
  for (const secrets of [SECRET, next, [newSecret(), next], [SECRET]]) {
    expect(await verifyWebhook({ headers, body: BODY }, secrets)).toMatchObject({ type: "run.finished" });
  }
  expect(await faultOf(verifyWebhook({ headers, body: BODY }, newSecret()))).toBe("signature");
});

test("what the standard's library refuses is refused: another body, id, time or secret", async () => {
  const headers = signed();
  const forged: [Record<string, string>, string][] = [
    [headers, `${BODY} `],
    [{ ...headers, "webhook-id": "msg_2" }, BODY],
    [{ ...headers, "webhook-timestamp": String(Number(headers["webhook-timestamp"]) + 1) }, BODY],
    [{ ...headers, "webhook-signature": "v1," }, BODY],
    [{ ...headers, "webhook-signature": "v1,!!!" }, BODY],
    [{ ...headers, "webhook-signature": headers["webhook-signature"].replace("v1,", "v2,") }, BODY],
    [signed({ secret: newSecret() }), BODY],
  ];
  for (const [given, body] of forged) {
    expect(() => new Webhook(SECRET).verify(body, given)).toThrow();
    expect(await faultOf(verifyWebhook({ headers: given, body }, SECRET))).toBe("signature");
  }
});

test("a message of another time is refused, as an old one that is sent anew would be", async () => {
  for (const seconds of [-301, 301]) {
    const headers = signed({ at: new Date(Date.now() + seconds * 1000) });
    expect(await faultOf(verifyWebhook({ headers, body: BODY }, SECRET))).toBe("timestamp");
    expect(await verifyWebhook({ headers, body: BODY }, SECRET, { toleranceS: 400 })).toMatchObject({
      type: "run.finished",
    });
  }
});

test.each(["webhook-id", "webhook-timestamp", "webhook-signature"])("%s is needed", async (name) => {
  const headers = Object.fromEntries(Object.entries(signed()).filter(([each]) => each !== name));
  expect(await faultOf(verifyWebhook({ headers, body: BODY }, SECRET))).toBe("headers");
  expect(
    await faultOf(verifyWebhook({ headers: { ...headers, "webhook-timestamp": "now" }, body: BODY }, SECRET)),
  ).toBe("headers");
});

test("a secret that is none believes nobody", async () => {
  for (const secret of ["", "whsec_", "whsec_c2hvcnQ=", "not base64!"]) {
    expect(await faultOf(verifyWebhook({ headers: signed(), body: BODY }, secret))).toBe("secret");
  }
  expect(await faultOf(verifyWebhook({ headers: signed(), body: BODY }, []))).toBe("signature");
});

test("a signed body that is no event is refused", async () => {
  for (const body of ["", "[]", "null", '{"type":1}', "text"]) {
    expect(await faultOf(verifyWebhook({ headers: signed({ body }), body }, SECRET))).toBe("body");
  }
});
