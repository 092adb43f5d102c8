# git diff writes a refreshed index back when files were merely touched, and takes the index's lock for it, whatever
# GIT_OPTIONAL_LOCKS says. So it is given another name of the index (looks/index, a hard link, kept for next time) to
# do that to. New files become visible by noting them (add -N) in an index of this call's own, and the empty blob that
# this writes goes there too. Noting has two side effects. It wipes out unmerged entries: with those the new files are
# named one by one. And a new file where a folder was (or the other way round) drives the old entries out of the
# index, deletions that would not be seen: with deleted files the index is compared as the tree it was. A folder in the
# place of a file is neither new nor is the file deleted, to ls-files: `--killed` names it.
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
  # What a new file has taken the place of, where that was not checked out.
  case $seen in *"${newline}K "*)
    ! partial || bring "$(untracked -z --killed | xargs -0 git ls-files -s -- | cut -d ' ' -f 2 | lacking)" || fail git
    ;;
  esac
  case $seen in
    *"$newline? "* | *"${newline}K "*)
      # In the background, and not holding the output open: nobody waits for it.
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
      # 1: something cannot be noted (a repository inside without a commit), the rest is.
      [ $? -le 1 ] || fail git
      ;;
    *)
      if ! [ "$looks/index" -ef .git/index ]; then ln .git/index "$own" 2>/dev/null && mv -f "$own" "$looks/index"; fi
      if [ "$looks/index" -ef .git/index ]; then export GIT_INDEX_FILE="$looks/index"; fi
      ;;
  esac
fi
# The first page has 256 KiB of room for the list of files with their counts, before the diff itself: above 1,000 usual paths.
shown() { piped diff --no-color --no-ext-diff --no-textconv --no-relative --submodule=short --ignore-submodules=dirty --src-prefix=a/ --dst-prefix=b/ -M "$@"; }
section 1
if [ -z "$from" ]; then
  shown --raw --numstat -z -p "$@" | head -c "$((max + 262144 + 1))"
else shown -p "$@" | tail -c "+$((from + 1))" | head -c "$((max + 1))"; fi
