# In every script; before a program takes the leader's place, too.
unwatch() { if [ -n "${watch-}" ]; then kill -PIPE "$watch" 2>/dev/null; fi; }
