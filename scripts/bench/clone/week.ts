import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fetchPack, wantedBetween } from "../../../src/remote/fetch-pack.ts";
import { remoteRefs } from "../../../src/remote/ls-refs.ts";
import { git } from "../../harness/git.ts";
import { clonedBy } from "./raw.ts";
import type { Strategy } from "./strategy.ts";

/** No clone of this bench is aborted. */
const NEVER = new AbortController().signal;

/**
 * Returns a strategy that brings a week-old clone up to date without a sandbox. Measures the two requests, git's
 * indexing of the pack, and the checkout, without a check for missing objects. Clones start from the present state of
 * the repository at `aged`.
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
      // After the copy, the index does not know that the files are unchanged.
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
