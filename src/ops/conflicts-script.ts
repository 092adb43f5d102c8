/**
 * Conflicts as they are told: section 3 has the entries of all paths, as `git merge-tree -z` and `git ls-files -u -z` print them
 * after a first record; sections 10, 11, … the files with markers, in the same order.
 */
const MAX_FILE_BYTES = 65_536;
const FIRST_FILE_SECTION = 10;
const END_OF_FILE_SECTIONS = 30;

/** `conflicts A B`: of a merge that is made in memory only. */
export const CONFLICTS = `
# Names the paths of entries on stdin, each once.
conflict_paths() {
  local entry last=
  while IFS= read -r -d '' entry; do
    entry=\${entry#*"$tab"}
    if [ "$entry" != "$last" ]; then printf '%s\\0' "$entry"; fi
    last=$entry
  done
}
# say_conflicts FILE command…: the entries in FILE, and each file as the command prints it.
say_conflicts() {
  local number=${FIRST_FILE_SECTION} path entries=$1; shift
  section 3
  cat "$entries"
  while IFS= read -r -d '' path && [ "$number" -lt ${END_OF_FILE_SECTIONS} ]; do
    section "$number"
    "$@" "$path" 2>/dev/null | head -c ${MAX_FILE_BYTES}
    number=$((number + 1))
  done < <({ IFS= read -r -d '' _; conflict_paths; } <"$entries")
  rm -f "$entries"
}
# By its id: "tree:path" is another commit to git where the path ends like -g<id>.
merged_file() {
  local entry
  IFS= read -r -d '' entry < <(git ls-tree -z "$merged_tree" -- "$1")
  entry=\${entry%%"$tab"*}
  git cat-file blob "\${entry##* }"
}
conflicts() {
  local merged_tree
  merge_trees --no-messages -z --allow-unrelated-histories "$1" "$2" >"$wt/tmp.conflict"
  IFS= read -r -d '' merged_tree <"$wt/tmp.conflict"
  say_conflicts "$wt/tmp.conflict" merged_file
}
`;

/**
 * A merge whose conflicts are in the files. Each unmerged path must have been written since, deleted or named, before it is
 * committed: of a file without markers (a binary one, one that a side deleted) git would take ours without a word. After CONFLICTS.
 */
export const MERGING = `
merging_begun() { : >"$wt/merging"; }
there() { [ -e "$1" ] || [ -L "$1" ]; }
# conflicts_in_tree [PATH…]: of all unmerged paths, or these.
conflicts_in_tree() {
  { printf 'tree\\0'; git ls-files -u -z -- "$@"; } >"$wt/tmp.conflict"
  say_conflicts "$wt/tmp.conflict" head_of
}
head_of() { head -c ${MAX_FILE_BYTES} -- "./$1"; }
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
settle_path() {
  local path=\${1#*:} stage entry found=false has=
  case $1 in base:*) stage=1 ;; ours:*) stage=2 ;; *) stage=3 ;; esac
  while IFS= read -r -d '' entry; do
    if [ "\${entry#*"$tab"}" != "$path" ]; then continue; fi
    found=true
    entry=\${entry%%"$tab"*}
    if [ "\${entry##* }" = "$stage" ]; then has=true; fi
  done < <(git ls-files -u -z -- "$path")
  if [ "$found" = false ]; then fail not_unmerged "$path"; fi
  if [ -n "$has" ]; then
    if ! git checkout-index -f "--stage=$stage" -- "$path"; then fail git "$path"; fi
    git add --sparse -- "$path" || fail git
  else
    git rm -q -f --cached --sparse -- "$path" && rm -f -- "./$path" || fail git
  fi
}
`;
