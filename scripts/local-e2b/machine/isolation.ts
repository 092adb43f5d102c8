import { join } from "node:path";
import { type Disk, Disks } from "./disks.ts";
import type { Isolation } from "./machine.ts";
import { namespaceIsolation } from "./namespaces.ts";
import { plainIsolation } from "./plain.ts";
import { openSpawner } from "./spawner.ts";

/** `auto`: namespaces if the machine allows them. */
export type IsolationMode = "auto" | "none";

interface Choice {
  readonly isolation: Isolation;
  /** Set if namespaces were requested and are not possible. */
  readonly warning?: string;
  /** Set if sandboxes or commands are slower to start than they could be. */
  readonly note?: string;
}

/** Chooses the isolation, once per host, by opening machines and running processes in them. */
export async function chooseIsolation(mode: IsolationMode, root: string): Promise<Choice> {
  if (mode === "none") return plain(root);
  try {
    if (process.platform !== "linux") throw new Error(`${process.platform} has no user namespaces`);
    return await provenNamespaces(root);
  } catch (error) {
    return { ...(await plain(root)), warning: `sandboxes are not isolated from this machine: ${reasonOf(error)}` };
  }
}

async function plain(root: string): Promise<Choice> {
  const { spawner, ...rest } = await openSpawner(join(root, "pipes"));
  return { isolation: plainIsolation(spawner), ...rest };
}

async function provenNamespaces(root: string): Promise<Choice> {
  const isolation = await namespaceIsolation(root);
  const disks = new Disks(join(root, "probe"), isolation.owner, true);
  try {
    const disk = await disks.on([]);
    await probe(isolation, disk, "mkdir folder");
    try {
      // Sandboxes from snapshots rename folders of a layer, which few kinds of mounts support.
      const above = await disks.on(await disks.seal(disk));
      await probe(isolation, above, `perl -e 'rename "folder", "renamed" or exit 1'`);
      return { isolation };
    } catch (error) {
      const note = `sandboxes start from copies of their template's or snapshot's files: ${reasonOf(error)}`;
      return { isolation: { ...isolation, layered: false }, note };
    }
  } catch (error) {
    await isolation.close();
    throw error;
  } finally {
    await disks.close();
  }
}

async function probe(isolation: Isolation, disk: Disk, line: string): Promise<void> {
  const machine = await isolation.open("probe", disk);
  const cmd = {
    user: "user",
    cmd: "/bin/sh",
    args: ["-c", line],
    cwd: "/home/user",
    env: {},
    stdin: "closed",
  } as const;
  const { exited } = await machine.launch(cmd);
  const { code } = await exited;
  await machine.close();
  if (code !== 0) throw new Error(`'${line}' in a fresh namespace ended with code ${code}`);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
