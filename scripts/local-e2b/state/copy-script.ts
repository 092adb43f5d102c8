/**
 * Runs a COPY step: unpacks archive `$1` and puts its entry `$2` at `$3` (relative to the working directory) with mode
 * `$4`, if any. As in Docker, a directory is merged into an existing one, and a target with a slash at the end is a
 * directory for the file.
 */
export const COPY_SCRIPT = `set -eu
archive=$1 entry=$2 target=$3 mode=$4
unpacked=$(mktemp -d)
trap 'chmod -R u+rwX "$unpacked"; rm -rf "$unpacked" "$archive"' EXIT
tar -xf "$archive" -C "$unpacked"
source=$unpacked/$entry
if [ ! -e "$source" ] && [ ! -L "$source" ]; then echo "source path does not exist: $entry"; exit 1; fi
if [ -n "$mode" ]; then chmod -R "$mode" "$source"; fi
if [ -d "$source" ] && [ ! -L "$source" ]; then
  mkdir -p "$target"
  cp -a "$source/." "$target/"
else
  case $target in
    */) mkdir -p "$target" ;;
    *) mkdir -p "$(dirname "$target")" ;;
  esac
  cp -a "$source" "$target"
fi`;
