# For a shell that then executes git in its place.
ulimit -S -d "$WT_GIT_MEMORY_KIB" 2>/dev/null
ulimit -S -t "$WT_GIT_CPU_S"
