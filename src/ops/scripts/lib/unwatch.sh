# `unwatch` ends the watch: when a script exits, and before it executes a program in its place.
unwatch() { if [ -n "${watch-}" ]; then kill -PIPE "$watch" 2>/dev/null; fi; }
