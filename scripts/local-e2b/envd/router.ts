import type { IncomingMessage } from "node:http";
import { endFrame, parseJson } from "../connect/frame.ts";
import { readBody } from "../http/body.ts";
import { ApiError, sendApiError, sendEmpty, sendJson } from "../http/reply.ts";
import type { SandboxUser } from "../machine/machine.ts";
import type { Sandbox } from "../state/sandbox.ts";
import { hasToken, rpcUser } from "./auth.ts";
import type { EnvdCall } from "./call.ts";
import { asApiError, asConnectError } from "./errors.ts";
import { download, upload } from "./files.ts";
import { listDir, makeDir, move, remove, stat } from "./filesystem.ts";
import { metrics } from "./metrics.ts";
import { connect, start } from "./process.ts";
import { closeStdin, list, sendInput, sendSignal, update } from "./process-unary.ts";
import { createWatcher, getWatcherEvents, removeWatcher, watchDir } from "./watch.ts";

type Unary = (sandbox: Sandbox, message: unknown, user: SandboxUser) => object | Promise<object>;
type Streaming = (call: EnvdCall) => Promise<void>;

const UNARY: Readonly<Record<string, Unary>> = {
  "process.Process/List": list,
  "process.Process/SendInput": sendInput,
  "process.Process/SendSignal": sendSignal,
  "process.Process/CloseStdin": closeStdin,
  "process.Process/Update": update,
  "filesystem.Filesystem/Stat": stat,
  "filesystem.Filesystem/MakeDir": makeDir,
  "filesystem.Filesystem/Move": move,
  "filesystem.Filesystem/Remove": remove,
  "filesystem.Filesystem/ListDir": listDir,
  "filesystem.Filesystem/CreateWatcher": createWatcher,
  "filesystem.Filesystem/GetWatcherEvents": getWatcherEvents,
  "filesystem.Filesystem/RemoveWatcher": removeWatcher,
};

const STREAMING: Readonly<Record<string, Streaming>> = {
  "process.Process/Start": start,
  "process.Process/Connect": connect,
  "filesystem.Filesystem/WatchDir": watchDir,
};

type Plain = (call: EnvdCall) => void | Promise<void>;

const PLAIN: Readonly<Record<string, Plain>> = {
  "GET /health": ({ response }) => sendEmpty(response),
  "GET /files": download,
  "POST /files": upload,
  "GET /metrics": ({ response, sandbox }) => sendJson(response, 200, metrics(sandbox)),
  "GET /envs": ({ response, sandbox }) => sendJson(response, 200, sandbox.variables()),
};
/** Routes without a token check: they check signatures themselves, or are open to all. */
const WITHOUT_TOKEN = new Set(["GET /health", "GET /files", "POST /files"]);

/** Returns the name under which a request is counted; undefined if envd does not have the route. */
export function envdRoute(request: IncomingMessage, path: string): string | undefined {
  const rpc = path.slice(1);
  if (request.method === "POST" && (Object.hasOwn(UNARY, rpc) || Object.hasOwn(STREAMING, rpc))) return rpc;
  const plain = `${request.method} ${path}`;
  return Object.hasOwn(PLAIN, plain) ? plain : undefined;
}

/** Serves a request to the envd of a running sandbox. */
export async function serveEnvd(call: EnvdCall, route: string): Promise<void> {
  const { request, response, sandbox } = call;
  if (!WITHOUT_TOKEN.has(route) && !hasToken(request, sandbox)) {
    const message = "unauthorized access, please provide a valid access token or method signing if supported";
    sendApiError(response, new ApiError(401, message));
    return;
  }
  const streaming = STREAMING[route];
  const unary = UNARY[route];
  if (streaming !== undefined) await serveStreaming(streaming, call);
  else if (unary !== undefined) await serveUnary(unary, call);
  else await servePlain(PLAIN[route] ?? notThere, call);
}

async function serveStreaming(handler: Streaming, call: EnvdCall): Promise<void> {
  const { request, response } = call;
  if (!/^application\/connect\+json\b/i.test(request.headers["content-type"] ?? "")) {
    response.writeHead(415, { "Accept-Post": "application/connect+json" }).end();
    return;
  }
  try {
    await handler(call);
  } catch (error) {
    // The status of a stream is always 200; its last frame carries the error.
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.writeHead(200, { "Content-Type": "application/connect+json" }).end(endFrame(asConnectError(error)));
  }
}

async function serveUnary(handler: Unary, { request, response, sandbox }: EnvdCall): Promise<void> {
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
    response.writeHead(415, { "Accept-Post": "application/json" }).end();
    return;
  }
  try {
    const message = parseJson(await readBody(request));
    sendJson(response, 200, await handler(sandbox, message, rpcUser(request, sandbox)));
  } catch (error) {
    const failure = asConnectError(error);
    sendJson(response, failure.status, failure);
  }
}

async function servePlain(handler: Plain, call: EnvdCall): Promise<void> {
  const { request, response } = call;
  try {
    await handler(call);
  } catch (error) {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // Reads the request to its end: a client that is still sending its file does not read the response.
    request.resume();
    sendApiError(response, asApiError(error));
  }
}

function notThere(): never {
  throw new ApiError(404, "envd has no such route");
}
