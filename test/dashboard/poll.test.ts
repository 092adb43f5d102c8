import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { poll, type Poll } from "../../src/dashboard/poll.ts";

const EVERY_MS = 3000;

/** A browser's document, with the members that polling reads. */
class Tab {
  hidden = false;
  #listener: (() => void) | undefined;

  addEventListener(_type: "visibilitychange", listener: () => void): void {
    this.#listener = listener;
  }
  removeEventListener(_type: "visibilitychange", listener: () => void): void {
    if (this.#listener === listener) this.#listener = undefined;
  }
  show(isShown: boolean): void {
    this.hidden = !isShown;
    this.#listener?.();
  }
}

let tab: Tab;
let polling: Poll;
let asked: number;
let answer: () => Promise<number>;
const answers: number[] = [];
const pauses: number[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  tab = new Tab();
  asked = 0;
  answer = () => Promise.resolve(asked);
  answers.length = 0;
  pauses.length = 0;
  const ask = () => {
    asked += 1;
    return answer();
  };
  polling = poll({
    ask,
    everyMs: EVERY_MS,
    tab,
    answered: (value) => answers.push(value),
    failed: (_error, nextMs) => pauses.push(nextMs),
  });
});
afterEach(() => {
  polling.stop();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test("asks at once, and again a while after each answer", async () => {
  await pass(3 * EVERY_MS);
  expect(answers).toEqual([1, 2, 3, 4]);
});

test("never asks twice at the same time, however slow the answer", async () => {
  await pass(0);
  const { promise, resolve } = Promise.withResolvers<number>();
  answer = () => promise;
  await pass(EVERY_MS);
  polling.now();
  tab.show(false);
  tab.show(true);
  await pass(10 * EVERY_MS);
  expect(asked).toBe(2);
  resolve(0);
  await pass(EVERY_MS);
  expect(asked).toBe(3);
});

test("stops while the tab is hidden, and asks at once when it is shown", async () => {
  await pass(0);
  tab.show(false);
  await pass(100 * EVERY_MS);
  expect(asked).toBe(1);
  tab.show(true);
  await pass(0);
  expect(answers).toEqual([1, 2]);
});

test("what was under way when the tab was hidden is shown, and nothing follows it", async () => {
  await pass(0);
  const { promise, resolve } = Promise.withResolvers<number>();
  answer = () => promise;
  await pass(EVERY_MS);
  tab.show(false);
  resolve(7);
  await pass(100 * EVERY_MS);
  expect([answers, asked]).toEqual([[1, 7], 2]);
});

test("waits longer from failure to failure, up to a minute; an answer ends that; who asks now need not wait", async () => {
  await pass(0);
  answer = () => Promise.reject(new Error("down"));
  await pass(600_000);
  expect(pauses.slice(0, 6)).toEqual([6000, 12_000, 24_000, 48_000, 60_000, 60_000]);
  const before = asked;
  answer = () => Promise.resolve(0);
  polling.now();
  await pass(0);
  expect([asked - before, answers.at(-1)]).toEqual([1, 0]);
  answer = () => Promise.reject(new Error("down"));
  await pass(EVERY_MS);
  expect(pauses.at(-1)).toBe(6000);
});

test("once stopped it says and asks nothing more", async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  answer = () => promise;
  await pass(EVERY_MS);
  polling.stop();
  resolve(9);
  tab.show(true);
  polling.now();
  await pass(10 * EVERY_MS);
  expect([answers, asked]).toEqual([[1], 2]);
});
