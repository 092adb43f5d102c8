import type { Hono } from "hono";
import type * as z from "zod/v4";
import { WarmtreeError } from "../../errors.ts";
import { overviewOf } from "../../metrics/overview.ts";
import { rangeOf } from "../../metrics/overview-points.ts";
import type { Overview } from "../../metrics/overview-schema.ts";
import { lookAtMetrics } from "../../metrics/scrape.ts";
import { anyWorkspace, pageOfWorkspaces } from "../../workspace/operator.ts";
import { parseQuery } from "../../execution/parse-input.ts";
import { endWorkspace, pauseWorkspace } from "../../workspace/workspaces.ts";
import { pool } from "../../workspace/pool.ts";
import { useWorkspace } from "../../workspace/grants.ts";
import type { Caller } from "../../workspace/caller.ts";
import { answer } from "../answer.ts";
import { auditOf } from "../audit.ts";
import type { HttpContext } from "../context.ts";
import { type buildStartedSchema, overviewQuery, pageQuery } from "../../api/operator-schemas.ts";
import { startInstance } from "../../start-instance.ts";
import { operatorOf } from "../operator.ts";

import { dispatch } from "../../execution/dispatch.ts";
import { execute } from "../../facade.ts";
import { status } from "../../ops/status.ts";
import { unpushed } from "../../ops/probes/unpushed.ts";

/** A build that takes longer has been lost with its Workflow: E2B allows an hour. */
const BUILDING_MS = 2 * 3_600_000;
/** Changed files shown before a person ends a workspace. */
const STATUS_LIMIT = 100;

/** Adds the routes of the dashboard at `/`, which require OPERATOR_KEY. */
export function addOperatorRoutes(app: Hono<{ Bindings: Env }>): void {
  app.get("/v1/operator/overview", async (c) => {
    const operator = await operatorOf(c);
    const { minutes } = parseQuery(overviewQuery, c.req.query());
    return answer(await overview(operator, minutes));
  });
  app.post("/v1/operator/template/builds", async (c) => answer(await build(await operatorOf(c)), { status: 202 }));
  app.get("/v1/operator/workspaces", async (c) => {
    const operator = await operatorOf(c);
    return answer(await pageOfWorkspaces(operator, parseQuery(pageQuery, c.req.query())));
  });
  app.get("/v1/operator/workspaces/:sandbox_id", async (c) =>
    answer(await anyWorkspace(await operatorOf(c), c.req.param("sandbox_id"))),
  );
  // POST, because it uses the workspace: a paused one is resumed.
  app.post("/v1/operator/workspaces/:sandbox_id/status", async (c) => {
    const sandbox_id = c.req.param("sandbox_id");
    return answer(await statusOf(await ownerOf(c, sandbox_id), sandbox_id));
  });
  app.post("/v1/operator/workspaces/:sandbox_id/pause", async (c) => {
    const sandbox_id = c.req.param("sandbox_id");
    await pauseWorkspace(await ownerOf(c, sandbox_id), sandbox_id);
    return answer(null);
  });
  app.delete("/v1/operator/workspaces/:sandbox_id", async (c) => {
    const sandbox_id = c.req.param("sandbox_id");
    await endWorkspace(await ownerOf(c, sandbox_id), sandbox_id);
    return answer(null);
  });
}

/** Returns a caller for the tenant of a workspace, so that every ownership check still applies. */
async function ownerOf(c: HttpContext, sandbox_id: string): Promise<Caller> {
  const operator = await operatorOf(c);
  const { tenant } = await anyWorkspace(operator, sandbox_id);
  auditOf(c).concerns({ tenant, sandbox_id });
  return { ...operator, tenant };
}

/**
 * Starts a build of the template, unless one is at work. A request that is sent twice starts one: its id names the newest
 * build, and the minute, in case the Workflow ends before it reports a build.
 */
async function build(operator: Omit<Caller, "tenant">): Promise<z.infer<typeof buildStartedSchema>> {
  if (operator.config.builds === undefined) {
    throw new WarmtreeError("not_found", "E2B_TEMPLATE names a template of your own, so there is nothing to build.");
  }
  const { newestBuild } = await pool(operator, 0).template();
  if (newestBuild?.state === "building" && Date.now() - newestBuild.startedAt < BUILDING_MS) return { started: false };
  const minute = new Date().toISOString().slice(0, "2026-11-30T01:15".length).replaceAll(/[T:]/g, "-");
  const id = `asked-after-v${newestBuild?.version ?? 0}-${minute}`;
  const started = await startInstance(operator.env.TEMPLATE_BUILD, { id });
  return { build: id, started };
}

/** Reads stored reports; wakes no pool shard. */
async function overview({ env, config }: Omit<Caller, "tenant">, minutes: Overview["minutes"]): Promise<Overview> {
  if (config.metricsShards === 0) {
    throw new WarmtreeError("not_found", "Nothing is recorded, so there is no overview: METRICS_SHARDS is 0.");
  }
  const now = Date.now();
  const range = rangeOf(minutes, now);
  return overviewOf(await lookAtMetrics({ env, config }, range.from), range, config.maxSandboxes, now);
}

/**
 * Returns a workspace's status, and the number of commits that would be lost with it. "Ahead" does not show that: the
 * upstream of an agent's branch is the branch it started from.
 */
async function statusOf(owner: Caller, sandboxId: string): Promise<object> {
  const gitStatus = await execute(status.name, { sandbox_id: sandboxId, limit: STATUS_LIMIT }, owner);
  const found = await dispatch(unpushed, undefined, await useWorkspace(owner, sandboxId), owner);
  if (!found.ok) throw found.error;
  return { ...gitStatus, unpushed_commits: found.value.commits };
}
