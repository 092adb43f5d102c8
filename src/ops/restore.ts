import * as z from "zod/v4";
import { failureOf } from "./output/failure.ts";
import { MAX_FILES, revision, sandboxId, treePath } from "./inputs.ts";
import { IN_COMMIT } from "./looking.ts";
import { defineOperation } from "./operation.ts";
import { BRING } from "./partial.ts";
import { sectionRecords, sectionText } from "./output/sections.ts";
import { UNFINISHED } from "./output/porcelain.ts";
import { ENTER, FAIL, LOCK, SECTION, SUBMODULES } from "./shell.ts";
import { UNCOMMIT, UNCOMMIT_REASONS } from "./uncommit.ts";
import { UNFINISHED_WORDS } from "./unfinished.ts";

/** Of the two lists of an answer together. */
const MAX_LISTED = 1000;

const input = z
  .strictObject({
    sandbox_id: sandboxId,
    paths: z.array(treePath).min(1).max(MAX_FILES).optional().describe("Files and folders to bring back to HEAD"),
    all: z.literal(true).optional().describe("Everything, and an unfinished merge or rebase is given up"),
    staged: z.boolean().default(false).describe("Only unstage; the files stay as they are"),
    to: revision
      .optional()
      .describe(
        "Take back the commits made since the branch left this one, as origin/main; only what the remote never had",
      ),
    keep: z.literal(true).optional().describe("Goes with to: the files stay as they are, as uncommitted changes"),
  })
  .refine(
    ({ paths, all, to }) => [paths, all, to].filter((one) => one !== undefined).length === 1,
    "needs one of paths, all and to",
  )
  .refine(({ to, keep }) => (to === undefined) === (keep === undefined), {
    path: ["keep"],
    message: "goes with to, and to with keep: true",
  });

const output = z.object({
  restored: z.array(z.string()).describe("As they are in HEAD again"),
  removed: z.array(z.string()).describe("Not in HEAD, so deleted"),
  head: z.string().optional().describe("With to: commit that the branch is on now"),
  taken_back: z.array(z.string()).optional().describe("With to: commits that the branch has no more, newest first"),
  ended: z.enum(UNFINISHED).optional().describe("What was unfinished and is given up"),
  truncated: z.boolean(),
});

/**
 * Ignored files are left alone. What was changed is listed first, and told after by what is there then. Section 1: the
 * state that was ended; section 2: `+path` for what is restored, `-path` for what is gone.
 */
const script = `${SECTION}${FAIL}${LOCK}${ENTER}${IN_COMMIT}${BRING}${UNCOMMIT}
all=$1 staged=$2 to=$3; shift 3
if [ -n "$to" ]; then uncommit; exit; fi
there() { [ -e "$1" ] || [ -L "$1" ]; }
for path do
  there "$path" || git ls-files --error-unmatch -- "$path" >/dev/null 2>&1 ||
    in_commit HEAD "$path" || fail path_not_found "$path"
done
git status --porcelain -z --no-renames ${SUBMODULES} -- "$@" >"$wt/tmp.status" || fail git
changed() { while IFS= read -r -d '' entry; do "$@" "\${entry:0:2}" "\${entry:3}"; done <"$wt/tmp.status"; }
added() { case $1 in A[!AU]) printf '%s\\0' "$2";; esac; }
others() { case $1 in A[!AU] | '??') ;; *) printf '%s\\0' "$2";; esac; }
if [ "$staged" != true ]; then bring_changed diff-index HEAD -- "$@" || fail git; fi
# In a sparse tree, reset --hard would take away the files beyond it that a caller has brought.
to_head() {
  if [ -e .git/info/sparse-checkout ]; then git reset -q && git restore -q --worktree -- .; else git reset -q --hard; fi
}
work=changed
section 1
if [ "$staged" = true ]; then
  if [ "$all" = true ]; then set -- .; fi
  git reset -q -- "$@" || fail git
elif [ "$all" = true ]; then
  for state in ${UNFINISHED_WORDS} sequencer:cherry_pick
  do if [ -e ".git/\${state%%:*}" ]; then printf '%s\\0' "\${state##*:}"; fi; done
  to_head || fail git
  if [ -e .git/rebase-apply/applying ]; then git am --abort || fail git
  elif [ -e .git/rebase-merge ] || [ -e .git/rebase-apply ]; then git rebase --abort || fail git; fi
  if [ -e .git/sequencer ]; then git cherry-pick --abort || git cherry-pick --quit || fail git; fi
  if [ -e .git/BISECT_LOG ]; then git bisect reset >/dev/null || fail git; fi
  # Ending a rebase may have brought back what was stashed for it.
  to_head && git clean -ffdq || fail git
else
  source=HEAD
  git rev-parse -q --verify HEAD >/dev/null || source=$(git hash-object -t tree /dev/null)
  # First what is not in HEAD: when a file has come back in the place of its folder, git would not find it any more.
  for kind in added others; do
    changed "$kind" >"$wt/tmp.paths"
    if [ -s "$wt/tmp.paths" ]; then
      git restore "--source=$source" --staged --worktree --pathspec-from-file="$wt/tmp.paths" --pathspec-file-nul || fail git
    fi
  done
  git clean -ffdq -- "$@" || fail git
fi
section 2
left=${MAX_LISTED + 1}
told() {
  local sign=+
  if [ "$staged" = true ]; then
    case $1 in ' '* | '??') return;; esac
  elif ! there "$2"; then
    sign=-
  elif [ "$1" = '??' ]; then
    # Told already: it was deleted only in the index, so it was in HEAD and is back.
    return
  fi
  if [ "$left" -gt 0 ]; then printf '%s%s\\0' "$sign" "$2"; fi
  left=$((left - 1))
}
changed told
rm -f "$wt/tmp.status" "$wt/tmp.paths"
`;

export const restore = defineOperation({
  name: "restore",
  summary: "Throws uncommitted changes away: of some paths, or all of them.",
  access: "write",
  shell: "/bin/bash",
  input,
  output,
  script,
  command: (asked) => ({
    args: [String(asked.all ?? false), String(asked.staged), asked.to ?? "", ...(asked.paths ?? [])],
  }),
  parse(result, { to }) {
    const failed = failureOf(result, UNCOMMIT_REASONS);
    if (failed) return failed;
    if (to !== undefined) {
      const [head = "", ...takenBack] = sectionRecords(result.sections, 1);
      return { ok: true, value: { restored: [], removed: [], head, taken_back: takenBack, truncated: false } };
    }
    const ended = UNFINISHED.find((state) => sectionText(result.sections, 1).startsWith(`${state}\0`));
    const told = sectionRecords(result.sections, 2);
    const listed = (sign: string) =>
      told.slice(0, MAX_LISTED).flatMap((record) => (record.startsWith(sign) ? [record.slice(1)] : []));
    return {
      ok: true,
      value: {
        restored: listed("+"),
        removed: listed("-"),
        ...(ended ? { ended } : {}),
        truncated: told.length > MAX_LISTED || result.truncated,
      },
    };
  },
});
