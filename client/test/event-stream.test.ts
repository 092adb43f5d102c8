import { expect, test } from "vitest";
import { eventsIn, type StreamEvent } from "../src/event-stream.ts";

const TEXT = [
  ": a comment\n\n",
  'event: step\ndata: {"name":"größer – 大"}\n\n',
  "event: step\r\nid: 4\r\ndata: [1,\r\ndata: 2]\r\n\r\n",
  'data: "without a name"\n\n',
  'event: step\ndata: {"broke": "off"}\n',
].join("");
const EVENTS = [
  { event: "step", data: { name: "größer – 大" } },
  { event: "step", data: [1, 2] },
  { event: "message", data: "without a name" },
];

/** Returns the events of a body that arrives in pieces of `size` bytes. */
async function inPieces(size: number): Promise<StreamEvent[]> {
  const bytes = new TextEncoder().encode(TEXT);
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
      controller.close();
    },
  });
  const events = [];
  for await (const event of eventsIn(new Response(body))) events.push(event);
  return events;
}

test("wherever the pieces end, the events are the same, and one that broke off is none", async () => {
  for (let size = 1; size <= new TextEncoder().encode(TEXT).length; size += 1) {
    expect(await inPieces(size)).toEqual(EVENTS);
  }
});

test("whoever has enough ends the connection", async () => {
  let isCanceled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
    cancel: () => {
      isCanceled = true;
    },
  });
  for await (const event of eventsIn(new Response(body))) {
    expect(event.data).toBe(1);
    break;
  }
  expect(isCanceled).toBe(true);
});
