import { chownSync, lstatSync, mkdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { BootFiles } from "./boot-files.ts";
import type { Disk } from "./disks.ts";
import { startHelper } from "./helper.ts";
import { Holder } from "./holder.ts";
import { HOLDER_SCRIPT } from "./holder-script.ts";
import type { Gateway, Isolation } from "./machine.ts";
import type { Owner } from "./owner.ts";
import { NamespaceMachine } from "./namespace-machine.ts";
import { BASE_SCRIPT, LAYERS_SCRIPT, SANDBOX_SCRIPT } from "./namespace-scripts.ts";
import { isWithin } from "./paths.ts";
import type { Premises } from "./premises.ts";
import { PrivateNetwork } from "./private-network.ts";
import { findTool } from "./tools.ts";

/** Directories of the host that sandboxes see, read-only; no others (homes, /var, /srv, /run, other sandboxes). */
const SHARED = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix"];
/** The C library reads here whether memory can come in huge pages. */
const MEMORY_SETTINGS = "/sys/kernel/mm/transparent_hugepage";
/**
 * User of the sandboxes of a host run by root. Its id belongs to nobody: a process that gets out of a namespace has no
 * rights. An ordinary user's sandboxes run as that user.
 */
const UNPRIVILEGED: Owner = { uid: 55_555, gid: 55_555 };

/** Gateway of a network that is opened only to test whether networks are possible. */
const NOWHERE: Gateway = {
  loopbackPorts: [],
  connect: (program) => program.destroy(),
  resolve: () => Promise.resolve(Buffer.alloc(0)),
};

/**
 * Prepares user, mount and process namespaces: a user and a mount namespace for the host, from which each sandbox gets
 * its own, and a process namespace per sandbox, which ends all its processes when it ends.
 * @throws Error with the system's message if this machine does not allow namespaces
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
  const sudo = readFileSync(join(import.meta.dirname, "sudo.sh"), "utf8");
  const script = ["/bin/sh", "-c", BASE_SCRIPT, "base", base, sudo, ...shared];
  const helper = await startHelper(unshare, [...asRootOfNone, ...script], owner);

  const target = ["--target", String(helper.pid)];
  const asUser = [nsenter, ...target, "--user", "--preserve-credentials"];
  const names = [...shared.map((path) => path.slice(1)), "dev"];
  const seen = new Map(names.map((name) => [name, join(base, name)]));
  const boots = join(root, "boots");
  mkdirSync(boots);
  const inside = ({ top, layers }: Disk, mounts: string) => {
    const place = [top, layers.length > 0 ? "yes" : "no", mounts];
    const become = ["/bin/sh", "-c", SANDBOX_SCRIPT, "sandbox", ...place, perl, HOLDER_SCRIPT, unshare, ...names];
    return [unshare, "--mount", "--pid", "--fork", "--kill-child", "--", ...become];
  };
  const openOn: Premises["openOn"] = (disk, boot, network) => {
    const { top, layers } = disk;
    const sandbox = inside(disk, boot.mountsIn(top, layers.length > 0));
    const asIts = network === undefined ? asUser : [...asUser, `--net=${network.namespace}`];
    if (layers.length === 0) return start([...asIts, "--mount", "--", ...sandbox], owner);
    if (owner === undefined) throw new Error("only a host run by root can put directories on top of each other");
    const below = layers.map((layer) => basename(layer)).join(":");
    const mount = ["/bin/sh", "-c", LAYERS_SCRIPT, "layers", dirname(top), basename(top), below];
    const asOwner = [setpriv, `--reuid=${owner.uid}`, `--regid=${owner.gid}`, "--clear-groups", "--"];
    const asRoot = [nsenter, ...target, "--mount", "--", unshare, "--mount", "--", ...mount];
    return start([...asRoot, ...asOwner, ...asIts, "--", ...sandbox], undefined);
  };
  const networks = { owner, directory: join(root, "networks"), command: inNetwork(asUser, unshare, perl) };
  mkdirSync(networks.directory);
  if (owner !== undefined) chownSync(networks.directory, owner.uid, owner.gid);
  const openNetwork: Premises["openNetwork"] = (id, gateway) => PrivateNetwork.open(networks, id, gateway);
  const premises: Premises = { shared, owner, openOn, openNetwork };
  const ownNetworks = await openNetwork("probe", NOWHERE).then(
    async (network) => {
      await network.close();
      return true;
    },
    () => false,
  );
  return {
    kind: "namespaces",
    owner,
    layered: owner !== undefined,
    ownNetworks,
    open: (id, disk, gateway) => NamespaceMachine.open(premises, id, disk, new BootFiles(boots, id, seen), gateway),
    close: () => helper.end(),
  };
}

/**
 * Returns the command of a script in a network namespace. The host's user namespace owns it, so that no root of a
 * sandbox can change it.
 */
function inNetwork(asUser: readonly string[], unshare: string, perl: string) {
  return (script: string, args: readonly string[]) => [
    ...asUser,
    "--",
    unshare,
    "--net",
    "--",
    perl,
    "-e",
    script,
    ...args,
  ];
}

function start([command = "", ...args]: readonly string[], owner: Owner | undefined): Promise<Holder> {
  return Holder.start(command, args, owner);
}
