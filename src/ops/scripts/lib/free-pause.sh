# `free_pause` wakes the process that holds the lock for a pause (look-before-pause.sh), which then releases it.
free_pause() { if [ -p "$wt/pausing" ]; then echo 1<>"$wt/pausing"; fi; }
