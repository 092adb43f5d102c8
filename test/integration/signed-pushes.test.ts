import { expect, test } from "vitest";
import { pushSigned } from "../security/signed-pushes.ts";

test("pushes of all shapes by eight agents at once are signed; 1,000 of them: npm run test:security", async () => {
  const { own, unsigned, good } = await pushSigned(40, 7);
  expect(unsigned).toEqual([]);
  expect(own).toBeGreaterThan(40);
  if (good !== undefined) expect(good).toBe(own);
});
