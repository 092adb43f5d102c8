import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { E2bError } from "../../src/e2b/error.ts";
import { CappedBytes, decodeBase64, TextTail } from "../../src/e2b/output.ts";

describe("CappedBytes", () => {
  it("keeps exactly the first bytes, and says whether any were left out", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 5_000 })), fc.nat({ max: 20_000 }), (pieces, maxBytes) => {
        const output = new CappedBytes(maxBytes);
        for (const piece of pieces) output.append(Buffer.from(piece).toString("base64"));
        const whole = Buffer.concat(pieces);
        expect(Buffer.from(output.bytes()).equals(whole.subarray(0, maxBytes))).toBe(true);
        expect(output.truncated).toBe(whole.length > maxBytes);
      }),
    );
  });
});

describe("TextTail", () => {
  it("keeps exactly the last characters", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme-ascii", maxLength: 40 })),
        fc.integer({ min: 1, max: 60 }),
        (pieces, max) => {
          const tail = new TextTail(max);
          for (const piece of pieces) tail.append(piece);
          expect(tail.text()).toBe(pieces.join("").slice(-max));
        },
      ),
    );
  });

  it("does not hand out half a character", () => {
    const tail = new TextTail(1);
    tail.append("😀");
    expect(tail.text()).toBe("\uFFFD");
  });
});

describe("decodeBase64", () => {
  it("reads what Node writes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeBase64(Buffer.from(bytes).toString("base64"))).toEqual(bytes);
      }),
    );
  });

  it("refuses anything else", () => {
    expect(() => decodeBase64("a*b=")).toThrow(E2bError);
  });
});
