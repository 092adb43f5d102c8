import type { Hono } from "hono";
import type * as z from "zod/v4";
import {
  ownedRunListQuery,
  type ownedRunItemSchema,
  type ownedRunListSchema,
  type ownedRunSchema,
} from "../../api/operator-schemas.ts";
import { parseQuery } from "../../execution/parse-input.ts";
import type { WireItem, WireStep } from "../../runs/wire.ts";
import { noRun, runsOf, runsOfTenant, runsShard } from "../../runs/runs-object.ts";
import { cancelRun, endOf, getRun, getRunItem, pageOf, retryRun } from "../../runs/runs.ts";
import type { Caller } from "../../workspace/caller.ts";
import { answer } from "../answer.ts";
import { auditOf } from "../audit.ts";
import type { HttpContext } from "../context.ts";
import { operatorOf } from "../operator.ts";

type OwnedRun = z.output<typeof ownedRunSchema>;
type OwnedItem = z.output<typeof ownedRunItemSchema>;

/** Adds the operator's routes of all tenants' runs. */
export function addOperatorRunRoutes(app: Hono<{ Bindings: Env }>): void {
  app.get("/v1/operator/runs", async (c) => {
    const operator = await operatorOf(c);
    return answer(await listed(operator, parseQuery(ownedRunListQuery, c.req.query())));
  });
  app.get("/v1/operator/runs/:run", async (c) => {
    const owner = await ownerOf(c);
    return answer(owned(owner, await getRun(owner, c.req.param("run"))));
  });
  app.get("/v1/operator/runs/:run/items/:item", async (c) => {
    const owner = await ownerOf(c);
    const { steps, ...item } = await getRunItem(owner, c.req.param("run"), Number(c.req.param("item")));
    return answer({ tenant: owner.tenant, ...ownedItem(item), steps: steps.map(ownedStep) } satisfies OwnedItem);
  });
  app.delete("/v1/operator/runs/:run", async (c) => {
    const owner = await ownerOf(c);
    return answer(owned(owner, await cancelRun(owner, c.req.param("run"))));
  });
  app.post("/v1/operator/runs/:run/retry", async (c) => {
    const owner = await ownerOf(c);
    return answer(owned(owner, await retryRun(owner, c.req.param("run"))), { status: 202 });
  });
}

/** Returns a caller for the tenant of a run, so that every ownership check still applies. */
async function ownerOf(c: HttpContext): Promise<Caller> {
  const operator = await operatorOf(c);
  const run = c.req.param("run") ?? "";
  const tenant = await runsOf(operator, run).tenantOf(run);
  if (tenant === undefined) throw noRun();
  auditOf(c).concerns({ tenant });
  return { ...operator, tenant };
}

type Run = Awaited<ReturnType<typeof getRun>>;

/** Returns a run as the operator sees it: states and reasons of failures. Inputs and results belong to the tenant. */
function owned({ tenant }: Caller, { steps, for_each: items, ...run }: Run): OwnedRun {
  return {
    ...run,
    tenant,
    ...(steps && { steps: steps.map(ownedStep) }),
    ...(items && { for_each: items.map(ownedItem) }),
  };
}

const ownedStep = ({ result: _result, error, ...step }: WireStep) => ({ ...step, ...told(error) });

const ownedItem = ({ values: _values, error, ...item }: WireItem) => ({ ...item, ...told(error) });

/** Returns an error without texts of a tenant's files, such as those of conflicts. */
const told = (error: WireStep["error"]) =>
  error && { error: { code: error.code, detail: error.detail, retryable: error.retryable } };

async function listed(
  operator: Omit<Caller, "tenant">,
  { tenant, status, limit, cursor }: z.output<typeof ownedRunListQuery>,
): Promise<z.output<typeof ownedRunListSchema>> {
  const request = {
    limit: limit + 1,
    ...(tenant !== undefined && { tenant }),
    ...(status && { status }),
    ...(cursor !== undefined && { end: endOf(cursor) }),
  };
  const shards =
    tenant === undefined
      ? Array.from({ length: operator.config.poolShards }, (_, shard) => runsShard(operator, shard))
      : [runsOfTenant({ ...operator, tenant })];
  const views = (await Promise.all(shards.map((shard) => shard.list(request)))).flat();
  views.sort((a, b) => b.createdAt - a.createdAt || (a.run < b.run ? 1 : -1));
  const tenants = new Map(views.map((view) => [view.run, view.tenant]));
  const { runs, ...more } = pageOf(views, limit);
  return { runs: runs.map((run) => ({ ...run, tenant: tenants.get(run.run) ?? "" })), ...more };
}
