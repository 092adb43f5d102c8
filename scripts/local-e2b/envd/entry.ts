import { type BigIntStats, lstatSync, statSync } from "node:fs";
import { posix } from "node:path";
import type { Described } from "../state/file-metadata.ts";
import type { Sandbox } from "../state/sandbox.ts";
import { resolvePath } from "./paths.ts";

/** filesystem.EntryInfo as proto3 JSON: zero values left out, 64-bit numbers as text. */
export interface EntryInfo {
  readonly name: string;
  readonly type?: "FILE_TYPE_FILE" | "FILE_TYPE_DIRECTORY";
  readonly path: string;
  readonly size?: string;
  readonly mode?: number;
  readonly permissions: string;
  readonly owner: string;
  readonly group: string;
  readonly modifiedTime: string;
  readonly symlinkTarget?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** An entry without its metadata. */
export interface Found {
  readonly entry: EntryInfo;
  /** The file that has the metadata; undefined for a dangling link. */
  readonly described: Described | undefined;
}

/** Returns the entries with their metadata. */
export async function withMetadata({ fileMetadata }: Sandbox, found: readonly Found[]): Promise<EntryInfo[]> {
  const described = found.map((one) => one.described).filter((one) => one !== undefined);
  const metadata = new Map((await fileMetadata.get(described)).map((value, index) => [described[index], value]));
  return found.map(({ entry, described: file }) => {
    const own = file === undefined ? undefined : metadata.get(file);
    return own === undefined ? entry : { ...entry, metadata: own };
  });
}

/** Describes the entry at `host`, with sandbox path `path`; undefined if there is none. */
export function findEntry(sandbox: Sandbox, path: string, host: string): Found | undefined {
  const stats = lstatSync(host, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  const link = stats.isSymbolicLink() ? followLink(sandbox, path) : undefined;
  const target = link === undefined ? { host, stats } : link.target;
  const type = target === undefined ? undefined : fileType(target.stats);
  const mode = target === undefined ? 0 : Number(target.stats.mode & 0o777n);
  const entry = {
    name: posix.basename(path),
    path,
    ...(type === undefined ? {} : { type }),
    ...(stats.size === 0n ? {} : { size: stats.size.toString() }),
    ...(mode === 0 ? {} : { mode }),
    permissions: permissions(stats),
    owner: nameOf(sandbox, stats.uid, sandbox.machine.owner?.uid ?? process.getuid?.()),
    group: nameOf(sandbox, stats.gid, sandbox.machine.owner?.gid ?? process.getgid?.()),
    modifiedTime: stats.mtime.toISOString(),
    ...(link === undefined ? {} : { symlinkTarget: link.path }),
  };
  return { entry, described: target };
}

/**
 * Returns the target of a link, which describes the link. A link that is dangling or cyclic, or leads to a folder that
 * the host may not search, has no target, and thus no type.
 */
function followLink(sandbox: Sandbox, path: string): { path: string; target: Described | undefined } {
  try {
    const { canonical, host } = resolvePath(sandbox, sandbox.spec.image.user, path, { follow: true });
    return { path: canonical, target: { host, stats: statSync(host, { bigint: true }) } };
  } catch {
    return { path, target: undefined };
  }
}

function fileType(stats: BigIntStats): EntryInfo["type"] {
  if (stats.isFile()) return "FILE_TYPE_FILE";
  return stats.isDirectory() ? "FILE_TYPE_DIRECTORY" : undefined;
}

/** Returns the permissions in Go's notation (fs.FileMode.String), which clients parse. */
function permissions(stats: BigIntStats): string {
  const mode = Number(stats.mode);
  const kinds = [
    stats.isDirectory() ? "d" : "",
    stats.isSymbolicLink() ? "L" : "",
    stats.isBlockDevice() || stats.isCharacterDevice() ? "D" : "",
    stats.isFIFO() ? "p" : "",
    stats.isSocket() ? "S" : "",
    mode & 0o4000 ? "u" : "",
    mode & 0o2000 ? "g" : "",
    stats.isCharacterDevice() ? "c" : "",
    mode & 0o1000 ? "t" : "",
  ].join("");
  const bits = ["r", "w", "x", "r", "w", "x", "r", "w", "x"].map((letter, index) =>
    mode & (0o400 >> index) ? letter : "-",
  );
  return (kinds === "" ? "-" : kinds) + bits.join("");
}

/**
 * Returns the name of a user or group id. The tree's owner has the name of the image's user, not its name on the host.
 */
function nameOf(sandbox: Sandbox, id: bigint, own: number | undefined): string {
  if (Number(id) === own) return sandbox.spec.image.user === "root" ? "root" : "user";
  return id === 0n ? "root" : id.toString();
}
