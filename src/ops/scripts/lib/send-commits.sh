# `send_commits` pushes `sha` to the branch `to` of the remote. If that branch moved, it combines the two lines first.
# Sets `sha` to the commit that the remote then has, `rebased`, `merged`, `replaced`, `recreated` (then `was` is the
# branch's commit before someone deleted it), and `is_first` if the repository had no branch.
#
# Each push names the commit that it expects at the remote (`--force-with-lease`), and the pushed commit contains it. So
# the remote loses no commit, and no removed commit comes back. Only on its own branch does a workspace replace commits
# that it took back.
#
# A lost race is no failed try, because every race has a winner; a host that does not answer is one. A push whose answer
# was lost may be repeated: git then finds that the remote has the commit.
. "$WT_LIB/replay.sh"
. "$WT_LIB/conflicts.sh"
. "$WT_LIB/in-the-way.sh"
. "$WT_LIB/resume-push.sh"

lost_race='fetch first|stale info|non-fast-forward|cannot lock ref|reference already exists|'
lost_race+='failed to update ref|incorrect old value'
seen= mark= rebased= merged= recreated= replaced= was= is_first= answer= unanswered=
send_commits() {
  local failed=0 races=0 unmoved=0
  # If there is nothing to fetch, or the fetch fails, the push will show it.
  if [ "$turn:$resumed" = waited: ]; then fetch_branch "$to" 2>/dev/null; fi
  if [ -z "$resumed" ]; then begin_on_others; fi
  look_at_remote
  refuse_removed
  refuse_unsigned "$sha"
  until arrived || { stands_on_remote && send; }; do
    if [ -n "$answer" ]; then cat "$wt/tmp.err" >&2; fi
    if [ -z "$answer" ] || grep -qE "^!.*\[(remote )?rejected\].*\(($lost_race)" <<<"$answer"; then
      pushing false
      overtaken
      continue
    fi
    say_remote
    if grep -q '^!.*\[remote rejected\]' <<<"$answer"; then
      pushing false
      case $answer in
        *"(refname conflict"*) refuse_if_taken_there "$to" ;;
        # The remote no longer has the commit at which a shallow clone ends.
        *"(shallow update not allowed"*)
          gone=$(git rev-list "$sha" -- | grep -xFf .git/shallow)
          say_gone
          fail shallow_end
          ;;
      esac
      # A later push may amend its message.
      echo "$sha" >"$wt/refused"
      refused_by_host
    fi
    asked_wait
    if grep -qE '(error:|HTTP) 40[134]|could not read Username|Authentication failed|not found|denied' "$wt/tmp.err" ||
      [ "$failed" -ge "$WT_RETRIES" ] || ! wait_turn "$failed"; then fail git; fi
    failed=$((failed + 1)) unanswered=true
  done
  answer_again
  pushing true
  say_remote
  remember_sent
}
# pushing STATE: prints section 6, whether the remote has the commit, in case the script is killed. After a try whose
# answer was lost, a refusal proves nothing: the remote may refuse because of that try.
pushing() {
  pushed=$1
  if [ "$1:$unanswered" = false:true ]; then pushed=unknown; fi
  section 6
  printf '%s\0' "$pushed"
}
# begin_on_others: if the repository was empty when it was cloned, moves the first commit onto commits that others
# pushed since.
begin_on_others() {
  local base
  if [ ! -e "$wt/began_empty" ]; then return; fi
  reached fetch_noting_losses origin '+refs/heads/*:refs/remotes/origin/*' || fail git
  base=$(git config "branch.$branch.merge") base=${base#refs/heads/}
  for base in "$base" main master "$(git for-each-ref --count=1 --format='%(refname:lstrip=3)' refs/remotes/origin)"; do
    if [ -z "$base" ] || ! git show-ref -q --verify "refs/remotes/origin/$base"; then continue; fi
    seen=$(git rev-parse "refs/remotes/origin/$base")
    follow "$base"
    return
  done
}
refused_by_host() {
  answer=${answer##*rejected\] (} answer=${answer%%$'\n'*}
  fail push_rejected "${answer%)*}"
}
look_at_remote() {
  local ref id
  seen= mark= replaced=
  while read -r ref id; do
    case $ref in
      "refs/remotes/origin/$to") seen=$id ;;
      "refs/warmtree/replace/$to/@") mark=$id ;;
    esac
  done < <(git for-each-ref --format='%(refname) %(objectname)' "refs/remotes/origin/$to" "refs/warmtree/replace/$to/@")
  # If the workspace has that commit again, there is nothing to replace.
  if [ -n "$mark" ] && [ "$mark" = "$seen" ] && ! git merge-base --is-ancestor "$seen" "$sha"; then replaced=$seen; fi
  answer=
}
stands_on_remote() { [ -z "$seen" ] || [ "$seen" = "$sha" ] || [ -n "$replaced" ] || git merge-base --is-ancestor "$seen" "$sha"; }
send() {
  if [ "$sha" = "$known" ]; then
    answer="=$tab"
    return
  fi
  # A push that starts must be reported before the time is over.
  if [ -n "${watched_at-}" ] && [ "$((${EPOCHREALTIME/./} - watched_at))" -gt "${WT_PUSH_WITHIN_MS}000" ]; then fail timeout; fi
  prove "$sha"
  note_send
  pushing unknown
  answer=$(traced netgit push --porcelain --no-verify "--force-with-lease=refs/heads/$to:$seen" origin "$sha:refs/heads/$to" 2>"$wt/tmp.err")
  local status=$?
  if [ -z "$answer" ]; then answer=-; fi
  return "$status"
}
# Section 5: the host's messages.
say_remote() { if [ -s "$wt/tmp.err" ]; then
  section 5
  grep '^remote:' "$wt/tmp.err"
fi; }
# Ends the script if it would send commits that were removed from this branch, or from any branch while no other has
# them. Somebody may have put them back since the last fetch, or deleted the branch, so the branch is fetched first.
refuse_removed() {
  find_removed
  if [ -n "$gone" ] && { fetch_branch "$to" 2>/dev/null || forget_deleted; }; then
    look_at_remote
    find_removed
  fi
  if [ -n "$gone" ]; then
    say_gone
    fail history_rewritten "$(where_removed)"
  fi
}
find_removed() {
  gone=
  resolve_doubts "$sha" "${old-}" || fail git
  removed_from ""
  if [ "${#beneath[@]}" = 0 ]; then return; fi
  gone_of "$sha" --not --remotes=origin
  if [ -z "$gone" ] && [ -n "$seen" ]; then
    removed_from "$to"
    gone_of "$sha" "^$seen"
  fi
}
# Prints the branch from which the newest commit of `gone` was removed.
where_removed() {
  local ref
  ref=$(git for-each-ref --count=1 --format='%(refname)' --contains="${gone%%$'\n'*}" refs/warmtree/removed/)
  ref=${ref#refs/warmtree/removed/}
  printf %s "${ref%/@*}"
}
# After a fetch of the branch failed: whether it did because somebody deleted the branch. Then this push makes it again.
forget_deleted() {
  [ -n "$seen" ] && grep -q "couldn't find remote ref" "$said" || return 1
  forget_branch "$to" || fail git
  recreated=true was=$seen
}
overtaken() {
  if [ "$turn" = none ]; then
    if [ -n "$resumed" ] && fetch_branch "$to" && look_at_remote && arrived; then return; fi
    section 2
    printf '%s\0' "$to" "$sha" "$committed" "$from"
    fail race_lost
  fi
  races=$((races + 1))
  if [ "$races" -gt 2 ]; then sleep "0.$((RANDOM % 9))$((RANDOM % 10))"; fi
  if ! fetch_branch "$to"; then
    if ! forget_deleted; then
      refuse_if_taken_there "$to"
      fail git
    fi
    look_at_remote
    return
  fi
  # If the branch did not move, the host refuses for another reason.
  if [ -z "$answer" ] || [ "$(git rev-parse -q --verify "refs/remotes/origin/$to")" != "$seen" ]; then
    unmoved=0
  elif [ "$unmoved" -ge "$WT_RETRIES" ] || { [ "$unmoved" -gt 0 ] && ! wait_turn "$((unmoved - 1))"; }; then
    refused_by_host
  else unmoved=$((unmoved + 1)); fi
  look_at_remote
  if arrived; then return; fi
  if [ -n "$mark" ] && [ "$mark" != "$seen" ]; then
    git update-ref -d "refs/warmtree/replace/$to/@"
    if git merge-base --is-ancestor "$mark" "$seen"; then fail taken_up "$to"; fi
    mark=
  fi
  refuse_removed
  if ! stands_on_remote; then follow "$to"; fi
}
# follow BRANCH: combines `sha` with the fetched tip of BRANCH.
follow() {
  part "$seen" "$sha" "$1" "$old" || fail git
  combine "$seen" "$sha" "$1"
  case $? in
    0)
      sha=$combined
      if [ -n "$joined" ]; then merged=true; else rebased=true; fi
      ;;
    1)
      conflicts "$conflict_onto" "$conflict_commit"
      fail conflict "$1"
      ;;
    3)
      say_gone
      fail history_rewritten "$1"
      ;;
    *) fail git ;;
  esac
}
# remember_sent: a branch that this push made is the workspace's own, except the first branch of a repository.
remember_sent() {
  local own made=
  if [ -e "$wt/began_empty" ]; then rm -f "$wt/began_empty"; fi
  own=$(git rev-parse -q --verify "refs/warmtree/own/$to/@")
  # The earlier try that is continued has recorded it.
  if [ "$own:$resumed" = "$sha:$sha" ]; then seen=$sha; fi
  # `others` before `own`: a push that is cut off between them takes too much for others', and nothing of theirs for its
  # own.
  if [ -n "$own" ] && [ -n "$seen" ] && [ "$seen" != "$own" ]; then git update-ref "refs/warmtree/others/$to/@" "$seen"; fi
  if [ -n "$mark" ]; then git update-ref -d "refs/warmtree/replace/$to/@"; fi
  case $answer in
    *"*$tab"*)
      if [ -n "$own" ] && [ "$own:$resumed" != "$sha:$sha" ]; then recreated=true was=${was:-$own}; fi
      made=true
      ;;
    # The answer to the push that made the branch was lost. If no other remote branch has its commits, only this
    # workspace had them.
    *"=$tab"*) if [ -z "$own$seen" ]; then made=$(git rev-list -n 1 "$sha" --not "--exclude=origin/$to" --remotes=origin --); fi ;;
  esac
  if [ -n "$made" ]; then
    if [ "$(git for-each-ref --count=2 --format='%(refname)' refs/remotes)" = "refs/remotes/origin/$to" ]; then is_first=true; else own=$sha; fi
  fi
  if [ -n "$own" ] && { [ -n "$resumed" ] || [ "$(git rev-parse -q --verify "refs/remotes/origin/$to")" = "$sha" ]; }; then git update-ref "refs/warmtree/own/$to/@" "$sha"; fi
}
