# Branches and tags as they are here. `know` reads them once; `there BRANCH` and `commit_of REF`, which sets `commit`,
# start no process.
know() { known=$(git show-ref)$'\n'; }
there() { case $known in *" refs/remotes/origin/$1"$'\n'*) ;; *) return 1 ;; esac }
commit_of() { commit=${known%%" $1"$'\n'*} commit=${commit##*$'\n'}; }
