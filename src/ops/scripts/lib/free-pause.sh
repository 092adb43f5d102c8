# `free_pause` wakes the holder of an earlier look, which lets go.
free_pause() { if [ -p "$wt/pausing" ]; then echo 1<>"$wt/pausing"; fi; }
