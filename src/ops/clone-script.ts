import { FAIL, LOCK, NET, SECTION, SETTLE } from "./shell.ts";

/**
 * `from_seed` brings the seed of a repository snapshot up to date, as if it had just been cloned without a checkout: only
 * that its files are there. Fails where it is not what it should be; a remote that fails leaves it in place for the next
 * call. The remote's default branch may be another by now, and is asked for while the fetch runs.
 */
const FROM_SEED = `
from_seed() {
  local first default asking fetched=0
  [ "$(git -C "$wt/seed" rev-parse -q --verify 'HEAD^{commit}')" = "$seed_head" ] && mv "$wt/seed" "$wt/new" && cd "$wt/new" || return 1
  net ls-remote --symref -- "$url" HEAD >"$wt/tmp.head" & asking=$!
  net fetch --progress --prune --no-tags --no-write-fetch-head -- "$url" '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*' || fetched=1
  wait "$asking" || give_back git "$base"
  read -r first default _ <"$wt/tmp.head"
  rm -f "$wt/tmp.head"
  if [ "$fetched" = 1 ] || [ "$first" != ref: ]; then return 1; fi
  default=\${default#refs/heads/} start=\${base:-$default}
  list
  if there "refs/remotes/origin/$start"; then git branch -q --track "$start" "refs/remotes/origin/$start" || return 1
  elif there "refs/tags/$base"; then target=refs/tags/$base
  else give_back ref_not_found "$base"; fi
  git symbolic-ref refs/remotes/origin/HEAD "refs/remotes/origin/$default" && git config remote.origin.url "$url"
}
give_back() { mv "$wt/new" "$wt/seed"; fail "$@"; }
`;

/**
 * The clone is made beside the tree and moved into place, so a tree either is whole or is not there; called again it
 * finds the tree and changes nothing. Two steps: the first talks to the remote and checks nothing out, the second
 * checks out; with the credential only in a partial clone, whose files come with it.
 */
export const CLONE_SCRIPT = `${SECTION}${FAIL}${LOCK}${NET}${SETTLE}${FROM_SEED}
base=$1 agent_branch=$2 shallow=$3 filter=$4 revision=$5 seed_head=$6; shift 6
began= fetched= seed= start=
report() {
  local branch head upstream=
  IFS= read -r head <.git/HEAD
  branch=\${head#ref: refs/heads/}
  if [ "$branch" = "$head" ]; then branch=
  else read -r head upstream <<<"$(git for-each-ref --format='%(objectname) %(upstream:lstrip=3)' "refs/heads/$branch")"; fi
  section 1
  printf '%s\\0' "$1" "$branch" "$head" "$upstream"
  if [ -e .git/shallow ]; then printf 'true\\0'; else printf 'false\\0'; fi
  printf '%s\\0' "$(cat "$wt/partial" 2>/dev/null)" "$seed" "$began" "$fetched" "\${EPOCHREALTIME-}"
  section 2
  if [ -e .gitmodules ]; then git ls-files -s -z | while IFS= read -r -d '' entry; do case $entry in 160000\\ *) printf '%s\\0' "\${entry#*"$tab"}";; esac; done; fi
  section 3
  if [ -e .git/info/sparse-checkout ]; then git sparse-checkout list; fi
}
# Asks once which of the refs that matter there are.
list() { refs=$(git for-each-ref --format=' %(refname) ' \${start:+"refs/remotes/origin/$start"} \${agent_branch:+"refs/remotes/origin/$agent_branch"} \${base:+"refs/tags/$base"} refs/none); }
there() { case $refs in *" $1 "*) ;; *) return 1;; esac; }
# git clone or git fetch, and whether the remote takes the filter.
get() {
  local how=$1; shift
  if [ -z "$filter" ]; then net "$how" --progress "$@"; return; fi
  net "$how" --progress "--filter=$filter" "$@" 2>&1 | tee "$wt/tmp.err" >&2
  local code=\${PIPESTATUS[0]}
  grep -q 'filtering not recognized' "$wt/tmp.err" || printf '%s\\n' "$filter" >"$wt/partial"
  rm -f "$wt/tmp.err"
  return "$code"
}
from_remote() {
  local flags=(--no-checkout --template= --origin origin)
  if [ "$shallow" = true ] && [ -n "$revision" ]; then from_revision; return; fi
  if [ "$shallow" = true ]; then flags+=(--depth=1 --single-branch --no-tags); fi
  if [ -n "$base" ]; then flags+=("--branch=$base"); fi
  get clone "\${flags[@]}" -- "$url" "$wt/new" || fail git "$base"
  cd "$wt/new" || fail internal
  start=$base
  if [ -z "$start" ]; then IFS= read -r start <.git/HEAD; start=\${start#ref: refs/heads/}; fi
}
# One commit that need not be the newest of a branch: what clone has no words for before git 2.49.
from_revision() {
  local wanted=("$revision")
  start=$base
  case $revision in refs/*) wanted=("+$revision:$revision");; esac
  if [ -n "$base" ]; then wanted+=("+refs/heads/$base:refs/remotes/origin/$base"); fi
  git init -q --template= "$wt/new" && cd "$wt/new" && git remote add origin "$url" || fail internal
  get fetch --depth=1 --no-tags --no-write-fetch-head origin "\${wanted[@]}" || fail git "\${revision#refs/tags/}"
}
if [ -e "$tree/.git" ]; then cd "$tree" && report false; exit 0; fi
rm -rf "$wt/new" "$wt/net.git" "$wt/partial"
began=\${EPOCHREALTIME-} target=HEAD
if [ -n "$seed_head" ]; then
  seed=unsound
  if from_seed; then seed=used; fi
  cd "$HOME"
fi
if [ "$seed" != used ]; then rm -rf "$wt/new" "$wt/seed"; from_remote; list; fi
cd "$wt/new"
if [ -n "$revision" ]; then
  start=$base target=$revision
  if ! git rev-parse -q --verify "$revision^{commit}" >/dev/null; then
    case $revision in refs/*) fail ref_not_found "\${revision#refs/tags/}";; esac
    net fetch -q --no-tags --no-write-fetch-head origin "$revision" || fail git "$revision"
  fi
elif there "refs/remotes/origin/$start"; then target=refs/remotes/origin/$start
elif ! git rev-parse -q --verify "$target" >/dev/null; then target=; fi
if there "refs/remotes/origin/$agent_branch"; then target=refs/remotes/origin/$agent_branch; fi
fetched=\${EPOCHREALTIME-}
if [ -n "$target" ]; then
  if [ $# -gt 0 ]; then printf '%s\\n' "$@" | git sparse-checkout set --cone --stdin || fail git; fi
  branch=$agent_branch
  if [ -z "$branch$revision" ] && there "refs/remotes/origin/$start"; then branch=$start; fi
  if [ -z "$branch" ]; then set -- --detach
  elif [ "$target" = "refs/remotes/origin/$start" ]; then set -- --track -B "$branch"
  else set -- --no-track -B "$branch"; fi
  # Only clone itself has written this config yet, so git may fetch what it finds missing.
  if [ -e "$wt/partial" ]; then set -- net checkout "$@"; else set -- git checkout "$@"; fi
  "$@" -q --force "$target" -- || fail git
  if [ -n "$branch" ] && [ "$target" != "refs/remotes/origin/$start" ] && there "refs/remotes/origin/$start"; then git branch -q --set-upstream-to="origin/$start" || fail git; fi
elif [ -n "$agent_branch" ]; then
  git symbolic-ref HEAD "refs/heads/$agent_branch"
fi
cd "$HOME"
mkdir "$wt/net.git"
ln -s ../../repo/.git/objects ../../repo/.git/refs ../../repo/.git/packed-refs ../../repo/.git/shallow "$wt/net.git"
printf 'ref: refs/heads/none\\n' >"$wt/net.git/HEAD"
printf '[core]\\n\\trepositoryformatversion = 0\\n\\tbare = true\\n[remote "origin"]\\n\\tfetch = +refs/heads/*:refs/remotes/origin/*\\n' >"$wt/net.git/config"
mv "$wt/new" "$tree" || fail internal
cd "$tree" && report true
settle
`;
