import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectStream } from "./project.ts";
import type { ProjectSize } from "./project-plan.ts";
import { importRepository } from "./repositories.ts";

/** Source files on which a project's content depends. */
const GENERATOR = ["fast-import.ts", "project.ts", "project-commits.ts", "project-plan.ts", "source-text.ts"];

/**
 * Returns a bare repository with a project's history, made once for each version of the generator and kept in the
 * system's temporary folder. Callers may read or clone it, but never change it.
 * @param onProgress gets the finished share, from 0 to 1, while the repository is made
 */
export async function cachedProject(size: ProjectSize, onProgress: (share: number) => void): Promise<string> {
  const cache = join(tmpdir(), "warmtree-cache");
  const folder = join(cache, `project-${await keyOf(size)}.git`);
  if (existsSync(folder)) return folder;
  const making = join(cache, `making-${randomUUID()}.git`);
  try {
    await mkdir(cache, { recursive: true });
    await importRepository(making, projectStream(size, onProgress));
    // Another process may have made an equal repository meanwhile, which serves as well.
    await rename(making, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return folder;
}

async function keyOf(size: ProjectSize): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(size));
  for (const name of GENERATOR) hash.update(await readFile(join(import.meta.dirname, name)));
  return hash.digest("hex").slice(0, 16);
}
