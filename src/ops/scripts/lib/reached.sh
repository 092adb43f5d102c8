# `reached COMMAND…` runs `net` or `netgit` until it succeeds, fails for a reason other than the host, or has been
# repeated WT_RETRIES times. So the command must be repeatable. Between tries it waits 1, 2, 4 s, with jitter, or the
# time that the host requests (Retry-After), if that is not too long. Sets `asked_s` to the wait that the host requested
# last, and `said` to the file with git's output, which is also copied to stderr at once.
#
# git shows headers only in a trace, from which it removes credentials.
asked_s= said=$wt/tmp.said heads=$wt/tmp.heads
asked_wait() {
  asked_s=
  if [ -e "$heads" ]; then asked_s=$(sed -n 's/.*[Rr]ecv header:* *[Rr]etry-[Aa]fter: *\([0-9]\{1,6\}\).*/\1/p' "$heads" | tail -n 1); fi
  rm -f "$heads"
}
# wait_turn FAILED: waits for the next try; FAILED is the number of repeats so far. Fails if the host requests too long
# a wait.
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
