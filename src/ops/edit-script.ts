import { LIMITED } from "./limits.ts";
import { ENTER, FAIL, LOCK, SECTION } from "./shell.ts";

/**
 * Takes the payload of payload.ts as base64 parameters, or uploaded. Before a path is touched its original goes into
 * undo/ (a second name of the same file) and into undo/list; what then fails, or is killed, is undone: here, or by
 * whoever holds the lock next (`recover` in shell.ts). Emptying the list makes the edit final. A file is written beside
 * the tree and moved into place, so nobody sees half of it.
 *
 * Symlinks: no parent may be one, and neither may what is written, deleted or moved. git apply keeps the same rule for
 * patches.
 */
export const EDIT_SCRIPT = `${SECTION}${FAIL}${LOCK}${ENTER}${LIMITED}
contents=$1 upload=$2; shift 2
payload=$wt/tmp.payload
if [ -n "$upload" ]; then
  mv "$wt/$upload" "$payload" || fail internal
  # Uploads whose edit never came.
  find "$wt" -maxdepth 1 -name 'upload-*' -mmin +60 -exec rm -f {} +
else
  # macOS once knew it by -D only.
  printf %s "$@" | base64 -d >"$payload" 2>/dev/null || printf %s "$@" | base64 -D >"$payload" || fail disk_full
fi
mkdir -p "$wt/undo"
saved= number=0
cancel() {
  undo || fail disk_full
  rm -rf "$wt/undo" "$wt"/tmp.*
  fail "$@"
}
save() {
  case $saved in *"//$1//"*) return;; esac
  saved=$saved//$1//
  local kind=absent
  if [ -L "./$1" ] || [ -f "./$1" ]; then
    number=$((number + 1)) kind=$number
    if [ -L "./$1" ] || ! ln "./$1" "$wt/undo/$kind" 2>/dev/null; then cp -pPR "./$1" "$wt/undo/$kind" || cancel disk_full; fi
  fi
  printf '%s\\0' "$kind" "$1" >>"$wt/undo/list" || cancel disk_full
}
check() {
  local rest=$2 folder=
  while [ "$rest" != "\${rest#*/}" ]; do
    folder=$folder\${rest%%/*}
    if [ -L "$folder" ]; then cancel symlink "$1"; fi
    if [ -e "$folder" ] && [ ! -d "$folder" ]; then cancel under_file "$1"; fi
    folder=$folder/ rest=\${rest#*/}
  done
  if [ -L "./$2" ]; then cancel symlink "$1"; fi
  if [ -d "./$2" ]; then cancel folder "$1"; fi
  if [ -e "./$2" ] && [ ! -f "./$2" ]; then cancel special "$1"; fi
}
content() { if [ "$1" -gt 0 ]; then tail -c "+$((contents + 1))" "$payload" | head -c "$1"; fi; }
mode() { case $2 in true) chmod +x "$1";; false) chmod a-x "$1";; esac; }
parent() { case $1 in */*) mkdir -p "./\${1%/*}" || cancel disk_full;; esac; }
# A copy has the mode, and changing it leaves the original that undo/ holds as it is.
copy() { cp -p "./$1" "$new" && { [ -w "$new" ] || chmod u+w "$new"; } || cancel disk_full; }
same() { cmp -s "$1" "$2" && if [ -x "$1" ]; then [ -x "$2" ]; else [ ! -x "$2" ]; fi; }
new=$wt/tmp.new
write() {
  rm -f "$new"
  if [ -f "./$1" ]; then copy "$1"; fi
  content "$2" >"$new" && mode "$new" "$3" || cancel disk_full
  if [ -f "./$1" ] && same "$new" "./$1"; then return; fi
  save "$1"
  parent "$1"
  mv -f "$new" "./$1" || cancel disk_full
}
delete() {
  [ -f "./$1" ] || cancel missing "$index.path"
  save "$1"
  rm -f "./$1" || cancel disk_full
  prune "$1"
}
move() {
  [ -f "./$1" ] || cancel missing "$index.path"
  check "$index.move_to" "$2"
  if [ -e "./$2" ]; then cancel exists "$index.move_to"; fi
  save "$1"
  save "$2"
  parent "$2"
  copy "$1"
  mode "$new" "$3" && mv "$new" "./$2" && rm -f "./$1" || cancel disk_full
  prune "$1"
}
# \`git apply\` does not look at the name that a copy is made from. So git's own rule for paths in a tree is asked of every name
# first (an index takes no other), and its --check, which follows no link, comes before any name is used.
names_of() { limited apply --whitespace=nowarn --numstat -z "$@" "$wt/tmp.patch" >>"$wt/tmp.names" 2>"$wt/tmp.err" || refuse; }
refuse() {
  case $? in 137|152) cancel too_expensive;; esac
  case $(<"$wt/tmp.err") in *"invalid path '"*) cancel outside;; esac
  cancel patch_failed "$(head -c 1000 "$wt/tmp.err")"
}
patch() {
  local zeros=0000000000000000000000000000000000000000 entry
  case $(<.git/config) in *objectformat*sha256*) zeros=$zeros\${zeros:0:24};; esac
  content "$1" >"$wt/tmp.patch" || cancel disk_full
  names_of -R
  while IFS= read -r -d '' entry; do printf '0 %s\\t%s\\0' "$zeros" "\${entry#*"$tab"*"$tab"}"; done <"$wt/tmp.names" |
    GIT_INDEX_FILE="$wt/tmp.index" git update-index -z --index-info 2>"$wt/tmp.err" && [ ! -s "$wt/tmp.err" ] || cancel outside
  names_of --check
  while IFS= read -r -d '' entry; do save "\${entry#*"$tab"*"$tab"}"; done <"$wt/tmp.names"
  limited apply --whitespace=nowarn "$wt/tmp.patch" 2>"$wt/tmp.err" || refuse
}
exec 8<"$payload"
field() { IFS= read -r -d '' -u 8 "$1"; }
index=0
while field kind && [ "$kind" != end ]; do
  field path && field detail && field executable || cancel internal
  if [ "$kind" = patch ]; then patch "$detail"; continue; fi
  check "$index.path" "$path"
  case $kind in
    write) write "$path" "$detail" "$executable"; contents=$((contents + detail)) ;;
    delete) delete "$path" ;;
    move) move "$path" "$detail" "$executable" ;;
  esac
  index=$((index + 1))
done
is_original() {
  if [ -L "./$2" ] && [ -L "$wt/undo/$1" ]; then [ "$(readlink "./$2")" = "$(readlink "$wt/undo/$1")" ]
  else [ ! -L "./$2" ] && [ "./$2" -ef "$wt/undo/$1" ]; fi
}
section 1
if [ -e "$wt/undo/list" ]; then
  while IFS= read -r -d '' kind && IFS= read -r -d '' path; do
    if [ -e "./$path" ] || [ -L "./$path" ]; then change=modified; else change=deleted; fi
    # A patch names the source of a copy as well.
    if [ "$change" = modified ] && is_original "$kind" "$path"; then continue; fi
    case $kind$change in absentmodified) change=added;; absentdeleted) continue;; esac
    printf '%s\\0' "$change" "$path"
  done <"$wt/undo/list"
  : >"$wt/undo/list"
fi
rm -rf "$wt/undo" "$wt"/tmp.*
`;
