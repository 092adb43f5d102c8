import * as z from "zod/v4";
import { branchName, treePath } from "./inputs.ts";
import { failureOf } from "./failure.ts";
import { defineOperation } from "./operation.ts";
import { sectionRecords } from "./output.ts";
import { FAIL, LOCK, NET, SECTION } from "./shell.ts";

const MAX_URL_LENGTH = 2000;
const MAX_SPARSE_FOLDERS = 100;

/** Names the workspace and, with both given, the branch: so only what a branch name takes anywhere. */
const agentWord = z
  .string()
  .min(1)
  .max(64)
  .regex(
    /^[A-Za-z0-9_](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9_-]))*$/,
    "takes letters, digits, '_', '-' and single inner dots",
  )
  .refine((word) => !word.endsWith(".lock"), "may not end in .lock");

const input = z.strictObject({
  repo_url: z.string().max(MAX_URL_LENGTH).describe("https address of the repository"),
  branch: branchName.optional().describe("Branch to start from; default: the remote's own"),
  agent_id: agentWord.optional(),
  task_id: agentWord.optional().describe("With agent_id: work happens on branch agent/<agent_id>/<task_id>"),
  shallow: z.boolean().default(false).describe("Newest commit only, without history"),
  sparse: z.array(treePath).max(MAX_SPARSE_FOLDERS).default([]).describe("Folders to check out; default: all"),
});

const output = z.object({
  repo_url: z.string(),
  branch: z.string().nullable(),
  head: z.string().nullable().describe("null when the repository has no commits"),
  base: z.string().nullable().describe("Branch of the remote that this one starts from and pulls from"),
  created: z.boolean().describe("false: the workspace was there already and is as it was left"),
  shallow: z.boolean(),
  submodules: z.array(z.string()).describe("Paths of submodules; they are left alone"),
});

/**
 * The clone is made beside the tree and moved into place, so a tree either is whole or is not there; called again it
 * finds the tree and changes nothing. Two steps: the first talks to the remote and checks nothing out, the second
 * checks out and has no credential.
 */
const script = `${SECTION}${FAIL}${LOCK}${NET}
base=$1 agent_branch=$2 shallow=$3; shift 3
report() {
  upstream=$(git rev-parse -q --abbrev-ref '@{upstream}' 2>/dev/null) || upstream=
  section 1
  printf '%s\\0' "$1" "$(git symbolic-ref -q --short HEAD)" "$(git rev-parse -q --verify HEAD)" "$upstream"
  if [ -e .git/shallow ]; then printf 'true\\0'; else printf 'false\\0'; fi
  section 2
  if [ -e .gitmodules ]; then git ls-files -s -z | while IFS= read -r -d '' entry; do case $entry in 160000\\ *) printf '%s\\0' "\${entry#*"$tab"}";; esac; done; fi
}
if [ -e "$tree/.git" ]; then cd "$tree" && report false; exit 0; fi
rm -rf "$wt/new" "$wt/net.git"
set -- "$wt/new" "$@"
flags=(--no-checkout --template= --origin origin)
if [ "$shallow" = true ]; then flags+=(--depth=1 --single-branch --no-tags); fi
if [ -n "$base" ]; then flags+=("--branch=$base"); fi
net clone --progress "\${flags[@]}" -- "$url" "$1" || fail git "$base"
cd "$1" || fail internal; shift
start=$base
if [ -z "$start" ]; then start=$(git symbolic-ref -q --short HEAD); fi
if git rev-parse -q --verify "refs/remotes/origin/$start" >/dev/null; then
  if [ $# -gt 0 ]; then printf '%s\\n' "$@" | git sparse-checkout set --cone --stdin || fail git; fi
  from=$start
  if [ -n "$agent_branch" ] && git rev-parse -q --verify "refs/remotes/origin/$agent_branch" >/dev/null; then from=$agent_branch; fi
  git checkout -q -B "\${agent_branch:-$start}" "refs/remotes/origin/$from" -- || fail git
  git branch -q --set-upstream-to="origin/$start" 2>/dev/null
elif git rev-parse -q --verify HEAD >/dev/null; then
  # The base is a tag.
  if [ -n "$agent_branch" ]; then git checkout -q -b "$agent_branch" || fail git; else git checkout -q --detach || fail git; fi
elif [ -n "$agent_branch" ]; then
  git symbolic-ref HEAD "refs/heads/$agent_branch"
fi
cd "$HOME"
mkdir "$wt/net.git"
for part in objects refs packed-refs shallow; do ln -s "../../repo/.git/$part" "$wt/net.git/$part"; done
printf 'ref: refs/heads/none\\n' >"$wt/net.git/HEAD"
printf '[core]\\n\\trepositoryformatversion = 0\\n\\tbare = true\\n[remote "origin"]\\n\\tfetch = +refs/heads/*:refs/remotes/origin/*\\n' >"$wt/net.git/config"
mv "$wt/new" "$tree" || fail internal
cd "$tree" && report true
`;

export const clone = defineOperation({
  name: "clone",
  summary: "Opens a workspace with a clone of a repository; asked again, answers the same one as it was left.",
  access: "remote",
  shell: "/bin/bash",
  input,
  output,
  script,
  command: (asked) => ({
    args: [
      asked.branch ?? "",
      asked.agent_id && asked.task_id ? `agent/${asked.agent_id}/${asked.task_id}` : "",
      String(asked.shallow),
      ...asked.sparse,
    ],
  }),
  parse(result, asked) {
    const failed = failureOf(result);
    if (failed) return failed;
    const [created, branch, head, upstream, shallow] = sectionRecords(result.sections, 1);
    return {
      ok: true,
      value: {
        repo_url: asked.repo_url,
        branch: branch || null,
        head: head || null,
        base: upstream?.replace(/^origin\//, "") || null,
        created: created === "true",
        shallow: shallow === "true",
        submodules: sectionRecords(result.sections, 2),
      },
    };
  },
});
