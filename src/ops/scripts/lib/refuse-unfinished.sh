# `refuse_unfinished` ends the script if a merge, rebase or the like is unfinished.
refuse_unfinished() {
  local state
  for state in $WT_UNFINISHED; do if [ -e ".git/${state%%:*}" ]; then fail unfinished "${state#*:}"; fi; done
}
