# `enter` goes into the tree, whole: where an edit is in its middle, once that is over. A clear answer where there is no clone.
enter() {
  cd "$tree" 2>/dev/null && [ -e .git ] || fail not_cloned
  while [ -s "$wt/undo/list" ]; do
    # An edit waits for looks that are in the tree.
    cd "$HOME" && perl "$WT_LIB/await-edit.pl" && cd "$tree" || fail workspace_busy
  done
}
