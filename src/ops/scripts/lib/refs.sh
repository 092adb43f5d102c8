# Branches and tags as they are here: `know` asks git once, and the others start no process.
know() { known=$(git show-ref)$'\n'; }
there() { case $known in *" refs/remotes/origin/$1"$'\n'*) ;; *) return 1 ;; esac }
commit_of() { commit=${known%%" $1"$'\n'*} commit=${commit##*$'\n'}; }
