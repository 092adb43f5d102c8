/**
 * `overwritten COMMIT` prints, each ended by NUL, the uncommitted files that going to a commit would overwrite. In a sparse tree git
 * (2.39) does so unasked, with a warning at most, where a file lies outside the folders that are checked out; in any other
 * tree it refuses by itself, and nothing is looked for.
 */
export const SPARSE = `
overwritten() {
  if [ ! -e .git/info/sparse-checkout ]; then return; fi
  { git diff-tree -r -z --name-only --no-renames HEAD "$1" --; printf '\\0'; git status --porcelain -z -uall --no-renames; } |
    perl -0ne 'if ($_ eq "\\0") { $now = 1 } elsif (!$now) { $changes{$_} = 1 } else { $path = substr $_, 3; print $path if $changes{$path} }'
}
`;
