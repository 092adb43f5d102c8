import type { IncomingMessage } from "node:http";
import { isToLocalName } from "../http/local-name.ts";
import { refuseFile } from "../envd/auth.ts";
import { ApiError } from "../http/reply.ts";
import type { Sandbox } from "../state/sandbox.ts";
import type { SandboxStore } from "../state/store.ts";

/** The port at which envd listens inside a sandbox. */
export const ENVD_PORT = 49_983;

/** A port of a sandbox. */
export interface Target {
  readonly id: string;
  readonly port: number;
}

/** E2B's host name of a port in a sandbox: `{port}-{id}.…`. */
const SANDBOX_NAME = /^(\d+)-([a-z0-9]+)\./;

/**
 * Returns the sandbox's port that a request is for; undefined for the host itself. The host name of a sandbox's port
 * leads to that sandbox only, as in E2B. Any page can have that name, so a header that names another sandbox is ignored
 * there. @throws ApiError 400, 401 or 403
 */
export function targetOf(sandboxes: SandboxStore, request: IncomingMessage, url: URL): Target | undefined {
  if (isToLocalName(request)) return routedTarget(request) ?? signedTarget(sandboxes, request, url);
  const { host = "" } = request.headers;
  const target = namedTarget(host);
  if (target === undefined) throw new ApiError(403, `this host answers to 127.0.0.1 and localhost, not to '${host}'`);
  return target;
}

/**
 * Whether an upgrade request is for a program in a sandbox. A request with a body is not: the body comes first, and the
 * program may treat the request as any other.
 */
export function isUpgrade(request: IncomingMessage): boolean {
  const { "content-length": length = "0", "transfer-encoding": encoding } = request.headers;
  return length === "0" && encoding === undefined && isToProgram(request);
}

function isToProgram(request: IncomingMessage): boolean {
  const { "e2b-sandbox-id": id, "e2b-sandbox-port": port = "", host = "" } = request.headers;
  const named = isToLocalName(request) ? id && Number(port) : namedTarget(host)?.port;
  return typeof named === "number" && named !== ENVD_PORT;
}

/** Returns the target of a host name, by which E2B routes. */
function namedTarget(host: string): Target | undefined {
  const [, port, id] = SANDBOX_NAME.exec(host) ?? [];
  return id === undefined ? undefined : { id, port: Number(port) };
}

/** Returns the target in the headers, by which E2B routes if one address serves all sandboxes. */
function routedTarget(request: IncomingMessage): Target | undefined {
  const { "e2b-sandbox-id": id, "e2b-sandbox-port": port } = request.headers;
  if (typeof id !== "string") return undefined;
  if (typeof port !== "string") throw new ApiError(400, "missing header: E2b-Sandbox-Port");
  if (!/^\d+$/.test(port)) throw new ApiError(400, "Invalid sandbox port");
  return { id, port: Number(port) };
}

/** Returns the sandbox whose token signed a file URL, because a URL of a shared address does not name it. */
function signedTarget(sandboxes: SandboxStore, request: IncomingMessage, url: URL): Target | undefined {
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
