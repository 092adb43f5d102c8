import { expect, test } from "vitest";
import { streamedWork } from "../../src/archive/streamed-work.ts";
import { WarmtreeError } from "../../src/errors.ts";
import type { Parsed } from "../../src/ops/output/script-output.ts";
import type { WorkFacts } from "../../src/ops/probes/unpushed-work.ts";

const PART = new Uint8Array(10);
const FACTS: WorkFacts = { head: "h", branch: "b", bundleBytes: 1, patchBytes: 1, tarBytes: 30, bases: [] };
const OK: Parsed<WorkFacts> = { ok: true, value: FACTS };
const FAILED: Parsed<WorkFacts> = { ok: false, error: new WarmtreeError("git_failed", "git failed.") };

/** Returns a sandbox that sends a number of parts, and then ends with the result of `end`. */
function sending(parts: number, end: () => Parsed<WorkFacts>) {
  const sent = { parts: 0 };
  const work = streamedWork(async ({ begin }) => {
    const take = begin(FACTS);
    for (; sent.parts < parts; sent.parts++) await take(PART);
    return end();
  });
  return { sent, work };
}

async function bodyOf({ begun }: ReturnType<typeof streamedWork>): Promise<ReadableStream<Uint8Array>> {
  const parsed = await begun;
  if (!parsed.ok) throw parsed.error;
  return parsed.value.body;
}

test("the sandbox waits for the reader: nothing is read ahead", async () => {
  const { sent, work } = sending(3, () => OK);
  const reader = (await bodyOf(work)).getReader();
  for (let read = 0; read < 3; read++) {
    await scheduler.wait(0);
    expect(sent.parts).toBeLessThanOrEqual(read);
    expect((await reader.read()).value?.length).toBe(10);
  }
  expect((await reader.read()).done).toBe(true);
  await work.ended;
});

test.each([
  ["too few bytes", 2, () => OK],
  ["a failure after all bytes", 3, () => FAILED],
  [
    "a lost connection",
    1,
    () => {
      throw new Error("lost");
    },
  ],
])("a reader sees that it is not whole: %s", async (_, parts, end) => {
  const { work } = sending(parts, end);
  await expect(new Response(await bodyOf(work)).bytes()).rejects.toThrow();
  await work.ended;
});

test("a reader that leaves ends it", async () => {
  const { sent, work } = sending(3, () => OK);
  await (await bodyOf(work)).cancel();
  await work.ended;
  expect(sent.parts).toBeLessThan(3);
});

test("a failure before the first byte is the answer, as a value or an error", async () => {
  const failed = streamedWork(() => Promise.resolve(FAILED));
  expect(await failed.begun).toBe(FAILED);
  await failed.ended;
  const lost = streamedWork(() => Promise.reject(new Error("lost")));
  await expect(lost.begun).rejects.toThrow("lost");
  await lost.ended;
});
