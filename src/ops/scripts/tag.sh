# Lists, makes and pushes tags. The list takes no lock. If the same tag exists, the call succeeds, so it can be
# repeated.
# Sections: 1: tags; 2: whether the tag was made; whether the push sent it (empty: no push); 8: what rules
# say (lib/rules.pl).
. "$WT_LIB/section.sh"
. "$WT_LIB/fail.sh"
. "$WT_LIB/lock.sh"
. "$WT_LIB/once.sh"
. "$WT_LIB/enter.sh"
. "$WT_LIB/commit-of.sh"
. "$WT_LIB/net.sh"
. "$WT_LIB/reached.sh"
. "$WT_LIB/rules.sh"
. "$WT_LIB/signing.sh"

name=$IN_NAME ref=$IN_REF message=$IN_MESSAGE push=$IN_PUSH count=$IN_COUNT format=$IN_FORMAT
tags() { git for-each-ref --sort=-creatordate --count="$count" --format="$format" "$1"; }
if [ -z "$name" ]; then
  enter
  section 1
  tags refs/tags || fail git
  exit
fi
lock
once
enter
if [ "$push:$IN_TAGS" = true:false ]; then fail no_tags "$name"; fi
full=refs/tags/$name made=false sent=
commit=
if [ -n "$ref" ] || ! git show-ref -q --verify -- "$full"; then commit=$(commit_of "${ref:-HEAD}") || unknown_ref "${ref:-HEAD}"; fi
if git show-ref -q --verify -- "$full"; then
  if [ -n "$commit" ] && [ "$(git rev-parse -q --verify "$full^{commit}")" != "$commit" ]; then fail tag_exists "$name"; fi
  if [ -n "$message" ] &&
    [ "$(git for-each-ref --format='%(objecttype) %(contents)' "$full")" != "tag $(git stripspace <<<"$message")" ]; then
    fail tag_exists "$name"
  fi
else
  check_rules "$commit"
  refuse_unsigned "$commit"
  set --
  if [ -n "$message" ]; then set -- -a --cleanup=whitespace -m "$message"; fi
  signing git tag "$@" -- "$name" "$commit" || fail git "$name"
  made=true
fi
if [ "$push" = true ]; then
  if [ -n "$sign" ]; then
    refuse_unsigned "$full^{commit}" "$name"
    prove "$full" "$(git cat-file -t "$full")"
  fi
  pushed=unknown
  if ! reached netgit push --porcelain --no-verify origin "$full:$full"; then
    if grep -qE '^!.*\[rejected\].*already exists' "$said"; then
      pushed=false
      fail taken_there "$name"
    fi
    if grep -q '^!.*\[remote rejected\]' "$said"; then
      pushed=false
      fail refused "$(sed -n 's/^!.*\[remote rejected\] (\(.*\)).*/\1/p' "$said")"
    fi
    fail git "$name"
  fi
  sent=true
  if grep -q "^=$tab" "$said"; then sent=false; fi
fi
section 1
tags "$full"
section 2
printf '%s\0' "$made" "$sent"
