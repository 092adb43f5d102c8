# Section 1: the number of commits that are on no branch of the remote.
. "$WT_LIB/section.sh"
. "$WT_LIB/fail.sh"
. "$WT_LIB/enter.sh"

enter
section 1
# HEAD may be detached, or not exist yet.
# shellcheck disable=SC2046
git rev-list --count --branches $(git rev-parse -q --verify HEAD) --not --remotes -- || fail git
