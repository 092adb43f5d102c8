import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { HOSTILE_FILES, HOSTILE_INPUTS, sendHostile } from "../security/hostile-inputs.ts";
import { makeRepositoryOf } from "../security/hostile-repository.ts";
import { FEW_RUNS } from "../support/runs.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
  makeRepositoryOf(stack.git.root, "hostile", HOSTILE_FILES);
});
afterAll(() => stack.close());

test("any value in any field: never our failure, never run, never out of the tree (all of them: npm run test:security)", async () => {
  const some = fc.sample(fc.constantFrom(...HOSTILE_INPUTS), FEW_RUNS * 20);
  expect(await sendHostile(stack, `${stack.git.url}/hostile.git`, some)).toEqual([]);
});
