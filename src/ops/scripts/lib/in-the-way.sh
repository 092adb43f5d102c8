# git stores a branch as a file, and the first parts of its name as folders: beside `agent` there can be no `agent/ada`.
# git and hosts report this in many ways, so these functions search for it after a failure.
#
# `make_room NAME` deletes local branches that exclude NAME, if they hold nothing but commits of remote branches and the
# remote has no branch of their name; otherwise it ends the script. It fails if no branch excludes NAME.
# `refuse_if_taken_there NAME` ends the script if a branch of the remote excludes NAME. It needs net.sh.

# above NAME: prints the names of the folders above, one a line.
above() {
  local name=$1
  while [ "$name" != "${name%/*}" ]; do
    name=${name%/*}
    printf '%s\n' "$name"
  done
}
make_room() {
  local name found=
  while IFS= read -r name; do
    if ! git show-ref -q --verify -- "refs/heads/$name"; then continue; fi
    if [ "$(git symbolic-ref -q HEAD)" = "refs/heads/$name" ] || git show-ref -q --verify -- "refs/remotes/origin/$name" ||
      [ -n "$(git rev-list -n 1 "refs/heads/$name" --not --remotes=origin --)" ]; then fail in_the_way_here "$1 $name"; fi
    git branch -q -D -- "$name" || fail git
    found=true
  done < <(
    above "$1"
    git for-each-ref --format='%(refname:lstrip=2)' "refs/heads/$1/"
  )
  [ -n "$found" ]
}
refuse_if_taken_there() {
  local name names=("refs/heads/$1/*")
  while IFS= read -r name; do names+=("refs/heads/$name"); done < <(above "$1")
  name=
  IFS=$tab read -r _ name < <(netgit ls-remote --heads origin "${names[@]}" 2>/dev/null)
  if [ -n "$name" ]; then fail in_the_way_there "$1 ${name#refs/heads/}"; fi
}
