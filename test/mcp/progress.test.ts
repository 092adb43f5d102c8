import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startProgress } from "../../src/mcp/progress.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("a silent call is told of at least every 10 s, with seconds that only grow", () => {
  const told: [number, string][] = [];
  const progress = startProgress("git_push", (elapsedS, message) => told.push([elapsedS, message]));
  vi.advanceTimersByTime(60_000);
  progress.stop();
  vi.advanceTimersByTime(60_000);
  const times = told.map(([elapsedS]) => elapsedS);
  const gaps = times.map((time, n) => time - (times[n - 1] ?? 0));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(10);
  expect(Math.min(...gaps)).toBeGreaterThan(0);
  expect(times.at(-1)).toBeLessThanOrEqual(60);
  expect(told[0]?.[1]).toBe("git_push: 5 s so far");
});

test("what git says is told: the newest percentage, and no more than one message a second", () => {
  const messages: string[] = [];
  const progress = startProgress("git_clone", (_elapsedS, message) => messages.push(message));
  for (let percent = 0; percent <= 100; percent++) {
    vi.advanceTimersByTime(20);
    progress.onStderr(
      `remote: Counting objects: 100% (9/9), done.\rReceiving objects:  ${percent}% (1/9), 1.2 MiB | 3 MiB/s\r`,
    );
  }
  expect(messages).toEqual(["git_clone: receiving objects 49%", "git_clone: receiving objects 99%"]);
  progress.onStderr("warning: something else");
  vi.advanceTimersByTime(10_000);
  expect(messages.at(-1)).toBe("git_clone: receiving objects 100%");
  progress.stop();
});

test("a beat that comes right after a percentage waits, and still nobody waits 10 s", () => {
  const times: number[] = [];
  const progress = startProgress("git_clone", (elapsedS) => times.push(elapsedS));
  vi.advanceTimersByTime(4_900);
  progress.onStderr("Receiving objects:   7% (1/9)");
  vi.advanceTimersByTime(10_000);
  progress.stop();
  expect(times).toEqual([4.9, 10]);
});

test("of what a git host says only the phase and its percentage are told", () => {
  const messages: string[] = [];
  const progress = startProgress("git_clone", (_elapsedS, message) => messages.push(message));
  for (const said of [
    "remote: \x1b[31mReceiving objects: 7% of ghp_0123456789abcdef \u202e\r",
    "remote: Bearer ghp_0123456789abcdef: 8%",
    "remote: Ghp abcdefgh: 9% \x9b1m\u200b",
  ]) {
    vi.advanceTimersByTime(1_500);
    progress.onStderr(said);
  }
  progress.stop();
  expect(messages).toEqual(["git_clone: receiving objects 7%", "git_clone: ghp abcdefgh 9%"]);
});

test("who waits for others is told how many come first, until none do", () => {
  const messages: string[] = [];
  const progress = startProgress("git_push", (_elapsedS, message) => messages.push(message));
  for (const before of [2, 1, 0]) {
    vi.advanceTimersByTime(1_500);
    progress.onBefore(before);
  }
  progress.stop();
  expect(messages).toEqual([
    "git_push: waits for 2 others to push",
    "git_push: waits for 1 other to push",
    "git_push: 5 s so far",
  ]);
});
