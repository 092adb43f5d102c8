import type { IncomingMessage } from "node:http";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { posix } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { ApiError, sendJson } from "../http/reply.ts";
import type { SandboxUser } from "../machine/machine.ts";
import { type FileOperation, knownUser, refuseFile } from "./auth.ts";
import type { EnvdCall } from "./call.ts";
import { type FileMetadata, metadataFrom } from "../state/file-metadata.ts";
import { readParts } from "./multipart.ts";
import { requireReadable, type Resolved, resolvePath } from "./paths.ts";
import { writeContent } from "./write.ts";

/** GET /files: sends one file: whole, a range of it, or gzipped. @throws ApiError, ConnectError */
export async function download(call: EnvdCall): Promise<void> {
  const { sandbox, request, response, url } = call;
  const user = authorize(call, "read");
  const file = resolvePath(sandbox, user, url.searchParams.get("path") ?? "", { follow: true });
  const stats = await stat(file.host).catch(() => undefined);
  if (stats === undefined) throw new ApiError(404, `path '${file.path}' does not exist`);
  if (stats.isDirectory()) throw new ApiError(400, `path '${file.path}' is a directory`);
  requireReadable(file, stats);
  const headers = {
    "Content-Type": "application/octet-stream",
    "Content-Disposition": `inline; filename*=utf-8''${encodeURIComponent(posix.basename(file.path))}`,
    "Last-Modified": stats.mtime.toUTCString(),
    Vary: "Accept-Encoding",
  };
  const range = parseRange(request.headers.range, stats.size);
  if (range === undefined && acceptsGzip(request)) {
    response.writeHead(200, { ...headers, "Content-Encoding": "gzip" });
    await pipeline(createReadStream(file.host), createGzip(), response);
    return;
  }
  const { start, end } = range ?? { start: 0, end: stats.size - 1 };
  const part = range === undefined ? {} : { "Content-Range": `bytes ${start}-${end}/${stats.size}` };
  response.writeHead(range === undefined ? 200 : 206, { ...headers, ...part, "Content-Length": end - start + 1 });
  if (end < start) response.end();
  else await pipeline(createReadStream(file.host, { start, end }), response);
}

interface Written {
  readonly path: string;
  readonly name: string;
  readonly type: "file";
  readonly metadata?: FileMetadata;
}

/**
 * POST /files: writes a form's files or one raw body, makes parents, replaces content. @throws ApiError, ConnectError
 */
export async function upload(call: EnvdCall): Promise<void> {
  const { sandbox, request, url } = call;
  const user = authorize(call, "write");
  const metadata = metadataFrom(request.headers);
  const type = request.headers["content-type"] ?? "";
  const path = url.searchParams.get("path") ?? undefined;
  const written: Written[] = [];
  const write = async (target: string, content: AsyncIterable<Buffer>): Promise<void> => {
    const file = resolvePath(sandbox, user, target, { follow: true });
    if (written.some((other) => other.path === file.path)) {
      throw new ApiError(400, `you cannot upload multiple files to the same path '${file.path}' in one upload request`);
    }
    await writeContent(sandbox, file, content, metadata);
    written.push(writtenEntry(file, metadata));
  };
  if (/^application\/octet-stream\b/i.test(type)) {
    if (path === undefined) throw new ApiError(400, "path query parameter is required for raw body upload");
    await write(path, decoded(request));
  } else if (/^multipart\//i.test(type)) {
    for await (const part of readParts(decoded(request), type)) {
      if (part.name !== "file") continue;
      const target = path ?? part.filename;
      if (target === undefined) throw new ApiError(400, "a form part has no file name, and the query no path");
      await write(target, part.content);
    }
  } else {
    throw new ApiError(
      400,
      `unsupported content type: ${type}, expected multipart/form-data or application/octet-stream`,
    );
  }
  sendJson(call.response, 200, written);
}

function writtenEntry({ path }: Resolved, metadata: FileMetadata): Written {
  const entry: Written = { path, name: posix.basename(path), type: "file" };
  return Object.keys(metadata).length === 0 ? entry : { ...entry, metadata };
}

/** @throws ApiError 401 */
function authorize({ request, url, sandbox }: EnvdCall, operation: FileOperation): SandboxUser {
  const refusal = refuseFile(request, url, operation, sandbox.accessToken);
  if (refusal !== undefined) throw new ApiError(401, refusal);
  const name = url.searchParams.get("username");
  if (name === null) return sandbox.spec.image.user;
  const user = knownUser(name);
  if (user === undefined) throw new ApiError(401, `error looking up user '${name}': unknown user ${name}`);
  return user;
}

function decoded(request: IncomingMessage): AsyncIterable<Buffer> {
  const encoding = (request.headers["content-encoding"] ?? "identity").toLowerCase();
  if (encoding === "identity") return request;
  if (encoding !== "gzip") throw new ApiError(400, `unsupported Content-Encoding: ${encoding}, supported: [gzip]`);
  const gunzip = createGunzip();
  // The reader of the decoded stream gets the error.
  pipeline(request, gunzip).catch(() => undefined);
  return gunzip;
}

function acceptsGzip(request: IncomingMessage): boolean {
  return (request.headers["accept-encoding"] ?? "")
    .split(",")
    .some((entry) => /^\s*gzip\s*(?:$|;\s*q=(?:1|0?\.0*[1-9]))/i.test(entry));
}

/** Parses one byte range; undefined (the whole file) if there is none or it is not supported. @throws ApiError 416 */
function parseRange(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const start = match[1] === "" ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === "" || match[2] === "" ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (start > end) {
    throw new ApiError(416, "the requested range is outside the file", { "Content-Range": `bytes */${size}` });
  }
  return { start, end };
}
