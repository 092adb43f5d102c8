import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { configOf } from "../../src/config.ts";
import type { Grant } from "../../src/durable/sandboxes/grant.ts";
import { runProcess } from "../../src/e2b/process.ts";
import { execute } from "../../src/facade.ts";
import { StepLog } from "../../src/steps/log.ts";
import { planSteps } from "../../src/steps/plan.ts";
import { runSteps } from "../../src/steps/run.ts";
import type { Caller } from "../../src/workspace/caller.ts";
import { granted, workspace } from "../durable/support.ts";

const INIT = `
git init -q -b main repo && cd repo && echo n=1 >a.txt && git add a.txt &&
git -c user.name=A -c user.email=a@example.com commit -q -m one`;

/** Returns a workspace with a repository that has no remote, and its caller. */
async function scene(tenant: string, once?: string) {
  const grant = granted(await env.SANDBOX_POOL.getByName("0").claim(workspace("ada", tenant)));
  const config = configOf(env);
  const cost = { objectCalls: 0, sandboxMs: 0 };
  const caller: Caller = { tenant, env, config, waitUntil: () => undefined, cost, ...(once && { once }) };
  const shell = (script: string) => shellIn(grant, caller, script);
  await shell(INIT);
  return { sandbox_id: grant.sandboxId, caller, shell };
}

async function shellIn({ session }: Grant, { config }: Caller, script: string): Promise<string> {
  const request = {
    cmd: "/bin/sh",
    args: ["-c", script],
    cwd: "~",
    envs: {},
    timeoutMs: 10_000,
    maxOutputBytes: 65_536,
  };
  const { exitCode, stdout, stderr } = await runProcess(config.e2b, session, request);
  expect(exitCode, stderr).toBe(0);
  return new TextDecoder().decode(stdout).trim();
}

const grow = { files: [{ path: "a.txt", old: "n=1", new: "n=11" }] };
type Asked = Parameters<typeof planSteps>[0]["steps"][number];
const stepsOf = (sandbox_id: string, steps: readonly Asked[]) =>
  planSteps({ steps: steps.map((step) => ({ sandbox_id, ...step })) });

async function run(sandbox_id: string, caller: Caller, steps: readonly Asked[]) {
  const log = new StepLog(stepsOf(sandbox_id, steps));
  const options = { signal: new AbortController().signal, sideBySide: 1, onError: "stop" } as const;
  await runSteps(log, caller, options);
  if (log.failure()) throw log.failure()?.error;
  return log.done();
}

test("an operation that is sent again under its name is done once", async () => {
  const { sandbox_id, caller, shell } = await scene("once-alone", "0".repeat(32));
  const first = await execute("edit", { sandbox_id, ...grow }, caller);
  expect(await execute("edit", { sandbox_id, ...grow }, caller)).toEqual(first);
  expect(await shell("cat repo/a.txt")).toBe("n=11");
  await execute("edit", { sandbox_id, ...grow }, { ...caller, once: "1".repeat(32) });
  expect(await shell("cat repo/a.txt")).toBe("n=111");
});

test.each<[string, Asked[], string]>([
  ["one step", [{ op: "edit", ...grow }], "n=11"],
  [
    "a batch",
    [
      { op: "edit", ...grow },
      { op: "tag", name: "v1" },
      { op: "edit", ...grow },
    ],
    "n=111",
  ],
  [
    "steps that wait for answers",
    [
      { op: "branch", name: "x", create: true },
      { op: "edit", ...grow },
      { op: "tag", name: "v1", ref: "$1.head" },
    ],
    "n=11",
  ],
])("steps that are sent again are each done once: %s", async (about, steps, content) => {
  const { sandbox_id, caller, shell } = await scene(`once ${about}`, "a seed of any form");
  const first = await run(sandbox_id, caller, steps);
  expect(first).toHaveLength(steps.length);
  expect(await run(sandbox_id, caller, steps)).toEqual(first);
  expect(await shell("cat repo/a.txt")).toBe(content);
});

test("without a name, each call is carried out", async () => {
  const { sandbox_id, caller, shell } = await scene("every-time");
  await run(sandbox_id, caller, [{ op: "edit", ...grow }]);
  await run(sandbox_id, caller, [{ op: "edit", ...grow }]);
  expect(await shell("cat repo/a.txt")).toBe("n=111");
  expect(await shell("ls .warmtree")).not.toContain("once");
});
