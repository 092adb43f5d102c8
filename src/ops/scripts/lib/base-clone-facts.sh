# `facts` prints section 1: commit, branch, kilobytes; and section 3: branches and tags. Without a seed, section 1 is
# empty and there is no section 3.
facts() {
  section 1
  if cd "$wt/seed" 2>/dev/null; then
    branch=$(git symbolic-ref -q refs/remotes/origin/HEAD)
    printf '%s\0' "$(git rev-parse -q --verify HEAD)" "${branch#refs/remotes/origin/}"
    git count-objects -v | while read -r what kilobytes; do case $what in size: | size-pack:) printf '%s\0' "$kilobytes" ;; esac done
    section 3
    git show-ref
  fi
}
