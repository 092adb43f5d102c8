# git runs this for a signature (gpg.ssh.program): `-Y sign -n git -f KEY FILE`. It sends FILE to the broker, and writes
# the signature to FILE.sig.
for file; do :; done
if ! command -v curl >/dev/null; then
  echo 'warmtree: will not sign: the sandbox has no curl; a new build of the template has it' >&2
  exit 1
fi
send() { curl -q -s -S --max-time 20 --retry 2 -K "$1" --data-binary "@$file" -o "$file.sig" -w '%{http_code}'; }
if [ -n "${WT_SIGNING-}" ]; then
  status=$(printf %s "$WT_SIGNING" | send -)
else status=$(send /proc/self/fd/7); fi
if [ "$status" = 200 ]; then exit; fi
reason='the service did not answer'
if [ -s "$file.sig" ]; then reason=$(sed -n 's/^warmtree: cannot sign: //p' "$file.sig"); fi
rm -f "$file.sig"
# A refusal stays; without an answer, another try may help.
case $status in 4??) verb='will not' ;; *) verb=cannot ;; esac
echo "warmtree: $verb sign: ${reason:-the service answered $status}" >&2
exit 1
