import type * as z from "zod/v4";
import { readJson } from "../http/body.ts";
import { ApiError, sendEmpty, sendJson } from "../http/reply.ts";
import type { Sandbox } from "../state/sandbox.ts";
import type { ControlCall, Routes } from "./call.ts";
import {
  connectV1,
  connectV2,
  type NewSandbox,
  networkUpdate,
  newSandboxV1,
  newSandboxV2,
  pauseRequest,
  refreshRequest,
  resumed,
  timeoutRequest,
} from "./schemas.ts";
import { detailView, sandboxView } from "./view.ts";

/** Routes that create, read, change and end a sandbox. */
export const lifecycleRoutes: Routes = {
  "POST /sandboxes": async (call) => create(call, await readJson(call.request, newSandboxV1)),
  "POST /v2/sandboxes": async (call) => create(call, await readJson(call.request, newSandboxV2)),
  "POST /sandboxes/{id}/connect": async (call) => connect(call, await readJson(call.request, connectV1)),
  "POST /v2/sandboxes/{id}/connect": async (call) => connect(call, await readJson(call.request, connectV2)),
  "POST /sandboxes/{id}/resume": async (call) => connect(call, await readJson(call.request, resumed)),
  "GET /sandboxes/{id}": (call) => sendJson(call.response, 200, detailView(theSandbox(call))),
  "DELETE /sandboxes/{id}": async (call) => {
    await call.sandboxes.kill(theSandbox(call));
    sendEmpty(call.response);
  },
  "POST /sandboxes/{id}/pause": async (call) => {
    const { memory } = await readJson(call.request, pauseRequest);
    await call.sandboxes.pause(theSandbox(call), memory);
    sendEmpty(call.response);
  },
  "POST /sandboxes/{id}/timeout": async (call) => {
    const { timeout } = await readJson(call.request, timeoutRequest);
    call.sandboxes.setTimeout(theSandbox(call), timeout);
    sendEmpty(call.response);
  },
  "POST /sandboxes/{id}/refreshes": async (call) => {
    const { duration } = await readJson(call.request, refreshRequest);
    call.sandboxes.extend(theSandbox(call), duration);
    sendEmpty(call.response);
  },
  "PUT /sandboxes/{id}/network": async (call) => {
    const { allow_internet_access: internet, ...egress } = await readJson(call.request, networkUpdate);
    await call.sandboxes.setEgress(theSandbox(call), egress, internet);
    sendEmpty(call.response);
  },
};

/** Returns the sandbox of a route with `{id}`. @throws ApiError 404 */
export function theSandbox({ sandboxes, team, params }: ControlCall): Sandbox {
  return sandboxes.find(team, params["id"] ?? "");
}

async function create(call: ControlCall, body: NewSandbox & { readonly timeout: number }): Promise<void> {
  const hang = call.faults.takeHang();
  const left = leaving(call);
  if (hang === "before" && !(await call.faults.hang("creates", left))) return;
  refuseWhatIsNotHere(body);
  const image = call.templates.image(call.team, body.templateID);
  const sandbox = await call.sandboxes.create({
    team: call.team,
    image,
    timeoutS: body.timeout,
    metadata: body.metadata,
    envVars: body.envVars,
    lifecycle: {
      onTimeout: body.autoPause ? "pause" : "kill",
      pauseKeepsMemory: body.autoPauseMemory,
      autoResume: body.autoResume.enabled,
    },
    network: body.network,
    allowInternetAccess: body.allow_internet_access,
  });
  call.templates.countSpawn(image);
  if (hang === "after" && !(await call.faults.hang("creates", left))) return;
  sendJson(call.response, 201, sandboxView(sandbox));
}

/** Refuses features that this host lacks: without them, the sandbox would not be as requested. @throws ApiError 501 */
function refuseWhatIsNotHere({ volumeMounts: [volume], iam, mcp }: NewSandbox): void {
  const asked = Object.entries({ volumeMounts: volume, iam, mcp }).find(([, value]) => (value ?? null) !== null);
  if (asked !== undefined) throw new ApiError(501, `${asked[0]}: the local host has no such thing`);
}

async function connect(call: ControlCall, { timeout, memory }: z.output<typeof connectV2>): Promise<void> {
  const sandbox = theSandbox(call);
  if (call.faults.takeConnectHang() && !(await call.faults.hang("connects", leaving(call)))) return;
  const wasPaused = await call.sandboxes.resume(sandbox, timeout, memory);
  sendJson(call.response, wasPaused ? 201 : 200, sandboxView(sandbox));
}

/** Returns a signal that aborts when the client has left. */
function leaving({ response }: ControlCall): AbortSignal {
  const left = new AbortController();
  response.once("close", () => left.abort());
  return left.signal;
}
