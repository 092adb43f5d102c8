# Section 1: the output of git log. "$@" are its options.
. "$WT_LIB/section.sh"
. "$WT_LIB/fail.sh"
. "$WT_LIB/enter.sh"
. "$WT_LIB/commit-of.sh"
. "$WT_LIB/limited.sh"

enter
begin=$IN_BEGIN end=$IN_WITHOUT path=$IN_PATH files=$IN_FILES
ref= without=
if [ -n "$begin" ]; then ref=$(commit_of "$begin") || unknown_ref "$begin"; fi
if [ -n "$end" ]; then without=^$(commit_of "$end") || unknown_ref "$end"; fi
if [ -n "$path$files" ] && { IFS= read -r filter <"$wt/partial"; } 2>/dev/null && [ "$filter" = tree:0 ]; then
  if [ -n "$path" ]; then fail left_out path; else fail left_out files; fi
fi
section 1
limited log "$@" ${ref:+"$ref"} ${without:+"$without"} -- ${path:+"$path"}
