# A branch is a file to git, and a part of another's name a folder: beside `agent` there can be no `agent/ada`. Git and hosts say that
# in many ways, so after a failure it is looked for.
#
# `make_room NAME` deletes what is in the way of NAME here, if it is a mere copy of branches that the remote has no more, and ends the
# script otherwise; it fails where nothing was in the way. `refuse_if_taken_there NAME`, with `netgit`, ends it where one of the remote is.
# The names above, one a line.
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
