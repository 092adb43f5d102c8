import * as z from "zod/v4";
import { INPUT_EXAMPLES } from "../../src/api/examples.ts";

/**
 * The duty of a route to tenants. `foreign`: it names a thing, which another tenant's key must not find. `own`: it
 * answers with the caller's own things. `operator`: no tenant's key is valid. `open`: it has no tenant's data.
 */
type Owes = "foreign" | "own" | "operator" | "open";

/** Every route that is not an operation; a new one must be entered here. */
const OWED: Readonly<Record<string, Owes>> = {
  "POST /v1/run": "own",
  "GET /v1/runs": "own",
  "GET /v1/runs/{run}": "foreign",
  "DELETE /v1/runs/{run}": "foreign",
  "GET /v1/runs/{run}/items/{item}": "foreign",
  "POST /v1/runs/{run}/retry": "foreign",
  "GET /v1/runs/{run}/events": "foreign",
  "GET /v1/workspaces": "own",
  "GET /v1/workspaces/{sandbox_id}": "foreign",
  "DELETE /v1/workspaces/{sandbox_id}": "foreign",
  "POST /v1/workspaces/{sandbox_id}/pause": "foreign",
  "GET /v1/workspaces/{sandbox_id}/bundle": "foreign",
  "GET /v1/snapshots": "own",
  "POST /v1/snapshots": "own",
  "DELETE /v1/snapshots/{snapshot_id}": "foreign",
  "GET /v1/webhooks": "own",
  "POST /v1/webhooks": "own",
  "DELETE /v1/webhooks/{webhook_id}": "foreign",
  "POST /v1/webhooks/{webhook_id}/test": "foreign",
  "GET /v1/webhooks/deliveries": "own",
  "POST /v1/webhooks/deliveries/{delivery_id}/redeliver": "foreign",
  "GET /v1/policy": "own",
  "GET /v1/template": "own",
  "GET /v1/checks": "own",
  "POST /mcp": "own",
  "GET /healthz": "open",
  "GET /metrics": "operator",
  "GET /v1/operator/overview": "operator",
  "GET /v1/operator/workspaces": "operator",
  "GET /v1/operator/runs": "operator",
  "GET /v1/operator/runs/{run}": "operator",
  "DELETE /v1/operator/runs/{run}": "operator",
  "GET /v1/operator/runs/{run}/items/{item}": "operator",
  "POST /v1/operator/runs/{run}/retry": "operator",
  "POST /v1/operator/template/builds": "operator",
  "GET /v1/operator/workspaces/{sandbox_id}": "operator",
  "DELETE /v1/operator/workspaces/{sandbox_id}": "operator",
  "POST /v1/operator/workspaces/{sandbox_id}/pause": "operator",
  "POST /v1/operator/workspaces/{sandbox_id}/status": "operator",
  "GET /v1/operator/webhooks": "operator",
  "POST /v1/operator/webhooks": "operator",
  "DELETE /v1/operator/webhooks/{webhook_id}": "operator",
  "POST /v1/operator/webhooks/{webhook_id}/test": "operator",
  "GET /v1/operator/webhooks/deliveries": "operator",
  "POST /v1/operator/webhooks/deliveries/{delivery_id}/redeliver": "operator",
};

const METHODS = ["get", "post", "put", "patch", "delete"] as const;
const described = z.object({ paths: z.record(z.string(), z.looseObject({})) });

export interface TenantRoute {
  readonly method: string;
  /** The path, with parameter names in braces. */
  readonly path: string;
  readonly owes: Owes;
  readonly body?: object;
}

/** Returns every route that the service describes. Throws for a route without a row, and for a row without a route. */
export async function tenantRoutes(url: string): Promise<readonly TenantRoute[]> {
  const { paths } = described.parse(await (await fetch(`${url}/openapi.json`)).json());
  const names = Object.entries(paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) => ({ method: method.toUpperCase(), path })),
  );
  const left = new Set(Object.keys(OWED));
  const routes = names.map(({ method, path }): TenantRoute => {
    const operation = /^\/v1\/git\/(\w+)$/.exec(path)?.[1];
    const body = INPUT_EXAMPLES[operation ?? ""];
    if (body !== undefined) return { method, path, body, owes: "sandbox_id" in body ? "foreign" : "own" };
    const owes = OWED[`${method} ${path}`];
    if (owes === undefined) throw new Error(`what does ${method} ${path} owe to tenants?`);
    left.delete(`${method} ${path}`);
    return { method, path, owes };
  });
  if (left.size > 0) throw new Error(`there is no route ${[...left].join(", ")}`);
  return routes;
}
