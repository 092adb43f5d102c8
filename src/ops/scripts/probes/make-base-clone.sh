# Makes the seed of a repository snapshot, or updates it. Sections 1 and 3: its facts (base-clone-facts.sh); section 2:
# seconds.
. "$WT_LIB/section.sh"
. "$WT_LIB/fail.sh"
. "$WT_LIB/lock.sh"
. "$WT_LIB/net.sh"
. "$WT_LIB/base-clone-facts.sh"

lock
SECONDS=0
rm -rf "$wt/new"
brought_up() {
  mv "$wt/seed" "$wt/new" 2>/dev/null && cd "$wt/new" &&
    git config remote.origin.url "$url" &&
    net fetch -q --prune --no-tags --no-write-fetch-head origin '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*' &&
    net remote set-head origin --auto >/dev/null && on_default && git clean -ffdxq && git repack -q -d --geometric=2
}
on_default() { git checkout -q --force --detach refs/remotes/origin/HEAD --; }
if ! brought_up; then
  cd "$HOME" && rm -rf "$wt/new"
  net clone -q --no-checkout --template= --origin origin -- "$url" "$wt/new" || fail git
  cd "$wt/new" || fail internal
  if git rev-parse -q --verify refs/remotes/origin/HEAD >/dev/null; then
    branch=$(git symbolic-ref HEAD)
    on_default && git branch -q -D -- "${branch#refs/heads/}" || fail git
  fi
fi
if git rev-parse -q --verify refs/remotes/origin/HEAD >/dev/null; then
  rm -rf .git/logs
  # A later fetch walks the history, which the commit graph makes faster.
  git commit-graph write --reachable --no-progress || fail git
  # git must read files again that are as new as the index; an index that is a second newer proves them unchanged.
  sleep 1.1
  git update-index -q --refresh
  # Makes net.git and the link here, so that a clone from the seed need not. The tree that the link points to does not
  # exist yet.
  make_net_git || fail internal
  if ! [ -L "$wt/finished" ]; then ln -s ../repo "$wt/finished" || fail internal; fi
  cd "$HOME" && mv "$wt/new" "$wt/seed" || fail internal
  # A snapshot of the disk lacks data that the kernel has not written yet.
  sync
else
  cd "$HOME" && rm -rf "$wt/new"
fi
facts
section 2
printf '%s' "$SECONDS"
