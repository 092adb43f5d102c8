import { join } from "node:path";
import type { Isolation } from "./machine.ts";
import { namespaceIsolation } from "./namespaces.ts";
import { plainIsolation } from "./plain.ts";
import { openSpawner } from "./spawner.ts";
import { makeTree, removeTree } from "./tree.ts";

/** `auto`: namespaces where the machine allows them. */
export type IsolationMode = "auto" | "none";

interface Choice {
  readonly isolation: Isolation;
  /** Set when namespaces were wanted and could not be had. */
  readonly warning: string | undefined;
}

/** Decides once per host, by opening a machine and running a process in it. */
export async function chooseIsolation(mode: IsolationMode, root: string): Promise<Choice> {
  const plain = async (): Promise<Isolation> => plainIsolation(await openSpawner(join(root, "pipes")));
  if (mode === "none") return { isolation: await plain(), warning: undefined };
  try {
    if (process.platform !== "linux") throw new Error(`${process.platform} has no user namespaces`);
    return { isolation: await provenNamespaces(root), warning: undefined };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const warning = `sandboxes are not isolated from this machine: ${reason}`;
    return { isolation: await plain(), warning };
  }
}

async function provenNamespaces(root: string): Promise<Isolation> {
  const isolation = await namespaceIsolation(root);
  const tree = join(root, "probe");
  try {
    makeTree(tree, isolation.owner);
    const machine = await isolation.open("probe", tree);
    const probe = await machine.launch({
      user: "user",
      cmd: "/bin/true",
      args: [],
      cwd: "/home/user",
      env: {},
      stdin: "closed",
    });
    const { code } = await probe.exited;
    await machine.close();
    if (code !== 0) throw new Error(`a process in a fresh namespace ended with code ${code}`);
    return isolation;
  } catch (error) {
    await isolation.close();
    throw error;
  } finally {
    await removeTree(tree);
  }
}
