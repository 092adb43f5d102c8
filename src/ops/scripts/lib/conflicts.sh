# `conflicts A B` prints the conflicts of a merge of A and B, made in memory. Section 3: the tree, then the unmerged
# entries; sections 10 to 29: the conflicted files, at most 64 KiB of each.

# conflict_paths: prints the paths of the entries on stdin, each once.
conflict_paths() {
  local entry last=
  while IFS= read -r -d '' entry; do
    entry=${entry#*"$tab"}
    if [ "$entry" != "$last" ]; then printf '%s\0' "$entry"; fi
    last=$entry
  done
}
# say_conflicts FILE COMMAND…: prints the entries in FILE, and each conflicted file with COMMAND. Deletes FILE.
say_conflicts() {
  local number=10 path entries=$1
  shift
  section 3
  cat "$entries"
  while IFS= read -r -d '' path && [ "$number" -lt 30 ]; do
    section "$number"
    "$@" "$path" 2>/dev/null | head -c 65536
    number=$((number + 1))
  done < <({
    IFS= read -r -d '' _
    conflict_paths
  } <"$entries")
  rm -f "$entries"
}
# Reads the file by its id: git takes "tree:path" for another commit if the path ends like -g<id>.
merged_file() {
  local entry
  IFS= read -r -d '' entry < <(git ls-tree -z "$merged_tree" -- "$1")
  entry=${entry%%"$tab"*}
  git cat-file blob "${entry##* }"
}
conflicts() {
  local merged_tree
  merge_trees --no-messages -z --allow-unrelated-histories "$1" "$2" >"$wt/tmp.conflict"
  IFS= read -r -d '' merged_tree <"$wt/tmp.conflict"
  say_conflicts "$wt/tmp.conflict" merged_file
}
