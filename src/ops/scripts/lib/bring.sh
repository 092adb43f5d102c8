# Fetches missing objects of a partial clone: files, and with some filters folders, of commits that were not checked out
# are only at the remote. Plain git in the tree never fetches them, because it would read the tree's config with the
# credential at hand. A script calls these functions before it reads such objects. If an object is missing and the
# script has no remote, it ends with `needs_remote` before it changes anything; the Worker then runs it again with the
# remote. In any other clone these functions do nothing and start no process.
. "$WT_LIB/net.sh"

partial() { [ -e "$wt/partial" ]; }
# bring IDS: fetches objects by their ids, one a line, in one request. A folder comes with all folders below it, but
# without files.
bring() {
  [ -n "$1" ] || return 0
  [ -n "$url" ] || fail needs_remote
  printf '%s\n' "$1" | netgit -c fetch.negotiationAlgorithm=noop fetch -q --no-tags --no-write-fetch-head --filter=blob:none --stdin origin
}
# Prints the ids of stdin whose objects are missing. This git directory has no remote to fetch them from, so git only
# reports them.
lacking() { git --git-dir="$wt/net.git" cat-file --batch-check | sed -n '/^00* /d; s/ missing$//p'; }
# bring_folders COMMIT: fetches the folders of a commit.
bring_folders() { ! partial || bring "$(git log -1 --format=%T "$1" -- | lacking)"; }
# bring_files COMMIT [ARGUMENT…]: fetches the files of a commit. Arguments of rev-list can limit them.
bring_files() { ! partial || { bring_folders "$1" && bring "$(gone "$@")"; }; }
gone() {
  folder=$(git log -1 --format=%T "$1" --)
  shift
  git rev-list --objects --missing=print --no-object-names "$folder" "$@" | sed -n 's/^?//p'
}
# bring_checkout COMMIT: fetches the files that a checkout of the commit writes.
bring_checkout() {
  partial || return 0
  if [ -e .git/info/sparse-checkout ]; then set -- "$1" "--filter=sparse:oid=$(git hash-object -w .git/info/sparse-checkout)"; fi
  bring_files "$@"
}
# bring_changed COMMAND ARGUMENT…: fetches the objects that a diff command (diff-index, diff-files, diff-tree) lists as
# changed. Submodules have no objects here.
bring_changed() {
  ! partial || bring "$(changed_objects "$@" | lacking)"
}
changed_objects() {
  command=$1
  shift
  git "$command" --raw --no-abbrev --no-renames "$@" | grep -vE '^:([0-7]+ )?160000 ' | cut -d ' ' -f 3-4 | tr ' ' '\n'
}
