# Reads the credential from the pipe of hand-over.sh into a shell variable (`auth`), which no child inherits. Sets
# `url`.
# shellcheck disable=SC2034 # for scripts
auth= url=${WT_URL-}
if [ -n "${WT_CREDENTIAL-}" ]; then
  # shellcheck disable=SC2034 # for scripts
  IFS= read -r auth <&6
  exec 6<&-
  unset WT_CREDENTIAL
fi
