# Reads the credential from the pipe of hand-over.sh into a shell variable (`auth`), which no child inherits. Sets
# `url`, `via`, the address that git connects to instead, if there is one, and `sign`, the address for signatures, if
# this service signs.
# shellcheck disable=SC2034 # for scripts
auth= sign_auth= url=${WT_URL-} via=${WT_VIA-} sign=${WT_SIGN-}
if [ -n "${WT_CREDENTIAL-}" ]; then
  # shellcheck disable=SC2034 # for scripts
  IFS= read -r auth <&6
  # shellcheck disable=SC2034 # for scripts
  IFS= read -r sign_auth <&6
  exec 6<&-
  unset WT_CREDENTIAL
fi
