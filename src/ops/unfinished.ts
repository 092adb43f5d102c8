import type { Reasons } from "./output/failure.ts";

/** What can be unfinished in a tree, in the words of status, and the files in .git that say so; the first one counts. */
export const UNFINISHED_FILES = [
  { file: "MERGE_HEAD", state: "merge" },
  { file: "rebase-merge", state: "rebase" },
  { file: "rebase-apply", state: "rebase" },
  { file: "CHERRY_PICK_HEAD", state: "cherry_pick" },
  { file: "REVERT_HEAD", state: "revert" },
  { file: "BISECT_LOG", state: "bisect" },
] as const;

/** The same as words of a shell, `file:state`. */
export const UNFINISHED_WORDS = UNFINISHED_FILES.map(({ file, state }) => `${file}:${state}`).join(" ");

/** `refuse_unfinished`, for what would mix with a merge or the like. */
export const REFUSE_UNFINISHED = `
refuse_unfinished() {
  local state
  for state in ${UNFINISHED_WORDS}; do if [ -e ".git/\${state%%:*}" ]; then fail unfinished "\${state#*:}"; fi; done
}
`;

export const UNFINISHED_REASON: Reasons = {
  unfinished: (state) => ({
    code: "conflict",
    detail: `The tree is in the middle of a ${state}. Nothing was done. Settle its conflicts and push, or give it up with restore {all: true}; then call again.`,
  }),
};
