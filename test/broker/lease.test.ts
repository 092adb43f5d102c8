import { randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { CompactEncrypt } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { type Lease, openLease, sealLease } from "../../src/broker/lease.ts";

const key = () => new Uint8Array(randomBytes(32));
const [first, second] = [key(), key()];
const LEASE: Lease = {
  v: 1,
  tenant: "acme",
  sandbox_id: "s0-00000000000000000000",
  url: "https://github.com/acme/app",
  repository: "github.com/acme/app",
  services: ["git-upload-pack"],
  refs: [{ ref: "refs/heads/x", may: "write", notDefault: true }],
  expires_at: 1000,
  authorization: "Basic c2VjcmV0",
};
let sealed: string;
beforeAll(async () => {
  sealed = await sealLease(LEASE, [first]);
});

describe("a lease", () => {
  test("comes out as it went in, and shows nothing of it", async () => {
    expect(await openLease(sealed, [first], 999)).toEqual(LEASE);
    expect(sealed).toMatch(/^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(Buffer.from(sealed.replaceAll(".", ""), "base64url").toString("latin1")).not.toContain("acme");
  });

  test("is worth nothing from the moment that it says", async () => {
    expect(await openLease(sealed, [first], 1000)).toBe("expired");
  });

  test("opens with any key of the service, and no other: the first key seals", async () => {
    expect(await openLease(sealed, [second, first], 0)).toEqual(LEASE);
    expect(await openLease(await sealLease(LEASE, [second, first]), [second], 0)).toEqual(LEASE);
    expect(await openLease(sealed, [second], 0)).toBe("invalid");
    expect(await openLease(sealed, [], 0)).toBe("invalid");
  });

  test("in another form, though sealed with the key, is refused", async () => {
    const seal = (text: string, header = { alg: "dir", enc: "A256GCM" }) =>
      new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader(header).encrypt(first);
    const without = (name: keyof Lease) => JSON.stringify({ ...LEASE, [name]: undefined });
    const texts = [
      "",
      "null",
      "[]",
      ...(["v", "tenant", "sandbox_id", "url", "repository", "services", "refs", "expires_at"] as const).map(without),
      JSON.stringify({ ...LEASE, v: 2 }),
      JSON.stringify({ ...LEASE, services: ["git-anything"] }),
      JSON.stringify({ ...LEASE, more: true }),
      JSON.stringify({ ...LEASE, expires_at: "9999" }),
    ];
    for (const text of texts) expect([text, await openLease(await seal(text), [first], 0)]).toEqual([text, "invalid"]);
    const wrapped = await seal(JSON.stringify(LEASE), { alg: "A256GCMKW", enc: "A256GCM" });
    expect(await openLease(wrapped, [first], 0)).toBe("invalid");
  });

  test("with any bit of its text changed, or a character more or less, is refused", async () => {
    // Unused bits of the encoding count too: a lease has exactly one valid text.
    const around = (at: number, middle: string) => sealed.slice(0, at) + middle + sealed.slice(at + 1);
    for (const [at, character] of sealed.split("").entries()) {
      const flipped = Array.from({ length: 8 }, (_, bit) => String.fromCharCode(character.charCodeAt(0) ^ (1 << bit)));
      const padded = [" ", "\n", "=", "A"].map((more) => character + more);
      for (const middle of [...flipped, ...padded, ""]) {
        expect([at, middle, await openLease(around(at, middle), [first], 0)]).toEqual([at, middle, "invalid"]);
      }
    }
  });

  test("of any text is refused, and nothing is thrown", async () => {
    const part = fc.oneof(fc.base64String(), fc.string(), fc.constantFrom(...sealed.split(".")));
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(part, { maxLength: 7 }).map((parts) => parts.join(".")),
    );
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        fc.pre(given !== sealed);
        expect(await openLease(given, [first, second], 0)).toBe("invalid");
      }),
      { numRuns: 2000 },
    );
    expect(await openLease("a".repeat(1_000_000), [first], 0)).toBe("invalid");
  });
});
