import { afterAll, beforeAll, expect, test } from "vitest";
import type { Doors } from "../../scripts/bench/calls/doors.ts";
import { Pair } from "../../scripts/bench/calls/pair.ts";
import { openDoors, runCalls } from "../../scripts/bench/calls/run.ts";
import { http, mcp } from "../../scripts/bench/calls/written-call.ts";

/** Tries one of this many distortions; test/execution/one-reading.test.ts reads all of them, without the doors. */
const EVERY = 30;

let doors: Doors & AsyncDisposable;
beforeAll(async () => {
  doors = await openDoors();
});
afterAll(() => doors[Symbol.asyncDispose]());

test("calls as clients and models write them are understood at the first try, none otherwise than they mean", async () => {
  const missed: string[] = [];
  const { written, by_client, distorted } = await runCalls(doors, (line) => missed.push(line), EVERY);
  expect(missed).toEqual([]);
  expect(written.tasks).toBeGreaterThanOrEqual(60);
  expect(Object.keys(by_client).length).toBeGreaterThanOrEqual(10);
  expect(distorted.tasks).toBeGreaterThanOrEqual(60);
});

test("a call that is refused, or is answered otherwise than it means, is told", async () => {
  const pair = await Pair.open(doors, "told");
  const kindOf = async (...call: Parameters<typeof mcp>) => (await pair.verdict(mcp(...call))).kind;
  expect(await kindOf("git_read", { path: "README.md" }, { path: "docs" })).toBe("wrong");
  const one = { files: [{ path: "n", content: "1" }] };
  expect(await kindOf("git_edit", { files: [{ path: "n", content: "2" }] }, one)).toBe("wrong");
  expect(await kindOf("git_edit", { files: [{ path: "../n", content: "1" }] }, one)).toBe("refused");
  expect(await kindOf("git_status", {}, "refused")).toBe("wrong");
  expect(await kindOf("git_edit", one, one)).toBe("understood");
  await expect(pair.verdict(http("read", {}, { path: "nowhere" }))).rejects.toThrow("is not right");
});
