import { fastImportBlob, fastImportStream } from "./fast-import.ts";
import type { SampleFile } from "./fast-import.ts";
import { projectCommits } from "./project-commits.ts";
import { planFiles } from "./project-plan.ts";
import type { PlannedFile, ProjectSize } from "./project-plan.ts";
import { Random, sourceFunction, sourceName } from "./source-text.ts";

/** The size of a library used by millions, in its eighth year; vite, in its seventh, has 79 MB and 9,600 commits. */
export const PROJECT: ProjectSize = { commits: 13_000, files: 3_600, pictures: 190, seed: 5 };

const MAX_FUNCTIONS = 24;
const LOCK_LINES = 2_000;
const LOCK_LINES_PER_CHANGE = 12;
const HASH_BYTES = 64;
const MAX_PICTURE_BYTES = 200_000;

/**
 * Yields a project's history in the input format of `git fast-import`: thousands of commits over months, to nested
 * source files, a lock file and pictures, with tags and branches. The same size gives the same commit ids on every
 * machine.
 *
 * Contents come first, all versions of a file together and the newest before the others: fast-import stores each as a
 * delta to the one before, so the pack is like a git host's, without a search for deltas.
 * @param onProgress gets the finished share of the files, from 0 to 1
 */
export function* projectStream(size: ProjectSize, onProgress: (share: number) => void): Generator<Buffer> {
  const files = planFiles(size);
  const changes: Record<string, SampleFile>[] = Array.from({ length: size.commits }, () => ({}));
  let mark = 0;
  for (const [index, { path, kind, commits, deletedBy }] of files.entries()) {
    const versions = contents(kind, commits.length, new Random(size.seed + index));
    for (const [version, commit] of [...commits.entries()].toReversed()) {
      mark += 1;
      yield fastImportBlob(mark, versions[version] ?? "");
      changes[commit] = { ...changes[commit], [path]: { mark } };
    }
    if (deletedBy !== undefined) changes[deletedBy] = { ...changes[deletedBy], [path]: null };
    onProgress((index + 1) / files.length);
  }
  yield* fastImportStream(projectCommits(size, changes));
}

/** Returns every version of a file, oldest first. */
function contents(kind: PlannedFile["kind"], count: number, random: Random): readonly (string | Uint8Array)[] {
  switch (kind) {
    case "source": {
      const functions = Array.from({ length: 1 + random.below(MAX_FUNCTIONS) }, () => sourceFunction(random));
      return versionsOf(functions, count, () => {
        functions.splice(random.below(functions.length), random.below(2), sourceFunction(random));
      });
    }
    case "lock": {
      const lines = Array.from({ length: LOCK_LINES }, () => lockLine(random));
      return versionsOf(lines, count, () => {
        for (let left = LOCK_LINES_PER_CHANGE; left > 0; left -= 1) {
          lines[random.below(lines.length)] = lockLine(random);
        }
      });
    }
    case "picture":
      return Array.from({ length: count }, () => random.bytes(1 + random.below(MAX_PICTURE_BYTES)));
  }
}

function versionsOf(parts: readonly string[], count: number, change: () => void): readonly string[] {
  return Array.from({ length: count }, (_, version) => {
    if (version > 0) change();
    return parts.join("\n");
  });
}

function lockLine(random: Random): string {
  const version = `${random.below(20)}.${random.below(30)}.${random.below(20)}`;
  return `${sourceName(random)}@${version}: sha512-${Buffer.from(random.bytes(HASH_BYTES)).toString("base64")}`;
}
