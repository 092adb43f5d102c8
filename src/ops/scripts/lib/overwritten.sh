# `overwritten COMMIT` prints, each ended by NUL, the uncommitted changes that a move to COMMIT would undo. git itself
# refuses for most, but not for these (2.39): git restores a deleted file if COMMIT changes it, and in a sparse tree it
# overwrites a file outside the sparse folders, with a warning at most.
overwritten() {
  local now=(git diff-files -z --diff-filter=D --name-only)
  if [ -e .git/info/sparse-checkout ]; then
    now=(changed_paths)
  elif [ -z "$("${now[@]}" | head -c 1 | tr '\0' x)" ]; then return; fi
  touched_by "$1" "${now[@]}"
}
# touched_by TREE COMMAND...: prints those of the paths from COMMAND that differ between HEAD and TREE.
touched_by() {
  local tree=$1
  shift
  {
    git diff-tree -r -z --name-only --no-renames HEAD "$tree" --
    printf '\0'
    "$@"
  } |
    perl -0ne 'if ($_ eq "\0") { $now = 1 } elsif (!$now) { $differs{$_} = 1 } else { print if $differs{$_} }'
}
# stops_merge TREE: whether uncommitted changes keep git from a merge whose result is TREE. It then resets the tree by force and puts
# back the changes of tracked files alone, so a new file in the place of a tracked one would be lost: that stops a merge, too.
stops_merge() {
  ! git diff-index --cached --quiet HEAD -- ||
    [ -n "$(git ls-files --killed | head -c 1)" ] ||
    [ -n "$(touched_by "$1" changed_paths | head -c 1 | tr '\0' x)" ]
}
changed_paths() { git status --porcelain -z -uall --no-renames | perl -0pe 's/^...//s'; }
