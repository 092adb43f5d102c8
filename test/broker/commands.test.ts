import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_COMMANDS_BYTES, type PushRequest, readCommands } from "../../src/broker/commands.ts";
import { PktLineError, PktLineReader } from "../../src/broker/pkt-line.ts";
import { pktLine } from "../../src/remote/pkt-line.ts";
import { CAPABILITIES, oid, pushBody, streamOf } from "./support.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

interface Read {
  readonly request: PushRequest;
  /** The bytes that were read and the rest: together the whole body. */
  readonly all: Buffer;
}

async function read(body: Uint8Array, size?: number): Promise<Read> {
  const stream = streamOf(body, size);
  const reader = new PktLineReader(stream, MAX_COMMANDS_BYTES);
  const request = await readCommands(reader);
  const parts = [...reader.release()];
  for await (const part of stream) parts.push(part);
  return { request, all: Buffer.concat(parts) };
}

const PUSH = { commands: [[oid("1"), oid("2"), "refs/heads/ünicode"]] } as const;

describe("the commands of a push", () => {
  test.each([1, 3, 7, 1000])("are read from chunks of %i bytes, and no byte is lost", async (size) => {
    const body = pushBody({ ...PUSH, shallow: [oid("a"), oid("b")] });
    const { request, all } = await read(body, size);
    expect(request.commands).toEqual([{ old: oid("1"), new: oid("2"), ref: "refs/heads/ünicode" }]);
    expect([...request.capabilities].filter(Boolean)).toEqual(CAPABILITIES.split(" "));
    expect(all.equals(body)).toBe(true);
  });

  test("are none where git asks whether it may push", async () => {
    expect((await read(bytes("0000"))).request.commands).toEqual([]);
  });

  test("may have ids of SHA-256", async () => {
    const id = "3".repeat(64);
    const { request } = await read(pushBody({ commands: [["0".repeat(64), id, "refs/tags/v1"]] }));
    expect(request.commands).toEqual([{ old: "0".repeat(64), new: id, ref: "refs/tags/v1" }]);
  });

  const first = `${oid("1")} ${oid("2")} refs/heads/a\0 report-status`;
  test.each<[string, string]>([
    ["no flush", pktLine(first)],
    ["nothing", ""],
    ["a length cut off", "00"],
    ["a line cut off", pktLine(first).slice(0, -3)],
    ["a length of upper case", `00AA${first.padEnd(0xaa - 4, "x")}0000`],
    ["a length below its own", "0003"],
    ["an empty line", "00040000"],
    ["a delimiter", `${pktLine(first)}00010000`],
    ["the end of a response", `${pktLine(first)}00020000`],
    ["a length over git's", `fff1${"x".repeat(0xffed)}0000`],
    ["a length with a sign", `+040${first}0000`],
    ["no capabilities", `${pktLine(`${oid("1")} ${oid("2")} refs/heads/a`)}0000`],
    ["capabilities at the second line", `${pktLine(first)}${pktLine(first)}0000`],
    ["two NULs", `${pktLine(`${first}\0x`)}0000`],
    ["an id of upper case", `${pktLine(`${oid("A")} ${oid("2")} refs/heads/a\0`)}0000`],
    ["a short id", `${pktLine(`${oid("1")} 2222 refs/heads/a\0`)}0000`],
    ["ids of two kinds", `${pktLine(`${oid("1")} ${"2".repeat(64)} refs/heads/a\0`)}0000`],
    ["two spaces", `${pktLine(`${oid("1")} ${oid("2")}  refs/heads/a\0`)}0000`],
    ["a signed push", `${pktLine("push-cert\0 report-status")}0000`],
    ["shallow after a command", `${pktLine(first)}${pktLine(`shallow ${oid("1")}`)}0000`],
    ["a ref outside refs", `${pktLine(`${oid("1")} ${oid("2")} HEAD\0`)}0000`],
    ...[
      "a..b",
      "a b",
      "a~1",
      "a^",
      "a:b",
      "a?",
      "a*",
      "a[",
      "a\\b",
      "a@{1}",
      "a.lock",
      "a.lock/b",
      ".a",
      "a/",
      "a.",
      "a//b",
      "a/.b",
      "a\tb",
      "a\nb",
    ].map((name): [string, string] => [
      `the ref ${JSON.stringify(name)}`,
      `${pktLine(`${oid("1")} ${oid("2")} refs/heads/${name}\0`)}0000`,
    ]),
  ])("%s: refused", async (_, body) => {
    await expect(read(bytes(body), 5)).rejects.toThrow(PktLineError);
  });

  test("more than the limit: refused before it is held", async () => {
    const lines = pktLine(`shallow ${oid("1")}`).repeat(Math.ceil(MAX_COMMANDS_BYTES / 50));
    await expect(read(bytes(`${lines}0000`), 4096)).rejects.toThrow("too many lines");
  });

  test("single bytes: kept in few pieces, for each piece takes more memory than a byte", async () => {
    const lines = pktLine(`shallow ${oid("1")}`).repeat(1000);
    const stream = streamOf(bytes(`${lines}0000`), 1);
    const reader = new PktLineReader(stream, MAX_COMMANDS_BYTES);
    expect((await readCommands(reader)).commands).toEqual([]);
    const kept = reader.release();
    expect(Buffer.concat(kept).toString()).toBe(`${lines}0000`);
    expect(kept.length).toBeLessThan(100);
  });

  test("a line that is not UTF-8: refused", async () => {
    const line = Buffer.concat([bytes(`0000`), Buffer.from([0xff])]);
    line.set(bytes("0005"));
    await expect(read(line)).rejects.toThrow(PktLineError);
  });

  test("any bytes: either a push in git's own words, or refused as such", async () => {
    const anything = fc.uint8Array({ maxLength: 300 });
    const damaged = fc
      .tuple(fc.nat(pushBody(PUSH).byteLength - 1), fc.nat(255))
      .map(([at, value]) => pushBody(PUSH).with(at, value));
    await fc.assert(
      fc.asyncProperty(fc.oneof(anything, damaged), fc.integer({ min: 1, max: 64 }), async (body, size) => {
        try {
          const { request, all } = await read(body, size);
          expect(all.equals(body)).toBe(true);
          const text = all.toString("utf8");
          for (const { old, new: next, ref } of request.commands) expect(text).toContain(`${old} ${next} ${ref}`);
        } catch (error) {
          expect(error).toBeInstanceOf(PktLineError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
