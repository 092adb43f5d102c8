import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DEV_KEY } from "../../../scripts/support/client.ts";
import { inside } from "../../support/inside.ts";
import { hostedSandboxes } from "../../support/worker.ts";
import type { Scene } from "./scene.ts";

/** The number of texts with a match, by place. */
export type Residue = Readonly<Record<string, number>>;

/** Larger files are not the product's: a pack of these repositories has kilobytes. */
const MAX_FILE_BYTES = 32 * 1024 * 1024;

/**
 * Counts texts with a match in everything that operations leave: answers, log, metrics, databases, files of the
 * sandboxes, their git objects unpacked, and their processes.
 */
export async function residueOf(
  scene: Scene,
  sandboxIds: readonly string[],
  holds: (text: string) => boolean,
): Promise<Residue> {
  const { stack, answers, log } = scene;
  const count = (texts: readonly string[]) => texts.filter(holds).length;
  const operator = { Authorization: `Bearer ${DEV_KEY}` };
  const said = await Promise.all(
    ["/metrics", "/v1/operator/overview", "/v1/operator/workspaces", "/v1/workspaces", "/v1/snapshots"].map(
      async (path) => (await fetch(stack.url + path, { headers: operator })).text(),
    ),
  );
  const boxes = await Promise.all(sandboxIds.map((id) => inside(stack, id)));
  const objects = await Promise.all(
    boxes.map((box) => box.sh("git -C repo cat-file --batch-all-objects --batch --buffer")),
  );
  const processes = await Promise.all(
    boxes.map((box) => box.sh("cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null; exit 0")),
  );
  const trees = (await hostedSandboxes(stack)).map(({ tree }) => tree);
  return {
    answers: count(answers),
    log: count(log),
    "metrics and lists": count(said),
    rows: count(filesBelow(stack.storage)),
    disks: count([stack.host.root, ...trees].flatMap((folder) => filesBelow(folder))),
    objects: count(objects),
    processes: count(processes),
  };
}

/** Returns the contents of all files below a folder, with their names. */
function filesBelow(folder: string): string[] {
  return entries(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ["proc", "sys", "dev"].includes(entry.name) ? [] : filesBelow(path);
    return entry.isFile() ? [`${entry.name}\n${contentOf(path)}`] : [];
  });
}

/** Returns the entries of a folder; none if the folder is gone meanwhile. */
function entries(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function contentOf(path: string): string {
  try {
    return statSync(path).size <= MAX_FILE_BYTES ? readFileSync(path, "latin1") : "";
  } catch {
    return "";
  }
}
