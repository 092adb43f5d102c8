import { afterAll, beforeAll, expect, test } from "vitest";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { HOSTILE_FILES, HOSTILE_INPUTS, sendHostile } from "./hostile-inputs.ts";
import { makeRepositoryOf } from "./hostile-repository.ts";

const ENOUGH = 5000;
const TEST_TIMEOUT_MS = 30 * 60_000;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
  makeRepositoryOf(stack.git.root, "hostile", HOSTILE_FILES);
});
afterAll(() => stack.close());

test(
  "no value in any field of any operation is our failure, runs, or leads out of the tree",
  { timeout: TEST_TIMEOUT_MS },
  async () => {
    expect(HOSTILE_INPUTS.length).toBeGreaterThanOrEqual(ENOUGH);
    expect(await sendHostile(stack, `${stack.git.url}/hostile.git`, HOSTILE_INPUTS)).toEqual([]);
    console.log(`${HOSTILE_INPUTS.length} hostile inputs: none a 5xx, none ran, none led out of the tree`);
  },
);
