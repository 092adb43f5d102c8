import { lstatSync, readlinkSync } from "node:fs";
import { posix } from "node:path";
import { ConnectError } from "../connect/error.ts";
import type { Location, SandboxUser } from "../machine/machine.ts";
import type { Sandbox } from "../state/sandbox.ts";

/** Linux's limit on symlinks in one path. */
const MAX_LINKS = 40;
const OTHERS_READ = 0o004;

export interface Resolved extends Location {
  /** The requested path, made absolute: `~` and relative paths expanded, symlinks kept. */
  readonly path: string;
  /** The same path without symlinks. */
  readonly canonical: string;
}

/** Makes a path absolute: `~` is the home, empty the workdir, others are relative to the home. @throws ConnectError */
function expandPath(sandbox: Sandbox, user: SandboxUser, path: string): string {
  const home = sandbox.machine.homeOf(user);
  const given = path === "" ? (sandbox.spec.image.workdir ?? "") : path;
  if (given.includes("\0")) throw new ConnectError("invalid_argument", "a path cannot hold a NUL character");
  if (given.startsWith("~") && given !== "~" && !given.startsWith("~/")) {
    throw new ConnectError("invalid_argument", `cannot expand user-specific home dir in '${path}'`);
  }
  const absolute = given.startsWith("~") ? home + given.slice(1) : posix.resolve(home, given);
  return posix.normalize(absolute).replace(/(?<=.)\/$/, "");
}

/**
 * Returns the host path of a sandbox path. Follows symlinks here, one by one, as the sandbox would: if the host
 * followed an absolute one, it would leave the sandbox. Follows the last part only if `follow` is set. Keeps missing
 * parts as they are. Synchronous, because every process start calls it, and a few `lstat` calls cost less than one turn
 * through the thread pool. @throws ConnectError
 */
export function resolvePath(
  sandbox: Sandbox,
  user: SandboxUser,
  path: string,
  { follow }: { readonly follow: boolean },
): Resolved {
  const absolute = expandPath(sandbox, user, path);
  const canonical = withoutLinks(sandbox, absolute, follow);
  return { path: absolute, canonical, ...sandbox.machine.locate(canonical) };
}

function withoutLinks(sandbox: Sandbox, absolute: string, followLast: boolean): string {
  const rest = absolute.split("/").filter((part) => part !== "");
  let current = "/";
  let links = 0;
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    const next = posix.join(current, part);
    const target = followLast || rest.length > 0 ? linkTarget(sandbox, next) : undefined;
    if (target === undefined) {
      current = next;
      continue;
    }
    if (++links > MAX_LINKS) {
      throw new ConnectError(
        "failed_precondition",
        `cyclic symlink or chain of more than ${MAX_LINKS} links at '${absolute}'`,
      );
    }
    if (target.startsWith("/")) current = "/";
    rest.unshift(...target.split("/").filter((name) => name !== "" && name !== "."));
  }
  return current;
}

function linkTarget(sandbox: Sandbox, sandboxPath: string): string | undefined {
  const { host } = sandbox.machine.locate(sandboxPath);
  try {
    return lstatSync(host, { throwIfNoEntry: false })?.isSymbolicLink() === true ? readlinkSync(host) : undefined;
  } catch {
    // Below a file, or not readable: the operation on the path gets the system's error.
    return undefined;
  }
}

/**
 * Lets sandboxes read shared files only if everybody may: a host run by root could read all of them.
 * @throws ConnectError permission_denied
 */
export function requireReadable(resolved: Resolved, { mode }: { readonly mode: number }): void {
  if (resolved.writable || (mode & OTHERS_READ) !== 0) return;
  throw new ConnectError("permission_denied", `'${resolved.path}' cannot be read: it belongs to the host machine`);
}

/** @throws ConnectError permission_denied for `/`, and for files that the sandbox shares with the host */
export function requireWritable(resolved: Resolved): void {
  if (resolved.writable && resolved.canonical !== "/") return;
  throw new ConnectError("permission_denied", `'${resolved.path}' is read-only: it belongs to the host machine`);
}
