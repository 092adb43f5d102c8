import { Hono } from "hono";
import { METHOD_NAME_ALL } from "hono/router";
import type * as z from "zod/v4";
import { version } from "../../package.json";
import { brokerOrigin } from "../broker/address.ts";
import { configOf } from "../config.ts";
import { WarmtreeError } from "../errors.ts";
import type { Caller } from "../workspace/caller.ts";
import { answer, serverTiming } from "./answer.ts";
import { audited, auditOf } from "./audit.ts";
import { readJsonObject } from "./body.ts";
import { callerOf } from "./caller.ts";
import type { HttpContext } from "./context.ts";
import { keyed } from "./keyed.ts";
import { redactorOf } from "./secrets.ts";
import { securityHeaders } from "./security-headers.ts";
import { CROSS_ORIGIN_PATHS, crossOrigin } from "./cross-origin.ts";
import { HttpError } from "./http-error.ts";
import { openApi } from "../api/openapi.ts";
import { asKnownError } from "../execution/known-error.ts";
import { problemResponse } from "./problem-response.ts";
import { requestIdOf } from "./request-id.ts";
import { withoutSecrets } from "./without-secrets.ts";
import { policyOf } from "../policy/policy.ts";
import { takesKey } from "../api/schemas.ts";
import type {
  healthSchema,
  policiesSchema,
  templateSchema,
  workspaceListSchema,
  workspaceSchema,
} from "../api/schemas.ts";

type App = Hono<{ Bindings: Env }>;
type Workspace = z.output<typeof workspaceSchema>;

/** Functions that the routes call. */
export interface Service {
  execute(operation: string, input: unknown, caller: Caller): Promise<object>;
  listWorkspaces(caller: Caller): Promise<Workspace[]>;
  getWorkspace(caller: Caller, sandboxId: string): Promise<Workspace>;
  pauseWorkspace(caller: Caller, sandboxId: string): Promise<void>;
  endWorkspace(caller: Caller, sandboxId: string): Promise<void>;
  templateView(caller: Caller): Promise<z.output<typeof templateSchema>>;
}

/**
 * Creates the HTTP app: `/v1` requires authentication, health and OpenAPI do not. Every error is a problem (RFC 9457).
 * Routes added later run behind the same middleware.
 */
export function createApp(service: Service): App {
  const app: App = new Hono();
  for (const middleware of [securityHeaders, audited, withoutSecrets]) app.use(middleware);
  for (const path of CROSS_ORIGIN_PATHS) app.use(path, crossOrigin);

  app.post("/v1/git/:operation", async (c) => {
    const startedAt = performance.now();
    const caller = await callerOf(c);
    const input = await readJsonObject(c.req.raw);
    const operation = c.req.param("operation");
    const executed = async (own: Caller) => ({
      response: answer(await service.execute(operation, input, own), {
        requestId: requestIdOf(c.req.raw),
        headers: { "Server-Timing": serverTiming(startedAt, own.cost) },
      }),
    });
    return takesKey(operation) ? keyed(c, caller, input, executed) : (await executed(caller)).response;
  });

  app.get("/v1/workspaces", async (c) => {
    const workspaces = await service.listWorkspaces(await callerOf(c));
    return answer({ workspaces } satisfies z.output<typeof workspaceListSchema>);
  });
  app.get("/v1/workspaces/:sandbox_id", async (c) =>
    answer(await service.getWorkspace(await callerOf(c), c.req.param("sandbox_id"))),
  );
  app.post("/v1/workspaces/:sandbox_id/pause", async (c) => {
    await service.pauseWorkspace(await callerOf(c), c.req.param("sandbox_id"));
    return answer(null);
  });
  app.delete("/v1/workspaces/:sandbox_id", async (c) => {
    await service.endWorkspace(await callerOf(c), c.req.param("sandbox_id"));
    return answer(null);
  });

  app.get("/v1/policy", async (c) => answer(policiesOf(await callerOf(c))));
  app.get("/v1/template", async (c) => answer(await service.templateView(await callerOf(c))));

  app.get("/healthz", (c) => {
    const config = configOf(c.env);
    const credentials = brokerOrigin(config, new URL(c.req.url).origin) === undefined ? "env" : "broker";
    const commits = config.signingKeys.length > 0 ? "signed" : "unsigned";
    const sandbox_egress = config.sealedTo === undefined ? "open" : "sealed";
    const health = { ok: true, version, credentials, commits, sandbox_egress } as const;
    return answer(health satisfies z.output<typeof healthSchema>);
  });
  app.get("/openapi.json", () => answer(openApi()));

  app.notFound((c) => failed(noRoute(app, c), c));
  app.onError(failed);
  return app;
}

function failed(thrown: unknown, c: HttpContext): Response {
  const error = asKnownError(thrown);
  auditOf(c).failed(thrown, error.code);
  return problemResponse(error, requestIdOf(c.req.raw), redactorOf(c));
}

function policiesOf({ tenant, config }: Caller): z.output<typeof policiesSchema> {
  const hosts = [...new Set(config.allowedGitHosts)];
  return { policies: hosts.map((host) => ({ host, ...policyOf(config.policy, tenant, host) })) };
}

function noRoute(app: App, { req }: HttpContext): WarmtreeError {
  const methods = new Set(app.routes.map(({ method }) => method));
  const allowed = [...methods].filter((method) =>
    app.router.match(method, req.path)[0].some(([[, route]]) => route.method !== METHOD_NAME_ALL),
  );
  if (allowed.length === 0) {
    return new WarmtreeError("not_found", `There is no ${req.path}. GET /openapi.json lists the routes.`);
  }
  // Hono answers HEAD for every GET route.
  const allow = [...allowed, ...(allowed.includes("GET") ? ["HEAD"] : [])].join(", ");
  return new HttpError("method_not_allowed", `${req.path} takes ${allow}, not ${req.method}.`, { Allow: allow });
}
