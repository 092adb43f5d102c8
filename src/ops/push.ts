import * as z from "zod/v4";
import { WarmtreeError } from "../errors.ts";
import { withConflicts } from "./conflicts.ts";
import { FAILURE_SECTION, type Failed, failureOf, type Reasons } from "./failure.ts";
import { IN_THE_WAY, IN_THE_WAY_REASONS } from "./in-the-way.ts";
import { branchName, MAX_FILES, sandboxId, treePath } from "./inputs.ts";
import { LINE_ENDS } from "./line-ends.ts";
import { defineOperation, type ScriptOutput } from "./operation.ts";
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
  default_branch: z
    .string()
    .nullable()
    .optional()
    .describe("Told of the first push into an empty repository: the branch that is its default now; null: none yet"),
  rebased: z.boolean().describe("The remote had moved; the commits were put on top"),
  tree: z
    .enum(TREE)
    .describe("kept: uncommitted changes kept the tree from following the rebase; pull when they are settled"),
});

/**
 * Commit, then push first and ask questions later: fetching before would cost a round trip and win nothing. Only when
 * the remote moved are the commits replayed on top, in memory, and pushed again; a push that waited for others knows that
 * it moved, and does so first. Losing a race costs no try, for every race has a winner; a host that does not answer costs
 * one. A push whose answer was lost may be repeated: what has landed is found to be there and dropped by the replay.
 *
 * A push that has no turn yet (docs/decisions/0018-push-queue.md) ends when it loses a race: section 2 says what it would
 * have pushed, and where to. It is sent again with that, and commits no more.
 */
const script = `${SECTION}${FAIL}${LOCK}${ENTER}${REPLAY}${LINE_ENDS}${IN_THE_WAY}
message=$1 to=$2 turn=$3 known=$4 sha=$5 committed=$6 from=$7; shift 7
files=("$@")
IFS= read -r branch <.git/HEAD
case $branch in "ref: refs/heads/"*) branch=\${branch#ref: refs/heads/};; *) branch=;; esac
commit_changes() {
local state marked how
for state in rebase-merge rebase-apply CHERRY_PICK_HEAD REVERT_HEAD BISECT_LOG
do if [ -e ".git/$state" ]; then fail unfinished "$state"; fi; done
if [ -z "$to" ]; then to=$branch; fi
if [ -z "$to" ]; then fail detached; fi
if [ -e .git/MERGE_HEAD ]; then
  if [ $# -gt 0 ]; then fail merge_open; fi
  marked=$(git diff --name-only --diff-filter=U -z | xargs -0 grep -lE '^(<{7}|>{7}) ' -- 2>/dev/null | head -n 1)
  work=merging
  if [ -n "$marked" ]; then fail markers_left "$marked"; fi
fi
if [ -z "$message" ] && [ ! -e .git/MERGE_HEAD ] && [ -n "$(git status --porcelain ${SUBMODULES} -- "\${files[@]}" | head -c 1)" ]; then fail message_missing; fi
line_ends
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
}
if [ -z "$sha" ]; then commit_changes "$@"; from=$branch; fi
begun_at=$sha
# Puts the commits on top of what was fetched of the branch.
follow() {
  meet "refs/remotes/origin/$to" "$sha" "$to" "$old" || fail git
  replay "$(git rev-parse "refs/remotes/origin/$to")" "$sha"
  case $? in
    0) sha=$replayed rebased=true ;;
    1) conflicts "$conflict_onto" "$conflict_commit"; fail conflict "$to" ;;
    *) fail git ;;
  esac
}
send() {
  if [ "$sha" = "$known" ]; then answer="=$tab"; return; fi
  pushed=unknown
  answer=$(traced netgit push --porcelain --no-verify origin "$sha:refs/heads/$to" 2>"$wt/tmp.err")
}
failed=0 races=0 rebased=false
# Where there is nothing to fetch, or no way to, pushing will say so.
if [ "$turn" = waited ] && fetch_branch "$to" 2>/dev/null && ! git merge-base --is-ancestor "refs/remotes/origin/$to" "$sha"; then follow; fi
until send; do
  cat "$wt/tmp.err" >&2
  if grep -qE '^!.*\\[(remote )?rejected\\].*\\((fetch first|non-fast-forward|cannot lock ref|reference already exists|failed to update ref|incorrect old value)' <<<"$answer"; then
    pushed=false
    if [ "$turn" = none ]; then section 2; printf '%s\\0' "$to" "$sha" "$committed" "$from"; fail race_lost; fi
    races=$((races + 1))
    if [ "$races" -gt 2 ]; then sleep "0.$((RANDOM % 9))$((RANDOM % 10))"; fi
    fetch_branch "$to" || { refuse_if_taken_there "$to"; fail git; }
    follow
    continue
  fi
  if grep -q '^!.*\\[remote rejected\\]' <<<"$answer"; then
    case $answer in *"(refname conflict"*) refuse_if_taken_there "$to";; esac
    line=\${answer##*remote rejected\\] (}
    fail push_rejected "\${line%%)*}"
  fi
  asked_wait
  if grep -qE '(error:|HTTP) 40[134]|could not read Username|Authentication failed|not found|denied' "$wt/tmp.err" || [ "$failed" -ge "$WT_RETRIES" ] || ! wait_turn "$failed"; then fail git; fi
  failed=$((failed + 1))
done
moved=current
# While it had no turn, another operation may have gone on from here.
if [ "$branch:$(git rev-parse HEAD)" != "$from:$begun_at" ]; then moved=kept
elif [ "$rebased" = true ] && ! { bring_checkout "$sha" && move_to "$sha"; }; then moved=kept; fi
case $answer in *"*$tab"*) if [ "$to" = "$branch" ]; then git rev-parse -q --verify '@{upstream}' >/dev/null 2>&1 || git branch -q --set-upstream-to="refs/remotes/origin/$to"; fi;; esac
default=
case $answer in *"*$tab"*)
  if [ "$(git for-each-ref --count=2 --format='%(refname)' refs/remotes)" = "refs/remotes/origin/$to" ]; then
    default=$(netgit ls-remote --symref origin HEAD | sed -n "s,^ref: refs/heads/\\(.*\\)\${tab}HEAD$,\\1,p")
    default=\${default:--}
  fi ;;
esac
section 1
printf '%s\\0' "$from" "$to" "$sha" "$committed" "$rebased" "$moved"
case $answer in *"=$tab"*) printf 'same\\0';; *) printf 'sent\\0';; esac
printf '%s\\0' "$default"
`;

const REASONS: Reasons = {
  ...IN_THE_WAY_REASONS,
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

function lostRace({ sections }: ScriptOutput): Failed | undefined {
  const [reason] = sectionRecords(sections, FAILURE_SECTION);
  const [to = "", sha = "", committed = "", from = ""] = sectionRecords(sections, 2);
  if (reason !== "race_lost") return undefined;
  const detail = `Others push to ${to} at the same time. Nothing was pushed; try again.`;
  const work = { ...(committed ? { committed } : {}), pushed: false, tree: "unchanged" } as const;
  return { ok: false, error: new WarmtreeError("branch_busy", detail, { work }), lost: { to, sha, committed, from } };
}

export type Pushed = z.output<typeof output>;

export const push = defineOperation({
  name: "push",
  summary: "Commits changes and pushes them; when the remote moved, puts the commits on top and pushes again.",
  access: "remote",
  pushes: true,
  shell: "/bin/bash",
  input,
  output,
  script,
  command({ message = "", to = "", files }, { push: { turn = "", known = "", lost } = {} }) {
    const begun = lost ?? { to, sha: "", committed: "", from: "" };
    const { sha, committed, from } = begun;
    return { args: [message, begun.to, turn, known, sha, committed, from, ...files] };
  },
  parse(result) {
    const lost = lostRace(result);
    if (lost) return lost;
    const failed = failureOf(result, REASONS);
    if (failed) return failed.error.code === "conflict" ? withConflicts(failed, result, "second") : failed;
    const [branch, to = "", commit = "", committed, rebased, tree, sent, defaultBranch] = sectionRecords(
      result.sections,
      1,
    );
    return {
      ok: true,
      value: {
        branch: branch || null,
        to,
        commit,
        committed: Boolean(committed),
        pushed: sent === "sent",
        ...(defaultBranch ? { default_branch: defaultBranch === "-" ? null : defaultBranch } : {}),
        rebased: rebased === "true",
        tree: TREE.find((word) => word === tree) ?? "current",
      },
    };
  },
});
