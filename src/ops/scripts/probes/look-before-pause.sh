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
# Of a pause that failed.
free_pause
# A script that rewrites the index holds the lock for as long as a look at the tree takes.
WT_LOCK_WAIT_S=5
hold || say true
rm -f "$wt/pausing"
mkfifo "$wt/pausing" && exec 8<>"$wt/pausing" && echo "$WT_NONCE" >"$wt/holds" || exit
tree_state
# E2B gives a pause up after 70 s, and the pool after 90; a holder that nobody frees lets go by itself.
(
  read -r -t 120 <&8
  rm -f "$wt/pausing"
) </dev/null >/dev/null 2>&1 &
say false "$head" "$unpushed"
