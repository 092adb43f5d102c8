import { expect, test } from "vitest";
import { gathered } from "../../src/e2b/gathered.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (piece: Uint8Array) => new TextDecoder().decode(piece);
/** Until all that can go on has gone on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("what came while a piece was worked on is the next piece", async () => {
  const pieces: string[] = [];
  async function* input(): AsyncGenerator<Uint8Array> {
    for (const part of ["a", "b", "c", "d"]) yield bytes(part);
  }
  for await (const piece of gathered(input(), 100)) {
    pieces.push(text(piece));
    await settled();
  }
  expect(pieces).toEqual(["a", "bcd"]);
});

test("reads no further ahead than it may", async () => {
  let read = 0;
  async function* input(): AsyncGenerator<Uint8Array> {
    for (; read < 10; read++) yield bytes("xx");
  }
  const pieces: string[] = [];
  for await (const piece of gathered(input(), 4)) {
    pieces.push(text(piece));
    await settled();
    expect(read * 2 - pieces.join("").length).toBeLessThanOrEqual(4);
  }
  expect(pieces.join("")).toBe("xx".repeat(10));
});

test("a failure comes after what was read before it", async () => {
  const pieces: string[] = [];
  async function* input(): AsyncGenerator<Uint8Array> {
    yield bytes("a");
    yield bytes("b");
    throw new Error("lost");
  }
  const all = async () => {
    for await (const piece of gathered(input(), 100)) {
      pieces.push(text(piece));
      await settled();
    }
  };
  await expect(all()).rejects.toThrow("lost");
  expect(pieces.join("")).toBe("ab");
});

test("who leaves early ends the input", async () => {
  const ended = Promise.withResolvers<void>();
  async function* input(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield bytes("x");
    } finally {
      ended.resolve();
    }
  }
  for await (const piece of gathered(input(), 1)) {
    expect(text(piece)).toBe("x");
    break;
  }
  await ended.promise;
});
