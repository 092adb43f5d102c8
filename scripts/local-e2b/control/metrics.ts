import * as z from "zod/v4";
import { readQuery } from "../http/body.ts";
import { sendJson } from "../http/reply.ts";
import type { Sandbox } from "../state/sandbox.ts";
import type { UsageSample } from "../state/usage.ts";
import type { ControlCall, Routes } from "./call.ts";
import { theSandbox } from "./lifecycle.ts";

const spanQuery = z.object({
  start: z.coerce.number().default(0),
  end: z.coerce.number().default(Number.POSITIVE_INFINITY),
});
const manyQuery = z.object({ sandbox_ids: z.string() });

export const metricsRoutes: Routes = {
  "GET /sandboxes/metrics": (call) => {
    const ids = readQuery(call.url, manyQuery).sandbox_ids.split(",");
    const sandboxes = Object.fromEntries(ids.flatMap((id) => latest(call, id)));
    sendJson(call.response, 200, { sandboxes });
  },
  "GET /sandboxes/{id}/metrics": (call) => {
    const { start, end } = readQuery(call.url, spanQuery);
    const sandbox = theSandbox(call);
    ensureSample(sandbox);
    sendJson(call.response, 200, sandbox.usage.between(start, end));
  },
};

/** Returns the id and the latest sample of a sandbox; [] for an unknown sandbox. */
function latest({ sandboxes, team }: ControlCall, id: string): readonly (readonly [string, UsageSample])[] {
  const sandbox = sandboxes.get(id);
  if (sandbox?.spec.team !== team) return [];
  ensureSample(sandbox);
  const sample = sandbox.usage.between(0, Number.POSITIVE_INFINITY).at(-1);
  return sample === undefined ? [] : [[id, sample]];
}

/** Takes a sample now for the first request, because no earlier one exists. */
function ensureSample(sandbox: Sandbox): void {
  if (!sandbox.usage.wanted) sandbox.usage.sample(sandbox);
}
