import * as z from "zod/v4";
import { withConflicts } from "./conflicts.ts";
import { failureOf, NOT_GIT, type Reasons } from "./failure.ts";
import { sandboxId } from "./inputs.ts";
import { LINE_ENDS } from "./line-ends.ts";
import { defineOperation } from "./operation.ts";
import { sectionRecords } from "./output.ts";
import { REPLAY } from "./replay.ts";
import { ENTER, FAIL, LOCK, SECTION, SETTLE } from "./shell.ts";

const HOW = ["nothing_new", "fast_forward", "rebased", "merged"] as const;

/** More commits than any history has. */
const MAX_DEEPEN = 100_000_000;

const input = z.strictObject({
  sandbox_id: sandboxId,
  rebase: z
    .boolean()
    .default(true)
    .describe("true: put local commits on top. false: merge, and leave conflicts in the files to be edited"),
  deepen: z
    .int()
    .min(1)
    .max(MAX_DEEPEN)
    .optional()
    .describe("In a shallow clone: fetch so many older commits too; more than there are: all"),
});

const output = z.object({
  branch: z.string().nullable(),
  from: z.string().describe("Branch of the remote"),
  head: z.string(),
  how: z.enum(HOW),
  behind: z.number().describe("Commits that came in"),
  ahead: z.number().describe("Local commits that the remote branch lacks"),
  shallow: z.boolean().describe("Whether older commits are only at the remote"),
});

/**
 * Local commits are put on top in memory first, so a conflict is known before a file is touched. `reset --keep` then
 * moves the tree and refuses, whole, where an uncommitted change would be lost. Only an asked-for merge that conflicts
 * is really begun, because its conflicts are to be edited in the files.
 */
const script = `${SECTION}${FAIL}${LOCK}${ENTER}${REPLAY}${LINE_ENDS}${SETTLE}
rebase=$1 deepen=$2
for state in MERGE_HEAD rebase-merge rebase-apply CHERRY_PICK_HEAD REVERT_HEAD BISECT_LOG
do if [ -e ".git/$state" ]; then fail unfinished "$state"; fi; done
branch=$(git symbolic-ref -q HEAD)
branch=\${branch#refs/heads/}
from=$(git rev-parse -q --symbolic-full-name '@{upstream}' 2>/dev/null) || from=
case $from in refs/heads/*) from=\${from#refs/heads/};; *) from=\${from#refs/remotes/origin/};; esac
# Of a branch without a commit git knows only what it is to follow.
if [ -z "$from" ] && [ -n "$branch" ]; then from=$(git config "branch.$branch.merge") from=\${from#refs/heads/}; fi
if [ -z "$from" ]; then from=$branch; fi
if [ -z "$from" ]; then fail detached; fi
if [ -e .git/shallow ]; then fetch_branch "$from" || fail git "$from"
else
  # Tags that moved are brought, too; those that only the workspace has stay (--tags, not a refspec, is what --prune spares).
  # With this branch named, a host that has it no more, or is none, ends the fetch before any branch is dropped.
  reached netgit fetch -q --prune --tags --force origin '+refs/heads/*:refs/remotes/origin/*' "+refs/heads/$from:refs/remotes/origin/$from" || {
    if grep -q "couldn't find remote ref" "$said" && ! speaks_git; then fail not_git; fi
    fail git "$from"
  }
fi
tip=$(git rev-parse -q --verify "refs/remotes/origin/$from") || fail ref_not_found "$from"
head=$(git rev-parse -q --verify HEAD)
ahead=0 behind=0 how=nothing_new
if [ -z "$head" ]; then
  behind=$(git rev-list --count "$tip") how=fast_forward
  bring_checkout "$tip" || fail git
  git merge -q --ff-only "$tip" >/dev/null || fail git
  line_ends
else
  # A merge needs the commit where the two lines parted, whatever is known of them.
  if [ "$rebase" != true ]; then old=; fi
  meet "$tip" "$head" "$from" "$old" || fail git
  read -r ahead behind <<<"$(git rev-list --left-right --count "$head...$tip" \${since:+"^$since"} --)"
  if [ "$behind" -gt 0 ]; then
    bring_checkout "$tip" || fail git
    target=$tip how=fast_forward
    if [ "$ahead" -gt 0 ] && [ "$rebase" = true ]; then
      how=rebased
      replay "$tip" "$head"
      case $? in
        0) target=$replayed ;;
        1) conflicts "$conflict_onto" "$conflict_commit"; fail conflict "$from" ;;
        *) fail git ;;
      esac
    elif [ "$ahead" -gt 0 ]; then
      how=merged
      merged=$(merge_trees --no-messages --name-only --allow-unrelated-histories "$head" "$tip")
      case $? in
        0) target=$(git commit-tree "$merged" -p "$head" -p "$tip" -m "Merge branch '$from'") || fail git ;;
        1)
          limited merge -q --no-edit --no-verify --allow-unrelated-histories "$tip" >/dev/null
          if [ ! -e .git/MERGE_HEAD ]; then fail git; fi
          line_ends
          conflicts "$head" "$tip"
          work=merging
          fail merge_begun "$from" ;;
        *) fail git ;;
      esac
    fi
    move_to "$target" || fail dirty_tree
  fi
fi
section 1
printf '%s\\0' "$branch" "$from" "$(git rev-parse HEAD)" "$how" "$behind" "$ahead"
if [ -e .git/shallow ]; then printf 'true\\0'; else printf 'false\\0'; fi
if [ "$how" != nothing_new ]; then settle; fi
`;

const REASONS: Reasons = {
  not_git: NOT_GIT,
  unfinished: (state) => ({
    code: "conflict",
    detail: `The tree is in the middle of something (${state}). Edit the conflicts and push, or end it with restore {all: true}.`,
  }),
  detached: () => ({
    code: "invalid_input",
    detail: "HEAD is on no branch, so there is nothing to pull from. Switch to a branch first.",
  }),
  merge_begun: (from) => ({
    code: "conflict",
    detail: `The merge with ${from} has conflicts; they are marked in the files. Edit them and push, or give up with restore {all: true}.`,
  }),
};

export const pull = defineOperation({
  name: "pull",
  summary: "Fetches, and brings the branch up to date with the one it started from.",
  access: "remote",
  shell: "/bin/bash",
  input,
  output,
  script,
  command: (asked) => ({ args: [String(asked.rebase), String(asked.deepen ?? 0)] }),
  parse(result, asked) {
    const failed = failureOf(result, REASONS);
    if (failed) {
      return failed.error.code === "conflict"
        ? withConflicts(failed, result, asked.rebase ? "second" : "first")
        : failed;
    }
    const [branch, from = "", head = "", how, behind, ahead, shallow] = sectionRecords(result.sections, 1);
    return {
      ok: true,
      value: {
        branch: branch || null,
        from,
        head,
        how: HOW.find((word) => word === how) ?? "nothing_new",
        behind: Number(behind) || 0,
        ahead: Number(ahead) || 0,
        shallow: shallow === "true",
      },
    };
  },
});
