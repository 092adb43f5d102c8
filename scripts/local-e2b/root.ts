import { readFileSync, readlinkSync } from "node:fs";
import { mkdir, mkdtemp, readdir, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod/v4";
import { removeTree } from "./machine/tree.ts";

const PREFIX = "local-e2b-";
const OWNER_FILE = "owner.json";

/** Process that made a root: its pid, and the process namespace of that pid. */
const owner = z.object({ pid: z.int().positive(), namespace: z.string() });

/** Makes a directory for this host under `parent`, so that several hosts can share it. */
export async function makeRoot(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  const root = await realpath(await mkdtemp(join(parent, PREFIX)));
  await writeFile(join(root, OWNER_FILE), JSON.stringify({ pid: process.pid, namespace: processNamespace() }));
  return root;
}

/** Removes folders under `parent` that killed hosts have left. */
export async function sweepRoots(parent: string): Promise<void> {
  const names = (await readdir(parent)).filter((name) => name.startsWith(PREFIX));
  for (const path of names.map((name) => join(parent, name)).filter(isAbandoned)) {
    // The folder belongs to another user, or another host is removing it: ignored.
    await removeTree(path).catch(() => undefined);
  }
}

function isAbandoned(root: string): boolean {
  try {
    const { pid, namespace } = owner.parse(JSON.parse(readFileSync(join(root, OWNER_FILE), "utf8")));
    return namespace === processNamespace() && !isAlive(pid);
  } catch {
    // Without a readable owner, the folder may be in use, so it stays.
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "the only one";
  }
}
