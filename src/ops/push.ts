import * as z from "zod/v4";
import { withConflicts } from "./conflicts.ts";
import { failureOf, type Reasons } from "./failure.ts";
import { branchName, MAX_FILES, sandboxId, treePath } from "./inputs.ts";
import { defineOperation } from "./operation.ts";
import { sectionRecords } from "./output.ts";
import { REPLAY } from "./replay.ts";
import { ENTER, FAIL, LOCK, SECTION, SUBMODULES } from "./shell.ts";

/** Under the 128 KiB that Linux allows for one argument. */
const MAX_MESSAGE_LENGTH = 16_000;

const input = z.strictObject({
  sandbox_id: sandboxId,
  message: z
    .string()
    .min(1)
    .max(MAX_MESSAGE_LENGTH)
    .refine((text) => text.trim() !== "" && !text.includes("\0"), "is empty")
    .optional()
    .describe("Commit message; needed when there is something to commit"),
  files: z.array(treePath).max(MAX_FILES).default([]).describe("Commit only these; default: every change"),
  to: branchName.optional().describe("Branch of the remote; default: the current one's name"),
});

const TREE = ["current", "kept"] as const;

const output = z.object({
  branch: z.string().nullable(),
  to: z.string(),
  commit: z.string().describe("What the remote branch now holds"),
  committed: z.boolean().describe("Whether this call made a commit"),
  pushed: z.boolean().describe("false: the remote had it already"),
  rebased: z.boolean().describe("The remote had moved; the commits were put on top"),
  tree: z
    .enum(TREE)
    .describe("kept: uncommitted changes kept the tree from following the rebase; pull when they are settled"),
});

/**
 * Commit, then push first and ask questions later: fetching before would cost a round trip and win nothing. Only when
 * the remote moved are the commits replayed on top, in memory, and pushed again. Losing a race costs no try, for every
 * race has a winner; a host that does not answer costs one. A push whose answer was lost may be repeated: what has
 * landed is found to be there and dropped by the replay.
 */
const script = `${SECTION}${FAIL}${LOCK}${ENTER}${REPLAY}
message=$1 to=$2; shift 2
files=("$@")
for state in rebase-merge rebase-apply CHERRY_PICK_HEAD REVERT_HEAD BISECT_LOG
do if [ -e ".git/$state" ]; then fail unfinished "$state"; fi; done
IFS= read -r branch <.git/HEAD
case $branch in "ref: refs/heads/"*) branch=\${branch#ref: refs/heads/};; *) branch=;; esac
if [ -z "$to" ]; then to=$branch; fi
if [ -z "$to" ]; then fail detached; fi
if [ -e .git/MERGE_HEAD ]; then
  if [ $# -gt 0 ]; then fail merge_open; fi
  marked=$(git diff --name-only --diff-filter=U -z | xargs -0 grep -lE '^(<{7}|>{7}) ' -- 2>/dev/null | head -n 1)
  work=merging
  if [ -n "$marked" ]; then fail markers_left "$marked"; fi
fi
if [ -z "$message" ] && [ ! -e .git/MERGE_HEAD ] && [ -n "$(git status --porcelain ${SUBMODULES} -- "\${files[@]}" | head -c 1)" ]; then fail message_missing; fi
git add -A --sparse -- "\${files[@]}" || fail git
how=(--cleanup=whitespace -m "$message")
if [ -z "$message" ]; then how=(--cleanup=strip --no-edit); fi
if [ \${#files[@]} -gt 0 ]; then how+=(--only -- "\${files[@]}"); fi
if git commit -q --no-verify "\${how[@]}" >/dev/null 2>"$wt/tmp.err"; then
  committed=$(git rev-parse HEAD) work=unchanged
elif ! git diff --cached --quiet ${SUBMODULES} -- "\${files[@]}"; then
  cat "$wt/tmp.err" >&2; fail git
fi
sha=$(git rev-parse -q --verify HEAD) || fail nothing_to_push
failed=0 races=0 rebased=false
while :; do
  pushed=unknown
  answer=$(traced netgit push --porcelain --no-verify origin "$sha:refs/heads/$to" 2>"$wt/tmp.err") && break
  cat "$wt/tmp.err" >&2
  if grep -qE '^!.*\\[(remote )?rejected\\].*\\((fetch first|non-fast-forward|cannot lock ref|reference already exists|failed to update ref|incorrect old value)' <<<"$answer"; then
    pushed=false
    races=$((races + 1))
    if [ "$races" -gt 2 ]; then sleep "0.$((RANDOM % 9))$((RANDOM % 10))"; fi
    fetch_branch "$to" || fail git
    meet "refs/remotes/origin/$to" "$sha" "$to" "$old" || fail git
    replay "$(git rev-parse "refs/remotes/origin/$to")" "$sha"
    case $? in
      0) sha=$replayed rebased=true ;;
      1) conflicts "$conflict_onto" "$conflict_commit"; fail conflict "$to" ;;
      *) fail git ;;
    esac
    continue
  fi
  if grep -q '^!.*\\[remote rejected\\]' <<<"$answer"; then
    line=\${answer##*remote rejected\\] (}
    fail push_rejected "\${line%%)*}"
  fi
  asked_wait
  if grep -qE '(error:|HTTP) 40[134]|could not read Username|Authentication failed|not found|denied' "$wt/tmp.err" || [ "$failed" -ge "$WT_RETRIES" ] || ! wait_turn "$failed"; then fail git; fi
  failed=$((failed + 1))
done
moved=current
if [ "$rebased" = true ] && ! { bring_checkout "$sha" && git reset -q --keep "$sha" --; }; then moved=kept; fi
case $answer in *"*$tab"*) if [ "$to" = "$branch" ]; then git rev-parse -q --verify '@{upstream}' >/dev/null 2>&1 || git branch -q --set-upstream-to="origin/$to"; fi;; esac
section 1
printf '%s\\0' "$branch" "$to" "$sha" "$committed" "$rebased" "$moved"
case $answer in *"=$tab"*) printf 'same\\0';; *) printf 'sent\\0';; esac
`;

const REASONS: Reasons = {
  unfinished: (state) => ({
    code: "conflict",
    detail: `The tree is in the middle of something (${state}). End it with restore {all: true}, then push.`,
  }),
  detached: () => ({
    code: "invalid_input",
    field: "to",
    detail: "HEAD is on no branch: say with 'to' which one to push to.",
  }),
  merge_open: () => ({
    code: "invalid_input",
    field: "files",
    detail: "A merge is open and is committed as a whole: push without 'files'.",
  }),
  markers_left: (path) => ({
    code: "conflict",
    detail: `Conflict markers are left in ${path}. Edit them away, then push; or restore {all: true} gives the merge up.`,
  }),
  message_missing: () => ({
    code: "invalid_input",
    field: "message",
    detail: "There are changes to commit: give a message.",
  }),
  nothing_to_push: () => ({
    code: "invalid_input",
    detail: "There is no commit and no change: nothing can be pushed.",
  }),
};

export const push = defineOperation({
  name: "push",
  summary: "Commits changes and pushes them; when the remote moved, puts the commits on top and pushes again.",
  access: "remote",
  pushes: true,
  shell: "/bin/bash",
  input,
  output,
  script,
  command: (asked) => ({ args: [asked.message ?? "", asked.to ?? "", ...asked.files] }),
  parse(result) {
    const failed = failureOf(result, REASONS);
    if (failed) return failed.error.code === "conflict" ? withConflicts(failed, result, "second") : failed;
    const [branch, to = "", commit = "", committed, rebased, tree, sent] = sectionRecords(result.sections, 1);
    return {
      ok: true,
      value: {
        branch: branch || null,
        to,
        commit,
        committed: Boolean(committed),
        pushed: sent === "sent",
        rebased: rebased === "true",
        tree: TREE.find((word) => word === tree) ?? "current",
      },
    };
  },
});
