import { describe, expect, test } from "vitest";
import { refusalLines, refusalReport } from "../../src/broker/report.ts";
import type { Verdict } from "../../src/broker/rules.ts";
import { lineOf, payloads } from "../../src/remote/pkt-line.ts";
import { streamOf } from "./support.ts";

const VERDICTS: Verdict[] = [
  { ref: "refs/heads/main", reasons: ["no: do this", "never: do that"] },
  { ref: "refs/heads/x", reasons: [] },
];
const REPORT = [
  "unpack ok",
  "ng refs/heads/main warmtree: no: do this; never: do that",
  expect.stringMatching(/^ng refs\/heads\/x warmtree: another ref of this push is refused/),
];

async function packets(bytes: Uint8Array): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for await (const payload of payloads(streamOf(bytes))) found.push(payload);
  return found;
}

const linesOf = async (bytes: Uint8Array) => (await packets(bytes)).map(lineOf);

const answer = (capabilities: string, verdicts = VERDICTS) => {
  const report = refusalReport(verdicts, new Set(capabilities.split(" ")));
  if (report === undefined) throw new Error("there is no report");
  return report;
};

/** Returns the joined bytes of one side band. */
async function band(bytes: Uint8Array, number: number): Promise<Buffer> {
  const of = (await packets(bytes)).filter((packet) => packet[0] === number);
  return Buffer.concat(of.map((packet) => packet.subarray(1)));
}

describe("the report of a refused push", () => {
  test("has each ref with its reasons, where the client takes no side bands", async () => {
    expect(await linesOf(answer("report-status"))).toEqual(REPORT);
    expect(await linesOf(answer("report-status-v2"))).toEqual(REPORT);
  });

  test.each([
    ["side-band-64k", 65_520],
    ["side-band", 1000],
  ])("is in band 1 of %s, and each reason is a line of band 2, in packets that fit", async (name, most) => {
    const many = Array.from({ length: 500 }, (_, n) => ({ ref: `refs/heads/b${n}`, reasons: ["no: ".repeat(60)] }));
    const bytes = answer(`report-status ${name}`, [...VERDICTS, ...many]);
    expect(Math.max(...(await packets(bytes)).map(({ byteLength }) => byteLength + 4))).toBeLessThanOrEqual(most);
    expect((await linesOf(await band(bytes, 1))).slice(0, 3)).toEqual(REPORT);
    expect((await linesOf(await band(bytes, 1))).length).toBe(3 + many.length);
    const text = (await band(bytes, 2)).toString();
    expect(text.split("\n").slice(0, 2)).toEqual([
      "warmtree: refs/heads/main: no: do this",
      "warmtree: refs/heads/main: never: do that",
    ]);
    expect(text).toBe(`${refusalLines([...VERDICTS, ...many]).join("\n")}\n`);
  });

  test("is none where the client takes none", () => {
    expect(refusalReport(VERDICTS, new Set(["side-band-64k"]))).toBeUndefined();
  });
});
