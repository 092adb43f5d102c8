# `enter` changes to the tree. If an edit is unfinished, waits until it is over. Without a clone, fails with not_cloned.
enter() {
  cd "$tree" 2>/dev/null && [ -e .git ] || fail not_cloned
  while [ -s "$wt/undo/list" ]; do
    # Leaves the tree first, because an edit waits for looks that are in the tree.
    cd "$HOME" && perl "$WT_LIB/await-edit.pl" && cd "$tree" || fail workspace_busy
  done
}
