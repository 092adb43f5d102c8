/**
 * Runs once per host in a fresh user and mount namespace: builds in `$1` the read-only part that all sandboxes share.
 * `$2` is the text of sudo, `$3…` are the system directories to show. Prints `ready`, then runs until its stdin closes.
 */
export const BASE_SCRIPT = `set -eu
base=$1 sudo=$2; shift 2
mount -t tmpfs -o mode=755 base "$base"
cd "$base"
for path; do
  mkdir -p ".$path"
  mount --rbind "$path" ".$path"
  mount -o remount,bind,ro ".$path"
done
mkdir programs
printf '%s' "$sudo" > programs/sudo
chmod 755 programs/sudo
# Old kernels do not let a user namespace do this; there, sandboxes have no sudo.
[ ! -d usr/local/bin ] || mount -t overlay -o "ro,lowerdir=programs:usr/local/bin" overlay usr/local/bin 2>&- || :
mkdir dev
mount -t tmpfs -o mode=755 dev dev
mkdir dev/pts dev/.proc
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
mount -o remount,bind,ro dev
printf '%s\\n' 'root:x:0:0:root:/root:/bin/bash' 'user:x:1000:1000::/home/user:/bin/bash' \\
  'nobody:x:65534:65534:nobody:/:/bin/false' > passwd
printf '%s\\n' 'root:x:0:' 'user:x:1000:' 'nogroup:x:65534:' > group
for name in passwd group; do
  mount --bind "$name" "etc/$name"
  mount -o remount,bind,ro "etc/$name"
done
echo ready
read -r _ || :`;

/**
 * Runs as root, for a sandbox whose disk has layers, in its own mount namespace with the host's mounts: mounts
 * directory `$2` of `$1` on top of layers `$3`, in place, and executes `$4…`. As root, because only then can a folder
 * of a layer be renamed. Other sandboxes and this machine never see the mount, which ends with the namespace.
 */
export const LAYERS_SCRIPT = `set -eu
cd "$1"
mount -t overlay -o "lowerdir=$3,upperdir=$2,workdir=$2.work,redirect_dir=on" overlay "$2"
shift 3
exec "$@"`;

/**
 * Runs once per sandbox in the host's namespaces and its own process namespace: makes tree `$1` the root directory,
 * with the mounts of file `$3` on it and in its directories `$7…`, and executes `$4 -e $5`, the holder. One process
 * makes all mounts, because process starts are most of a sandbox's start. Only a mount of these namespaces can become
 * the root directory, so a tree with layers (`$2` is yes) is mounted once more. The last `unshare` (`$6`) locks every
 * mount: no process inside can undo them, not even as root of another user namespace.
 */
export const SANDBOX_SCRIPT = `set -eu
tree=$1 layered=$2 mounts=$3 perl=$4 holder=$5 unshare=$6; shift 6
read -r host_pid _ < /proc/self/stat
cd "$tree"
for path; do [ -d "$path" ] || mkdir -p "$path"; done
[ "$layered" = no ] || mount --rbind . .
mount --all --fstab "$mounts"
cd "$tree"
pivot_root . .
umount -l .
exec "$unshare" --user --map-user=1000 --map-group=1000 --mount -- "$perl" -e "$holder" "$unshare" "$host_pid"`;
