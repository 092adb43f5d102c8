import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../../src/config.ts";
import { authenticate } from "../../src/http/auth.ts";
import { keysFor, sha256 } from "../support/api-keys.ts";

const LOOPBACK = "http://127.0.0.1:8787/v1/workspaces";
const PUBLIC = "https://warmtree.example/v1/workspaces";
const KEYS = { first: "acme", second: "acme", other: "globex" };

const configured = parseConfig({ E2B_API_KEY: "e2b", API_KEYS: await keysFor(KEYS) });
const unconfigured = parseConfig({ E2B_API_KEY: "e2b", LOOPBACK_ACCESS: "open" });

function request(url: string, authorization?: string): Request {
  return new Request(url, authorization === undefined ? {} : { headers: { Authorization: authorization } });
}

const refusal = (challenge: string) => ({ code: "unauthenticated", headers: { "WWW-Authenticate": challenge } });
const ASK = refusal('Bearer realm="warmtree"');
const WRONG = refusal('Bearer realm="warmtree", error="invalid_token"');

describe("configured keys", () => {
  it.each(Object.entries(KEYS))("lets key '%s' in as tenant %s", async (key, tenant) => {
    expect(await authenticate(request(PUBLIC, `Bearer ${key}`), configured)).toEqual({
      tenant,
      key: (await sha256(key)).slice(0, 12),
    });
  });

  it.each(["bearer first", "BEARER   first"])("takes '%s': schemes have no case", async (header) => {
    expect(await authenticate(request(PUBLIC, header), configured)).toMatchObject({ tenant: "acme" });
  });

  it.each([undefined, "", "Bearer", "first", "Basic Zmlyc3Q=", "Bearer first second", "Bearerfirst"])(
    "asks for a key when the header is %s",
    async (header) => {
      await expect(authenticate(request(PUBLIC, header), configured)).rejects.toMatchObject(ASK);
    },
  );

  it.each(["firs", "firstt", "First", "acme", "x".repeat(512)])("refuses the wrong key '%s'", async (key) => {
    await expect(authenticate(request(PUBLIC, `Bearer ${key}`), configured)).rejects.toMatchObject(WRONG);
  });

  it("refuses the dev key, at a loopback address too", async () => {
    await expect(authenticate(request(LOOPBACK, "Bearer dev"), configured)).rejects.toMatchObject(WRONG);
  });

  it("lets nothing in that is not a key", async () => {
    const header = fc.oneof(
      fc.string({ unit: "binary-ascii" }),
      fc.string().map((text) => `Bearer ${text}`),
      fc
        .constantFrom(...Object.keys(KEYS))
        .chain((key) => fc.string({ minLength: 1 }).map((text) => `Bearer ${key}${text}`)),
    );
    const sendable = header.filter((text) => !/[\0\r\n]|[^\0-\xff]/.test(text));
    await fc.assert(
      fc.asyncProperty(sendable, async (text) => {
        const accepted = Object.keys(KEYS).some((key) => text.trim().toLowerCase() === `bearer ${key}`);
        fc.pre(!accepted);
        await expect(authenticate(request(PUBLIC, text), configured)).rejects.toMatchObject({
          code: "unauthenticated",
        });
      }),
    );
  });
});

describe("no configured keys", () => {
  it.each(["127.0.0.1:8787", "localhost", "LOCALHOST:80", "[::1]:8787"])("serves key dev at %s", async (host) => {
    expect(await authenticate(request(`http://${host}/`, "Bearer dev"), unconfigured)).toMatchObject({ tenant: "dev" });
  });

  it("serves nobody while loopback is not said to be open", async () => {
    const keyed = parseConfig({ E2B_API_KEY: "e2b" });
    const refused = authenticate(request(LOOPBACK, "Bearer dev"), keyed);
    await expect(refused).rejects.toMatchObject(ASK);
    await expect(refused).rejects.toThrow(/no requests are served.*npm run key/s);
  });

  it("serves no other key and no missing key", async () => {
    await expect(authenticate(request(LOOPBACK, "Bearer other"), unconfigured)).rejects.toMatchObject(WRONG);
    await expect(authenticate(request(LOOPBACK), unconfigured)).rejects.toMatchObject(ASK);
  });

  it.each([
    "warmtree.example",
    "localhost.example",
    "127.0.0.1.example",
    "example.localhost",
    "0.0.0.0:8787",
    "192.168.1.2",
    "[::]",
    "localhost@warmtree.example",
  ])("serves nobody at %s and says how to set up keys", async (host) => {
    const refused = authenticate(request(`http://${host}/`, "Bearer dev"), unconfigured);
    await expect(refused).rejects.toMatchObject(ASK);
    await expect(refused).rejects.toThrow(/No API keys are configured.*npm run key -- <tenant>.*API_KEYS/s);
  });
});
