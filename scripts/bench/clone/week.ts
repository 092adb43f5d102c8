import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fetchPack, wantedBetween } from "../../../src/remote/fetch-pack.ts";
import { remoteRefs } from "../../../src/remote/ls-refs.ts";
import { git } from "../../harness/git.ts";
import { clonedBy } from "./raw.ts";
import type { Strategy } from "./strategy.ts";

/** Nobody leaves a clone of this bench. */
const NEVER = new AbortController().signal;

/**
 * What bringing a week-old clone up to date takes without any sandbox: the two requests, git's indexing of what they bring,
 * the checkout, and no look whether anything is missing. Clones start from the repository at `aged` as it is now.
 */
export async function weekByGit(url: string, folder: string, aged: string, commits: number): Promise<Strategy> {
  const kept = join(folder, "kept");
  await git(folder, ["clone", "-q", "--no-local", "--", aged, kept]);
  await git(kept, ["commit-graph", "write", "--reachable", "--no-progress"]);
  const here = await git(kept, ["for-each-ref", "--format=%(objectname) %(refname)", "refs/remotes", "refs/tags"]);
  let made = 0;
  let tree = kept;
  return {
    name: "git alone, a week",
    ready: async () => {
      tree = join(folder, `week-${(made += 1)}`);
      await cp(kept, tree, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
      // Of files that were copied the index does not know that they are the same.
      await git(tree, ["update-index", "-q", "--refresh"]);
    },
    clone: async () => {
      const there = await remoteRefs({ url }, NEVER);
      if (there === undefined) throw new Error("the git server told no branches");
      const parts: Uint8Array[] = [];
      for await (const part of fetchPack({ url }, wantedBetween(here, there.list), NEVER)) parts.push(part);
      await git(tree, ["index-pack", "--stdin", "--fix-thin"], Buffer.concat(parts));
      const head = /^([0-9a-f]+) refs\/remotes\/origin\/HEAD$/m.exec(there.list)?.[1] ?? "";
      await git(tree, ["checkout", "-q", "-B", there.head, head]);
      return clonedBy((args) => git(tree, args), commits);
    },
  };
}
