import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { exchange } from "../../src/e2b/exchange.ts";
import { e2bError } from "./wire-server.ts";

const TIMEOUT_MS = 60_000;
const PART_EVERY_MS = 40_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** Returns a body of three parts, which then ends or stays open. */
function slowBody(ends: boolean): ReadableStream<Uint8Array> {
  let parts = 0;
  return new ReadableStream({
    async pull(controller) {
      if (parts++ < 3) {
        await new Promise((resolve) => setTimeout(resolve, PART_EVERY_MS));
        controller.enqueue(new Uint8Array(8));
      } else if (ends) controller.close();
      else await new Promise(() => undefined);
    },
  });
}

/** Answers once it has the whole body, like a sandbox that writes a file. */
const reader: typeof fetch = async (_url, init) => {
  const aborted = new Promise<never>((_, reject) => {
    init?.signal?.addEventListener("abort", () => reject(new Error("aborted")));
  });
  const size = async () => (await new Response(init?.body).arrayBuffer()).byteLength;
  return Response.json(await Promise.race([size(), aborted]));
};

const upload = (body: ReadableStream<Uint8Array>) => {
  const call = { what: "write a file", method: "POST", url: "http://sandbox/files", headers: {}, body } as const;
  return exchange(reader, { ...call, timeoutMs: TIMEOUT_MS }, (response) => response.json());
};

test("a stream may take longer than the time limit, as long as bytes come", async () => {
  const uploaded = upload(slowBody(true));
  await vi.advanceTimersByTimeAsync(3 * PART_EVERY_MS);
  expect(await uploaded).toBe(24);
});

test("a stream of which no more comes ends at the time limit after its newest byte", async () => {
  const failed = e2bError(upload(slowBody(false)));
  await vi.advanceTimersByTimeAsync(3 * PART_EVERY_MS + TIMEOUT_MS);
  expect(await failed).toMatchObject({ code: "timeout", limitMs: TIMEOUT_MS });
});
