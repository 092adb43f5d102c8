# git diff writes a refreshed index back if files were merely touched, and takes index.lock for it, whatever
# GIT_OPTIONAL_LOCKS says. So it uses another name of the index: looks/index, a hard link that is kept for the next
# call.
#
# New files become visible with `git add -N` in an index of this call's own; the empty blob that it writes is in
# `looks`, too. `git add -N` has two side effects:
# - It removes unmerged entries. With unmerged entries, the new files are named one by one.
# - A new file in the place of a folder, or a folder in the place of a file, removes the old entries, so that the diff
#   would not show their deletion. With deleted files, the diff compares with the index before, written as a tree.
# To ls-files a folder in the place of a file is not new, and the file is not deleted; `--killed` lists it.
#
# Section 1: the output of git diff.
. "$WT_LIB/section.sh"
. "$WT_LIB/fail.sh"
. "$WT_LIB/enter.sh"
. "$WT_LIB/commit-of.sh"
. "$WT_LIB/in-commit.sh"
. "$WT_LIB/piped.sh"
. "$WT_LIB/bring.sh"

enter
path=$IN_PATH staged=$IN_STAGED base=$IN_BASE from=$IN_FROM_BYTE max=$IN_MAX_BYTES
if [ -n "$base" ]; then
  base=$(commit_of "$base") || unknown_ref "$IN_BASE"
  base=$(git merge-base "$base" HEAD 2>/dev/null) || fail no_common_commit "$IN_BASE"
  bring_folders "$base" || fail git
fi
if [ -n "$path" ] && ! [ -e "$path" ] && ! [ -L "$path" ]; then
  git ls-files --error-unmatch -- "$path" >/dev/null 2>&1 ||
    in_commit "${base:-HEAD}" "$path" || fail path_not_found "$path"
fi
set -- ${base:+"$base"} -- ${path:+"$path"}
if [ "$staged" = true ]; then
  bring_changed diff-index --cached "${base:-HEAD}" -- ${path:+"$path"} || fail git
  set -- --cached "$@"
else
  if [ -n "$base" ]; then
    bring_changed diff-index "$base" -- ${path:+"$path"} || fail git
  else
    bring_changed diff-files -- ${path:+"$path"} || fail git
    set -- --ours "$@"
  fi
  looks=$wt/looks own=$wt/looks/$WT_NONCE newline='
'
  [ -d "$looks" ] || mkdir -p "$looks"
  untracked() { exec git ls-files --others --exclude-standard --directory --no-empty-directory "$@" -- ${path:+"$path"}; }
  seen=$newline$(untracked -t --unmerged --deleted --killed)
  # Objects of index entries that new files have replaced, if they were not checked out.
  case $seen in *"${newline}K "*)
    ! partial || bring "$(untracked -z --killed | xargs -0 git ls-files -s -- | cut -d ' ' -f 2 | lacking)" || fail git
    ;;
  esac
  case $seen in
    *"$newline? "* | *"${newline}K "*)
      # In the background and with the output closed, so that no caller waits for it.
      tidy() { rm -f "$own" "$own.lock" >/dev/null 2>&1 4>&1 & }
      trap 'tidy; unwatch' EXIT
      trap 'exit 143' HUP INT TERM
      for old in "$looks"/*-*; do
        if [ -e "$old" ]; then find "$old" -prune -mmin +60 -exec rm -f {} +; fi
      done
      ln .git/index "$own" 2>/dev/null || cp .git/index "$own" 2>/dev/null
      export GIT_INDEX_FILE="$own" GIT_OBJECT_DIRECTORY="$looks" GIT_ALTERNATE_OBJECT_DIRECTORIES="$tree/.git/objects"
      case $seen in
        *"${newline}M "*) untracked -z | git add -N --sparse --ignore-errors --pathspec-from-file=- --pathspec-file-nul ;;
        *)
          case $seen in *"${newline}R "* | *"${newline}K "*)
            if [ -z "$base" ]; then
              base=$(git write-tree) || fail git
              shift
              set -- "$base" "$@"
            fi
            ;;
          esac
          git add -N --sparse --ignore-errors --ignore-removal -- "${path:-.}"
          ;;
      esac
      # 1: git skipped a path (an embedded repository without a commit) and added the rest.
      [ $? -le 1 ] || fail git
      ;;
    *)
      if ! [ "$looks/index" -ef .git/index ]; then ln .git/index "$own" 2>/dev/null && mv -f "$own" "$looks/index"; fi
      if [ "$looks/index" -ef .git/index ]; then export GIT_INDEX_FILE="$looks/index"; fi
      ;;
  esac
fi
# The first page has 256 KiB more, for the list of files and counts before the diff: over 1,000 usual paths.
shown() { piped diff --no-color --no-ext-diff --no-textconv --no-relative --submodule=short --ignore-submodules=dirty --src-prefix=a/ --dst-prefix=b/ -M "$@"; }
section 1
if [ -z "$from" ]; then
  shown --raw --numstat -z -p "$@" | head -c "$((max + 262144 + 1))"
else shown -p "$@" | tail -c "+$((from + 1))" | head -c "$((max + 1))"; fi
