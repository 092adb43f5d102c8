# `refuse_unfinished`, for what would mix with a merge or the like.
refuse_unfinished() {
  local state
  for state in $WT_UNFINISHED; do if [ -e ".git/${state%%:*}" ]; then fail unfinished "${state#*:}"; fi; done
}
