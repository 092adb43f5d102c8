. "$WT_LIB/section.sh"
. "$WT_LIB/fail.sh"
. "$WT_LIB/enter.sh"

enter
section 1
# HEAD may be on no branch, or not there yet.
# shellcheck disable=SC2046
git rev-list --count --branches $(git rev-parse -q --verify HEAD) --not --remotes -- || fail git
