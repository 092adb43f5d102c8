# `overwritten COMMIT` prints, each ended by NUL, the uncommitted changes that a move to COMMIT would undo. git itself
# refuses for most, but not for these (2.39): git restores a deleted file if COMMIT changes it, and in a sparse tree it
# overwrites a file outside the sparse folders, with a warning at most.
overwritten() {
  local now=(git diff-files -z --diff-filter=D --name-only)
  if [ -e .git/info/sparse-checkout ]; then
    now=(changed_paths)
  elif [ -z "$("${now[@]}" | head -c 1 | tr '\0' x)" ]; then return; fi
  {
    git diff-tree -r -z --name-only --no-renames HEAD "$1" --
    printf '\0'
    "${now[@]}"
  } |
    perl -0ne 'if ($_ eq "\0") { $now = 1 } elsif (!$now) { $differs{$_} = 1 } else { print if $differs{$_} }'
}
changed_paths() { git status --porcelain -z -uall --no-renames | perl -0pe 's/^...//s'; }
