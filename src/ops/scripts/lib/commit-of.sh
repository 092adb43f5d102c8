# `commit_of NAME` prints the commit of a revision. A short name also finds a branch that only the remote has. If a
# branch and a tag have the name and git would have to choose, returns 2, unless both are the same commit. After a
# failure, `unknown_ref NAME` ends the script.
commit_of() {
  if ! found=$(git rev-parse --verify --end-of-options "$1^{commit}" 2>&1); then
    git rev-parse -q --verify "refs/remotes/origin/$1^{commit}" 2>/dev/null
    return
  fi
  # git prints a warning before the id.
  chosen=${found##*'
'} plain=${1%%[~^@]*}
  case $found in *" is ambiguous"*) ;; *)
    printf '%s' "$chosen"
    return
    ;;
  esac
  for named in "refs/heads/$plain" "refs/tags/$plain" "refs/remotes/$plain"; do
    other=$(git rev-parse -q --verify "$named${1#"$plain"}^{commit}" 2>/dev/null) || continue
    if [ "$other" != "$chosen" ]; then return 2; fi
  done
  printf '%s' "$chosen"
}
unknown_ref() { if [ $? = 2 ]; then fail ref_ambiguous "$1"; else fail ref_not_found "$1"; fi; }
