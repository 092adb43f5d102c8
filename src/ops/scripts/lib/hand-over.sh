# Starts `"$@"` without the credential in its environment, which any process of the sandbox's user could read for as long
# as the operation runs: it waits in a pipe instead. WT_CREDENTIAL says that it does.
exec 6<<CREDENTIAL
$WT_AUTH
CREDENTIAL
unset WT_AUTH
export WT_CREDENTIAL=piped
exec "$@"
