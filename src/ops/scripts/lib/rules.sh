# `check_rules KIND [PATH…]` ends the script if a rule of this service is against what a push would bring (rules.pl).
# Sets `unchanged` if there is nothing to commit. Reads the array `allowed`. Needs fail.sh.
#
# What was staged for a refused commit is unstaged: a file that the caller then ignores must not stay in the index. An
# open merge keeps its index, which says what is resolved.
# shellcheck disable=SC2034 # for scripts
allowed=() unchanged=
# shellcheck disable=SC2034 # for scripts
check_rules() {
  local kind=$1
  shift
  perl "$WT_LIB/rules.pl" "$kind" "${#allowed[@]}" "${allowed[@]}" "$@"
  case $? in
    0) ;;
    201) unchanged=true ;;
    200)
      if [ "$work" = unchanged ]; then case $kind in commit | amend) git reset -q -- . ;; esac fi
      fail rule_broken
      ;;
    *) fail git ;;
  esac
}
