# The leader's stdin is a pipe that whoever started it holds, and closes when the leader is gone. Where it ends earlier, the
# leader is looked for each second. The watch has no other descriptor: neither the output, whose end the caller waits for,
# nor the credential.
watched_at=${EPOCHREALTIME-} watched_at=${watched_at%.*}${watched_at#*.}
exec 5<&0
(
  exec </dev/null >/dev/null 2>&1 6<&-
  read -r none <&5
  exec 5<&-
  while kill -0 $$; do sleep 1; done
  exec perl "$WT_LIB/end-left-now.pl"
) &
watch=$!
exec 5<&-
trap unwatch EXIT
