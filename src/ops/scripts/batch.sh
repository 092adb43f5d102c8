# Runs each step's own script as a child, in order, until one fails. Each step's output is cut to its share, so that the
# answers of later steps are never lost; the rest is read and discarded, so that the child can continue. Only steps
# that need it get the remote and its credential, and only those that make commits can have them signed.
#
# Arguments: nonce, bytes for each step; then, for each step, its needs (`remote`, `signing`, both or none), the number of its settings, the number of its
# words, the settings and the words. The words are the program and all its parameters. Section 2n-1 is the stdout of
# step n; section 2n is its exit code, start time and end time. On stderr, a line with the step's nonce precedes each
# step.
. "$WT_LIB/section.sh"

nonce=$1 share=$2
shift 2
unset WT_URL WT_VIA WT_SIGN WT_ONCE
export watched_at
[ -d "$wt" ] || mkdir -p "$wt"
export WT_FAILED="$wt/failed.$nonce"
trap 'rm -f "$WT_FAILED"; unwatch' EXIT
hand_over() {
  . "$WT_LIB/hand-over.sh"
}
number=0
while [ $# -gt 0 ]; do
  needs=$1 settings=$2 words=$3
  shift 3
  number=$((number + 1)) began=${EPOCHREALTIME-}
  section "$((number * 2 - 1))"
  printf '\n%s-%s\n' "$nonce" "$number" >&2
  (
    export WT_NONCE="$nonce-$number"
    # Each is NAME=value.
    # shellcheck disable=SC2163
    for setting in "${@:1:settings}"; do export "$setting"; done
    WT_AUTH=
    case $needs in *remote*)
      export WT_URL="$url" WT_VIA="$via"
      WT_AUTH=$auth
      ;;
    esac
    WT_AUTH+=$'\n'
    case $needs in *signing*)
      export WT_SIGN="$sign"
      WT_AUTH+=$sign_auth
      ;;
    esac
    if [ "$WT_AUTH" != $'\n' ]; then hand_over "${@:settings+1:words}"; fi
    exec "${@:settings+1:words}"
  ) | {
    head -c "$share"
    exec cat >/dev/null
  }
  code=${PIPESTATUS[0]}
  shift "$((settings + words))"
  section "$((number * 2))"
  printf '%s %s %s' "$code" "$began" "${EPOCHREALTIME-}"
  if [ "$code" -ne 0 ] || [ -e "$WT_FAILED" ]; then exit "$code"; fi
done
