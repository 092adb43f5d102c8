import { expect, test } from "vitest";
import { type KeepRule, keepUntil } from "../../src/pool/idle-timeout.ts";
import { dueWhenKept } from "../../src/pool/tiers.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const TIERS: KeepRule = { policy: "tiers", ttlMs: HOUR };
const LEARNED: KeepRule = { policy: "learned", ttlMs: HOUR, keepMs: 85_899.3 };

const idle = { idleSince: 1000, top: false, ended: false };

test.each([
  ["tiers: 40 minutes", idle, TIERS, 1, 1000 + 40 * MINUTE],
  ["tiers: no longer than the operator says", idle, { ...TIERS, ttlMs: 5 * MINUTE }, 1, 1000 + 5 * MINUTE],
  ["tiers: the top stays", { ...idle, top: true }, TIERS, 1, Infinity],
  ["tiers: a tight budget has no top, and less time", { ...idle, top: true }, TIERS, 0.5, 1000 + 20 * MINUTE],
  ["learned: what was learned, in whole milliseconds", idle, LEARNED, 1, 86_899],
  ["learned: there is no top", { ...idle, top: true }, LEARNED, 1, 86_899],
  ["learned: no longer than the operator says", idle, { ...LEARNED, ttlMs: MINUTE }, 1, 1000 + MINUTE],
  ["a session that says it ends: now", { ...idle, top: true, ended: true }, TIERS, 1, 1000],
  ["an exhausted budget: now", { ...idle, top: true }, TIERS, 0, 1000],
  ["an exhausted budget: now, learned too", idle, LEARNED, 0, 1000],
] as const)("%s", (_, workspace, rule, kappa, until) => {
  expect(keepUntil(workspace, rule, kappa)).toBe(until);
});

test("a workspace that stays is extended, and resumed where E2B ended its run", () => {
  const row = { keepUntil: Infinity, endsAt: HOUR };
  expect(dueWhenKept(row, 10 * MINUTE)).toEqual({ action: "wait", until: 55 * MINUTE });
  expect(dueWhenKept(row, 55 * MINUTE)).toEqual({ action: "extend" });
  expect(dueWhenKept(row, HOUR)).toEqual({ action: "renew" });
});
