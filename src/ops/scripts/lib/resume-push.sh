# Lets a push that is sent again continue an earlier try of the same call (once.sh). That try has written to
# `once/ID.push`, a line each, what it was about to do; the last counts:
# - `begun HAD`: the commit; HAD is the commit to be amended. git writes WT_ONCE to the reflog, which shows whether the
#   commit was made, and which one it is.
# - `send TO SHA COMMITTED FROM BEGUN_AT SEEN REBASED MERGED REPLACED RECREATED WAS`: a push of SHA (send-commits.sh).
# `-` stands for an empty value. A killed printf leaves at most a line without its end, which `read` ignores.
#
# `resume_push` sets the values of that try, and `resumed` to the commit that it may have pushed.
resumed= begun_at=
# shellcheck disable=SC2034 # for send-commits.sh
sent_over= sent_replaced=
note() { if [ -n "${WT_ONCE-}" ]; then printf '%s\n' "$*" >>"$wt/once/$WT_ONCE.push"; fi; }
note_send() {
  if [ -z "${WT_ONCE-}" ] || [ "$sha" = "$resumed" ] || [ "$sha" = "$seen" ]; then return; fi
  resumed=
  note send "$to" "$sha" "${committed:--}" "${from:--}" "${begun_at:--}" "${seen:--}" "${rebased:--}" "${merged:--}" \
    "${replaced:--}" "${recreated:--}" "${was:--}"
}
resume_push() {
  local line had='' sent=() names=() n
  if [ -z "${WT_ONCE-}" ] || [ ! -e "$wt/once/$WT_ONCE.push" ]; then return; fi
  while read -r -a line; do
    case ${line[0]}:${#line[@]} in
      begun:2) had=${line[1]} sent=() ;;
      send:12) sent=("${line[@]:1}") ;;
    esac
  done <"$wt/once/$WT_ONCE.push"
  if [ "${#sent[@]}" -gt 0 ] && is_current; then
    for n in "${!sent[@]}"; do if [ "${sent[n]}" = - ]; then sent[n]=; fi; done
    # The Worker knows of a lost race: then that try is over.
    if [ "$sha" != "${sent[1]}" ]; then resumed=${sent[1]} unanswered=true; fi
    names=(to sha committed from begun_at sent_over rebased merged sent_replaced recreated was)
    for n in "${!names[@]}"; do printf -v "${names[n]}" %s "${sent[n]}"; done
    check_rules "$sha"
  elif [ -z "$sha" ] && [ -n "$had" ]; then
    resume_commit "$had"
  fi
}
# Whether the commit of `sent` is still to be pushed or at the remote: since that try, the caller may have taken it
# back, or a pull may have moved it.
is_current() {
  local branch=HEAD id
  if [ "${sent[3]}" != - ]; then branch=refs/heads/${sent[3]}; fi
  git merge-base --is-ancestor "${sent[1]}" "refs/remotes/origin/${sent[0]}" 2>/dev/null && return
  for id in "${sent[1]}" "${sent[4]}"; do git merge-base --is-ancestor "$id" "$branch" 2>/dev/null && return; done
  return 1
}
resume_commit() {
  local made
  made=$(git log -g -n 1 --grep-reflog="warmtree $WT_ONCE" --format=%H HEAD --)
  if [ -z "$made" ] || ! git merge-base --is-ancestor "$made" HEAD; then return; fi
  name_branch
  committed=$made sha=$made from=$branch
  if [ "$1" != - ]; then took_back "$1" "$made" || fail git; fi
  # git removes it after the commit.
  if [ -e .git/MERGE_HEAD ] && git merge-base --is-ancestor MERGE_HEAD "$made"; then git merge --quit || fail git; fi
  check_rules "$sha"
}
# arrived: whether the push of the earlier try has reached the remote. A shallow clone may lack the commits between.
arrived() {
  if [ -z "$resumed" ] || [ "$sha" != "$resumed" ] || [ -z "$seen" ]; then return 1; fi
  meet "$seen" "$sha" "$to" && git merge-base --is-ancestor "$sha" "$seen" || return 1
  : >"$wt/tmp.err"
  answer="=$tab"
}
# If git found that the remote has the commit already: the answer that the earlier try did not get.
answer_again() {
  if [ -z "$resumed" ] || [ "$sha" != "$resumed" ]; then return; fi
  case $answer in *"=$tab"*) ;; *) return ;; esac
  # shellcheck disable=SC2034 # for send-commits.sh
  seen=$sent_over replaced=$sent_replaced
  if [ -z "$seen" ]; then answer="*$tab"; else answer=" $tab"; fi
}
