import { expect, test } from "vitest";
import type { Grant } from "../../src/durable/sandboxes/grant.ts";
import { Grants } from "../../src/workspace/grant-cache.ts";

const grant = (sandboxId: string, generation = 1): Grant => ({
  ok: true,
  sandboxId,
  generation,
  source: "paused",
  repository: "",
  agentId: "",
  url: "https://github.com/acme/app.git",
  session: { sandboxId: "e2b", accessToken: `token ${generation}` },
});

test("what was granted is known for a minute, to the tenant it was granted to, as of a workspace that runs", () => {
  const grants = new Grants();
  grants.note("acme", grant("s0-a"), 0);
  expect(grants.find("acme", "s0-a", 59_999)).toEqual({ ...grant("s0-a"), source: "live" });
  expect(grants.find("acme", "s0-a", 60_000)).toBeUndefined();
  expect(grants.find("other", "s0-a", 0)).toBeUndefined();
  expect(grants.find("acme", "s0-b", 0)).toBeUndefined();
});

test("an answer that comes late does not take the place of a later state", () => {
  const grants = new Grants();
  grants.note("acme", grant("s0-a", 3), 0);
  grants.note("acme", grant("s0-a", 2), 0);
  expect(grants.find("acme", "s0-a", 0)?.generation).toBe(3);
  grants.note("acme", grant("s0-a", 4), 0);
  expect(grants.find("acme", "s0-a", 0)?.generation).toBe(4);
});

test("after a revocation only a later state of the sandbox counts, for a minute", () => {
  const grants = new Grants();
  const found = (now: number) => grants.find("acme", "s0-a", now)?.generation;
  grants.note("acme", grant("s0-a", 3), 0);
  grants.revoke("acme", "s0-a", 0);
  grants.note("acme", grant("s0-a", 3), 59_999);
  expect(found(59_999)).toBeUndefined();
  grants.note("acme", grant("s0-a", 3), 60_000);
  expect(found(60_000)).toBe(3);
  grants.revoke("acme", "s0-a", 60_000, 3);
  grants.note("acme", grant("s0-a", 4), 60_000);
  grants.revoke("acme", "s0-a", 60_000, 3);
  expect(found(60_000)).toBe(4);
});

test("of more than a thousand, those granted longest ago are forgotten", () => {
  const grants = new Grants();
  for (let n = 0; n < 1000; n++) grants.note("acme", grant(`s0-${n}`), 0);
  grants.note("acme", grant("s0-0"), 0);
  grants.note("acme", grant("s0-1000"), 0);
  expect(grants.find("acme", "s0-0", 0)).toBeDefined();
  expect(grants.find("acme", "s0-1", 0)).toBeUndefined();
  expect(grants.find("acme", "s0-2", 0)).toBeDefined();
});
