# Section 1: whether an operation is at work; if not, HEAD and whether work is unpushed, and the lock stays held until a
# resume frees it (docs/decisions/0017-the-pause-holds-the-lock.md).
. "$WT_LIB/section.sh"
. "$WT_LIB/busy.sh"
. "$WT_LIB/hold.sh"
. "$WT_LIB/free-pause.sh"
. "$WT_LIB/tree-state.sh"

say() {
  section 1
  printf '%s\0' "$@"
  exit
}
[ -d "$wt" ] || mkdir -p "$wt"
if busy; then say true; fi
# Frees the lock that a failed pause left.
free_pause
# A process of `refresh_index` holds the lock only as long as a git status takes.
WT_LOCK_WAIT_S=5
hold || say true
rm -f "$wt/pausing"
mkfifo "$wt/pausing" && exec 8<>"$wt/pausing" && echo "$WT_NONCE" >"$wt/holds" || exit
tree_state
# E2B gives up a pause after 70 s, and the pool after 90 s. A holder that is not freed releases the lock by itself.
(
  read -r -t 120 <&8
  rm -f "$wt/pausing"
) </dev/null >/dev/null 2>&1 &
say false "$head" "$unpushed"
