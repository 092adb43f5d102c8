# On Linux (/proc exists) git's fsmonitor daemon closes inherited descriptors. Elsewhere that daemon would keep the
# lock, so git does not get its descriptor.
if ! [ -e /proc/self/fd ]; then git() { command git "$@" 9>&-; }; fi
