import { type BigIntStats, lstatSync, statSync } from "node:fs";
import { posix } from "node:path";
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

/** Describes what lies at `host`, under the sandbox path `path`; undefined when there is nothing. */
export function entryInfo(sandbox: Sandbox, path: string, host: string): EntryInfo | undefined {
  const stats = lstatSync(host, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  const link = stats.isSymbolicLink() ? followLink(sandbox, path) : undefined;
  const described = link === undefined ? stats : link.stats;
  const type = described === undefined ? undefined : fileType(described);
  const mode = described === undefined ? 0 : Number(described.mode & 0o777n);
  const metadata = sandbox.fileMetadata.get(stats);
  return {
    name: posix.basename(path),
    path,
    ...(type === undefined ? {} : { type }),
    ...(stats.size === 0n ? {} : { size: stats.size.toString() }),
    ...(mode === 0 ? {} : { mode }),
    permissions: permissions(stats),
    owner: nameOf(sandbox, stats.uid, sandbox.machine.owner?.uid ?? process.getuid?.()),
    group: nameOf(sandbox, stats.gid, sandbox.machine.owner?.gid ?? process.getgid?.()),
    modifiedTime: stats.mtime.toISOString(),
    ...(link === undefined ? {} : { symlinkTarget: link.target }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

/** A link is described by what it leads to; one that leads nowhere has no type. */
function followLink(sandbox: Sandbox, path: string): { target: string; stats: BigIntStats | undefined } {
  const { canonical, host } = resolvePath(sandbox, sandbox.spec.image.user, path, { follow: true });
  const stats = statSync(host, { bigint: true, throwIfNoEntry: false });
  return { target: stats === undefined ? path : canonical, stats };
}

function fileType(stats: BigIntStats): EntryInfo["type"] {
  if (stats.isFile()) return "FILE_TYPE_FILE";
  return stats.isDirectory() ? "FILE_TYPE_DIRECTORY" : undefined;
}

/** Go's notation (fs.FileMode.String), which clients parse. */
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

/** Inside a sandbox the one who owns its tree is called `user`, whatever the host calls it. */
function nameOf(sandbox: Sandbox, id: bigint, own: number | undefined): string {
  if (Number(id) === own) return sandbox.spec.image.user === "root" ? "root" : "user";
  return id === 0n ? "root" : id.toString();
}
