import { expect, test } from "vitest";
import { Pulse } from "../../src/runs/pulse.ts";

test("an instance rests only when nothing of it is at work, until the first that waits", async () => {
  const pulse = new Pulse();
  const { promise, resolve } = Promise.withResolvers<void>();
  const waits = [pulse.resting(3000, () => promise), pulse.resting(2000, () => promise)];
  await pulse.during(async () => {
    expect([pulse.isWorking, pulse.restsUntil(), pulse.restsUntil(1000)]).toEqual([true, 2000, 1000]);
    await pulse.during(async () => {
      expect(pulse.restsUntil(1000)).toBe(0);
    });
  });
  expect(pulse.isWorking).toBe(false);
  resolve();
  await Promise.all(waits);
  expect(pulse.restsUntil()).toBe(0);
});
