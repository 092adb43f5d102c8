import { expect, test } from "vitest";
import { lineOf, payloads, pktLine } from "../../src/remote/pkt-line.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

async function* inPieces(message: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < message.byteLength; at += size) yield message.subarray(at, at + size);
}

async function linesOf(message: Uint8Array, size = message.byteLength): Promise<string[]> {
  const lines: string[] = [];
  for await (const payload of payloads(inPieces(message, size))) lines.push(lineOf(payload));
  return lines;
}

test("lines are counted in bytes, and understood however they are cut", async () => {
  expect(pktLine("ü\n")).toBe("0007ü\n");
  const message = bytes(`${pktLine("ü\n")}${pktLine("two")}${pktLine("")}0000`);
  for (const size of [1, 3, 5, message.byteLength]) expect(await linesOf(message, size)).toEqual(["ü", "two", ""]);
});

test("a message is read to its end, so that its connection can be used again", async () => {
  let isRead = false;
  async function* message(): AsyncGenerator<Uint8Array> {
    yield bytes("0007ü\n0000");
    yield bytes("more");
    isRead = true;
  }
  for await (const payload of payloads(message())) expect(lineOf(payload)).toBe("ü");
  expect(isRead).toBe(true);
});

test.each([
  ["no end", "0007ü\n"],
  ["an end in a line", "0009ü"],
  ["a length that is none", "00g0ü"],
  ["a length that does not count itself", "00030000"],
])("a message with %s is none", async (_, message) => {
  await expect(linesOf(bytes(message))).rejects.toThrow(/pkt-line|flush/);
});

test("what is no text is no line", () => {
  expect(() => lineOf(new Uint8Array([0xff]))).toThrow();
});
