import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { errorOnDemand } from "../faults.ts";
import { ApiError, sendApiError } from "../http/reply.ts";
import type { ControlCall, Handler, Routes } from "./call.ts";
import { buildRoutes } from "./builds.ts";
import { lifecycleRoutes } from "./lifecycle.ts";
import { listRoutes } from "./list.ts";
import { metricsRoutes } from "./metrics.ts";
import { snapshotRoutes } from "./snapshots.ts";
import { templateRoutes } from "./templates.ts";

interface Route {
  readonly name: string;
  readonly method: string;
  readonly pattern: RegExp;
  readonly handler: Handler;
}

/** Routes without a parameter come before routes with one that match the same path. */
const ROUTES: readonly Route[] = compile({
  ...metricsRoutes,
  ...lifecycleRoutes,
  ...listRoutes,
  ...snapshotRoutes,
  ...templateRoutes,
  ...buildRoutes,
});

export interface ControlMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

export function controlRoute(method: string, path: string): ControlMatch | undefined {
  for (const route of ROUTES) {
    if (route.method !== method) continue;
    const match = route.pattern.exec(path);
    if (match !== null) return { route, params: decodeAll(match.groups ?? {}) };
  }
  return undefined;
}

/** Returns the team of an API key; each key is its own team. @param good undefined: any key @throws ApiError 401 */
export function teamOf(request: IncomingMessage, good: readonly string[] | undefined): string {
  const key = request.headers["x-api-key"];
  if (typeof key !== "string" || key === "") {
    throw new ApiError(401, "Unauthorized, please check your credentials: the X-API-KEY header is missing");
  }
  if (good?.includes(key) === false) throw new ApiError(401, "Unauthorized, please check your credentials");
  return createHash("sha256").update(key).digest("hex");
}

export async function serveControl(call: ControlCall, { route }: ControlMatch): Promise<void> {
  const { response } = call;
  try {
    const fault = call.faults.takeControlError();
    if (fault !== undefined) throw errorOnDemand(fault);
    await route.handler(call);
  } catch (error) {
    if (response.headersSent || response.destroyed) return;
    sendApiError(response, error instanceof ApiError ? error : new ApiError(500, String(error)));
  }
}

function compile(routes: Routes): readonly Route[] {
  return Object.entries(routes).map(([name, handler]) => {
    const [method = "", path = ""] = name.split(" ");
    const pattern = new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`);
    return { name, method, pattern, handler };
  });
}

function decodeAll(groups: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, safeDecode(value)]));
}

function safeDecode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw new ApiError(400, `the path holds a broken percent escape: ${value}`);
  }
}
