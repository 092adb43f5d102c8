# Reads the credential from the pipe of hand-over.sh into a shell variable (`auth`), which no child inherits. Sets
# `url`, and `via`, the address that git connects to instead, if there is one.
# shellcheck disable=SC2034 # for scripts
auth= url=${WT_URL-} via=${WT_VIA-}
if [ -n "${WT_CREDENTIAL-}" ]; then
  # shellcheck disable=SC2034 # for scripts
  IFS= read -r auth <&6
  exec 6<&-
  unset WT_CREDENTIAL
fi
