/** Values that scripts and the parsers of their output share; scripts get them in the environment. */

/** Unfinished states of a tree, as status names them, and the files in .git that show them; the first match counts. */
const UNFINISHED_FILES = [
  { file: "MERGE_HEAD", state: "merge" },
  { file: "rebase-merge", state: "rebase" },
  { file: "rebase-apply", state: "rebase" },
  { file: "CHERRY_PICK_HEAD", state: "cherry_pick" },
  { file: "REVERT_HEAD", state: "revert" },
  { file: "BISECT_LOG", state: "bisect" },
] as const;

/** Three quarters of the smallest sandbox: the kernel would end a git that needs more, and other processes with it. */
export const MAX_GIT_MEMORY_MIB = 384;
/** A search through 100 MB takes a few seconds. */
export const MAX_GIT_CPU_S = 60;

/**
 * git's messages if the git host did not answer, broke off or had no room, so that a retry may succeed. They are the
 * same in git 2.39 to 2.55. The pattern is valid for grep -E and for RegExp.
 */
export const UNREACHABLE =
  "Could not resolve host|Failed to connect|Couldn't connect|Connection (reset|refused|timed out)|early EOF|expected (flush|response end packet) after|Could not read from remote repository|unexpected disconnect|hung up unexpectedly|Operation too slow|returned error: (429|5[0-9][0-9])|RPC failed|SSL|gnutls";

export const SCRIPT_VALUES: Readonly<Record<string, string>> = {
  /** Words of the form `file:state`. */
  WT_UNFINISHED: UNFINISHED_FILES.map(({ file, state }) => `${file}:${state}`).join(" "),
  WT_GIT_MEMORY_KIB: String(MAX_GIT_MEMORY_MIB * 1024),
  WT_GIT_CPU_S: String(MAX_GIT_CPU_S),
  WT_UNREACHABLE: UNREACHABLE,
};
