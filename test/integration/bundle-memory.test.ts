import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { peakMib } from "../../scripts/harness/process-cost.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { inside } from "../support/inside.ts";
import { call } from "../support/worker.ts";

/** Size of the new files; their patch is a third larger. */
const LARGE_MIB = 60;
/** Memory that a garbage collector may not have freed yet; with the whole work in memory it was more than a hundred. */
const NOISE_MIB = 40;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
  await makeRepository(stack.git.root, "small", { files: 5, commits: 2 });
});
afterAll(() => stack.close());

/** Returns the Worker's largest memory while it passes on work of this size. */
async function peakOf(mib: number): Promise<number> {
  const clone = { repo_url: `${stack.git.url}/small.git`, agent_id: "ada", task_id: `${mib}` };
  const { sandbox_id } = await call(stack, "clone", clone);
  await (await inside(stack, sandbox_id)).sh(`head -c ${mib}M /dev/urandom >repo/large`);
  const headers = { Authorization: "Bearer dev" };
  let bytes = 0;
  const peak = await peakMib(stack.workerPid(), async () => {
    const answer = await fetch(`${stack.url}/v1/workspaces/${sandbox_id}/bundle`, { headers });
    for await (const chunk of answer.body ?? []) bytes += chunk.byteLength;
  });
  expect(bytes).toBeGreaterThan(mib * 1024 * 1024);
  return peak;
}

describe.skipIf(!existsSync("/proc/self/clear_refs"))("the Worker's memory", () => {
  test("stays the same while 80 MB of unpushed work pass", async () => {
    const [small, large] = [await peakOf(1), await peakOf(LARGE_MIB)];
    console.log(JSON.stringify({ small, large }));
    expect(large - small).toBeLessThan(NOISE_MIB);
  });
});
