import type { IncomingMessage, ServerResponse } from "node:http";
import { hasToken, sameText } from "../envd/auth.ts";
import { envdRoute, serveEnvd } from "../envd/router.ts";
import { type Faults, errorOnDemand } from "../faults.ts";
import type { Counters } from "../counters.ts";
import { ApiError } from "../http/reply.ts";
import type { Sandbox } from "../state/sandbox.ts";
import type { SandboxStore } from "../state/store.ts";
import { forward, type Upgrade } from "./forward.ts";
import { refuse, TRAFFIC_TOKEN_HEADER } from "./refusal.ts";
import { ENVD_PORT, type Target } from "./target.ts";

interface TrafficContext {
  readonly sandboxes: SandboxStore;
  readonly faults: Faults;
  readonly counters: Counters;
}

/** Serves a request to a port of a sandbox, and wakes the sandbox first if its creator chose so. @throws ApiError */
export async function serveSandbox(
  { sandboxes, faults, counters }: TrafficContext,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  target: Target,
  upgrade: Upgrade | undefined,
): Promise<void> {
  const route = target.port === ENVD_PORT ? envdRoute(request, url.pathname) : undefined;
  const counted = route ?? `${request.method} ${url.pathname}`;
  counters.count("sandbox", counted);
  await faults.delay("sandbox");
  const fault = faults.takeSandboxError(counted);
  if (fault === "reset") {
    request.socket.resetAndDestroy();
    return;
  }
  if (fault !== undefined) {
    // Reads the request to its end: a client that is still sending its file does not read the response.
    request.resume();
    throw errorOnDemand(fault);
  }
  const sandbox = sandboxes.get(target.id);
  if (sandbox !== undefined) {
    if (sandboxes.isWoken(sandbox)) {
      if (!mayWake(request, sandbox, target)) {
        refuse(request, response, target, "may-not-wake");
        return;
      }
      await sandboxes.wake(sandbox);
    }
    await sandbox.connect(upgrade?.socket ?? response);
  }
  if (sandbox?.state !== "running") refuse(request, response, target, "not-found");
  else if (target.port !== ENVD_PORT) await serveProgram(sandbox, request, response, target, upgrade);
  else if (route === undefined) throw new ApiError(404, `envd has no route ${request.method} ${url.pathname}`);
  else await serveEnvd({ sandbox, request, response, url, faults }, route);
}

async function serveProgram(
  sandbox: Sandbox,
  request: IncomingMessage,
  response: ServerResponse,
  target: Target,
  upgrade: Upgrade | undefined,
): Promise<void> {
  const refusal = refuseTraffic(request, sandbox);
  if (refusal === undefined) await forward({ sandbox, target, request, response, upgrade });
  else refuse(request, response, target, refusal);
}

/** Whether a request may wake a sandbox. envd's port has its own token. */
function mayWake(request: IncomingMessage, sandbox: Sandbox, { port }: Target): boolean {
  return port === ENVD_PORT ? hasToken(request, sandbox) : refuseTraffic(request, sandbox) === undefined;
}

function refuseTraffic(
  { headers }: IncomingMessage,
  { trafficToken }: Sandbox,
): "token-missing" | "token-invalid" | undefined {
  if (trafficToken === undefined) return undefined;
  const given = headers[TRAFFIC_TOKEN_HEADER];
  if (typeof given !== "string" || given === "") return "token-missing";
  return sameText(given, trafficToken) ? undefined : "token-invalid";
}
