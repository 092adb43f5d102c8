# git's file system monitor closes what it inherits where there is a /proc (Linux, since it has one); elsewhere that
# daemon would hold the lock on.
if ! [ -e /proc/self/fd ]; then git() { command git "$@" 9>&-; }; fi
