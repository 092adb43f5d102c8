/**
 * Runs once per host in a fresh user and mount namespace: builds in `$1` the read-only part that all sandboxes share.
 * `$2…` are the system directories to show. Prints `ready`, then lives until its stdin closes.
 */
export const BASE_SCRIPT = `set -eu
base=$1; shift
mount -t tmpfs -o mode=755 base "$base"
cd "$base"
for path; do
  mkdir -p ".$path"
  mount --rbind "$path" ".$path"
  mount -o remount,bind,ro ".$path"
done
mkdir dev dev/pts proc
mount --rbind /proc proc
for name in null zero full random urandom tty; do
  : > "dev/$name"
  mount --bind "/dev/$name" "dev/$name"
done
mount -t devpts -o ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
ln -s /tmp dev/shm
mount --rbind dev dev
mount -o remount,bind,ro dev
printf '%s\\n' 'root:x:0:0:root:/root:/bin/bash' 'user:x:1000:1000::/home/user:/bin/bash' 'nobody:x:65534:65534:nobody:/:/bin/false' > passwd
printf '%s\\n' 'root:x:0:' 'user:x:1000:' 'nogroup:x:65534:' > group
for name in passwd group; do
  mount --bind "$name" "etc/$name"
  mount -o remount,bind,ro "etc/$name"
done
echo ready
read -r _ || :`;

/**
 * Runs once per sandbox in the host's namespace: makes tree `$2` the root directory, with the shared part of `$1` in
 * it, and becomes the holder. The second \`unshare\` locks every mount: nothing inside can undo them, not even as root
 * of yet another user namespace. The holder prints \`ready\` and waits; when its stdin closes (the host is gone, killed
 * or not), it kills all that is left in its namespace.
 */
export const SANDBOX_SCRIPT = `set -eu
base=$1 tree=$2; shift 2
mount --bind "$tree" "$tree"
cd "$tree"
for path; do
  [ -d "$path" ] || mkdir "$path"
  mount --rbind "$base/$path" "./$path"
done
pivot_root . .
umount -l .
exec unshare --user --map-user=1000 --map-group=1000 --mount -- /bin/sh -c '
echo ready
read -r _ && exit
for proc in /proc/[0-9]*; do
  if [ "$proc" != "/proc/$$" ] && [ "$proc/ns/mnt" -ef /proc/self/ns/mnt ]; then kill -9 "\${proc#/proc/}"; fi
done' holder`;
