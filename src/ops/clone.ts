import * as z from "zod/v4";
import { branchName, treePath } from "./inputs.ts";
import { failureOf } from "./failure.ts";
import { defineOperation } from "./operation.ts";
import { sectionRecords } from "./output.ts";
import { FAIL, LOCK, NET, SECTION, SETTLE } from "./shell.ts";

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

const SEED = ["used", "unsound"] as const;

const output = z.object({
  repo_url: z.string(),
  branch: z.string().nullable(),
  head: z.string().nullable().describe("null when the repository has no commits"),
  base: z.string().nullable().describe("Branch of the remote that this one starts from and pulls from"),
  created: z.boolean().describe("false: the workspace was there already and is as it was left"),
  shallow: z.boolean(),
  submodules: z.array(z.string()).describe("Paths of submodules; they are left alone"),
  timing: z.object({
    fetch_ms: z.number().optional().describe("Until the remote's objects were there"),
    checkout_ms: z.number().optional().describe("From then until the files were"),
  }),
  seed: z
    .enum(SEED)
    .optional()
    .describe("What became of the repository snapshot's clone; the facade keeps it to itself"),
});

/**
 * `from_seed` brings the seed of a repository snapshot up to date, as if it had just been cloned without a checkout: only
 * that its files are there. Fails where it is not what it should be; a remote that fails leaves it in place for the next
 * call. The remote's default branch may be another by now, and is asked for while the fetch runs.
 */
const FROM_SEED = `
from_seed() {
  local default asking fetched=0
  [ "$(git -C "$wt/seed" rev-parse -q --verify 'HEAD^{commit}')" = "$seed_head" ] && mv "$wt/seed" "$wt/new" && cd "$wt/new" || return 1
  net ls-remote --symref -- "$url" HEAD >"$wt/tmp.head" & asking=$!
  net fetch --progress --prune --no-tags --no-write-fetch-head -- "$url" '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*' || fetched=1
  wait "$asking" || give_back git "$base"
  default=$(sed -n "s|^ref: refs/heads/\\(.*\\)\${tab}HEAD$|\\1|p" "$wt/tmp.head")
  rm -f "$wt/tmp.head"
  if [ "$fetched" = 1 ] || [ -z "$default" ] || ! there "origin/$default"; then return 1; fi
  start=\${base:-$default}
  if there "origin/$start"; then git branch -q --track "$start" "refs/remotes/origin/$start" || return 1
  elif ! git rev-parse -q --verify "refs/tags/$base^{commit}" >/dev/null; then give_back ref_not_found "$base"
  else target=refs/tags/$base; fi
  git symbolic-ref refs/remotes/origin/HEAD "refs/remotes/origin/$default" && git config remote.origin.url "$url"
}
give_back() { mv "$wt/new" "$wt/seed"; fail "$@"; }
`;

/**
 * The clone is made beside the tree and moved into place, so a tree either is whole or is not there; called again it
 * finds the tree and changes nothing. Two steps: the first talks to the remote and checks nothing out, the second
 * checks out and has no credential.
 */
const script = `${SECTION}${FAIL}${LOCK}${NET}${SETTLE}${FROM_SEED}
base=$1 agent_branch=$2 shallow=$3 seed_head=$4; shift 4
began= fetched= seed=
report() {
  upstream=$(git rev-parse -q --abbrev-ref '@{upstream}' 2>/dev/null) || upstream=
  section 1
  printf '%s\\0' "$1" "$(git symbolic-ref -q --short HEAD)" "$(git rev-parse -q --verify HEAD)" "$upstream"
  if [ -e .git/shallow ]; then printf 'true\\0'; else printf 'false\\0'; fi
  printf '%s\\0' "$seed" "$began" "$fetched" "\${EPOCHREALTIME-}"
  section 2
  if [ -e .gitmodules ]; then git ls-files -s -z | while IFS= read -r -d '' entry; do case $entry in 160000\\ *) printf '%s\\0' "\${entry#*"$tab"}";; esac; done; fi
}
there() { git rev-parse -q --verify "refs/remotes/$1" >/dev/null; }
from_remote() {
  flags=(--no-checkout --template= --origin origin)
  if [ "$shallow" = true ]; then flags+=(--depth=1 --single-branch --no-tags); fi
  if [ -n "$base" ]; then flags+=("--branch=$base"); fi
  net clone --progress "\${flags[@]}" -- "$url" "$wt/new" || fail git "$base"
  cd "$wt/new" || fail internal
  start=$base
  if [ -z "$start" ]; then start=$(git symbolic-ref -q --short HEAD); fi
}
if [ -e "$tree/.git" ]; then cd "$tree" && report false; exit 0; fi
rm -rf "$wt/new" "$wt/net.git"
began=\${EPOCHREALTIME-} target=HEAD
if [ -n "$seed_head" ]; then
  seed=unsound
  if from_seed; then seed=used; fi
  cd "$HOME"
fi
if [ "$seed" != used ]; then rm -rf "$wt/new" "$wt/seed"; from_remote; fi
cd "$wt/new"
fetched=\${EPOCHREALTIME-}
if there "origin/$start"; then
  if [ $# -gt 0 ]; then printf '%s\\n' "$@" | git sparse-checkout set --cone --stdin || fail git; fi
  from=$start
  if [ -n "$agent_branch" ] && there "origin/$agent_branch"; then from=$agent_branch; fi
  git checkout -q --force -B "\${agent_branch:-$start}" "refs/remotes/origin/$from" -- || fail git
  git branch -q --set-upstream-to="origin/$start" 2>/dev/null
elif git rev-parse -q --verify HEAD >/dev/null; then
  # The base is a tag.
  if [ -n "$agent_branch" ]; then set -- -b "$agent_branch"; else set -- --detach; fi
  git checkout -q --force "$@" "$target" -- || fail git
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
settle
`;

export const clone = defineOperation({
  name: "clone",
  summary: "Opens a workspace with a clone of a repository; asked again, answers the same one as it was left.",
  access: "remote",
  shell: "/bin/bash",
  input,
  output,
  script,
  command: (asked, context) => ({
    args: [
      asked.branch ?? "",
      asked.agent_id && asked.task_id ? `agent/${asked.agent_id}/${asked.task_id}` : "",
      String(asked.shallow),
      context.seedHead ?? "",
      ...asked.sparse,
    ],
  }),
  parse(result, asked) {
    const failed = failureOf(result);
    if (failed) return failed;
    const [created, branch, head, upstream, shallow, ...rest] = sectionRecords(result.sections, 1);
    const [usedSeed, began, fetched, ended] = rest;
    const seed = SEED.find((word) => word === usedSeed);
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
        timing: { ...taken("fetch_ms", began, fetched), ...taken("checkout_ms", fetched, ended) },
        ...(seed ? { seed } : {}),
      },
    };
  },
});

/** Absent where the step was not done, or the sandbox's bash is too old to tell the time (before 5). */
function taken(step: string, from = "", to = ""): Record<string, number> {
  const ms = Math.round((Number(to) - Number(from)) * 1000);
  return from && to && Number.isFinite(ms) ? { [step]: ms } : {};
}
