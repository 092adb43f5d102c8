import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stdoutOf } from "../../src/e2b/stdout-frame.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
/** Returns a frame as protobuf's JSON writes it: some builds put a space after some colons. */
const written = (base64: string, space: string) => `{"event":${space}{"data":${space}{"stdout":${space}"${base64}"}}}`;

describe("a message of stdout alone", () => {
  test("is decoded as JSON and base64 say", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 500 }), fc.constantFrom("", " "), (bytes, space) => {
        const message = written(Buffer.from(bytes).toString("base64"), space);
        expect(stdoutOf(bytesOf(message))).toEqual(new Uint8Array(bytes));
      }),
    );
  });

  test.each([
    '{"event":{"data":{"stderr":"AAAA"}}}',
    '{"event":{"data":{"stdout":"AAAA","stderr":"AAAA"}}}',
    '{"event":{"data":{"stdout":"AA\\u0041A"}}}',
    '{"event":{"data":{"stdout":"AAA"}}}',
    '{"event":{"data":{"stdout":"A==="}}}',
    '{"event":{"data":{"stdout":"AA=A"}}}',
    '{"event":{"data":{"stdout":""}}}',
    '{"event":{"data":{"stdout":"AA A"}}}',
    '{"event":{"data":{"stdout":"AAAA"}},"x":{}}',
    '{"event":{"start":{"pid":1}}}',
    "{}",
    "",
  ])("is none, and is left to the reader of JSON: %s", (message) => {
    expect(stdoutOf(bytesOf(message))).toBeUndefined();
  });
});
