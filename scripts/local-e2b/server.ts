import type { IncomingMessage, ServerResponse } from "node:http";
import { isToLocalName } from "../support/local-name.ts";
import { ADMIN_PREFIX, type AdminContext, serveAdmin } from "./admin.ts";
import { controlRoute, serveControl, teamOf } from "./control/router.ts";
import { refuseFile } from "./envd/auth.ts";
import { envdRoute, serveEnvd } from "./envd/router.ts";
import { errorOnDemand } from "./faults.ts";
import { ApiError, sendApiError, sendEmpty, sendJson } from "./http/reply.ts";
import type { Builder } from "./state/builder.ts";
import type { Sandbox } from "./state/sandbox.ts";
import type { TemplateStore } from "./state/templates.ts";
import type { Uploads } from "./state/uploads.ts";

export interface ServerContext extends AdminContext {
  /** Undefined: any key is good. */
  readonly apiKeys: readonly string[] | undefined;
  readonly templates: TemplateStore;
  readonly builder: Builder;
  readonly uploads: Uploads;
}

/** E2B's host name of a port in a sandbox: `{port}-{id}.…`. */
const SANDBOX_NAME = /^(\d+)-([a-z0-9]+)\./;
/** The port at which envd listens inside a sandbox. */
const ENVD_PORT = 49_983;

/** Sends each request to the admin routes, to a sandbox's envd, or to the control plane. Never throws. */
export async function serve(context: ServerContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    // Parsing a target like `//` throws; a client sees that as its own bad request.
    const url = parseTarget(request);
    if (!isToLocalName(request)) {
      await serveNamedSandbox(context, request, response, url);
      return;
    }
    const upload = /^\/_local\/uploads\/(\w+)$/.exec(url.pathname)?.[1];
    if (upload !== undefined && request.method === "PUT") {
      await context.uploads.receive(upload, request);
      sendEmpty(response, 200);
    } else if (url.pathname.startsWith(ADMIN_PREFIX)) {
      await serveAdmin(context, request, response);
    } else {
      const target = routedTarget(request) ?? signedTarget(context, request, url);
      if (target === undefined) await serveControlPlane(context, request, response, url);
      else await serveSandbox(context, request, response, url, target);
    }
  } catch (error) {
    if (response.headersSent) response.destroy();
    else sendApiError(response, error instanceof ApiError ? error : new ApiError(500, String(error)));
  }
}

/**
 * Under the name of a sandbox's port there is that sandbox alone, as at E2B. Any page can have such a name, so a header that
 * names another sandbox counts for nothing here. @throws ApiError 403
 */
async function serveNamedSandbox(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const { host = "" } = request.headers;
  const target = namedTarget(host);
  if (target === undefined) throw new ApiError(403, `this host answers to 127.0.0.1 and localhost, not to '${host}'`);
  await serveSandbox(context, request, response, url, target);
}

function parseTarget(request: IncomingMessage): URL {
  const url = URL.parse(`http://local${request.url ?? "/"}`);
  if (url === null) throw new ApiError(400, `cannot read the request target ${request.url}`);
  return url;
}

async function serveControlPlane(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const method = request.method ?? "GET";
  const match = controlRoute(method, url.pathname);
  if (match === undefined) throw new ApiError(404, `no matching operation was found for ${method} ${url.pathname}`);
  context.counters.count("control", match.route.name);
  await context.faults.delay("control");
  const team = teamOf(request, context.apiKeys);
  await serveControl({ ...context, request, response, url, params: match.params, team }, match);
}

async function serveSandbox(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  target: Target,
): Promise<void> {
  const route = target.port === ENVD_PORT ? envdRoute(request, url.pathname) : undefined;
  const counted = route ?? `${request.method} ${url.pathname}`;
  context.counters.count("sandbox", counted);
  await context.faults.delay("sandbox");
  const fault = context.faults.takeSandboxError(counted);
  if (fault === "reset") {
    request.socket.resetAndDestroy();
    return;
  }
  if (fault !== undefined) {
    // A client that is still sending its file has to be read to the end to see the answer.
    request.resume();
    throw errorOnDemand(fault);
  }
  const sandbox = context.sandboxes.get(target.id);
  if (sandbox !== undefined) {
    await context.sandboxes.wake(sandbox);
    await sandbox.connect(response);
  }
  if (sandbox?.state !== "running") {
    sendJson(response, 502, { sandboxId: target.id, message: "The sandbox was not found", code: 502 });
  } else if (target.port !== ENVD_PORT) {
    const message = "The local host serves envd's port only; use the port on 127.0.0.1, the network is shared";
    sendJson(response, 502, { sandboxId: target.id, message, port: target.port, code: 502 });
  } else if (route === undefined) {
    throw new ApiError(404, `envd has no route ${request.method} ${url.pathname}`);
  } else {
    await serveEnvd({ sandbox, request, response, url, faults: context.faults }, route);
  }
}

interface Target {
  readonly id: string;
  readonly port: number;
}

/** E2B routes by host name. */
function namedTarget(host: string): Target | undefined {
  const [, port, id] = SANDBOX_NAME.exec(host) ?? [];
  return id === undefined ? undefined : { id, port: Number(port) };
}

/** E2B routes by header, where one address serves all sandboxes. */
function routedTarget(request: IncomingMessage): Target | undefined {
  const { "e2b-sandbox-id": id, "e2b-sandbox-port": port } = request.headers;
  if (typeof id !== "string") return undefined;
  if (typeof port !== "string") throw new ApiError(400, "missing header: E2b-Sandbox-Port");
  return { id, port: Number(port) };
}

/** A signed file URL made for one shared address names no sandbox: the one whose token made the signature is meant. */
function signedTarget({ sandboxes }: ServerContext, request: IncomingMessage, url: URL): Target | undefined {
  if (url.pathname !== "/files" || !url.searchParams.has("signature")) return undefined;
  const operation = request.method === "GET" ? "read" : "write";
  const signed = (sandbox: Sandbox): boolean => {
    const refusal = refuseFile(request, url, operation, sandbox.accessToken);
    return refusal === undefined || refusal === "signature is already expired";
  };
  const sandbox = sandboxes.all().find(signed);
  if (sandbox === undefined) throw new ApiError(401, "invalid signature");
  return { id: sandbox.id, port: ENVD_PORT };
}
