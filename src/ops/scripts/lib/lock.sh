# `lock` lets one script at a time change the workspace. All processes that the script starts inherit the lock's
# descriptor, so the lock is free when the last of them ends, however the script ended. A script that a signal ended
# leaves `open` as it is, so the next holder cleans up after it.
#
# The pool holds the lock from its last probe of a workspace until the sandbox is paused. A script that starts then, or
# has waited for the lock meanwhile and so may have slept through the pause, must not continue: its caller was cut off,
# or sends the call again. `holds` is read first, so a script that finds the newest hold in it also finds `pausing`.
. "$WT_LIB/git-without-lock.sh"
. "$WT_LIB/hold.sh"
# shellcheck disable=SC2034 # for scripts
tab=$'\t'
pool_hold() {
  newest_hold=
  if [ -e "$wt/holds" ]; then IFS= read -r newest_hold <"$wt/holds"; fi
}
lock() {
  local known_hold
  [ -d "$wt" ] || mkdir -p "$wt"
  pool_hold
  known_hold=$newest_hold
  if [ -e "$wt/pausing" ]; then fail pausing; fi
  hold || fail workspace_busy
  pool_hold
  if [ "$newest_hold" != "$known_hold" ]; then fail pausing; fi
  if [ -s "$wt/open" ]; then recover; fi
  echo open >"$wt/open"
  trap 'leave; unwatch' EXIT
  trap 'trap - EXIT; exit 143' HUP INT TERM
}
recover() {
  if [ -s "$wt/undo/list" ]; then perl "$WT_LIB/undo-now.pl" || fail disk_full; fi
  . "$WT_LIB/clear-away.sh"
}
leave() {
  local state finished=true
  for state in $WT_UNFINISHED; do if [ -e "$tree/.git/${state%%:*}" ]; then finished=false; fi; done
  if [ "$finished" = false ]; then
    if [ -L "$wt/finished" ]; then rm -f "$wt/finished"; fi
  elif [ ! -e "$wt/finished" ] && [ -d "$tree/.git" ]; then ln -s ../repo "$wt/finished"; fi
  if [ ! -s "$wt/undo/list" ]; then : >"$wt/open"; fi
}
