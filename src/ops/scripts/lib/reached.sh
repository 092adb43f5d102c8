# `reached command…` runs a `net` or `netgit` that may be run again, until it goes well, fails for another reason than the
# host, or has been tried as often as WT_RETRIES says. Between tries it waits 1, 2, 4 s, with jitter, or as long as the
# host asks (Retry-After), if that is not too long; what it asks is in `asked_s` at the end. Sets `said`, the file with
# what git said, which goes to stderr as it comes.
#
# git tells no header but in a trace, from which it leaves out credentials.
asked_s= said=$wt/tmp.said heads=$wt/tmp.heads
asked_wait() {
  asked_s=
  if [ -e "$heads" ]; then asked_s=$(sed -n 's/.*[Rr]ecv header:* *[Rr]etry-[Aa]fter: *\([0-9]\{1,6\}\).*/\1/p' "$heads" | tail -n 1); fi
  rm -f "$heads"
}
# FAILED: tries so far. Fails where the host asks for too long a wait.
wait_turn() {
  local wait_ms=$(((1 << $1) * (750 + RANDOM % 500)))
  if [ -n "$asked_s" ] && [ "$asked_s" -gt 20 ]; then return 1; fi
  if [ "$((${asked_s:-0} * 1000))" -gt "$wait_ms" ]; then wait_ms=$((asked_s * 1000 + RANDOM % 500)); fi
  sleep "$((wait_ms / 1000)).$(printf %03d $((wait_ms % 1000)))"
}
traced() { GIT_TRACE_CURL="$heads" GIT_TRACE_CURL_NO_DATA=1 "$@"; }
reached() {
  local failed=0
  while :; do
    if [ -e "$heads" ]; then rm -f "$heads"; fi
    traced "$@" 2>&1 | tee "$said" >&2
    if [ "${PIPESTATUS[0]}" = 0 ]; then return; fi
    asked_wait
    if [ "$failed" -ge "$WT_RETRIES" ] || ! grep -qE "$WT_UNREACHABLE" "$said" || ! wait_turn "$failed"; then return 1; fi
    failed=$((failed + 1))
  done
}
