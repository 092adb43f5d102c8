# Takes the credential that HAND_OVER left into the shell's memory (auth), so that no child gets it by itself.
# shellcheck disable=SC2034 # for scripts
auth= url=${WT_URL-}
if [ -n "${WT_CREDENTIAL-}" ]; then
  # shellcheck disable=SC2034 # for scripts
  IFS= read -r auth <&6
  exec 6<&-
  unset WT_CREDENTIAL
fi
