import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Entered, PushQueue } from "../../src/durable/pushes/push-queue.ts";

const TIMEOUT_MS = 60_000;

let queue: PushQueue<string>;

beforeEach(() => {
  vi.useFakeTimers();
  queue = new PushQueue(TIMEOUT_MS);
});
afterEach(() => {
  vi.useRealTimers();
});

type Turn = Extract<Entered<string>, { kind: "turn" }>;

async function turnOf(entered: Promise<Entered<string>>): Promise<Turn> {
  const came = await entered;
  if (came.kind !== "turn") throw new Error(`no turn: ${came.kind}`);
  return came;
}

/** Returns the result of an entry at present. */
async function byNow(entered: Promise<Entered<string>>): Promise<string> {
  const pending = { kind: "nothing yet" };
  return (await Promise.race([entered, vi.advanceTimersByTimeAsync(0).then(() => pending)])).kind;
}

test("pushes to one branch have their turns in the order in which they came, each when the one before has ended", async () => {
  const names = ["a", "b", "c", "d"];
  const entered = names.map((name) => queue.enter("main", name));
  for (const [n, entry] of entered.entries()) {
    const { waited, end } = await turnOf(entry);
    expect(waited).toBe(n > 0);
    for (const later of entered.slice(n + 1)) expect(await byNow(later)).toBe("nothing yet");
    end("done");
  }
});

test("pushes to different branches do not wait for each other", async () => {
  await turnOf(queue.enter("main", "a"));
  expect(await turnOf(queue.enter("other", "b"))).toMatchObject({ waited: false });
});

test("a repeat gets what came of the first, whether that waits or is at work", async () => {
  const first = await turnOf(queue.enter("main", "a"));
  const late = queue.enter("main", "a");
  const second = queue.enter("main", "b");
  const early = queue.enter("main", "b");
  first.end("a done");
  expect(await late).toEqual({ kind: "outcome", outcome: "a done", joinedLate: true });
  (await turnOf(second)).end("b done");
  expect(await early).toEqual({ kind: "outcome", outcome: "b done", joinedLate: false });
  expect(await turnOf(queue.enter("main", "a"))).toMatchObject({ waited: false });
});

test("a holder that vanishes blocks nobody: a repeat goes on in its place, else the next in line", async () => {
  const first = await turnOf(queue.enter("main", "a"));
  const repeat = queue.enter("main", "a");
  const second = queue.enter("main", "b");
  first.end();
  const taken = await turnOf(repeat);
  expect(await byNow(second)).toBe("nothing yet");
  taken.end();
  expect(await turnOf(second)).toMatchObject({ waited: true });
});

test("a turn lasts no longer than an operation may, and what comes of it later is nobody's", async () => {
  const first = await turnOf(queue.enter("main", "a"));
  const second = queue.enter("main", "b");
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS - 10_000);
  const third = queue.enter("main", "c");
  expect(await byNow(third)).toBe("nothing yet");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await second).toMatchObject({ kind: "late", before: 1 });
  first.end("too late");
  (await turnOf(third)).end("done");
});

test("whoever waits longer than its time is told how many come first, and finds its place again", async () => {
  const first = await turnOf(queue.enter("main", "a"));
  const second = queue.enter("main", "b");
  const third = queue.enter("main", "c");
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS - 5_000);
  expect(await second).toEqual({ kind: "late", before: 1, retryAfterS: 5 });
  // A caller that has gone does not count.
  expect(await third).toEqual({ kind: "late", before: 1, retryAfterS: 5 });
  const fourth = queue.enter("main", "d");
  const again = queue.enter("main", "c");
  first.end("done");
  (await turnOf(again)).end("done");
  expect(await byNow(fourth)).toBe("turn");
});

test("a place that nobody comes back for is given up", async () => {
  const first = await turnOf(queue.enter("main", "a"));
  const second = queue.enter("main", "b");
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS - 5_000);
  expect(await second).toMatchObject({ kind: "late" });
  first.end("done");
  await vi.advanceTimersByTimeAsync(60_000);
  await turnOf(queue.enter("main", "c"));
  const again = queue.enter("main", "b");
  const last = queue.enter("main", "d");
  await vi.advanceTimersByTimeAsync(5_000);
  expect([await byNow(again), await byNow(last)]).toEqual(["nothing yet", "nothing yet"]);
});

test("who waits hears how many come first, whenever that changes", async () => {
  const first = await turnOf(queue.enter("main", "a"));
  const second = queue.enter("main", "b");
  const heard: number[] = [];
  const third = queue.enter("main", "c", (before) => heard.push(before));
  first.end("done");
  (await turnOf(second)).end("done");
  await turnOf(third);
  expect(heard).toEqual([2, 1]);
});
