# Deletes the leftovers of a killed operation. undo.pl undoes the changes of an edit.
rm -rf "$HOME/.warmtree/new" "$HOME/.warmtree/undo" "$HOME"/.warmtree/tmp.*
if [ -d "$HOME/repo/.git" ]; then
  for lock in index HEAD packed-refs shallow config; do rm -f "$HOME/repo/.git/$lock.lock"; done
  find "$HOME/repo/.git/refs" -name '*.lock' -type f -delete
fi
