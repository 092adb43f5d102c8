# Section 1: the output of git grep, each line cut at 6,000 bytes.
. "$WT_LIB/section.sh"
. "$WT_LIB/fail.sh"
. "$WT_LIB/enter.sh"
. "$WT_LIB/commit-of.sh"
. "$WT_LIB/in-commit.sh"
. "$WT_LIB/piped.sh"
. "$WT_LIB/bring.sh"

enter
pattern=$IN_PATTERN kind=$IN_KIND fold=$IN_FOLD path=$IN_PATH ref=$IN_REF from=$IN_FROM_LINE count=$IN_COUNT
if [ -n "$ref" ]; then
  ref=$(commit_of "$ref") || unknown_ref "$IN_REF"
  bring_files "$ref" -- ${path:+"$path"} || fail git
  if [ -n "$path" ]; then in_commit "$ref" "$path" || fail path_not_found "$path"; fi
elif [ -n "$path" ] && ! [ -e "$path" ] && ! [ -L "$path" ]; then
  fail path_not_found "$path"
fi
if [ -n "$ref" ]; then set -- "$ref"; else set -- --untracked; fi
found() {
  piped grep -n -z -I --no-color --no-column --no-heading --no-break --full-name --no-textconv "$kind" ${fold:+"$fold"} -e "$pattern" "$@" -- ${path:+"$path"} |
    cut -b 1-6000
}
nothing=1
section 1
if [ "$from" -gt 0 ]; then found "$@" | tail -n "+$((from + 1))" | head -n "$count"; else found "$@" | head -n "$count"; fi
