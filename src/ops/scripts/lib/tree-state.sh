# A git daemon would keep the lock, so git does not get the descriptors.
git() { command git "$@" 8>&- 9>&-; }
tree_state() {
  head= unpushed=false
  if cd "$tree" 2>/dev/null && [ -e .git ]; then
    head=$(git rev-parse -q --verify HEAD)
    if [ -n "$(git status --porcelain --ignore-submodules=dirty | head -c 1)" ] ||
      [ -n "$(git rev-list -n 1 --branches HEAD --not --remotes -- 2>/dev/null)" ]; then unpushed=true; fi
  fi
}
