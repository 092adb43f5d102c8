# A merge whose conflicts are in the files. Before the commit, each unmerged path must have been written since, deleted,
# or named in `resolve`: of a file without markers (binary, or deleted on one side) git would silently take our side.
# Needs conflicts.sh.
merging_begun() { : >"$wt/merging"; }
there() { [ -e "$1" ] || [ -L "$1" ]; }
# conflicts_in_tree [PATH…]: prints the conflicts of all unmerged paths, or of these.
# shellcheck disable=SC2120
conflicts_in_tree() {
  {
    printf 'tree\0'
    git ls-files -u -z -- "$@"
  } >"$wt/tmp.conflict"
  say_conflicts "$wt/tmp.conflict" head_of
}
head_of() { head -c 65536 -- "./$1"; }
# Sets `unsettled` to the unmerged paths that are not resolved: not written since the merge began, or with markers in
# them.
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
# resolve_path SIDE:PATH: gives the path the content of that side (base, ours, theirs). If the side has none, deletes
# the path.
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
