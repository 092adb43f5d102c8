/**
 * git compares a submodule's commit with our index, and does not look for changes in its folder: for that, git would
 * enter a repository that a stranger made, and fail if .gitmodules holds a value that it refuses.
 */
export const SUBMODULES = "--ignore-submodules=dirty";

/** Options for git without a shell: use the repository of the tree, and none above it. */
export const IN_TREE = ["-C", "repo", "--git-dir=.git"] as const;
/** The same, for a tree without an unfinished merge or the like. */
export const IN_FINISHED_TREE = ["-C", ".warmtree/finished", "--git-dir=.git"] as const;
