# Releases the lock that the pool held for the pause. Section 1: HEAD, whether work is unpushed, and whether the commit
# before the pause (IN_HEAD) can still be reached.
. "$WT_LIB/section.sh"
. "$WT_LIB/free-pause.sh"
. "$WT_LIB/tree-state.sh"

tree_state
kept=true
if [ -n "$IN_HEAD" ] && [ "$IN_HEAD" != "$head" ] && [ -n "$(git rev-list -n 1 "$IN_HEAD" --not HEAD --branches --remotes -- 2>&1)" ]; then kept=false; fi
free_pause
rm -f "$wt/pausing"
section 1
printf '%s\0' "$head" "$unpushed" "$kept"
