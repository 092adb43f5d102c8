import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ANNOUNCED_MS, CLEAN_KEEP_MS, dropTime, retention, UNPUSHED_KEEP_MS } from "../../src/pool/retention.ts";

const DAY = 24 * 3_600_000;
const NOW = 1_800_000_000_000;
const clean = { lastUsedAt: NOW, unpushed: false, announcedAt: undefined };
const unpushed = { ...clean, unpushed: true };

test("a clean workspace is dropped after its time, without notice", () => {
  expect(retention(clean, NOW)).toEqual({ decision: "keep", until: NOW + CLEAN_KEEP_MS });
  expect(retention(clean, NOW + CLEAN_KEEP_MS)).toEqual({ decision: "drop", reason: "clean" });
});

test("one with unpushed work, or nobody knows, is kept longer, then announced, then dropped", () => {
  const announceAt = NOW + UNPUSHED_KEEP_MS;
  for (const workspace of [unpushed, { ...unpushed, unpushed: undefined }]) {
    expect(retention(workspace, NOW + CLEAN_KEEP_MS)).toEqual({ decision: "keep", until: announceAt });
    expect(retention(workspace, announceAt + DAY)).toEqual({
      decision: "announce",
      dropsAt: announceAt + DAY + ANNOUNCED_MS,
    });
    const announced = { ...workspace, announcedAt: announceAt + DAY };
    const dropsAt = announceAt + DAY + ANNOUNCED_MS;
    expect(retention(announced, dropsAt - 1)).toEqual({ decision: "keep", until: dropsAt });
    expect(retention(announced, dropsAt)).toEqual({ decision: "drop", reason: "announced", dropsAt });
  }
});

test("a use after the notice takes it back", () => {
  const announcedAt = NOW + UNPUSHED_KEEP_MS;
  const used = { ...unpushed, announcedAt, lastUsedAt: announcedAt + DAY };
  expect(retention(used, announcedAt + ANNOUNCED_MS)).toEqual({
    decision: "keep",
    until: used.lastUsedAt + UNPUSHED_KEEP_MS,
  });
  expect(retention(used, used.lastUsedAt + UNPUSHED_KEEP_MS).decision).toBe("announce");
});

test("all of it happens before E2B may delete a paused sandbox", () => {
  expect(UNPUSHED_KEEP_MS + ANNOUNCED_MS).toBeLessThan(30 * DAY);
});

test("whenever it is looked at, unpushed work is never dropped without a week of notice since its last use", () => {
  const looks = fc.array(fc.integer({ min: 1, max: 20 * DAY }), { minLength: 1, maxLength: 30 });
  const uses = fc.array(fc.boolean(), { minLength: 30, maxLength: 30 });
  fc.assert(
    fc.property(looks, uses, fc.constantFrom(true, undefined), (gaps, used, state) => {
      let now = NOW;
      let lastUsedAt = NOW;
      let announcedAt: number | undefined;
      for (const [index, gap] of gaps.entries()) {
        now += gap;
        const found = retention({ lastUsedAt, unpushed: state, announcedAt }, now);
        if (found.decision === "announce") announcedAt = now;
        if (found.decision === "drop") {
          expect(announcedAt).toBeGreaterThan(lastUsedAt);
          expect(now - (announcedAt ?? now)).toBeGreaterThanOrEqual(7 * DAY);
          return;
        }
        if (found.decision === "keep") expect(found.until).toBeGreaterThan(now);
        if (used[index]) lastUsedAt = now;
      }
    }),
  );
});

test("what is told as the time of the drop is when it is dropped, whenever that is asked", () => {
  fc.assert(
    fc.property(fc.constantFrom(true, false, undefined), fc.integer({ min: 0, max: 40 * DAY }), (state, askedAfter) => {
      let workspace = { lastUsedAt: NOW, unpushed: state, announcedAt: undefined as number | undefined };
      let told: number | undefined;
      let now = NOW;
      for (let next = retention(workspace, now); next.decision !== "drop"; next = retention(workspace, now)) {
        if (next.decision === "announce") workspace = { ...workspace, announcedAt: now };
        const until = next.decision === "keep" ? next.until : now;
        if (NOW + askedAfter >= now && NOW + askedAfter < until) told = dropTime(workspace, NOW + askedAfter);
        now = until;
      }
      expect(told ?? now).toBe(now);
      expect(dropTime(workspace, now)).toBe(now);
    }),
  );
});
