import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { cachedProject } from "../../sample-remote/project-cache.ts";
import { PROJECT } from "../../sample-remote/project.ts";
import { git } from "../../harness/git.ts";
import { goBackAWeek, newestCommit, WEEK_SECONDS } from "./past.ts";

export interface RepositoryFacts {
  readonly name: string;
  readonly packed_mb: number;
  readonly files: number;
  readonly commits: number;
  readonly commits_of_last_week: number;
}

/** A repository to clone, and an equal one whose refs are a week old until `advance` is called. */
export interface BenchRepository {
  readonly facts: RepositoryFacts;
  readonly bare: string;
  readonly aged: string;
  readonly advance: () => Promise<void>;
  /** The folder whose number of files is nearest to a tenth of all. */
  readonly part: string;
}

const PART = 0.1;

/**
 * Prepares a repository in `folder`: the generated one, or the branches and tags of the one at `source`, a path or a
 * URL. It is packed as a git host would pack it.
 */
export async function prepareRepository(
  folder: string,
  source: string | undefined,
  say: (text: string) => void,
): Promise<BenchRepository> {
  const name = source === undefined ? "generated" : basename(source.replace(/\/+$/, ""), ".git");
  const [bare, aged] = [join(folder, `${name}.git`), join(folder, `${name}-aged.git`)];
  await mkdir(folder, { recursive: true });
  if (source === undefined) {
    await git(folder, ["clone", "-q", "--bare", "--", await cachedProject(PROJECT, steps(say)), bare]);
  } else {
    await git(folder, ["clone", "-q", "--bare", "--no-local", "--", source, bare]);
  }
  say(`packing ${name}`);
  await git(bare, ["-c", "pack.writeReverseIndex=true", "repack", "-a", "-d", "-q", "--write-bitmap-index"]);
  await git(bare, ["commit-graph", "write", "--reachable", "--no-progress"]);
  await git(folder, ["clone", "-q", "--bare", "--", bare, aged]);
  const paths = (await git(bare, ["ls-tree", "-r", "-z", "--name-only", "HEAD"])).split("\0").slice(0, -1);
  const facts = {
    name,
    packed_mb: await packedMb(bare),
    files: paths.length,
    commits: Number(await git(bare, ["rev-list", "--count", "HEAD"])),
    commits_of_last_week: Number(
      await git(bare, ["rev-list", "--count", `--since=${(await newestCommit(bare)) - WEEK_SECONDS}`, "HEAD"]),
    ),
  };
  return { facts, bare, aged, part: partOf(paths), advance: await goBackAWeek(aged) };
}

/** Reports every tenth of the progress. */
function steps(say: (text: string) => void): (share: number) => void {
  let said = -1;
  return (share) => {
    const tenths = Math.floor(share * 10);
    if (tenths > said) say(`generating a repository: ${tenths * 10} %`);
    said = Math.max(said, tenths);
  };
}

async function packedMb(bare: string): Promise<number> {
  const kilobytes = /^size-pack: (\d+)$/m.exec(await git(bare, ["count-objects", "-v"]))?.[1];
  return Math.round((Number(kilobytes) * 1024) / 1e6);
}

function partOf(paths: readonly string[]): string {
  const files = new Map<string, number>();
  for (const path of paths) {
    for (let end = path.indexOf("/"); end > 0; end = path.indexOf("/", end + 1)) {
      const folder = path.slice(0, end);
      files.set(folder, (files.get(folder) ?? 0) + 1);
    }
  }
  const wanted = paths.length * PART;
  const [nearest] = [...files].sort(([, a], [, b]) => Math.abs(a - wanted) - Math.abs(b - wanted));
  if (nearest === undefined) throw new Error("a repository without folders has no part to check out");
  return nearest[0];
}
