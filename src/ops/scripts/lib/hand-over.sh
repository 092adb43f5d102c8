# Starts `"$@"` without the credential in its environment, which any process of the sandbox's user could read while the
# operation runs. A pipe (descriptor 6) holds the credential instead; WT_CREDENTIAL marks that.
exec 6<<CREDENTIAL
$WT_AUTH
CREDENTIAL
unset WT_AUTH
export WT_CREDENTIAL=piped
exec "$@"
