import { execFile } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  symlinkSync,
} from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import type { Owner } from "./owner.ts";

const run = promisify(execFile);

/** Directories of every sandbox's own tree at the start. */
const OWN_DIRECTORIES = ["home", "home/user", "root", "tmp", "var", "var/tmp", "run"];
/** Directories of an isolated sandbox for its mounts. */
const MOUNT_POINTS = ["usr", "etc", "opt", "dev", "proc"];
/** Merged-usr systems have these as symlinks; a tree that becomes a root directory needs the same symlinks. */
const SYSTEM_LINKS = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/**
 * Makes the tree of a blank sandbox. Synchronous: each of its dozen calls takes microseconds, and would otherwise wait
 * for the thread pool.
 */
export function makeTree(tree: string, owner: Owner | undefined): void {
  const made = [tree, ...[...OWN_DIRECTORIES, ...MOUNT_POINTS].map((name) => join(tree, name))];
  for (const directory of made) mkdirSync(directory, { recursive: true });
  chmodSync(join(tree, "tmp"), 0o1777);
  for (const name of SYSTEM_LINKS) {
    const target = linkTarget(join("/", name));
    if (target === undefined) continue;
    symlinkSync(target, join(tree, name));
    made.push(join(tree, name));
  }
  made.push(...copyResolverConfig(tree));
  if (owner === undefined) return;
  for (const path of made) lchownSync(path, owner.uid, owner.gid);
}

/**
 * Copies resolv.conf if it is in /run, where systemd keeps it: sandboxes do not share /run, but look names up with it.
 */
function copyResolverConfig(tree: string): readonly string[] {
  const target = linkTarget("/etc/resolv.conf");
  const path = target === undefined ? "" : resolve("/etc", target);
  if (!path.startsWith("/run/") || !existsSync(path)) return [];
  const copy = join(tree, path);
  mkdirSync(dirname(copy), { recursive: true });
  copyFileSync(path, copy);
  return [copy];
}

function linkTarget(path: string): string | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true ? readlinkSync(path) : undefined;
}

/** Copies a tree with modes, times, links and owners, without mounts in it; copy-on-write if the file system can. */
export async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const flags = process.platform === "darwin" ? ["-a", "-c"] : ["-a", "-x", "--reflink=auto"];
  // The path of a machine's tree may be a link in /proc; without the dot, cp would copy the link itself.
  await run("cp", [...flags, "--", `${from}/.`, to]);
}

export async function emptyDirectory(directory: string): Promise<void> {
  for (const name of await readdir(directory)) await removeTree(join(directory, name));
}

/** Removes a tree, read-only directories included. */
export async function removeTree(tree: string): Promise<void> {
  try {
    await rm(tree, { recursive: true, force: true });
  } catch {
    // Go's module cache, for example, is read-only, and only its owner's chmod helps.
    await run("chmod", ["-R", "u+rwX", "--", tree]);
    await rm(tree, { recursive: true, force: true });
  }
}
