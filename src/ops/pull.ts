import * as z from "zod/v4";
import { withCause } from "./cause.ts";
import { CONFLICTS, MERGING } from "./conflicts-script.ts";
import { failureOf, NOT_GIT, type Reasons } from "./failure.ts";
import { GONE_SECTION } from "./history.ts";
import { branchName, sandboxId } from "./inputs.ts";
import { LINE_ENDS } from "./line-ends.ts";
import { defineOperation } from "./operation.ts";
import { sectionRecords } from "./output.ts";
import { REPLAY } from "./replay.ts";
import { ENTER, FAIL, LOCK, SECTION, SETTLE } from "./shell.ts";
import { UNFINISHED_WORDS } from "./unfinished.ts";

const HOW = ["nothing_new", "fast_forward", "rebased", "merged"] as const;

/** More commits than any history has. */
const MAX_DEEPEN = 100_000_000;

const input = z.strictObject({
  sandbox_id: sandboxId,
  rebase: z
    .boolean()
    .default(true)
    .describe(
      "true: put commits that the remote never had on top, and merge any others. false: merge, and leave conflicts in the files to be edited",
    ),
  from: branchName.optional().describe("Branch of the remote; default: the one that this branch started from"),
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
  left_out: z
    .array(z.string())
    .optional()
    .describe("Commits that somebody took away from that branch at the remote, and that this branch has no more"),
});

/**
 * Both lines are put together in memory first, so a conflict is known before a file is touched. `reset --keep` then
 * moves the tree and refuses, whole, where an uncommitted change would be lost. Only an asked-for merge that conflicts
 * is really begun, because its conflicts are to be edited in the files.
 */
const script = `${SECTION}${FAIL}${LOCK}${ENTER}${REPLAY}${CONFLICTS}${MERGING}${LINE_ENDS}${SETTLE}
rebase=$1 deepen=$2 from=$3
for state in ${UNFINISHED_WORDS}; do if [ -e ".git/\${state%%:*}" ]; then fail unfinished "\${state#*:}"; fi; done
branch=$(git symbolic-ref -q HEAD)
branch=\${branch#refs/heads/}
if [ -z "$from" ]; then
  from=$(git rev-parse -q --symbolic-full-name '@{upstream}' 2>/dev/null) || from=
  case $from in refs/heads/*) from=\${from#refs/heads/};; *) from=\${from#refs/remotes/origin/};; esac
fi
# Of a branch without a commit git knows only what it is to follow.
if [ -z "$from" ] && [ -n "$branch" ]; then from=$(git config "branch.$branch.merge") from=\${from#refs/heads/}; fi
if [ -z "$from" ]; then from=$branch; fi
if [ -z "$from" ]; then fail detached; fi
if [ -e .git/shallow ]; then fetch_branch "$from" || fail git "$from"
else
  # Tags that moved are brought, too; those that only the workspace has stay (--tags, not a refspec, is what --prune spares).
  # With this branch named, a host that has it no more, or is none, ends the fetch before any branch is dropped.
  reached told_fetch --prune --tags --force origin '+refs/heads/*:refs/remotes/origin/*' "+refs/heads/$from:refs/remotes/origin/$from" || {
    if grep -q "couldn't find remote ref" "$said"; then
      speaks_git || fail not_git
      # What else is there may be wanted instead.
      reached told_fetch --prune --tags --force origin '+refs/heads/*:refs/remotes/origin/*' || fail git
      fail ref_not_found "$from"
    fi
    fail git "$from"
  }
fi
tip=$(git rev-parse -q --verify "refs/remotes/origin/$from") || fail ref_not_found "$from"
head=$(git rev-parse -q --verify HEAD)
ahead=0 behind=0 how=nothing_new
go_to() { bring_checkout "$1" || fail git; move_to "$1" || fail dirty_tree; }
follow() {
  combine "$tip" "$head" "$from"
  case $? in
    0) ;;
    1) conflicts "$conflict_onto" "$conflict_commit"; fail conflict "$from" ;;
    3) say_gone; fail cannot_leave_out "$from" ;;
    *) fail git ;;
  esac
  how=rebased
  if [ -n "$joined" ]; then how=merged; elif [ "$combined" = "$tip" ]; then ahead=0; if [ -z "$gone" ]; then how=fast_forward; fi; fi
  go_to "$combined"
  if [ -n "$gone" ]; then took_back "$head" "$combined" || fail git; fi
}
merge() {
  if [ -n "$gone" ]; then say_gone; fail history_rewritten "$from"; fi
  if [ "$ahead" = 0 ]; then how=fast_forward; go_to "$tip"; return; fi
  local merged
  how=merged
  bring_checkout "$tip" || fail git
  merged=$(merge_trees --no-messages --name-only --allow-unrelated-histories "$head" "$tip")
  case $? in
    0) merged=$(git commit-tree "$merged" -p "$head" -p "$tip" -m "Merge branch '$from'") && go_to "$merged" || fail git ;;
    1)
      limited merge -q --no-edit --no-verify --allow-unrelated-histories -m "Merge branch '$from'" "$tip" >/dev/null
      if [ ! -e .git/MERGE_HEAD ]; then fail git; fi
      line_ends
      merging_begun
      conflicts_in_tree
      work=merging
      fail merge_begun "$from" ;;
    *) fail git ;;
  esac
}
if [ -z "$head" ]; then
  behind=$(git rev-list --count "$tip") how=fast_forward
  bring_checkout "$tip" || fail git
  git merge -q --ff-only "$tip" >/dev/null || fail git
  line_ends
else
  # A merge needs the commit where the two lines parted, whatever is known of them.
  if [ "$rebase" != true ]; then old=; fi
  part "$tip" "$head" "$from" "$old" || fail git
  read -r ahead behind <<<"$(git rev-list --left-right --count "\${beneath[@]}" "$head...$tip" --)"
  if [ "$behind" = 0 ] && [ -z "$gone" ]; then :
  elif [ "$rebase" = true ]; then follow
  else merge; fi
fi
section 1
printf '%s\\0' "$branch" "$from" "$(git rev-parse HEAD)" "$how" "$behind" "$ahead"
if [ -e .git/shallow ]; then printf 'true\\0'; else printf 'false\\0'; fi
say_gone
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
  conflict: (from) => ({
    code: "conflict",
    detail: `The changes conflict with what is on ${from}. Nothing was changed. pull {rebase: false, from: "${from}"} puts the conflicts into the files: edit them, then push.`,
  }),
  merge_begun: (from) => ({
    code: "conflict",
    detail: `The merge with ${from} has conflicts, which are in the files. Edit those with markers; write, delete or name in push {resolve} those without; then push. restore {all: true} gives the merge up.`,
  }),
  history_rewritten: (from) => ({
    code: "history_rewritten",
    detail: `Somebody took commits away from ${from} at the remote; a merge would bring them back. Nothing was changed. pull {from: "${from}"} without rebase: false leaves them out.`,
  }),
  cannot_leave_out: (from) => ({
    code: "history_rewritten",
    detail: `Somebody took commits away from ${from} at the remote, and your work is merged with them or with other branches, so they cannot be left out. Nothing was changed. Make a new branch with branch {name, create: true, from: "origin/${from}"} and take your own commits there with apply {commits}.`,
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
  command: (asked) => ({ args: [String(asked.rebase), String(asked.deepen ?? 0), asked.from ?? ""] }),
  parse(result) {
    const failed = failureOf(result, REASONS);
    if (failed) return withCause(failed, result);
    const leftOut = sectionRecords(result.sections, GONE_SECTION);
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
        ...(leftOut.length > 0 ? { left_out: leftOut } : {}),
      },
    };
  },
});
