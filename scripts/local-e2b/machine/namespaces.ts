import { chownSync, lstatSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Disk } from "./disks.ts";
import { startHelper } from "./helper.ts";
import { Holder } from "./holder.ts";
import { HOLDER_SCRIPT } from "./holder-script.ts";
import type { Isolation, Owner } from "./machine.ts";
import { NamespaceMachine } from "./namespace-machine.ts";
import { BASE_SCRIPT, LAYERS_SCRIPT, SANDBOX_SCRIPT } from "./namespace-scripts.ts";
import { isWithin } from "./paths.ts";
import { findTool } from "./tools.ts";

/** What sandboxes see of the host, read-only. Everything else (homes, /var, /srv, /run, other sandboxes) is not there. */
const SHARED = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix"];
/** By this the C library finds out whether memory can come in huge pages. */
const MEMORY_SETTINGS = "/sys/kernel/mm/transparent_hugepage";
/**
 * A host run by root starts sandboxes as this user, an id that belongs to nobody: what gets out of a namespace has no
 * right to anything. An ordinary user's sandboxes run as that user.
 */
const UNPRIVILEGED: Owner = { uid: 55_555, gid: 55_555 };

/**
 * Prepares user, mount and process namespaces: a user and a mount namespace for the host, from which each sandbox gets
 * its own, and a process namespace per sandbox, whose end is the end of everything in it.
 * @throws Error with the system's own words when this machine does not allow it
 */
export async function namespaceIsolation(root: string): Promise<Isolation> {
  const owner = process.getuid?.() === 0 ? UNPRIVILEGED : undefined;
  const shared = [...SHARED, MEMORY_SETTINGS].filter(
    (path) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true,
  );
  const exposed = shared.find((path) => isWithin(root, path));
  if (exposed !== undefined) {
    throw new Error(`${root} lies in ${exposed}, which every sandbox can see; use another root`);
  }
  const base = join(root, "base");
  mkdirSync(base);
  if (owner !== undefined) for (const path of [root, base]) chownSync(path, owner.uid, owner.gid);
  const [nsenter, unshare] = [findTool("nsenter"), findTool("unshare")];
  const [setpriv, perl] = [findTool("setpriv"), findTool("perl")];
  const asRootOfNone = ["--user", "--map-root-user", "--mount", "--propagation", "private", "--"];
  const script = ["/bin/sh", "-c", BASE_SCRIPT, "base", base, ...shared];
  const helper = await startHelper(unshare, [...asRootOfNone, ...script], owner);

  const target = ["--target", String(helper.pid)];
  const asUser = [nsenter, ...target, "--user", "--preserve-credentials"];
  const names = [...shared.map((path) => path.slice(1)), "dev"];
  const mounts = join(root, "mounts");
  writeFileSync(mounts, fstab(base, names));
  const inside = (tree: string) => {
    const become = ["/bin/sh", "-c", SANDBOX_SCRIPT, "sandbox", tree, mounts, perl, HOLDER_SCRIPT, unshare, ...names];
    return [unshare, "--mount", "--pid", "--fork", "--kill-child", "--", ...become];
  };
  const openOn = ({ top, layers }: Disk): Promise<Holder> => {
    if (layers.length === 0) return start([...asUser, "--mount", "--", ...inside(top)], owner);
    if (owner === undefined) throw new Error("only a host run by root can put directories on top of each other");
    const below = layers.map((layer) => basename(layer)).join(":");
    const mount = ["/bin/sh", "-c", LAYERS_SCRIPT, "layers", dirname(top), basename(top), below];
    const asOwner = [setpriv, `--reuid=${owner.uid}`, `--regid=${owner.gid}`, "--clear-groups", "--"];
    const asRoot = [nsenter, ...target, "--mount", "--", unshare, "--mount", "--", ...mount];
    return start([...asRoot, ...asOwner, ...asUser, "--", ...inside(top)], undefined);
  };
  return {
    kind: "namespaces",
    owner,
    layered: owner !== undefined,
    open: (_id, disk) => NamespaceMachine.open({ shared, owner, openOn }, disk),
    close: () => helper.end(),
  };
}

/** Lines of fstab(5) for what is mounted in a tree that is the working directory. */
function fstab(base: string, names: readonly string[]): string {
  // White space ends a field, so in one it is written in octal.
  const source = base.replaceAll(/[\s\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
  const shared = names.map((name) => `${source}/${name} ./${name} none rbind\n`);
  return [...shared, "proc ./proc proc defaults\n"].join("");
}

function start([command = "", ...args]: readonly string[], owner: Owner | undefined): Promise<Holder> {
  return Holder.start(command, args, owner);
}
