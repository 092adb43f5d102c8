/**
 * Whether a submodule's commit is another is told, from our own index. What changed in its folder is not asked for: that
 * would take git into a repository of somebody's making, and end it where .gitmodules holds a value that it refuses.
 */
export const SUBMODULES = "--ignore-submodules=dirty";

/** Parameters of git started without a shell: in the tree, and nowhere above it. */
export const IN_TREE = ["-C", "repo", "--git-dir=.git"] as const;
/** The same, where nothing is unfinished. */
export const IN_FINISHED_TREE = ["-C", ".warmtree/finished", "--git-dir=.git"] as const;
