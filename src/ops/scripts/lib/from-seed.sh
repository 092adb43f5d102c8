# `from_seed` brings the seed of a repository snapshot up to date, as if it had just been cloned without a checkout: only
# that its files are there. Fails where it is not what it should be; a remote that fails leaves it in place for the next
# call. On a busy machine the start of processes takes longer than all else here, so there are few.
#
# The Worker has mostly asked the remote for its branches and tags meanwhile (`told`): then only commits that are not here
# are fetched, which takes no round trip to ask again, or nothing. Mostly it has fetched those as well.
from_seed() {
  local line default= branched=
  mv "$wt/seed" "$wt/new" && cd "$wt/new" || return 1
  case $pack in '' | none) ;; *)
    take_in &
    taking=$!
    ;;
  esac
  # Fails as well where the commit of any of them is not there.
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
    # First, for a folder may have taken the place of a name.
    if [ -n "$gone" ]; then printf '%s' "$gone" | git update-ref --no-deref --stdin || return 1; fi
    if [ "${#wanted[@]}" -gt 0 ] && ! take_over; then
      rm -f .git/objects/pack/tmp_* "$HOME/$pack"
      # For few objects threads take longer than they save, as does packing tightly what they are differences to.
      large net -c pack.threads=1 -c core.compression=0 \
        fetch --progress --no-tags --no-write-fetch-head -- "$url" "${wanted[@]}" || return 1
    fi
    known=$remote_refs$'\n'
  fi
  default=$remote_head
}
# The pack that the Worker has fetched comes as a file (pack), and is taken in while it grows. It is whole when stdin ends.
# One that does not come within 30 s, as when the Worker is no more, must not hold the lock for longer.
take_in() {
  large exec perl "$WT_LIB/follow.pl" "$HOME/$pack" 30 \
    git -c core.compression=0 index-pack --stdin --fix-thin --threads=1 <&8 8<&- >/dev/null
}
# To the commits that the Worker has fetched, or that are here under other names (pack: none). What can be done while it
# comes is done before. That nothing they need is missing is looked at beside the checkout.
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
# What to fetch (+commit:name, and the commit that the name had), and names that the remote has no more (-name).
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
# The default branch, which may be another by now, is known by its commit, and asked for only where two are on that.
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
# One that is still coming is of no use any more.
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
