#!/bin/sh
# sudo of a sandbox, for its two users and without a password, as in E2B's base template. Makes another user namespace in
# which its caller is root, as a call of envd for root does. Keeps and sets the environment variables that sudo keeps and
# sets with its default settings.
set -eu
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
target=root keep='' login='' shell='' behind='' directory='' validate=''
usage() { echo "usage: sudo [-nEHisb] [-u user] [-D directory] [VAR=value]... [command [arg]...]" >&2; exit 1; }
fail() { echo "sudo: $1" >&2; exit 1; }
value() { [ $# -gt 1 ] || usage; }
while [ $# -gt 0 ]; do
  case $1 in
    --) shift; break ;;
    -u|--user) value "$@"; target=$2; shift 2 ;;
    --user=*) target=${1#*=}; shift ;;
    -u?*) target=${1#-u}; shift ;;
    -D|--chdir) value "$@"; directory=$2; shift 2 ;;
    --chdir=*) directory=${1#*=}; shift ;;
    -g|--group|-p|--prompt) value "$@"; shift 2 ;;
    --preserve-env=*|--preserve-env) keep=1; shift ;;
    -V|--version) echo 'sudo of the local sandbox host'; exit 0 ;;
    -v|-k|-K|-l|--validate|--reset-timestamp|--list) validate=1; shift ;;
    -n|-H|-S|-A|-P|--non-interactive|--set-home|--stdin) shift ;;
    --login) login=1; shift ;;
    --shell) shell=1; shift ;;
    --background) behind=1; shift ;;
    -[nEHSAPisbkvl]*)
      case $1 in *E*) keep=1 ;; esac
      case $1 in *i*) login=1 ;; esac
      case $1 in *s*) shell=1 ;; esac
      case $1 in *b*) behind=1 ;; esac
      case $1 in *[vkl]*) validate=1 ;; esac
      shift ;;
    -*) usage ;;
    *) break ;;
  esac
done
case $target in
  root|'#0') target=root id=0 home=/root ;;
  user|'#1000') target=user id=1000 home=/home/user ;;
  *) fail "unknown user $target" ;;
esac
self=$(id -u)
set -- PATH=$path "$@"
[ -n "$keep" ] || set -- TERM="${TERM-unknown}" ${LANG+LANG="$LANG"} ${LC_ALL+LC_ALL="$LC_ALL"} "$@"
[ "$self" = 0 ] && by=root || by=user
set -- HOME=$home USER=$target LOGNAME=$target SUDO_USER=$by SUDO_UID="$self" SUDO_GID="$(id -g)" "$@"
words=$#
count=0
export PATH="$path"
for word; do
  case $word in
    [A-Za-z_]*=*) count=$((count + 1)) ;;
    *) [ -n "$login$shell" ] || command -v "$word" > /dev/null || fail "$word: command not found"; break ;;
  esac
done
if [ "$count" = "$words" ]; then
  if [ -n "$login$shell" ]; then set -- "$@" /bin/bash ${login:+-l}
  elif [ -n "$validate" ]; then exit 0
  else usage; fi
elif [ -n "$login$shell" ]; then
  command=''
  index=0
  for word; do
    index=$((index + 1))
    [ "$index" -le "$count" ] || command="$command $(printf '%s' "$word" | sed 's/[^A-Za-z0-9_$-]/\\&/g')"
  done
  settings=$count
  while [ "$settings" -gt 0 ]; do set -- "$@" "$1"; shift; settings=$((settings - 1)); done
  shift $((words - count))
  set -- "$@" /bin/bash ${login:+-l} -c "$command"
fi
[ -z "$login" ] || cd "$home"
[ -z "$directory" ] || cd "$directory" || exit 1
[ -n "$keep" ] || set -- -i "$@"
set -- /usr/bin/env "$@"
if [ "$self" != "$id" ]; then
  if [ "$id" = 0 ]; then set -- unshare --map-root-user -- "$@"
  else set -- unshare --user --map-user=1000 --map-group=1000 -- "$@"; fi
fi
if [ -n "$behind" ]; then "$@" & exit 0; fi
exec "$@"
