import { execFileSync, spawn } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { endWithParent } from "../support/processes.ts";

/** git's CGI headers are a few hundred bytes; a longer output without a blank line is not a CGI response. */
const MAX_HEAD_BYTES = 16 * 1024;

/** Settings of every served repository, so that a bare repository needs no configuration of its own. */
const GIT_CONFIG: readonly (readonly [key: string, value: string])[] = [
  ["http.receivepack", "true"],
  ["uploadpack.allowFilter", "true"],
  ["uploadpack.allowAnySHA1InWant", "true"],
  // Housekeeping would run in the background after the response, and after the server's end.
  ["receive.autogc", "false"],
];

export interface BackendRequest {
  /** Folder of the bare repositories. */
  readonly root: string;
  /** Path below root, such as `/small.git/info/refs`. */
  readonly path: string;
  /** Query without the question mark. */
  readonly query: string;
}

/** Returns the path of `git http-backend`. Throws if there is no git on this machine. */
export function findHttpBackend(): string {
  return join(execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim(), "git-http-backend");
}

/**
 * Answers one request through `git http-backend` (CGI, RFC 3875), streaming both ways.
 * Rejects if the backend cannot be started or gives no CGI response; a client that disconnects causes no error.
 */
export async function serveBackend(
  backend: string,
  target: BackendRequest,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Runs in its own process group, so that upload-pack and pack-objects end with an abandoned request.
  const child = spawn(backend, { detached: true, env: cgiEnvironment(target, request) });
  endWithParent(child, "group");
  const errors: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  const exit = new Promise<boolean>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code === 0));
  });
  response.once("close", () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) killGroup(child.pid);
  });

  // git may answer and end before it has read the whole body; the broken pipe is then not an error.
  pipeline(request, child.stdin).catch(() => undefined);
  const [head, isWhole] = await Promise.all([answer(child.stdout, response), exit]);
  // A truncated response must not look complete.
  if (isWhole) response.end();
  else if (head !== undefined) response.destroy();
  if (head === undefined && !response.destroyed) {
    throw new Error(`git http-backend gave no answer to ${target.path}: ${Buffer.concat(errors).toString().trim()}`);
  }
}

/** @returns the CGI head, or undefined if the output ended without one and nothing was sent */
async function answer(output: Readable, response: ServerResponse): Promise<string | undefined> {
  const head = await readHead(output);
  if (head === undefined) return undefined;
  writeHead(head, response);
  // Fails only if the client disconnected; there is then no client to inform.
  await pipeline(output, response, { end: false }).catch(() => undefined);
  return head;
}

/** Reads the head off the stream and leaves the rest in it. */
async function readHead(output: Readable): Promise<string | undefined> {
  let head = Buffer.alloc(0);
  for await (const chunk of output.iterator({ destroyOnReturn: false })) {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end >= 0) {
      output.unshift(head.subarray(end + 4));
      return head.toString("latin1", 0, end);
    }
    if (head.length > MAX_HEAD_BYTES) break;
  }
  output.resume();
  return undefined;
}

function writeHead(head: string, response: ServerResponse): void {
  let status = 200;
  for (const line of head.split("\r\n")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    if (name.toLowerCase() === "status") status = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.writeHead(status);
}

function cgiEnvironment({ root, path, query }: BackendRequest, { method, headers }: IncomingMessage) {
  const config = GIT_CONFIG.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return {
    ...Object.fromEntries(config),
    PATH: process.env.PATH,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_COUNT: String(GIT_CONFIG.length),
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: "1",
    GIT_PROTOCOL: headers["git-protocol"],
    REQUEST_METHOD: method,
    PATH_INFO: path,
    QUERY_STRING: query,
    REMOTE_ADDR: "127.0.0.1",
    CONTENT_TYPE: headers["content-type"],
    // Absent for a chunked body: the backend then reads to the end of its input.
    CONTENT_LENGTH: headers["content-length"],
    HTTP_CONTENT_ENCODING: headers["content-encoding"],
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The process has ended meanwhile.
  }
}
