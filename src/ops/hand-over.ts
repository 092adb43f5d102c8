/** Descriptor on which a script reads the credential, and git its header. */
export const CREDENTIAL_FD = 6;

/**
 * Starts `"$@"` without the credential in its environment, which any process of the sandbox's user could read for as long
 * as the operation runs: it waits in a pipe instead. WT_CREDENTIAL says that it does.
 */
export const HAND_OVER = `exec ${CREDENTIAL_FD}<<CREDENTIAL
$WT_AUTH
CREDENTIAL
unset WT_AUTH
export WT_CREDENTIAL=piped
exec "$@"
`;

/** Takes the credential that HAND_OVER left into the shell's memory (auth), so that no child gets it by itself. */
export const TAKE_CREDENTIAL = `
auth= url=\${WT_URL-}
if [ -n "\${WT_CREDENTIAL-}" ]; then
  IFS= read -r auth <&${CREDENTIAL_FD}
  exec ${CREDENTIAL_FD}<&-
  unset WT_CREDENTIAL
fi
`;
