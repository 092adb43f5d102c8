import { execFile } from "node:child_process";
import { chmod, lchown, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Owner } from "./machine.ts";

const run = promisify(execFile);

/** What a sandbox finds in its own tree from the start: mount points, homes, and room for programs that insist on /var. */
const DIRECTORIES = [
  "home",
  "home/user",
  "root",
  "tmp",
  "var",
  "var/tmp",
  "run",
  "mnt",
  "srv",
  "usr",
  "etc",
  "opt",
  "dev",
  "proc",
];
/** Merged-usr systems have these as symlinks; the tree needs the same ones. */
const SYSTEM_LINKS = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/** Makes the tree of a blank sandbox. */
export async function makeTree(tree: string, owner: Owner | undefined): Promise<void> {
  const made = [tree, ...DIRECTORIES.map((name) => join(tree, name))];
  for (const directory of made) await mkdir(directory, { recursive: true });
  await chmod(join(tree, "tmp"), 0o1777);
  for (const name of SYSTEM_LINKS) {
    const path = join(tree, name);
    const target = await readlink(join("/", name)).catch(() => undefined);
    await (target === undefined ? mkdir(path) : symlink(target, path));
    made.push(path);
  }
  made.push(...(await copyResolverConfig(tree)));
  if (owner === undefined) return;
  for (const path of made) await lchown(path, owner.uid, owner.gid);
}

/** systemd keeps resolv.conf under /run, which sandboxes do not share: without a copy they could not look names up. */
async function copyResolverConfig(tree: string): Promise<readonly string[]> {
  const target = await readlink("/etc/resolv.conf").catch(() => undefined);
  if (target === undefined) return [];
  const path = join("/etc", target).startsWith("/run/") ? join("/etc", target) : target;
  if (!path.startsWith("/run/")) return [];
  const content = await readFile(path).catch(() => undefined);
  if (content === undefined) return [];
  await mkdir(dirname(join(tree, path)), { recursive: true });
  await writeFile(join(tree, path), content);
  return [join(tree, path)];
}

/** Copies a tree with modes, times, links and owners; copy-on-write where the file system offers it. */
export async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const flags = process.platform === "darwin" ? ["-a", "-c"] : ["-a", "--reflink=auto"];
  await run("cp", [...flags, "--", from, to]);
}

export async function emptyDirectory(directory: string): Promise<void> {
  for (const name of await readdir(directory)) await removeTree(join(directory, name));
}

/** Removes a tree, read-only directories included. */
export async function removeTree(tree: string): Promise<void> {
  try {
    await rm(tree, { recursive: true, force: true });
  } catch {
    // Go's module cache and the like are read-only, and only their owner's chmod helps.
    await run("chmod", ["-R", "u+rwX", "--", tree]);
    await rm(tree, { recursive: true, force: true });
  }
}
