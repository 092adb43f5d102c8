# `line_ends` runs after the tree's commit or its .gitattributes may have changed. A file that is committed with CRLF,
# although .gitattributes requires LF in git, is always modified to git, and the next `git add` would convert it.
# `line_ends` keeps such files byte for byte: each gets a line in .git/info/attributes, which overrides .gitattributes
# (docs/decisions/0019-line-ends.md). It takes one process if there is no such file.
#
# A file that was checked out with line ends other than the stored ones is checked out again, unless it was changed.
#
# `move_to COMMIT` moves branch, index and tree, completely or not at all, and keeps uncommitted changes. Only if git
# refuses does it refresh the index: for a file that was changed and changed back, the index shows only a new time.
#
# These attributes make git convert line ends: `text`, `eol`, which implies it, and `crlf`, the old name of both.
# `text=auto` does not count, because it leaves such files alone.
. "$WT_LIB/net.sh"
. "$WT_LIB/overwritten.sh"

line_ends() {
  local own=.git/info/attributes contrary=$wt/tmp.contrary again=() entry facts path given=(git)
  # The attributes as the repository gives them: net.git has no info/attributes.
  if [ -e "$own" ]; then
    make_net_git || return
    given+=("--git-dir=$wt/net.git" "--work-tree=$PWD")
  fi
  local -x GIT_INDEX_FILE=$PWD/.git/index GIT_LITERAL_PATHSPECS=0
  "${given[@]}" ls-files -z --format='%(eolinfo:index) %(objectname) %(eolattr)%x09%(path)' -- \
    ':(attr:text)' ':(attr:eol=lf)' ':(attr:eol=crlf)' ':(attr:crlf)' ':(attr:crlf=input)' |
    grep -zE "^(crlf|mixed|-text) [0-9a-f]+ text( [^$tab]*)?$tab" >"$contrary"
  if [ -s "$contrary" ]; then
    while IFS= read -r -d '' entry; do
      facts=${entry%%"$tab"*} path=${entry#*"$tab"}
      case $facts in mixed*eol=crlf | -text*eol=crlf) ;; *) continue ;; esac
      facts=${facts#* }
      if "${given[@]}" cat-file --filters "--path=$path" "${facts%% *}" 2>/dev/null | cmp -s - "./$path"; then again+=("$path"); fi
    done <"$contrary"
    [ -d .git/info ] || mkdir .git/info
    perl -0n "$WT_LIB/attribute-lines.pl" "$contrary" >"$wt/tmp.attributes" && mv -f "$wt/tmp.attributes" "$own" || return
  elif [ -e "$own" ]; then
    rm -f "$own"
  fi
  rm -f "$contrary"
  if [ ${#again[@]} -gt 0 ]; then printf '%s\0' "${again[@]}" | git checkout-index -f -u -q -z --stdin; fi
}
move_to() {
  if [ -n "$(overwritten "$1" | head -c 1 | tr '\0' x)" ]; then return 1; fi
  git reset -q --keep "$1" -- 2>/dev/null || {
    line_ends
    git update-index -q --refresh >/dev/null
    git reset -q --keep "$1" -- || return
  }
  line_ends
}
