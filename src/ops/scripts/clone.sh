# Makes the clone in `new` and moves it into place, so the tree is either complete or absent. A repeated call finds the
# tree and changes nothing. The first step talks to the remote and checks nothing out. The second step checks out; it
# has the credential only in a partial clone, where the checkout fetches the files.
# Sections: 1: whether the tree was made, branch, HEAD, upstream, shallow, filter, seed (`used` or `unsound`), times
# (start, fetched, end), and the remote branch that excludes the agent's branch; 2: submodules; 3: sparse folders; 4: of
# a tree that was there, the inputs that it was made with.
. "$WT_LIB/section.sh"
. "$WT_LIB/fail.sh"
. "$WT_LIB/lock.sh"
. "$WT_LIB/net.sh"
. "$WT_LIB/reached.sh"
. "$WT_LIB/line-ends.sh"
. "$WT_LIB/refresh-index.sh"
. "$WT_LIB/refs.sh"
. "$WT_LIB/large.sh"
. "$WT_LIB/from-seed.sh"

lock
base=$IN_BASE agent_branch=$IN_AGENT_BRANCH shallow=$IN_SHALLOW filter=$IN_FILTER revision=$IN_REVISION
seed_head=$IN_SEED_HEAD remote_head=$IN_REMOTE_HEAD remote_refs=$IN_REMOTE_REFS pack=$IN_PACK
# No child process needs it, and it may have 100 KiB.
unset IN_REMOTE_REFS
in_the_way= began= fetched= seed= facts= taking= checking= start=$base
exec 8<&0 0</dev/null
report() {
  local head branch= facts=${2-} upstream= taken=
  read -r head <.git/HEAD
  case $head in
    'ref: '*)
      branch=${head#ref: refs/heads/}
      if [ -z "$facts" ]; then facts=$(git for-each-ref --format='%(objectname) %(upstream)' -- "${head#ref: }"); fi
      head=${facts%% *} upstream=${facts#* } upstream=${upstream#refs/remotes/origin/}
      ;;
  esac
  section 1
  printf '%s\0' "$1" "$branch" "$head" "$upstream"
  if [ -e .git/shallow ]; then printf 'true\0'; else printf 'false\0'; fi
  if [ -e "$wt/partial" ]; then read -r taken <"$wt/partial"; fi
  printf '%s\0' "$taken" "$seed" "$began" "$fetched" "${EPOCHREALTIME-}" "$in_the_way"
  section 2
  submodules
  section 3
  if [ -e .git/info/sparse-checkout ]; then git sparse-checkout list; fi
}
# Sets `in_the_way` to a remote branch beside which git cannot have the agent's branch (in-the-way.sh). A local branch
# with such a name is not needed, so it is deleted.
find_in_the_way() {
  local name=$agent_branch
  while [ "$name" != "${name%/*}" ]; do
    name=${name%/*}
    if there "$name"; then in_the_way=$name; fi
  done
  case $known in *" refs/remotes/origin/$agent_branch/"*)
    name=${known#*" refs/remotes/origin/$agent_branch/"} in_the_way=$agent_branch/${name%%$'
'*}
    ;;
  esac
  case $agent_branch in "$start"/*) ;; *) case $start in "$agent_branch"/*) ;; *) return ;; esac ;; esac
  git update-ref -d "refs/heads/$start" || fail internal
}
# Only paths that .gitmodules names, so that git does not list every file of the tree.
submodules() {
  local entry paths=()
  if [ -L .gitmodules ] || [ ! -f .gitmodules ]; then return; fi
  while IFS= read -r -d '' entry; do paths+=("${entry#*$'\n'}"); done < <(git config -z -f .gitmodules --get-regexp '^submodule\..*\.path$')
  if [ "${#paths[@]}" = 0 ]; then return; fi
  git --literal-pathspecs ls-files -s -z -- "${paths[@]}" |
    while IFS= read -r -d '' entry; do case $entry in 160000\ *) printf '%s\0' "${entry#*"$tab"}" ;; esac done
}
# Runs git clone or git fetch, and writes `partial` if the remote accepts the filter.
get() {
  local how=$1
  shift
  reached large net "$how" --progress ${filter:+"--filter=$filter"} "$@" || return
  if [ -n "$filter" ]; then grep -q 'filtering not recognized' "$said" || printf '%s\n' "$filter" >"$wt/partial"; fi
  rm -f "$said" "$heads"
}
from_remote() {
  local flags=(--no-checkout --template= --origin origin)
  if [ "$shallow" = true ] && [ -n "$revision" ]; then
    from_revision
    bring_own_branch
    return
  fi
  if [ "$shallow" = true ]; then flags+=(--depth=1 --single-branch --no-tags); fi
  if [ -n "$base" ]; then flags+=("--branch=$base"); fi
  get clone "${flags[@]}" -- "$url" "$wt/new" || fail git "$base"
  cd "$wt/new" || fail internal
  # As in every other clone, so that branches that a pull or push fetches can be switched to.
  if [ "$shallow" = true ]; then git config remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*' || fail internal; fi
  if git rev-parse -q --verify HEAD >/dev/null; then
    if [ "$shallow" = true ]; then bring_own_branch; fi
    if [ -z "$start" ]; then start=$(git symbolic-ref -q HEAD) start=${start#refs/heads/}; fi
    return
  fi
  if [ -z "$(git for-each-ref --count=1)" ]; then
    speaks_git || fail not_git
    # git before 2.42 makes an empty clone SHA-1. Without objects, the format can still be changed.
    if [ -n "$is_sha256" ]; then git config core.repositoryFormatVersion 1 && git config extensions.objectFormat sha256 || fail internal; fi
  fi
  if [ -n "$start$revision" ]; then return; fi
  start=$(git symbolic-ref -q HEAD) start=${start#refs/heads/}
  choose_start
}
# The remote's HEAD names a branch that does not exist. A clone of a single branch has fetched no branch then.
choose_start() {
  local names
  if [ "$shallow" = true ]; then
    names=$(net ls-remote --heads -- "$url" | sed "s,.*${tab}refs/heads/,,")
  else names=$(git for-each-ref --format='%(refname:lstrip=3)' refs/remotes/origin/); fi
  # Agents start from other branches, not from those of agents.
  if [ -n "$agent_branch" ]; then names=$(grep -v "^${agent_branch%/*/*}/" <<<"$names"); fi
  case $names in
    '') return ;;
    *$'
'*) start=$(grep -xE 'main|master' <<<"$names" | head -n 1) ;;
    *) start=$names ;;
  esac
  if [ -z "$start" ]; then fail no_default "$(head -n 20 <<<"$names")"; fi
  if [ "$shallow" = true ]; then
    get fetch --depth=1 --no-tags --no-write-fetch-head origin "+refs/heads/$start:refs/remotes/origin/$start" || fail git "$start"
  fi
}
# A shallow clone has one branch. If the remote has the agent's branch, the agent continues from it.
bring_own_branch() {
  if [ -z "$agent_branch" ] || [ "$agent_branch" = "$base" ]; then return; fi
  get fetch --depth=1 --no-tags --no-write-fetch-head origin "+refs/heads/$agent_branch:refs/remotes/origin/$agent_branch" ||
    grep -q "couldn't find remote ref" "$said" || fail git "$agent_branch"
  rm -f "$said" "$heads"
}
# Fetches one commit that need not be the tip of a branch. git clone can do this only from 2.49 on (`--revision`).
from_revision() {
  local wanted=("$revision")
  case $revision in refs/*) wanted=("+$revision:$revision") ;; esac
  if [ -n "$base" ]; then wanted+=("+refs/heads/$base:refs/remotes/origin/$base"); fi
  # Only a fetch shows the object format of the remote.
  case ${#revision} in 64) ;; *)
    if fetch_wanted sha1; then return; fi
    grep -q 'mismatched algorithms' "$said" || fail git "${revision#refs/tags/}"
    ;;
  esac
  fetch_wanted sha256 || fail git "${revision#refs/tags/}"
}
fetch_wanted() {
  cd "$HOME" && rm -rf "$wt/new" && git init -q --template= "--object-format=$1" "$wt/new" && cd "$wt/new" && git remote add origin "$url" || fail internal
  get fetch --depth=1 --no-tags --no-write-fetch-head origin "${wanted[@]}"
}
if [ -e "$tree/.git" ]; then
  cd "$tree" && report false
  section 4
  if [ -e "$wt/made_with" ]; then printf '%s' "$(<"$wt/made_with")"; fi
  exit 0
fi
printf '%s\n' "$base" "$shallow" "$filter" "$revision" "$@" >"$wt/made_with"
for left in new partial once; do if [ -e "$wt/$left" ]; then rm -rf "${wt:?}/$left"; fi; done
began=${EPOCHREALTIME-} target=HEAD
if [ -n "$seed_head" ]; then
  seed=unsound
  if from_seed; then seed=used; fi
  leave_pack
  cd "$HOME" || fail internal
fi
exec 8<&-
if [ "$seed" != used ]; then
  checking=
  rm -rf "$wt/new" "$wt/seed" "$wt"/tmp.*
  from_remote
  know
fi
cd "$wt/new" || fail internal
if [ -n "$revision" ]; then
  start=$base target=$revision
  if ! git rev-parse -q --verify "$revision^{commit}" >/dev/null; then
    case $revision in refs/*) fail ref_not_found "${revision#refs/tags/}" ;; esac
    net fetch -q --no-tags --no-write-fetch-head origin "$revision" || fail git "$revision"
  fi
elif there "$start"; then
  target=refs/remotes/origin/$start
elif ! git rev-parse -q --verify "$target" >/dev/null; then target=; fi
if [ -n "$agent_branch" ] && there "$agent_branch"; then target=refs/remotes/origin/$agent_branch; fi
fetched=${EPOCHREALTIME-}
if [ -n "$agent_branch" ]; then find_in_the_way; fi
if [ -n "$target" ]; then
  if [ $# -gt 0 ]; then printf '%s\n' "$@" | git sparse-checkout set --cone --stdin || fail git; fi
  branch=$agent_branch
  if [ -z "$branch$revision" ] && there "$start"; then branch=$start; fi
  track=--no-track
  if [ "$target" = "refs/remotes/origin/$start" ]; then track=--track; fi
  if [ -n "$branch" ]; then set -- "$track" -B "$branch"; else set -- --detach; fi
  # Only this script has written the config so far, so git may fetch missing objects.
  if [ -e "$wt/partial" ]; then set -- net checkout "$@"; else set -- git checkout "$@"; fi
  large "$@" -q --force "$target" -- || {
    whole || fail git_unreachable
    fail git
  }
  if [ -n "$branch" ] && [ "$track" = --no-track ] && there "$start"; then git branch -q --set-upstream-to="refs/remotes/origin/$start" || fail git; fi
  # agent_id and task_id name the branch as the workspace's own (lib/history.sh).
  if [ "$target" = "refs/remotes/origin/$agent_branch" ]; then
    git update-ref "refs/warmtree/own/$agent_branch/@" "$target" || fail git
    others=$(git log --format='%H %cn <%ce>' "$target" --not "--exclude=origin/$agent_branch" --remotes=origin -- |
      grep -m 1 -vF " $GIT_COMMITTER_NAME <$GIT_COMMITTER_EMAIL>")
    if [ -n "$others" ]; then git update-ref "refs/warmtree/others/$agent_branch/@" "${others%% *}" || fail git; fi
  fi
  # What came from the remote, although none of its branches has it.
  if [ -n "$revision" ]; then git update-ref refs/warmtree/cloned/@ "$target^{commit}" || fail git; fi
  # HEAD and upstream for the report, as git would print them.
  case $target in
    refs/remotes/origin/*)
      commit_of "$target"
      facts="$commit "
      if there "$start"; then facts+=refs/remotes/origin/$start; fi
      ;;
  esac
elif [ -n "$agent_branch" ]; then
  git symbolic-ref HEAD "refs/heads/$agent_branch"
  # The branch where a pull will look for the first commit.
  if [ -n "$start" ]; then git config "branch.$agent_branch.remote" origin && git config "branch.$agent_branch.merge" "refs/heads/$start"; fi
fi
if [ -z "$target" ]; then : >"$wt/began_empty"; fi
line_ends
cd "$HOME" || fail internal
make_net_git || fail internal
whole || fail git_unreachable
mv "$wt/new" "$tree" || fail internal
cd "$tree" && report true "$facts"
refresh_index
