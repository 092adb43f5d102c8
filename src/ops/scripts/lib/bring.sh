# Pieces for partial clones, where files (or folders too) of commits that were not checked out are only at the remote.
# Plain git in the tree never fetches them: the tree's config would be read beside the credential. A script says with
# these what it is about to read. Where that is missing and the script was not given the remote, it ends with `needs_remote`
# before anything was changed, and is run once more with it. In any other clone they do nothing, and start no process.
. "$WT_LIB/net.sh"

partial() { [ -e "$wt/partial" ]; }
# Objects by their ids. One request, whatever their number; of a folder all that is below comes too, but files.
bring() {
  [ -n "$1" ] || return 0
  [ -n "$url" ] || fail needs_remote
  printf '%s\n' "$1" | netgit -c fetch.negotiationAlgorithm=noop fetch -q --no-tags --no-write-fetch-head --filter=blob:none --stdin origin
}
# Of the ids on stdin those that are not here. This git directory knows of no remote to get them from, so git just says so.
lacking() { git --git-dir="$wt/net.git" cat-file --batch-check | sed -n '/^00* /d; s/ missing$//p'; }
# The folders of a commit.
bring_folders() { ! partial || bring "$(git log -1 --format=%T "$1" -- | lacking)"; }
# The files of a commit, or as many as further arguments of rev-list leave of them.
bring_files() { ! partial || { bring_folders "$1" && bring "$(gone "$@")"; }; }
gone() {
  folder=$(git log -1 --format=%T "$1" --)
  shift
  git rev-list --objects --missing=print --no-object-names "$folder" "$@" | sed -n 's/^?//p'
}
# What a checkout of a commit writes.
bring_checkout() {
  partial || return 0
  if [ -e .git/info/sparse-checkout ]; then set -- "$1" "--filter=sparse:oid=$(git hash-object -w .git/info/sparse-checkout)"; fi
  bring_files "$@"
}
# What differs: diff-index or diff-files with its arguments. Of a submodule there are no objects.
bring_changed() {
  ! partial || bring "$(changed_objects "$@" | lacking)"
}
changed_objects() {
  command=$1
  shift
  git "$command" --raw --no-abbrev --no-renames "$@" | grep -vE '^:([0-7]+ )?160000 ' | cut -d ' ' -f 3-4 | tr ' ' '\n'
}
