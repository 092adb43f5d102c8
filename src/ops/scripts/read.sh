# The shell's own tests find the kind of a path, so a file costs two small processes (size, bytes) and a folder one
# (sizes). Only the requested bytes leave the sandbox. At a commit the script reads git's objects; a symlink is an
# object there, and nothing follows it.
# Sections: 1: kind and its details; 2: content or entries; 3: sizes of the entries; 4: paths of submodules.
. "$WT_LIB/section.sh"
. "$WT_LIB/fail.sh"
. "$WT_LIB/enter.sh"
. "$WT_LIB/commit-of.sh"
. "$WT_LIB/piped.sh"
. "$WT_LIB/bring.sh"

enter
path=$IN_PATH ref=$IN_REF first=$IN_FIRST_LINE count=$IN_LINES from=$IN_FROM_BYTE max=$IN_MAX_BYTES entries=$IN_MAX_ENTRIES
part() { if [ -n "$first" ]; then tail -n "+$first" | head -n "$count" | page; else page; fi; }
page() { if [ "$from" -gt 0 ]; then tail -c "+$((from + 1))" | head -c "$max"; else exec head -c "$max"; fi; }
section 1
if [ -n "$ref" ]; then
  if partial && commit=$(commit_of "$ref"); then
    ref=$commit
    bring_folders "$ref" || fail git
    if [ -n "$path" ]; then bring "$(git ls-tree --end-of-options "$ref" "$path" | sed -n 's/^[0-7]* blob \([0-9a-f]*\).*/\1/p' | lacking)" || fail git; fi
  fi
  # In a partial clone the size of a missing file is unknown.
  listed() { if partial; then git ls-tree -z --format='%(objectmode) %(objecttype) %(objectname) -%x09%(path)' "$1"; else exec git ls-tree -z -l "$1"; fi; }
  at() {
    if [ -n "$path" ]; then
      git ls-tree --format='%(objectmode) %(objectsize) %(objectname)' --end-of-options "$1" "$path"
    else git rev-parse --verify --end-of-options "$1^{tree}"; fi
  }
  # A second line means that several refs have this name, and git chose one.
  found=$(at "$ref" 2>&1) && case $found in *'
'*) false ;; esac || {
    ref=$(commit_of "$ref") || unknown_ref "$IN_REF"
    found=$(at "$ref") || fail git
  }
  mode=${found%% *} size=${found#* } object=${found##* }
  size=${size%% *}
  case $mode in
    "") fail path_not_found "$path" ;;
    040000 | "$object")
      printf 'tree\0'
      section 2
      unwatch
      listed "$object"
      exit
      ;;
    160000)
      printf 'submodule\0%s\0' "$object"
      exit
      ;;
    120000)
      printf 'symlink\0'
      git cat-file blob "$object" || exit
      printf '\0'
      exit
      ;;
  esac
  printf 'file\0'
  if [ -n "$first" ]; then piped cat-file blob "$object" | wc -l; fi
  printf '%s' "$size"
  section 2
  piped cat-file blob "$object" | part
  exit
fi
rest=$path folder=
while [ "$rest" != "${rest#*/}" ]; do
  folder=$folder${rest%%/*}
  if [ -L "$folder" ]; then fail symlink_parent "$folder"; fi
  folder=$folder/ rest=${rest#*/}
done
place=./$path
if [ -L "$place" ]; then
  printf 'symlink\0'
  readlink -n "$place"
  printf '\0'
  exit
fi
if [ -f "$place" ]; then
  printf 'file\0'
  if [ -n "$first" ]; then wc -lc <"$place"; else wc -c <"$place"; fi
  section 2
  unwatch
  part <"$place"
  exit
fi
if ! [ -e "$place" ]; then fail path_not_found "$path"; fi
if ! [ -d "$place" ]; then fail special_file "$path"; fi
printf 'folder\0'
cd "$place" || exit
there() { [ -e "$1" ] || [ -L "$1" ]; }
set -- ./*
there "$1" || set --
set -- ./..?* "$@"
there "$1" || shift
set -- ./.[!.]* "$@"
there "$1" || shift
if [ "$from" -ge $# ]; then exit; fi
shift "$from"
if [ $# -gt "$entries" ]; then
  # The shell cannot slice "$@", so the names "$1", "$2" … are written out.
  n=0 kept=
  while [ "$n" -lt "$entries" ]; do
    n=$((n + 1))
    kept="$kept \"\${$n}\""
  done
  eval "set -- $kept"
fi
section 2
for name; do
  if [ -L "$name" ]; then kind=symlink; elif [ -d "$name" ]; then kind=folder; elif [ -f "$name" ]; then kind="file"; else kind=special; fi
  printf '%s %s\0' "$kind" "${name#./}"
done
section 3
stat -c %s "$@" 2>/dev/null || stat -f %z "$@" 2>/dev/null
if [ -f "$tree/.gitmodules" ] && ! [ -L "$tree/.gitmodules" ]; then
  section 4
  git config -z -f "$tree/.gitmodules" --get-regexp '^submodule\..*\.path$'
fi
exit 0
