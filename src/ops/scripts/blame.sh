# git blame reads whole files of older commits, also under other names. In a partial clone git fetches missing files on
# demand, so blame runs in net.git; that has no working tree, so blame starts at a commit (HEAD by default).
# Section 1: the output of `git blame --porcelain`, each line cut at 5,000 bytes.
. "$WT_LIB/section.sh"
. "$WT_LIB/fail.sh"
. "$WT_LIB/enter.sh"
. "$WT_LIB/commit-of.sh"
. "$WT_LIB/in-commit.sh"
. "$WT_LIB/piped.sh"
. "$WT_LIB/bring.sh"

enter
path=$IN_PATH asked=$IN_REF first=$IN_FIRST last=$IN_LAST
ref=
if [ -n "$asked" ]; then ref=$(commit_of "$asked") || unknown_ref "$asked"; fi
if partial; then
  if { IFS= read -r filter <"$wt/partial"; } 2>/dev/null && [ "$filter" = tree:0 ]; then fail left_out; fi
  if [ -z "$url" ]; then fail needs_remote; fi
  ref=${ref:-$(git rev-parse -q --verify HEAD)} || fail path_not_found "$path"
fi
if [ -n "$ref" ]; then
  in_commit "$ref" "$path" || fail path_not_found "$path"
elif [ -d "$path" ] && ! [ -L "$path" ]; then
  fail no_file "$path"
elif ! git ls-files --error-unmatch -- "$path" >/dev/null 2>&1; then fail path_not_found "$path"; fi
run_blame() { if partial; then netgit blame "$@" || fail git >&4; else piped blame "$@"; fi; }
section 1
run_blame --porcelain --encoding=UTF-8 -L "$first,$last" ${ref:+"$ref"} -- "$path" | cut -b 1-5000
