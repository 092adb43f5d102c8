/**
 * The person's events: constant scripts of plain git, with arguments as "$1" and so on. An event that is not possible
 * (no such branch, a merge that conflicts) changes nothing at the remote. `$1` is always the token for the message.
 */
export const PERSON_EVENTS = [
  "commit",
  "line",
  "remove",
  "link",
  "merge",
  "squash",
  "pick",
  "drop",
  "fork",
  "tag",
  "delete",
] as const;
export type PersonEvent = (typeof PERSON_EVENTS)[number];

/**
 * Runs before each event: fetches the remote's state, and defines helpers. HEAD is detached, so no name is in the way.
 */
export const PERSON_BEGIN = `set -f
git fetch -q --prune --force origin '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*' || exit
on() {
  if git checkout -q -f --detach "refs/remotes/origin/$1" -- 2>/dev/null; then git clean -qffdx
  else [ "$1" = main ] && [ -z "$(git for-each-ref --count=1 refs/remotes)" ] && ! git rev-parse -q --verify HEAD >/dev/null; fi
}
# @ is the branch beside main that got a commit last.
named() {
  if [ "$1" != @ ]; then echo "$1"; return; fi
  git for-each-ref --sort=-committerdate --format='%(refname:lstrip=3)' refs/remotes/origin | grep -vx main | head -n 1
}
send() { git push -q origin "+HEAD:refs/heads/$1"; }
commit() { git add -A && git commit -q -m "$1"; }
place() { case $1 in */*) if [ ! -d "./\${1%/*}" ]; then rm -rf "./\${1%%/*}"; mkdir -p "./\${1%/*}"; fi ;; esac; rm -rf "./$1"; }
`;

export const PERSON_SCRIPTS: Readonly<Record<PersonEvent, string>> = {
  // branch path base64 mode
  commit: `on "$2" && place "$3" && printf %s "$4" | base64 -d >"./$3" && chmod "$5" "./$3" && commit "$1" && send "$2"`,
  // branch path line text
  line: `on "$2" && [ -f "./$3" ] && [ ! -L "./$3" ] && N=$4 T=$5 perl -i -pe 'if ($. == $ENV{N}) { $_ = "$ENV{T}\\n" }' "./$3" && commit "$1" && send "$2"`,
  // branch path
  remove: `on "$2" && git rm -q -r -f -- "./$3" 2>/dev/null && commit "$1" && send "$2"`,
  // branch path target
  link: `on "$2" && place "$3" && ln -s -- "$4" "./$3" && commit "$1" && send "$2"`,
  // into from; --ff for a fast-forward if possible, or --no-ff for a commit always
  merge: `from=refs/remotes/origin/$(named "$3"); on "$2" && git rev-parse -q --verify "$from" >/dev/null && { git merge -q "$4" -X theirs -m "$1" "$from" >/dev/null 2>&1 || { git merge --abort; false; }; } && send "$2"`,
  // into from
  squash: `from=refs/remotes/origin/$(named "$3"); on "$2" && git rev-parse -q --verify "$from" >/dev/null && git merge -q --squash -X theirs "$from" >/dev/null 2>&1 && commit "$1" && send "$2"`,
  // into from: the newest commit of from
  pick: `from=refs/remotes/origin/$(named "$3"); on "$2" && ! git rev-parse -q --verify "$from^2" >/dev/null && git cherry-pick -n -X theirs "$from" >/dev/null 2>&1 && commit "$1" && send "$2"`,
  // branch count path base64: forces commits away; with a path, puts another one in their place
  drop: `on "$2" && git rev-parse -q --verify "HEAD~$3" >/dev/null && git reset -q --hard "HEAD~$3" && { [ -z "$4" ] || { place "$4" && printf %s "$5" | base64 -d >"./$4" && commit "$1"; }; } && send "$2"`,
  // branch from
  fork: `on "$3" && ! git rev-parse -q --verify "refs/remotes/origin/$2" >/dev/null && send "$2"`,
  // name branch: makes or moves the tag
  tag: `on "$3" && git push -q -f origin "HEAD:refs/tags/$2"`,
  // branch; the remote refuses to delete its default branch
  delete: `git push -q origin ":refs/heads/$(named "$2")" 2>/dev/null`,
};
