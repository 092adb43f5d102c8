import * as fc from "fast-check";
import { expect, test } from "vitest";
import { newSandboxId, SANDBOX_ID, shardFor, shardOf } from "../../src/pool/handle.ts";

test("a handle names its shard, and no two are alike", () => {
  expect(shardOf(newSandboxId(17))).toBe(17);
  expect(newSandboxId(0)).toMatch(SANDBOX_ID);
  expect(new Set(Array.from({ length: 1000 }, () => newSandboxId(0))).size).toBe(1000);
});

test("anything else is no handle", () => {
  for (const text of ["", "s0", "s0-", "s-aaaaaaaaaaaaaaaaaaaa", "i0123456789abcdefghij", "s0-AAAAAAAAAAAAAAAAAAAA"]) {
    expect(shardOf(text)).toBeUndefined();
  }
});

test("shards are in range, stable, and used evenly", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.integer({ min: 1, max: 1024 }), (tenant, repository, shards) => {
      const shard = shardFor(tenant, repository, shards);
      expect(shard).toBe(shardFor(tenant, repository, shards));
      expect(shard).toBeGreaterThanOrEqual(0);
      expect(shard).toBeLessThan(shards);
    }),
  );
  const counts = Array.from({ length: 8 }, () => 0);
  for (let n = 0; n < 8000; n++) {
    const shard = shardFor("tenant", `github.com/o/r${n}`, 8);
    counts[shard] = (counts[shard] ?? 0) + 1;
  }
  expect(Math.min(...counts)).toBeGreaterThan(800);
});
