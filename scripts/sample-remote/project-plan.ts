import { Random, sourcePath } from "./source-text.ts";

export interface ProjectSize {
  readonly commits: number;
  /** Number of source files at the end. */
  readonly files: number;
  readonly pictures: number;
  readonly seed: number;
}

/** The commits that write and delete one file of a project. */
export interface PlannedFile {
  readonly path: string;
  readonly kind: "source" | "lock" | "picture";
  /** Numbers of the commits that write the file, ascending; the first creates it. */
  readonly commits: number[];
  readonly deletedBy: number | undefined;
}

/** Share of the source files that the first commit adds; later commits add the rest evenly. */
const INITIAL_PART = 0.3;
/** One of this many source files is deleted later. */
const FILES_PER_DELETED = 11;
const MAX_CHANGES_PER_COMMIT = 6;
/** Mean number of commits between changes of the dependencies; a lock file has all of them. */
const COMMITS_PER_LOCK_CHANGE = 25;
const MAX_PICTURE_VERSIONS = 6;

/** Plans which commit writes and deletes each file. Some files change all the time, most of them hardly ever. */
export function planFiles(size: ProjectSize): readonly PlannedFile[] {
  const random = new Random(size.seed);
  return [...sources(size, random), lockFile(size, random), ...pictures(size, random)];
}

function sources({ commits, files }: ProjectSize, random: Random): readonly PlannedFile[] {
  const total = files + Math.floor(files / (FILES_PER_DELETED - 1));
  const writes: number[][] = [];
  for (let commit = 0; commit < commits; commit += 1) {
    if (commit > 0) for (const index of hotFiles(random, writes.length)) writes[index]?.push(commit);
    const due = total * (INITIAL_PART + ((1 - INITIAL_PART) * commit) / (commits - 1));
    while (writes.length < Math.round(due)) writes.push([commit]);
  }
  return writes.map((written, index) => {
    const isDeleted = index % FILES_PER_DELETED === FILES_PER_DELETED - 1;
    const next = (written.at(-1) ?? 0) + 1;
    return {
      path: sourcePath(index),
      kind: "source",
      commits: written,
      deletedBy: isDeleted && next < commits ? next + random.below(commits - next) : undefined,
    };
  });
}

/** Returns different numbers below `limit`, small ones far more often than large ones. */
function hotFiles(random: Random, limit: number): ReadonlySet<number> {
  const chosen = new Set<number>();
  for (let left = 1 + random.below(MAX_CHANGES_PER_COMMIT); left > 0; left -= 1) {
    const share = random.below(1_000_000) / 1_000_000;
    chosen.add(Math.floor(limit * share * share));
  }
  return chosen;
}

function lockFile({ commits }: ProjectSize, random: Random): PlannedFile {
  const written = [0];
  const next = () => (written.at(-1) ?? 0) + 1 + random.below(2 * COMMITS_PER_LOCK_CHANGE);
  for (let commit = next(); commit < commits; commit = next()) written.push(commit);
  return { path: "packages.lock", kind: "lock", commits: written, deletedBy: undefined };
}

function pictures({ commits, pictures: count }: ProjectSize, random: Random): readonly PlannedFile[] {
  return Array.from({ length: count }, (_, index) => {
    const versions = 1 + random.below(MAX_PICTURE_VERSIONS);
    const written = new Set(Array.from({ length: versions }, () => random.below(commits)));
    return {
      path: `docs/images/picture-${index}.webp`,
      kind: "picture",
      commits: [...written].sort((a, b) => a - b),
      deletedBy: undefined,
    };
  });
}
