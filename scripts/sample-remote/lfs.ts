import { createHash } from "node:crypto";
import { createReadStream, existsSync, statSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { dirname, join } from "node:path";
import { buffer, json } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import * as z from "zod/v4";

/** Routes of Git LFS below a repository, as the source of a regular expression. */
export const LFS_ROUTES = "info/lfs/(?:objects/(?:batch|[0-9a-f]{64})|verify)";

/** Faults of Git LFS. */
export interface LfsFaults {
  /** Replaces the response to batch requests: a status, or a body. */
  readonly batch?: { readonly status?: number; readonly body?: string };
  /** Refuses each object of a batch with this message. */
  readonly refuse?: string;
  /** Address for uploads that replaces the server's own. */
  readonly href?: string;
  /** Headers for uploads; the value "echo" stands for the Authorization header of the batch request. */
  readonly header?: Readonly<Record<string, string>>;
  /** Status of uploads, and of their verification. */
  readonly upload?: number;
  readonly verify?: number;
}

export interface LfsRequest {
  /** Folder of the bare repository. */
  readonly folder: string;
  /** Address of the repository. */
  readonly url: string;
  /** The part of the path that LFS_ROUTES matched. */
  readonly route: string;
  readonly faults: LfsFaults;
}

const object = z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.int() });
type LfsObject = z.output<typeof object>;
const batch = z.object({ operation: z.enum(["upload", "download"]), objects: z.array(object) });

const MEDIA_TYPE = "application/vnd.git-lfs+json";

/** Returns the file of an object of a repository. */
export const objectFile = (folder: string, oid: string): string => join(folder, "lfs", "objects", oid);

/** Answers one request of Git LFS with the basic transfer (git-lfs docs/api). */
export async function serveLfs(asked: LfsRequest, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { folder, route, faults } = asked;
  const oid = route.split("/").at(-1) ?? "";
  // Gitea requires this type, too.
  if (request.method === "POST" && !request.headers.accept?.startsWith(MEDIA_TYPE)) {
    return reply(response, 406, { message: "another type" });
  }
  if (oid === "batch") return answerBatch(asked, request, response);
  if (oid === "verify") {
    const { oid: stored, size } = object.parse(await json(request));
    const file = objectFile(folder, stored);
    const isThere = existsSync(file) && statSync(file).size === size;
    return reply(response, faults.verify ?? (isThere ? 200 : 404), { message: "the object is not there" });
  }
  const file = objectFile(folder, oid);
  if (request.method === "PUT") {
    const bytes = await buffer(request);
    if (faults.upload !== undefined) return reply(response, faults.upload, { message: "no upload" });
    if (createHash("sha256").update(bytes).digest("hex") !== oid) {
      return reply(response, 422, { message: "other bytes" });
    }
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.new`, bytes);
    await rename(`${file}.new`, file);
    return reply(response, 200, {});
  }
  if (!existsSync(file)) return reply(response, 404, { message: "no such object" });
  response.writeHead(200, { "Content-Type": "application/octet-stream", "Content-Length": statSync(file).size });
  await pipeline(createReadStream(file), response);
}

async function answerBatch(asked: LfsRequest, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { operation, objects } = batch.parse(await json(request));
  const { authorization } = request.headers;
  const own = {
    transfer: "basic",
    hash_algo: "sha256",
    objects: objects.map((each) => ({ ...each, ...turnOf(each, operation, asked, authorization) })),
  };
  const { status = 200, body } = asked.faults.batch ?? {};
  reply(response, status, body ?? own);
}

function turnOf(
  { oid, size }: LfsObject,
  operation: "upload" | "download",
  { folder, url, faults }: LfsRequest,
  authorization = "",
): object {
  if (faults.refuse !== undefined) return { error: { code: 422, message: faults.refuse } };
  const isThere = existsSync(objectFile(folder, oid));
  const href = `${url}/info/lfs/objects/${oid}`;
  if (operation === "download") {
    return isThere ? { actions: { download: { href } } } : { error: { code: 404, message: "no such object" } };
  }
  if (isThere) return { size };
  const header = Object.entries(faults.header ?? {}).map(([name, value]) => [
    name,
    value === "echo" ? authorization : value,
  ]);
  return {
    actions: {
      upload: { href: faults.href ?? href, header: Object.fromEntries(header) },
      verify: { href: `${url}/info/lfs/verify` },
    },
  };
}

function reply(response: ServerResponse, status: number, body: object | string): void {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(status, { "Content-Type": MEDIA_TYPE }).end(text);
}
