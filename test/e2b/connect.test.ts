import * as fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { encodeEnvelope, envelopes } from "../../src/e2b/connect.ts";
import type { Envelope } from "../../src/e2b/connect.ts";
import { e2bError, frame } from "./wire-server.ts";

interface Source {
  stream: ReadableStream<Uint8Array>;
  cancelled: () => boolean;
}

function source(chunks: Uint8Array[], end: "close" | "stay open" | Error = "close"): Source {
  let next = 0;
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks[next++];
      if (chunk !== undefined) controller.enqueue(chunk);
      else if (end === "close") controller.close();
      else if (end instanceof Error) controller.error(end);
      else return new Promise(() => undefined);
      return undefined;
    },
    cancel() {
      cancelled = true;
    },
  });
  return { stream, cancelled: () => cancelled };
}

/** Returns a stream that writes into the reader's memory, as the bodies of runtimes do. */
function byteSource(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  const waiting = chunks.filter(({ length }) => length > 0).values();
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const { value } = waiting.next();
      if (value !== undefined) return controller.enqueue(Uint8Array.from(value));
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
}

async function collect(stream: ReadableStream<Uint8Array>, maxBytes?: number): Promise<Envelope[]> {
  const found: Envelope[] = [];
  for await (const { flags, data } of envelopes(stream, maxBytes)) found.push({ flags, data: Uint8Array.from(data) });
  return found;
}

/** Cuts `bytes` at the given places (taken modulo the length). */
function cutAt(bytes: Uint8Array, places: number[]): Uint8Array[] {
  const cuts = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((to, index) => bytes.slice(cuts[index], to));
}

function wire(messages: Envelope[]): Uint8Array {
  return Buffer.concat(
    messages.map(({ flags, data }) => {
      const header = Buffer.from([flags, 0, 0, 0, 0]);
      header.writeUInt32BE(data.length, 1);
      return Buffer.concat([header, data]);
    }),
  );
}

const message = fc.record({ flags: fc.constantFrom(0, 1, 4), data: fc.uint8Array({ maxLength: 300 }) });
const last = fc.record({ flags: fc.constant(2), data: fc.uint8Array({ maxLength: 20 }) });
const conversation = fc.tuple(fc.array(message, { maxLength: 30 }), last).map(([head, tail]) => [...head, tail]);

afterEach(() => {
  vi.useRealTimers();
});

describe("envelopes", () => {
  it("finds the same messages however the stream is cut", async () => {
    await fc.assert(
      fc.asyncProperty(conversation, fc.array(fc.nat(), { maxLength: 60 }), async (messages, places) => {
        const chunks = cutAt(wire(messages), places);
        expect(await collect(source(chunks).stream)).toEqual(messages);
        expect(await collect(byteSource(chunks))).toEqual(messages);
      }),
    );
  });

  it("finds them in chunks of one byte, and with all of them in one chunk", async () => {
    await fc.assert(
      fc.asyncProperty(conversation, async (messages) => {
        const bytes = wire(messages);
        const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
        expect(await collect(source(single).stream)).toEqual(messages);
        expect(await collect(source([bytes]).stream)).toEqual(messages);
      }),
      { numRuns: 30 },
    );
  });

  it("tells a stream that ends or fails inside a message, wherever that is", async () => {
    const bytes = wire([{ flags: 0, data: Buffer.from("hello") }]);
    for (let length = 1; length < bytes.length; length++) {
      const error = await e2bError(collect(source([bytes.slice(0, length)]).stream));
      expect(error).toMatchObject({ code: "stream_broken", started: true });
    }
    const error = await e2bError(collect(source([bytes], new Error("reset")).stream));
    expect(error).toMatchObject({ code: "stream_broken", started: true });
    expect(error.message).toContain("reset");
  });

  it("just ends when the stream ends between messages: whether that may be is the reader's to judge", async () => {
    expect(await collect(source([frame(0, {})]).stream)).toHaveLength(1);
    expect(await collect(source([]).stream)).toEqual([]);
  });

  it("refuses a message above the limit before reading it, and takes one at the limit", async () => {
    const atLimit = wire([{ flags: 2, data: new Uint8Array(100) }]);
    expect(await collect(source([atLimit]).stream, 100)).toHaveLength(1);
    const announced = source([Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff)], "stay open");
    expect(await e2bError(collect(announced.stream))).toMatchObject({ code: "protocol", started: true });
    expect(announced.cancelled()).toBe(true);
  });

  it("cancels the stream when its reader stops early", async () => {
    const { stream, cancelled } = source([frame(0, {}), frame(0, {})], "stay open");
    for await (const envelope of envelopes(stream)) {
      expect(envelope.flags).toBe(0);
      break;
    }
    expect(cancelled()).toBe(true);
  });

  it("does not wait for a server that never closes after the last message", async () => {
    vi.useFakeTimers();
    const { stream, cancelled } = source([frame(2, {})], "stay open");
    const found = collect(stream);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await found).toHaveLength(1);
    expect(cancelled()).toBe(true);
  });
});

describe("encodeEnvelope", () => {
  it("writes a flag byte, the length big-endian, and UTF-8 JSON", () => {
    expect([...encodeEnvelope({ a: "é" })]).toEqual([0, 0, 0, 0, 10, ...Buffer.from('{"a":"é"}')]);
  });

  it("is read back by envelopes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        const value: unknown = JSON.parse(text);
        const [read] = await collect(source([encodeEnvelope(value)]).stream);
        expect(read?.flags).toBe(0);
        expect(JSON.parse(Buffer.from(read?.data ?? []).toString())).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
