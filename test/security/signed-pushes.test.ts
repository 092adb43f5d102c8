import { expect, test } from "vitest";
import { pushSigned } from "./signed-pushes.ts";

const PUSHES = 1000;
const TEST_TIMEOUT_MS = 30 * 60_000;

test("no unsigned commit of this service reaches the remote", { timeout: TEST_TIMEOUT_MS }, async () => {
  const { pushes, shapes, own, others, unsigned, good } = await pushSigned(PUSHES, 1);
  expect(unsigned).toEqual([]);
  if (good !== undefined) expect(good).toBe(own);
  const verified = good === undefined ? "ssh-keygen is not installed" : `${good} good signatures by ssh-keygen`;
  console.log(`${pushes} signed pushes by 8 agents: ${own} own commits, 0 unsigned, ${verified}; ${others} of others`);
  console.log(JSON.stringify(shapes));
});
