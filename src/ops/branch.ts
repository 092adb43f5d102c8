import * as z from "zod/v4";
import { failureOf, type Reasons } from "./failure.ts";
import { IN_THE_WAY, IN_THE_WAY_REASONS } from "./in-the-way.ts";
import { branchHere, cursor, revision, sandboxId } from "./inputs.ts";
import { LINE_ENDS } from "./line-ends.ts";
import { COMMIT_OF } from "./looking.ts";
import { defineOperation, type ScriptOutput } from "./operation.ts";
import { BRING } from "./partial.ts";
import { sectionRecords } from "./output.ts";
import { ENTER, FAIL, LOCK, SECTION, SETTLE } from "./shell.ts";

const MAX_BRANCHES = 200;

/** Of git-for-each-ref(1), in the order in which readBranches takes them. */
const FIELDS = [
  "%(refname)",
  "%(objectname)",
  "%(committerdate:iso-strict)",
  "%(subject)",
  "%(upstream)",
  "%(symref)",
] as const;

const input = z
  .strictObject({
    sandbox_id: sandboxId,
    name: branchHere.optional().describe("Branch to switch to; default: list the branches"),
    create: z.boolean().default(false).describe("Make it a new branch"),
    from: revision.optional().describe("Where a new branch begins; default: HEAD"),
    cursor: cursor.optional(),
  })
  .refine((asked) => asked.name !== undefined || !asked.create, { path: ["name"], message: "is needed with create" })
  .refine((asked) => !asked.create || !asked.name?.startsWith("origin/"), {
    path: ["name"],
    message: "may not begin with 'origin/', as git calls the remote's branches so here: leave that out",
  })
  .refine((asked) => asked.from === undefined || asked.create, { path: ["from"], message: "goes only with create" });

const listed = z.object({
  name: z.string(),
  sha: z.string(),
  date: z.string().describe("Of the newest commit; RFC 3339"),
  subject: z.string(),
  upstream: z.string().optional(),
  remote: z.boolean().describe("A branch of the remote, as last fetched"),
});

const output = z.object({
  current: z.string().nullable().describe("null when HEAD is detached"),
  head: z.string().nullable().describe("null before the first commit"),
  upstream: z.string().optional(),
  branches: z.array(listed).optional().describe("Newest first"),
  truncated: z.boolean(),
  cursor: z.string().optional(),
});

/**
 * A list takes no lock. What becomes of uncommitted changes is git's own rule: all are kept, or it does not switch. A
 * new branch pulls from the remote branch it was made from, else from where the branch it was made from pulls. One that is
 * asked for again, checked out and with no commit since, is answered as made.
 */
const script = `${SECTION}${FAIL}
name=$1 create=$2 from=$3 count=$4
# By its whole name: a branch of ours may be called origin/main as well.
upstream_of() { git rev-parse -q --symbolic-full-name "$1@{upstream}" 2>/dev/null; }
report() {
  IFS= read -r current <.git/HEAD
  case $current in "ref: refs/heads/"*) current=\${current#ref: refs/heads/};; *) current=;; esac
  section 1
  printf '%s\\0' "$current" "$(git rev-parse -q --verify HEAD)" "$(upstream_of "")"
}
if [ -z "$name" ]; then
  ${ENTER}
  report
  section 2
  exec git for-each-ref --sort=-committerdate --count="$count" --format='${FIELDS.join("%00")}%00' refs/heads refs/remotes
fi
${LOCK}${ENTER}${COMMIT_OF}${BRING}${LINE_ENDS}${IN_THE_WAY}${SETTLE}
for state in MERGE_HEAD rebase-merge rebase-apply CHERRY_PICK_HEAD REVERT_HEAD
do if [ -e ".git/$state" ]; then fail unfinished "$state"; fi; done
made=
there() { git show-ref -q --verify -- "$1"; }
# By this very call, whose answer was lost.
made_before() {
  there "refs/heads/$name" && [ "$(git symbolic-ref -q HEAD)" = "refs/heads/$name" ] &&
    [ "$(commit_of "\${from:-HEAD}")" = "$(git rev-parse HEAD)" ]
}
try() {
  if git switch -q --no-guess "$@" >/dev/null 2>"$wt/tmp.err"; then return; fi
  if [ -n "$made" ]; then git branch -q -D -- "$made"; fi
  cat "$wt/tmp.err" >&2
  if grep -qE 'would be overwritten|would lose|current index first' "$wt/tmp.err"; then fail in_the_way "$(sed -n "s/^$tab//p" "$wt/tmp.err")"; fi
  refuse_if_taken "$name"
  fail git "$name"
}
if [ "$create" = true ] && made_before; then :
elif [ "$create" = true ]; then
  if there "refs/heads/$name"; then fail branch_exists "$name"; fi
  case $name in *[!0-9a-f]* | ? | ?? | ???) ;; *)
    if git rev-parse -q --verify "$name^{commit}" >/dev/null; then fail is_commit "$name"; fi ;;
  esac
  start= upstream=$(upstream_of "")
  if [ -n "$from" ] && [ "$from" != HEAD ]; then
    start=$(commit_of "$from") || unknown_ref "$from"
    bring_checkout "$start" || fail git
    case $from in refs/heads/*) from=\${from#refs/heads/};; *) from=\${from#refs/} from=\${from#remotes/};; esac
    if there "refs/heads/$from"; then upstream=$(upstream_of "$from")
    elif there "refs/remotes/origin/\${from#origin/}"; then upstream=refs/remotes/origin/\${from#origin/}; fi
  fi
  # Whole before the tree goes to it: what fails, or is cut off, leaves the tree on the branch where it was.
  if git rev-parse -q --verify HEAD >/dev/null || [ -n "$start" ]; then
    git branch -q --no-track -- "$name" \${start:+"$start"} || { refuse_if_taken "$name"; fail git "$name"; }
    made=$name
    if [ -n "$upstream" ] && ! git branch -q --set-upstream-to="$upstream" -- "$name"; then git branch -q -D -- "$name"; fail git; fi
    try --end-of-options "$name"
  else try -c "$name"; fi
elif there "refs/heads/$name"; then
  bring_checkout "refs/heads/$name" || fail git
  try --end-of-options "$name"
else
  name=\${name#origin/}
  if there "refs/heads/$name" || ! there "refs/remotes/origin/$name"; then
    if git rev-parse -q --verify --end-of-options "$1^{commit}" >/dev/null; then fail no_branch "$1"; fi
    fail ref_not_found "$1"
  fi
  bring_checkout "refs/remotes/origin/$name" || fail git
  try -c "$name" --track "refs/remotes/origin/$name"
fi
line_ends
report
settle
`;

const REASONS: Reasons = {
  ...IN_THE_WAY_REASONS,
  is_commit: (name) => ({
    code: "invalid_input",
    field: "name",
    detail: `'${name}' is the short SHA of a commit here, so a branch may not be called so: take another name.`,
  }),
  no_branch: (name) => ({
    code: "ref_not_found",
    field: "name",
    detail: `'${name}' is a tag or a commit, and no branch. To work on it make a branch: {name: "…", create: true, from: "${name}"}.`,
  }),
  unfinished: (state) => ({
    code: "conflict",
    detail: `The tree is in the middle of something (${state}). End it with push or with restore {all: true}, then switch.`,
  }),
  in_the_way: (files) => ({
    code: "dirty_tree",
    detail: `Switching would overwrite uncommitted changes${files && ` in ${files.split("\n").join(", ")}`}. Nothing was done: push or restore them first.`,
  }),
  branch_exists: (name) => ({
    code: "invalid_input",
    field: "name",
    detail: `There is a branch '${name}' already. Leave 'create' out to switch to it.`,
  }),
};

export const branch = defineOperation({
  name: "branch",
  summary: "Lists branches, switches to one, or makes a new one and switches to it.",
  access: "write",
  shell: "/bin/bash",
  input,
  output,
  script,
  command: (asked) => ({
    // One more than is shown tells that there is more.
    args: [asked.name ?? "", String(asked.create), asked.from ?? "", String((asked.cursor ?? 0) + MAX_BRANCHES + 1)],
  }),
  parse(result, asked) {
    const failed = failureOf(result, REASONS);
    if (failed) return failed;
    const [current, head, upstream] = sectionRecords(result.sections, 1);
    const where = {
      current: current || null,
      head: head || null,
      ...(upstream ? { upstream: shortName(upstream) } : {}),
    };
    if (asked.name !== undefined) return { ok: true, value: { ...where, truncated: false } };
    const from = asked.cursor ?? 0;
    const { branches, more } = readBranches(result, from);
    const next = more ? { cursor: String(from + MAX_BRANCHES) } : {};
    return { ok: true, value: { ...where, branches, truncated: more || result.truncated, ...next } };
  },
});

const shortName = (ref: string) => ref.replace(/^refs\/(?:heads|remotes)\//, "");

function readBranches(result: ScriptOutput, from: number): { branches: z.output<typeof listed>[]; more: boolean } {
  const records = sectionRecords(result.sections, 2);
  const branches = [];
  const end = from + MAX_BRANCHES;
  for (let at = from; at < end; at++) {
    const fields = records.slice(at * FIELDS.length, (at + 1) * FIELDS.length);
    const [ref = "", sha = "", date = "", subject = "", upstream = "", alias] = fields;
    if (alias === undefined) break;
    // The remote's HEAD is another name of a branch that is in the list.
    if (alias !== "") continue;
    // Every line but the first begins with the end of the line before.
    const name = ref.trimStart();
    branches.push({
      name: shortName(name),
      sha,
      date,
      subject,
      ...(upstream ? { upstream: shortName(upstream) } : {}),
      remote: name.startsWith("refs/remotes/"),
    });
  }
  return { branches, more: records.length > end * FIELDS.length };
}
