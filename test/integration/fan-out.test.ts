import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type * as z from "zod/v4";
import { peakMib } from "../../scripts/harness/process-cost.ts";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { DEV_KEY } from "../../scripts/support/client.ts";
import { durableRunSchema, runStartedSchema } from "../../src/api/run-schemas.ts";
import { hostedSandboxes, remoteGit } from "../support/worker.ts";

/** A few in every run; at night and by `npm run test:fan-out`, the number that the docs name. */
const REPOSITORIES = process.env["NIGHTLY"] === undefined ? 16 : 100;
const AT_ONCE = 3;
const MAX_SANDBOXES = 5;
/** Size of each item's answer, which comes twice: all answers in memory at once would show. */
const ANSWER_BYTES = 250_000;
/** A garbage collector may leave up to a few dozen MiB. */
const NOISE_MIB = 40;
const POLL_MS = 100;
/** Ends a test that hangs. */
const TIMEOUT_MS = 600_000;

const HEADERS = { Authorization: `Bearer ${DEV_KEY}`, "Content-Type": "application/json" };
type Run = z.output<typeof durableRunSchema>;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ bindings: { E2B_MAX_SANDBOXES: String(MAX_SANDBOXES) } });
  await makeRepository(stack.git.root, "r0", { files: 20, commits: 2 });
  const { root } = stack.git;
  const copy = (nth: number) => cp(join(root, "r0.git"), join(root, `r${nth}.git`), { recursive: true });
  await Promise.all(Array.from({ length: REPOSITORIES - 1 }, (_, nth) => copy(nth + 1)));
});
afterAll(() => stack.close());

/** Starts a run that clones, searches, edits and pushes in all repositories. @returns its path */
async function start(): Promise<string> {
  const steps = [
    { op: "clone", repo_url: "$item.url", agent_id: "fan", task_id: "$item.name" },
    { op: "search", pattern: "." },
    {
      op: "edit",
      files: [
        { path: "fan.txt", content: "$item.name" },
        { path: "large.txt", content: "x".repeat(ANSWER_BYTES) },
      ],
    },
    { op: "read", path: "large.txt", max_bytes: ANSWER_BYTES },
    { op: "push", message: "fan" },
  ];
  const for_each = Array.from({ length: REPOSITORIES }, (_, n) => ({
    url: `${stack.git.url}/r${n}.git`,
    name: `r${n}`,
  }));
  const body = JSON.stringify({ async: true, steps, for_each, at_once: AT_ONCE });
  const answer = await fetch(`${stack.url}/v1/run`, { method: "POST", headers: HEADERS, body });
  return runStartedSchema.parse(await answer.json()).url;
}

let mostRunning = 0;

/** Waits until so many items are done, or the run has ended; counts the running sandboxes meanwhile. */
async function doneItems(url: string, least: number): Promise<Run> {
  for (;;) {
    const run = durableRunSchema.parse(await (await fetch(stack.url + url, { headers: HEADERS })).json());
    const running = (await hostedSandboxes(stack)).filter(({ state }) => state === "running").length;
    mostRunning = Math.max(mostRunning, running);
    if (run.ended_at !== undefined || (run.items?.done ?? 0) >= least) return run;
    await sleep(POLL_MS);
  }
}

/** Returns the Worker's largest memory during the work; 0 if the system does not report it. */
async function peakOf(work: () => Promise<unknown>): Promise<number> {
  if (existsSync("/proc/self/clear_refs")) return Math.round(await peakMib(stack.workerPid(), work));
  await work();
  return 0;
}

test(
  "a run over many repositories: all are done, no more sandboxes run than may, and the Worker's memory stays the same",
  { timeout: TIMEOUT_MS },
  async () => {
    const url = await start();
    const startedAt = performance.now();
    const first = await peakOf(() => doneItems(url, REPOSITORIES / 2));
    const second = await peakOf(() => doneItems(url, Infinity));
    const seconds = (performance.now() - startedAt) / 1000;
    const run = await doneItems(url, 0);
    console.log(
      `${REPOSITORIES} repositories in ${seconds.toFixed(1)} s, most ${mostRunning} of ${MAX_SANDBOXES} sandboxes at once; ` +
        `the Worker's memory at most ${first} MiB in the first half of them, ${second} MiB in the second`,
    );
    expect(run).toMatchObject({ status: "done", items: { total: REPOSITORIES, done: REPOSITORIES } });
    expect(run.for_each?.filter(({ status }) => status !== "done")).toEqual([]);
    for (let n = 0; n < REPOSITORIES; n++) {
      expect(remoteGit(stack, `r${n}`, "show", `agent/fan/r${n}:fan.txt`)).toBe(`r${n}`);
    }
    expect(mostRunning).toBeLessThanOrEqual(MAX_SANDBOXES);
    expect(second - first).toBeLessThan(NOISE_MIB);
  },
);
