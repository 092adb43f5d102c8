# Discards changes (of paths or of the whole tree), unstages them, or takes commits back (IN_TO, lib/uncommit.sh).
# Ignored files stay. The changed paths are listed before, and reported afterwards by whether they exist then.
# Section 1: the unfinished state that was ended; section 2: `+path` for a restored path, `-path` for a deleted path.
. "$WT_LIB/section.sh"
. "$WT_LIB/fail.sh"
. "$WT_LIB/lock.sh"
. "$WT_LIB/once.sh"
. "$WT_LIB/enter.sh"
. "$WT_LIB/in-commit.sh"
. "$WT_LIB/bring.sh"
. "$WT_LIB/uncommit.sh"

lock
once
enter
all=$IN_ALL staged=$IN_STAGED to=$IN_TO
if [ -n "$to" ]; then
  uncommit
  exit
fi
there() { [ -e "$1" ] || [ -L "$1" ]; }
for path; do
  there "$path" || git ls-files --error-unmatch -- "$path" >/dev/null 2>&1 ||
    in_commit HEAD "$path" || fail path_not_found "$path"
done
git status --porcelain -z --no-renames --ignore-submodules=dirty -- "$@" >"$wt/tmp.status" || fail git
changed() { while IFS= read -r -d '' entry; do "$@" "${entry:0:2}" "${entry:3}"; done <"$wt/tmp.status"; }
added() { case $1 in A[!AU]) printf '%s\0' "$2" ;; esac }
others() { case $1 in A[!AU] | '??') ;; *) printf '%s\0' "$2" ;; esac }
if [ "$staged" != true ]; then bring_changed diff-index HEAD -- "$@" || fail git; fi
# In a sparse tree, `git reset --hard` would delete files that a caller added outside the sparse folders.
to_head() {
  if [ -e .git/info/sparse-checkout ]; then git reset -q && git restore -q --worktree -- .; else git reset -q --hard; fi
}
work=changed
section 1
if [ "$staged" = true ]; then
  if [ "$all" = true ]; then set -- .; fi
  git reset -q -- "$@" || fail git
elif [ "$all" = true ]; then
  for state in $WT_UNFINISHED sequencer:cherry_pick; do if [ -e ".git/${state%%:*}" ]; then printf '%s\0' "${state##*:}"; fi; done
  to_head || fail git
  if [ -e .git/rebase-apply/applying ]; then
    git am --abort || fail git
  elif [ -e .git/rebase-merge ] || [ -e .git/rebase-apply ]; then git rebase --abort || fail git; fi
  if [ -e .git/sequencer ]; then git cherry-pick --abort || git cherry-pick --quit || fail git; fi
  if [ -e .git/BISECT_LOG ]; then git bisect reset >/dev/null || fail git; fi
  # The end of a rebase may have applied its autostash.
  to_head && git clean -ffdq || fail git
else
  source=HEAD
  git rev-parse -q --verify HEAD >/dev/null || source=$(git hash-object -t tree /dev/null)
  # Paths that are not in HEAD first: git would not find them after a file has replaced their folder.
  for kind in added others; do
    changed "$kind" >"$wt/tmp.paths"
    if [ -s "$wt/tmp.paths" ]; then
      git restore "--source=$source" --staged --worktree --pathspec-from-file="$wt/tmp.paths" --pathspec-file-nul || fail git
    fi
  done
  git clean -ffdq -- "$@" || fail git
fi
section 2
left=1001
report_change() {
  local sign=+
  if [ "$staged" = true ]; then
    case $1 in ' '* | '??') return ;; esac
  elif ! there "$2"; then
    sign=-
  elif [ "$1" = '??' ]; then
    # Already reported: the file was deleted only in the index, so it was in HEAD and is restored.
    return
  fi
  if [ "$left" -gt 0 ]; then printf '%s%s\0' "$sign" "$2"; fi
  left=$((left - 1))
}
changed report_change
rm -f "$wt/tmp.status" "$wt/tmp.paths"
