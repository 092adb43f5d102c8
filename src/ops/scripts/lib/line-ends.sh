# `line_ends`, after the commit that the tree is on or its .gitattributes may have changed. Files that are committed with CRLF
# though .gitattributes says that git stores LF are modified to git, whoever looks and whatever is done: the next add would
# convert them. Here they are kept byte for byte, by an own line each in .git/info/attributes, which overrules .gitattributes
# (docs/decisions/0019-line-ends.md). One process where nothing is to convert.
#
# A file that was checked out with other line ends than it is stored with is checked out again, unless it was changed.
#
# `move_to COMMIT` moves branch, index and tree, whole or not at all, and keeps uncommitted changes. Only where git refuses is it
# found out whether merely times have changed: of files that were changed and changed back git knows no more than that.
#
# Git converts line ends because of these attributes: text by itself, or said by eol, or by the old name of both. text=auto is none
# of them: it spares such files.
. "$WT_LIB/net.sh"
. "$WT_LIB/overwritten.sh"

line_ends() {
  local own=.git/info/attributes contrary=$wt/tmp.contrary again=() entry facts path given=(git)
  # Attributes as given: net.git has none of its own.
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
