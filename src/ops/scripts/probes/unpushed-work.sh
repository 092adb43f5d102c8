# Section 1: commit and branch of HEAD, bytes of the bundle and of the patch (0: there is none), bytes of section 2, and
# the commits that the bundle builds on. Section 2: a tar of both, and how to restore them.
#
# The lock is held until the last byte is taken, so that no change comes between the bundle and the patch, and the pool
# does not pause the sandbox during the download.
. "$WT_LIB/section.sh"
. "$WT_LIB/fail.sh"
. "$WT_LIB/lock.sh"
. "$WT_LIB/enter.sh"
. "$WT_LIB/bring.sh"
. "$WT_LIB/limited.sh"

max=$IN_MAX_BYTES
lock
enter
own=$wt/tmp.work
trap 'rm -rf "$own"; leave; unwatch' EXIT
rm -rf "$own"
mkdir -p "$own/objects" || fail disk_full
# capped NAME ARGUMENT…: the output of git as a file of the tar. git ends early if there is more than may leave.
capped() {
  local name=$1 ended
  shift
  limited "$@" | head -c "$((max + 1))" >"$own/$name"
  ended=("${PIPESTATUS[@]}")
  size=$(wc -c <"$own/$name")
  size=$((size))
  if [ "$size" -gt "$max" ]; then fail work_too_large "$IN_MAX_BYTES"; fi
  [ "${ended[1]}" = 0 ] || fail disk_full
  case ${ended[0]} in
    0) ;;
    137 | 152) fail too_expensive ;;
    *) fail git ;;
  esac
  if [ "$size" = 0 ]; then rm "$own/$name"; fi
}
head=$(git rev-parse -q --verify HEAD) branch=$(git symbolic-ref -q --short HEAD)
size=0
if [ -n "$(git rev-list -n 1 --branches ${head:+HEAD} --not --remotes --)" ]; then
  capped work.bundle bundle create -q - --branches ${head:+HEAD} --not --remotes
  bases=$(LC_ALL=C sed -n '/^$/q; s/^-\([0-9a-f]*\).*/\1/p' "$own/work.bundle")
fi
bundle=$size size=0 max=$((max - size))
if [ -n "$head" ]; then bring_changed diff-index HEAD -- || fail git; fi
# In an index of this call's own, new files are marked with `git add -N`, which writes no objects but an empty one. It
# would remove unmerged entries, so with those the new files are named (diff.sh).
base=${head:-$(git hash-object -t tree /dev/null)}
if [ -e .git/index ]; then cp .git/index "$own/index" || fail disk_full; fi
export GIT_INDEX_FILE="$own/index" GIT_OBJECT_DIRECTORY="$own/objects" GIT_ALTERNATE_OBJECT_DIRECTORIES="$tree/.git/objects"
if [ -n "$(git ls-files --unmerged | head -c 1)" ]; then
  git ls-files -z --others --exclude-standard |
    git add -N --sparse --ignore-errors --pathspec-from-file=- --pathspec-file-nul
else
  git add -N --sparse --ignore-errors --ignore-removal -- .
fi
# 1: git skipped a path (an embedded repository without a commit) and added the rest.
[ $? -le 1 ] || fail git
capped work.patch diff --binary --full-index --no-renames --no-color --no-ext-diff --no-textconv --no-relative \
  --submodule=short --ignore-submodules=dirty --src-prefix=a/ --dst-prefix=b/ "$base" --
patch=$size
rm -rf "$own/objects" "$own/index"
if [ "$bundle$patch" = 00 ]; then fail nothing_unpushed; fi
start="-c restored $head"
if [ -z "$head" ]; then start="--orphan restored"; fi
cat >"$own/README" <<README || fail disk_full
Unpushed work of a Warmtree workspace.

repository  $(git config remote.origin.url)
commit      ${head:-none}
branch      ${branch:-none}
builds on   ${bases:-nothing}

To restore it, in a full clone of the repository beside these files:

    git bundle unbundle ../work.bundle       if there is a work.bundle; it lists the branches
    git switch $start
    git apply --index ../work.patch          if there is a work.patch
README
packed() {
  set -- README
  if [ "$bundle" != 0 ]; then set -- "$@" work.bundle; fi
  if [ "$patch" != 0 ]; then set -- "$@" work.patch; fi
  tar -cf - -C "$own" "$@"
}
size=$(packed | wc -c)
size=$((size))
section 1
# shellcheck disable=SC2086 # one record for each commit
printf '%s\0' "$head" "$branch" "$bundle" "$patch" "$size" $bases
section 2
packed
