import { constants } from "node:fs";
import { lchown, mkdir, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ApiError } from "../http/reply.ts";
import type { Sandbox } from "../state/sandbox.ts";
import type { FileMetadata } from "../state/file-metadata.ts";
import { requireWritable, type Resolved } from "./paths.ts";

/** Writes a file and makes its parents, all owned by the sandbox's user. @throws ApiError, ConnectError */
export async function writeContent(
  sandbox: Sandbox,
  file: Resolved,
  content: AsyncIterable<Buffer>,
  metadata: FileMetadata,
): Promise<void> {
  requireWritable(file);
  const { owner } = sandbox.machine;
  await makeDirectories(sandbox, dirname(file.host));
  const existing = await stat(file.host).catch(() => undefined);
  if (existing?.isDirectory() === true) throw new ApiError(400, `path is a directory: ${file.path}`);
  // The path is already resolved: the host must not follow a link that was put there since.
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
  const handle = await open(file.host, flags, 0o666);
  try {
    await handle.writeFile(content);
    if (owner !== undefined) await handle.chown(owner.uid, owner.gid);
    // A new file has no old metadata to replace.
    if (existing !== undefined || Object.keys(metadata).length > 0) await sandbox.fileMetadata.set(handle, metadata);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOSPC") {
      throw new ApiError(507, "not enough disk space available");
    }
    throw error;
  } finally {
    await handle.close();
  }
}

/** Makes a directory and its missing parents, owned by the sandbox's user. @throws ApiError 400 */
export async function makeDirectories(sandbox: Sandbox, host: string): Promise<void> {
  const { owner } = sandbox.machine;
  try {
    const first = await mkdir(host, { recursive: true });
    if (first === undefined || owner === undefined) return;
    for (let path = host; path.length >= first.length; path = dirname(path)) await lchown(path, owner.uid, owner.gid);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EEXIST" || code === "ENOTDIR") {
      throw new ApiError(400, "a part of the path is a file, not a directory");
    }
    throw error;
  }
}
