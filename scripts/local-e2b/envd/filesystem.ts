import { lstatSync, readdirSync, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { posix } from "node:path";
import * as z from "zod/v4";
import { ConnectError } from "../connect/error.ts";
import { ApiError } from "../http/reply.ts";
import type { SandboxUser } from "../machine/machine.ts";
import type { Sandbox } from "../state/sandbox.ts";
import { type EntryInfo, findEntry, type Found, withMetadata } from "./entry.ts";
import { parseMessage } from "./message.ts";
import { requireReadable, requireWritable, type Resolved, resolvePath } from "./paths.ts";
import { makeDirectories } from "./write.ts";

/** The unary calls of filesystem.Filesystem (e2b-dev/infra packages/envd/spec/filesystem/filesystem.proto). */
const pathRequest = z.object({ path: z.string().default("") });
const moveRequest = z.object({ source: z.string().default(""), destination: z.string().default("") });
const listRequest = pathRequest.extend({ depth: z.int().min(0).default(1) });

export async function stat(sandbox: Sandbox, message: unknown, user: SandboxUser): Promise<object> {
  const { path } = parseMessage(pathRequest, message);
  return { entry: await existing(sandbox, resolvePath(sandbox, user, path, { follow: false })) };
}

export async function makeDir(sandbox: Sandbox, message: unknown, user: SandboxUser): Promise<object> {
  const { path } = parseMessage(pathRequest, message);
  const target = resolvePath(sandbox, user, path, { follow: true });
  const stats = statSync(target.host, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) {
    throw new ConnectError("already_exists", `directory already exists: ${target.path}`);
  }
  if (stats !== undefined) {
    throw new ConnectError("invalid_argument", `path already exists but it is not a directory: ${target.path}`);
  }
  requireWritable(target);
  await makeParents(sandbox, target.host);
  return { entry: await existing(sandbox, target) };
}

export async function move(sandbox: Sandbox, message: unknown, user: SandboxUser): Promise<object> {
  const request = parseMessage(moveRequest, message);
  const source = resolvePath(sandbox, user, request.source, { follow: false });
  const destination = resolvePath(sandbox, user, request.destination, { follow: false });
  requireWritable(source);
  requireWritable(destination);
  if (lstatSync(source.host, { throwIfNoEntry: false }) === undefined) {
    throw new ConnectError("not_found", `source file not found: ${source.path}`);
  }
  await makeParents(sandbox, posix.dirname(destination.host));
  await rename(source.host, destination.host);
  return { entry: await existing(sandbox, destination) };
}

/** Removes a file or directory. A missing path is no error. */
export async function remove(sandbox: Sandbox, message: unknown, user: SandboxUser): Promise<object> {
  const { path } = parseMessage(pathRequest, message);
  const target = resolvePath(sandbox, user, path, { follow: false });
  requireWritable(target);
  await rm(target.host, { recursive: true, force: true });
  return {};
}

export async function listDir(sandbox: Sandbox, message: unknown, user: SandboxUser): Promise<object> {
  const { path, depth } = parseMessage(listRequest, message);
  const directory = requireDirectory(resolvePath(sandbox, user, path, { follow: true }));
  const found = [...walk(sandbox, directory.path, directory.canonical, Math.max(1, depth))];
  return { entries: await withMetadata(sandbox, found) };
}

/** @throws ConnectError not_found or invalid_argument */
export function requireDirectory(target: Resolved): Resolved {
  const stats = statSync(target.host, { throwIfNoEntry: false });
  if (stats === undefined) throw new ConnectError("not_found", `path not found: ${target.path}`);
  if (!stats.isDirectory()) throw new ConnectError("invalid_argument", `path is not a directory: ${target.path}`);
  requireReadable(target, stats);
  return target;
}

/** Yields entries in the order of their names, each directory before its content. Does not follow links. */
function* walk(sandbox: Sandbox, shown: string, canonical: string, depth: number): Generator<Found> {
  for (const name of readdirSync(sandbox.machine.locate(canonical).host).sort()) {
    const inside = posix.join(canonical, name);
    const { host } = sandbox.machine.locate(inside);
    const found = findEntry(sandbox, posix.join(shown, name), host);
    if (found === undefined) continue;
    yield found;
    if (depth > 1 && lstatSync(host, { throwIfNoEntry: false })?.isDirectory() === true) {
      yield* walk(sandbox, posix.join(shown, name), inside, depth - 1);
    }
  }
}

async function existing(sandbox: Sandbox, target: Resolved): Promise<EntryInfo | undefined> {
  const found = findEntry(sandbox, target.path, target.host);
  if (found === undefined) throw new ConnectError("not_found", `file not found: ${target.path}`);
  return (await withMetadata(sandbox, [found]))[0];
}

async function makeParents(sandbox: Sandbox, host: string): Promise<void> {
  try {
    await makeDirectories(sandbox, host);
  } catch (error) {
    throw error instanceof ApiError ? new ConnectError("internal", error.message) : error;
  }
}
