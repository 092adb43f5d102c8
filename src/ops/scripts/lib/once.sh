# `once`, after `lock`, lets a call that is sent again be done once (docs/decisions/0034-done-once.md). Tries of a call
# have the same WT_ONCE. If the call has a receipt in `once/`, prints its answer again and ends. Otherwise the output
# from here on is also written to a file, which becomes the receipt when the script succeeds, before the lock is free. A
# failed call has no receipt: it can be tried again.
#
# A receipt is the nonce of its call, NUL, and the output.
#
# `remember ID…` writes down, before the first change, the commits that the call's names stand for; `recall` sets
# `recalled` to those of an earlier try. A killed `revert HEAD` must not revert its own commit.
recalled=()
once() {
  if [ -z "${WT_ONCE-}" ]; then return; fi
  receipt=$wt/once/$WT_ONCE
  if [ -e "$receipt" ]; then
    tell_again
    exit 0
  fi
  [ -d "$wt/once" ] || mkdir "$wt/once"
  : "${WT_FAILED:=$wt/tmp.failed}"
  if [ -e "$WT_FAILED" ]; then rm -f "$WT_FAILED"; fi
  printf '%s\0' "$WT_NONCE" >"$wt/tmp.once"
  exec 3>&1
  coproc copying { exec tee -a "$wt/tmp.once" >&3 3>&- 9>&-; }
  # shellcheck disable=SC2154 # coproc sets it
  exec >&"${copying[1]}" 3>&-
  # shellcheck disable=SC2154
  copier=$copying_PID copy_to=${copying[1]}
  trap 'keep_receipt "$?"; leave; unwatch' EXIT
}
keep_receipt() {
  eval "exec >/dev/null $copy_to>&-"
  if wait "$copier" && [ "$1" = 0 ] && [ ! -e "$WT_FAILED" ]; then
    mv -f "$wt/tmp.once" "$receipt"
    # One call in sixteen deletes the old ones.
    case $WT_ONCE in 0*) find "$wt/once" -type f -mmin +2880 -delete ;; esac
  fi
}
tell_again() {
  local of= record= ended=
  {
    IFS= read -r -d '' of
    IFS= read -r -d '' record && printf '%s\0' "$record"
    while
      IFS= read -r -d '' record || ended=true
      # A mark of a section.
      case $record in "$of:"*) record=$WT_NONCE:${record#"$of:"} ;; esac
      [ -z "$ended" ]
    do printf '%s\0' "$record"; done
    printf %s "$record"
  } <"$receipt"
}
remember() {
  if [ -n "${WT_ONCE-}" ]; then printf '%s\n' "$@" end >"$wt/once/$WT_ONCE.ids"; fi
}
recall() {
  if [ -z "${WT_ONCE-}" ] || [ ! -e "$wt/once/$WT_ONCE.ids" ]; then return 1; fi
  mapfile -t recalled <"$wt/once/$WT_ONCE.ids"
  if [ "${recalled[*]: -1}" != end ]; then return 1; fi
  unset 'recalled[-1]'
}
