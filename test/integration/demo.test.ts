import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import * as z from "zod/v4";
import { ROOT } from "../../scripts/support/tools.ts";

const stepSchema = z.strictObject({
  op: z.string(),
  wall_ms: z.number().positive(),
  sandbox_requests: z.int(),
  control_requests: z.int(),
  object_calls: z.int(),
});
const demoSchema = z.strictObject({ ok: z.boolean(), steps: z.array(stepSchema) });

test("npm run demo does the main job at one sandbox request and one Durable Object call a step", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, "scripts", "demo.ts"), "--json"]);
  const { ok, steps } = demoSchema.parse(JSON.parse(stdout));
  expect(ok).toBe(true);
  const round = ["status", "edit", "diff", "pull", "push"];
  expect(steps.map(({ op }) => op)).toEqual(["clone", ...round, ...round]);
  for (const step of steps.slice(1)) {
    expect(step).toMatchObject({ sandbox_requests: 1, control_requests: 0, object_calls: 1 });
  }
});

test("an option that a command does not have ends it in one line", async () => {
  const demo = promisify(execFile)(process.execPath, [join(ROOT, "scripts", "demo.ts"), "--port", "8787"]);
  await expect(demo).rejects.toMatchObject({
    code: 1,
    stdout: "",
    stderr: "Unknown option '--port'; usage: npm run demo -- [--json]\n",
  });
});
