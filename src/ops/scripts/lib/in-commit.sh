# `in_commit COMMIT PATH` succeeds if the commit has that file or folder. Not by COMMIT:PATH, because git takes a path
# that ends like `-g1a2b3c4` for a name of another commit by git describe. Not by `--`, because git would then drop a
# file called `--`.
in_commit() { [ -n "$(git ls-tree --name-only --end-of-options "$1" "$2" 2>/dev/null)" ]; }
