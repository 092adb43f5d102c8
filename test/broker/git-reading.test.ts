import { expect, test } from "vitest";
import { FEW_RUNS } from "../support/runs.ts";
import { compareWithGit } from "./git-reading.ts";

test("git understands no command that the broker did not read (thousands of bodies: npm run test:security)", async () => {
  const { both, refused } = await compareWithGit(FEW_RUNS * 30);
  expect([both, refused].map((times) => times > 0)).toEqual([true, true]);
});
