# A merge whose conflicts are in the files. Each unmerged path must have been written since, deleted or named, before it is
# committed: of a file without markers (a binary one, one that a side deleted) git would take ours without a word. After CONFLICTS.
merging_begun() { : >"$wt/merging"; }
there() { [ -e "$1" ] || [ -L "$1" ]; }
# conflicts_in_tree [PATH…]: of all unmerged paths, or these.
# shellcheck disable=SC2120
conflicts_in_tree() {
  {
    printf 'tree\0'
    git ls-files -u -z -- "$@"
  } >"$wt/tmp.conflict"
  say_conflicts "$wt/tmp.conflict" head_of
}
head_of() { head -c 65536 -- "./$1"; }
# Sets unsettled to the unmerged paths that nobody has seen to.
find_unsettled() {
  local path
  unsettled=()
  while IFS= read -r -d '' path; do
    if ! there "$path"; then continue; fi
    if [ ! -e "$wt/merging" ] || [ -n "$(find "./$path" -prune -newer "$wt/merging")" ]; then
      if [ -L "$path" ] || ! grep -qE '^(<{7}|>{7}) ' -- "./$path" 2>/dev/null; then continue; fi
    fi
    unsettled+=("$path")
  done < <(git ls-files -u -z | conflict_paths)
}
# settle_path SIDE:PATH: the path is as it is on that side; where it has none there, it is deleted.
resolve_path() {
  local path=${1#*:} stage entry found=false has=
  case $1 in base:*) stage=1 ;; ours:*) stage=2 ;; *) stage=3 ;; esac
  while IFS= read -r -d '' entry; do
    if [ "${entry#*"$tab"}" != "$path" ]; then continue; fi
    found=true
    entry=${entry%%"$tab"*}
    if [ "${entry##* }" = "$stage" ]; then has=true; fi
  done < <(git ls-files -u -z -- "$path")
  if [ "$found" = false ]; then fail not_unmerged "$path"; fi
  if [ -n "$has" ]; then
    if ! git checkout-index -f "--stage=$stage" -- "$path"; then fail git "$path"; fi
    git add --sparse -- "$path" || fail git
  else
    git rm -q -f --cached --sparse -- "$path" && rm -f -- "./$path" || fail git
  fi
}
