# `from_seed` updates the seed of a repository snapshot, as if it had just been cloned without a checkout, except that
# its files are there. Fails if the seed is not as expected. If the remote fails, the script ends and the seed stays in
# place for the next call. On a busy machine process starts take longer than all else here, so there are few.
#
# Usually the Worker has listed the remote's branches and tags meanwhile (`remote_refs`). Then only missing commits are
# fetched, without a round trip for the list. Usually the Worker has fetched those, too (`pack`), and nothing is left to
# fetch.
#
# Sets `known`, `start`, `target` and, if a check of all objects runs in the background, `checking`.
from_seed() {
  local line default= branched=
  mv "$wt/seed" "$wt/new" && cd "$wt/new" || return 1
  case $pack in '' | none) ;; *)
    take_in &
    taking=$!
    ;;
  esac
  # show-ref also fails if the commit of a ref is missing.
  known=$(git show-ref --head)$'\n' || return 1
  case $known in "$seed_head HEAD"$'\n'*) known=${known#*$'\n'} ;; *) return 1 ;; esac
  if [ -z "$remote_refs" ] || ! update_from_refs; then update_from_remote || return 1; fi
  if ! there "$default"; then return 1; fi
  start=${base:-$default}
  if [ -n "$branched" ] || there "$start"; then
    if [ -z "$branched" ]; then
      commit_of "refs/remotes/origin/$start"
      git update-ref -m clone "refs/heads/$start" "$commit" || return 1
    fi
    line=${start//\"/\\\"}
    printf '[branch "%s"]\n\tremote = origin\n\tmerge = "refs/heads/%s"\n' "$line" "$line" >>.git/config
  elif ! git rev-parse -q --verify "refs/tags/$base^{commit}" >/dev/null; then
    give_back ref_not_found "$base"
  else target=refs/tags/$base; fi
  read -r line <.git/refs/remotes/origin/HEAD
  if [ "$line" != "ref: refs/remotes/origin/$default" ]; then git symbolic-ref refs/remotes/origin/HEAD "refs/remotes/origin/$default" || return 1; fi
  IFS= read -r -d '' line <.git/config
  case $line in *"url = $url"$'\n'*) ;; *) git config remote.origin.url "$url" ;; esac
}
update_from_refs() {
  local change old gone= wanted=() updates= revisions=
  if [ "$known" != "$remote_refs"$'\n' ]; then
    while IFS= read -r change; do
      case $change in
        +*)
          old=${change#* } change=${change%% *}
          wanted+=("$change")
          change=${change#+}
          updates+="update ${change#*:} ${change%%:*}"$'\n' revisions+=${change%%:*}$'\n'${old:+^$old$'\n'}
          ;;
        -*) gone+="delete ${change#-}"$'\n' ;;
      esac
    done <<<"$(changes)"
    # Deletes first, because a new name may need the deleted name as a folder.
    if [ -n "$gone" ]; then printf '%s' "$gone" | git update-ref --no-deref --stdin || return 1; fi
    if [ "${#wanted[@]}" -gt 0 ] && ! take_over; then
      rm -f .git/objects/pack/tmp_* "$HOME/$pack"
      # For few objects, threads take longer than they save, and so does compression of the objects that deltas are
      # based on.
      large net -c pack.threads=1 -c core.compression=0 \
        fetch --progress --no-tags --no-write-fetch-head -- "$url" "${wanted[@]}" || return 1
    fi
    known=$remote_refs$'\n'
  fi
  default=$remote_head
}
# Indexes the Worker's pack, which comes as a file (`pack`), while the file grows. The pack is complete when stdin ends.
# A pack that does not arrive within 30 s, as when the Worker is gone, must not hold the lock any longer.
take_in() {
  large exec perl "$WT_LIB/follow.pl" "$HOME/$pack" 30 \
    git -c core.compression=0 index-pack --stdin --fix-thin --threads=1 <&8 8<&- >/dev/null
}
# Moves the refs to commits of the Worker's pack, or to commits that are here under other names (pack: none). Prepares
# the update while the pack arrives. The check that no object is missing runs beside the checkout.
take_over() {
  local branch=${base:-$remote_head} before=$known updater
  if [ -z "$pack" ]; then return 1; fi
  known=$remote_refs$'\n'
  if there "$branch"; then
    commit_of "refs/remotes/origin/$branch"
    branched="create refs/heads/$branch $commit"$'\n'
  fi
  exec 7> >(exec git update-ref -m clone --no-deref --stdin)
  updater=$!
  if [ "$pack" != none ] && ! wait "$taking"; then known=$before branched= updates=; fi
  printf '%s' "$updates$branched" >&7
  exec 7>&-
  if ! wait "$updater" || [ -z "$updates" ]; then
    branched=
    return 1
  fi
  git rev-list --objects --stdin --quiet <<<"$revisions^$seed_head" &
  checking=$!
}
whole() { [ -z "$checking" ] || wait "$checking"; }
# Prints refs to fetch (+commit:name, and the commit of that name before) and refs that the remote no longer has
# (-name).
changes() {
  awk '
    $0 == "" { there = 1 }
    NF != 2 || $2 == "refs/remotes/origin/HEAD" { next }
    !there { here[$2] = $1; next }
    here[$2] != $1 { print "+" $1 ":" $2 " " here[$2] }
    { delete here[$2] }
    END { for (name in here) print "-" name }
  ' <<<"$known"$'\n'"$remote_refs"
}
# The default branch may have changed. Its commit identifies it; the script queries the remote only if several branches
# have that commit.
update_from_remote() {
  local line head
  if ! large net fetch --progress --prune --no-tags -- "$url" HEAD '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*'; then
    net ls-remote -- "$url" HEAD >/dev/null || give_back git "$base"
    return 1
  fi
  know
  read -r head line <.git/FETCH_HEAD
  while read -r line; do
    case $line in
      *' refs/remotes/origin/HEAD') ;;
      "$head refs/remotes/origin/"*) default="$default ${line#* refs/remotes/origin/}" ;;
    esac
  done <<<"$known"
  case $default in ' '*' '*) ask_default ;; *) default=${default# } ;; esac
}
ask_default() {
  while IFS= read -r line; do
    case $line in 'ref: refs/heads/'*) line=${line#ref: refs/heads/} default=${line%"$tab"HEAD} ;; esac
  done < <(net ls-remote --symref -- "$url" HEAD)
}
# A pack that is still arriving is no longer needed.
leave_pack() {
  if [ -n "$taking" ] && kill "$taking"; then
    wait "$taking"
    rm -f "$HOME/$pack"
  fi
} 2>/dev/null
give_back() {
  leave_pack
  if whole; then mv "$wt/new" "$wt/seed"; fi
  fail "$@"
}
