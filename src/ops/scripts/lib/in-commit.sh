# `in_commit COMMIT PATH`: whether it holds that file or folder. As COMMIT:PATH, one that ends like `-g1a2b3c4` would be read as
# what git describe says of another commit. `--end-of-options` keeps a file called `--`, which `--` itself would be dropped for.
in_commit() { [ -n "$(git ls-tree --name-only --end-of-options "$1" "$2" 2>/dev/null)" ]; }
