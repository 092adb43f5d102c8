import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJsonObject } from "../../src/http/body.ts";

const LIMIT = 10 * 1024 * 1024;
const encoder = new TextEncoder();

function request(
  body: BodyInit | null,
  headers: Record<string, string> = { "Content-Type": "application/json" },
): Request {
  return new Request("https://warmtree.example/v1/git/status", { method: "POST", body, headers });
}

/** Sends the generator's chunks only as fast as they are read; `cancelled` once the reader has cancelled. */
function streamed(chunks: Iterator<Uint8Array>) {
  const state = { sentBytes: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { done, value } = chunks.next();
        if (done) return controller.close();
        state.sentBytes += value.byteLength;
        controller.enqueue(value);
      },
      cancel() {
        state.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, state };
}

function* pieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

describe("what is taken", () => {
  it.each(["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/json ;x=y"])(
    "a body of type '%s'",
    async (type) => {
      expect(await readJsonObject(request('{"a": 1}', { "Content-Type": type }))).toEqual({ a: 1 });
    },
  );

  it("any JSON object, however its bytes are cut", async () => {
    const object = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ stringUnit: "binary", maxDepth: 1 }), {
      maxKeys: 4,
    });
    await fc.assert(
      fc.asyncProperty(object, fc.integer({ min: 1, max: 40 }), async (value, size) => {
        const text = JSON.stringify(value);
        const { body } = streamed(pieces(encoder.encode(text), size));
        expect(await readJsonObject(request(body))).toEqual(JSON.parse(text));
      }),
      { numRuns: 30 },
    );
  });

  it("a short body whose length was announced", async () => {
    const headers = { "Content-Type": "application/json", "Content-Length": "8" };
    expect(await readJsonObject(request('{"a": 1}', headers))).toEqual({ a: 1 });
    await expect(readJsonObject(request('{"a": "\u00ff"', headers))).rejects.toMatchObject({ code: "invalid_input" });
  });

  it("a body of exactly the limit", async () => {
    const text = JSON.stringify({ a: "x".repeat(LIMIT - '{"a":""}'.length) });
    expect(await readJsonObject(request(text))).toHaveProperty("a.length", LIMIT - '{"a":""}'.length);
  });
});

describe("what is refused", () => {
  it.each([undefined, "", "text/plain", "application/jsonp", "application/x-www-form-urlencoded", "text/json"])(
    "a body of type %s",
    async (type) => {
      const headers: Record<string, string> = type === undefined ? {} : { "Content-Type": type };
      const refused = readJsonObject(request(encoder.encode("{}"), headers));
      await expect(refused).rejects.toMatchObject({ code: "unsupported_media_type" });
    },
  );

  it.each(["", " ", "{", "[]", "[{}]", "null", "1", '"{}"', "{}{}", "{'a': 1}", "\u00ff"])("'%s'", async (text) => {
    await expect(readJsonObject(request(text))).rejects.toMatchObject({ code: "invalid_input" });
  });

  it("no body at all", async () => {
    await expect(readJsonObject(request(null))).rejects.toMatchObject({ code: "invalid_input" });
  });

  it("bytes that are not UTF-8, also where a character is cut off at the end", async () => {
    for (const bytes of [
      [0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d],
      [0x7b, 0x7d, 0xe2, 0x82],
    ]) {
      await expect(readJsonObject(request(new Uint8Array(bytes)))).rejects.toMatchObject({ code: "invalid_input" });
    }
  });

  it("a body that breaks off", async () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(encoder.encode('{"a":'));
        controller.error(new Error("the client went away"));
      },
    });
    await expect(readJsonObject(request(body))).rejects.toMatchObject({ code: "invalid_input" });
  });

  it("a body over the limit, all of it read, so that the client sees the answer", async () => {
    const { body, state } = streamed(pieces(new Uint8Array(LIMIT + 1).fill(0x20), 1024 * 1024));
    await expect(readJsonObject(request(body))).rejects.toMatchObject({ code: "payload_too_large" });
    expect(state).toEqual({ sentBytes: LIMIT + 1, cancelled: false });
  });

  it("a body without end, but not for ever", async () => {
    function* endless() {
      for (;;) yield new Uint8Array(1024 * 1024).fill(0x20);
    }
    const { body, state } = streamed(endless());
    await expect(readJsonObject(request(body))).rejects.toMatchObject({ code: "payload_too_large" });
    expect(state).toEqual({ sentBytes: 65 * 1024 * 1024, cancelled: true });
  });

  it("a body over the limit that says it is small", async () => {
    const { body } = streamed(pieces(new Uint8Array(LIMIT + 1).fill(0x20), 256 * 1024));
    const headers = { "Content-Type": "application/json", "Content-Length": "2" };
    await expect(readJsonObject(request(body, headers))).rejects.toMatchObject({ code: "payload_too_large" });
  });
});
