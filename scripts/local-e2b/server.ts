import { type IncomingMessage, ServerResponse } from "node:http";
import { isToLocalName } from "./http/local-name.ts";
import { ADMIN_PREFIX, type AdminContext, serveAdmin } from "./admin.ts";
import { controlRoute, serveControl, teamOf } from "./control/router.ts";
import { ApiError, sendApiError, sendEmpty } from "./http/reply.ts";
import type { Builder } from "./state/builder.ts";
import type { TemplateStore } from "./state/templates.ts";
import type { Uploads } from "./state/uploads.ts";
import type { Upgrade } from "./traffic/forward.ts";
import { serveSandbox } from "./traffic/serve.ts";
import { isUpgrade, targetOf } from "./traffic/target.ts";

export interface ServerContext extends AdminContext {
  /** Undefined: any key is accepted. */
  readonly apiKeys: readonly string[] | undefined;
  readonly templates: TemplateStore;
  readonly builder: Builder;
  readonly uploads: Uploads;
}

/** Sends each request to the admin routes, to a port of a sandbox, or to the control plane. Never throws. */
export async function serve(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
  upgrade?: Upgrade,
): Promise<void> {
  try {
    // Throws if the target cannot be parsed; the client gets status 400.
    const url = parseTarget(request);
    const upload = /^\/_local\/uploads\/(\w+)$/.exec(url.pathname)?.[1];
    const isLocal = isToLocalName(request);
    if (isLocal && upload !== undefined && request.method === "PUT") {
      await context.uploads.receive(upload, request);
      sendEmpty(response, 200);
    } else if (isLocal && url.pathname.startsWith(ADMIN_PREFIX)) {
      await serveAdmin(context, request, response);
    } else {
      const target = targetOf(context.sandboxes, request, url);
      if (target === undefined) await serveControlPlane(context, request, response, url);
      else await serveSandbox(context, request, response, url, target, upgrade);
    }
  } catch (error) {
    if (response.headersSent) response.destroy();
    else sendApiError(response, error instanceof ApiError ? error : new ApiError(500, String(error)));
  }
}

/** Serves an upgrade request, whose connection Node hands over. Never throws. */
export function serveUpgrade(context: ServerContext, request: IncomingMessage, head: Buffer): Promise<void> {
  const { socket } = request;
  // The users of the connection get its close event.
  socket.on("error", () => undefined);
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once("finish", () => socket.end());
  if (isUpgrade(request)) return serve(context, request, response, { socket, head });
  // Only Node before 24.9, which has no shouldUpgradeCallback, sends other upgrade requests here.
  sendApiError(response, new ApiError(400, "another protocol is for programs in sandboxes, and not with a body"));
  return Promise.resolve();
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
