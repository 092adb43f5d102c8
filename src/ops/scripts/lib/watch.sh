# Forks a process that waits until the leader (this shell) is gone, and then ends the other processes of the call. The
# leader's stdin is a pipe, which the process that started the leader closes when the leader is gone. If stdin ends
# earlier, the watch checks each second whether the leader exists. The watch has no other descriptor: neither the
# output, whose end the caller waits for, nor the credential.
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
