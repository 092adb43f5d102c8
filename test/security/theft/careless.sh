# Works in a tree as a person does, with a token that git and curl get as many tools pass it on: every trap must catch
# it.
cd "$W" || exit
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraHeader GIT_CONFIG_VALUE_0="Authorization: Basic $PLANTED"
export GIT_TERMINAL_PROMPT=0 GIT_AUTHOR_NAME=n GIT_AUTHOR_EMAIL=n@x GIT_COMMITTER_NAME=n GIT_COMMITTER_EMAIL=n@x
t() { timeout 5 "$@" >/dev/null 2>&1 </dev/null; }
t git status
echo first >careless.txt
t git add .
t git commit -m first
echo more >>careless.txt
t git add .
t git commit
t git commit -m more
t git diff HEAD~1
t git show HEAD
t git grep -O more
t git rebase -i HEAD~1
t git checkout -b side HEAD~1
echo other >>careless.txt
t git commit -am side
t git merge -m merged main
t git checkout -f main
t git up
t git fetch origin
t git push origin HEAD:refs/heads/careless
t git ls-remote "$HOST/private.git"
t git cat-file -e 1111111111111111111111111111111111111111
t git clone "$HOST/open.git" "$HOME/again"
t curl -H "Authorization: Basic $PLANTED" "$HOST/open.git/info/refs"
t sed p /dev/null
t perl -e 1
t bash -c :
exit 0
