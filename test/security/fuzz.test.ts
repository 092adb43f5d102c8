import * as fc from "fast-check";
import { expect, test } from "vitest";
import { leaseKey } from "../../scripts/harness/lease-holder.ts";
import { openLease } from "../../src/broker/lease.ts";
import { compareWithGit } from "../broker/git-reading.ts";

const BODIES = 4000;
const TEXTS = 100_000;
const TEST_TIMEOUT_MS = 10 * 60_000;

test("git understands no command of a push that the broker did not read", { timeout: TEST_TIMEOUT_MS }, async () => {
  const { both, refused } = await compareWithGit(BODIES);
  console.log(
    `${BODIES} bodies: both readers ${both} times, git alone ${refused} times, never otherwise than the broker`,
  );
  expect(both).toBeGreaterThan(BODIES / 20);
  expect(refused).toBeGreaterThan(0);
});

test("no text opens as a lease, and none throws", { timeout: TEST_TIMEOUT_MS }, async () => {
  const key = leaseKey().bytes;
  const part = fc.oneof(
    fc.base64String({ maxLength: 200 }),
    fc.string(),
    fc.constant("eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0"),
    fc.constant(""),
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(part, { minLength: 4, maxLength: 6 }).map((parts) => parts.join(".")),
  );
  await fc.assert(
    fc.asyncProperty(text, async (given) => (await openLease(given, [key], 0)) === "invalid"),
    { numRuns: TEXTS },
  );
  console.log(`${TEXTS} texts: none a lease, none thrown`);
});
