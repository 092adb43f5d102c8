import { join } from "node:path";
import { git } from "../../harness/git.ts";
import type { BenchRepository } from "./repository.ts";
import type { Cloned, Strategy } from "./strategy.ts";

/** Ways to clone with git alone. Trees in `folder` stay: on ext4 a checkout right after a removal is slow. */
export function rawStrategies(url: string, folder: string, { facts, part }: BenchRepository): readonly Strategy[] {
  let made = 0;
  const strategy = (name: string, options: readonly string[], folderInside?: string): Strategy => ({
    name,
    clone: async () => {
      const tree = join(folder, `${name}-${(made += 1)}`);
      await git(folder, ["clone", "-q", ...options, "--", url, tree]);
      if (folderInside !== undefined) await git(tree, ["sparse-checkout", "set", "--cone", "--", folderInside]);
      return clonedBy((args) => git(tree, args), facts.commits);
    },
  });
  return [
    strategy("full", []),
    strategy("shallow", ["--depth=1", "--single-branch", "--no-tags"]),
    strategy("blobless", ["--filter=blob:none"]),
    strategy("sparse", ["--filter=blob:none", "--sparse"], part),
  ];
}

/** @param run runs git in the tree */
export function clonedBy(
  run: (args: readonly string[]) => Promise<string>,
  commits: number,
  timing: Cloned["timing"] = {},
): Cloned {
  return {
    timing,
    hasFullHistory: async () => {
      // git fetches the missing objects of a partial clone on demand, so counting its commits would show nothing.
      const isPartial = (await run(["config", "--list"])).includes("remote.origin.promisor=true");
      return !isPartial && Number(await run(["rev-list", "--count", "HEAD"])) === commits;
    },
  };
}
