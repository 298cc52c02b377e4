#!/usr/bin/env bash
# A machine that boots systemd with the suite installed in it, for
# systemd.bats: `machine.sh FOLDER`. It shares this machine's /usr, through an
# overlay into which the suite is installed, and has everything else of its
# own: /etc, /var, processes, network, users. All of it lives in a mount
# namespace and in memory, and is gone with the last process.
set -euo pipefail
folder=$1
if [ -z "${MACHINE_INSIDE:-}" ]; then
	MACHINE_INSIDE=yes exec unshare -m --propagation private "$0" "$@"
fi
cd "$(dirname "$0")/../.."

mount -t tmpfs -o mode=755,size=1g machine "$folder"
root=$folder/root
mkdir -p "$folder/upper" "$folder/work" "$root/usr"
mount -t overlay -o "lowerdir=/usr,upperdir=$folder/upper,workdir=$folder/work" \
	machine "$root/usr"
for name in bin sbin lib lib32 lib64 libx32; do
	[ ! -L "/$name" ] || cp -P "/$name" "$root/$name"
done
mkdir -p "$root"/{etc,proc,sys,dev,run,var/log,root,tmp,srv,opt,mnt,home}
chmod 1777 "$root/tmp"
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/false\n' \
	>"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
printf 'machine\n' >"$root/etc/hostname"
printf '127.0.0.1 localhost machine\n' >"$root/etc/hosts"
printf 'passwd: files\ngroup: files\nhosts: files\n' >"$root/etc/nsswitch.conf"
# One that is there is no first boot: nothing is enabled by itself.
tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
ln -s ../usr/lib/os-release "$root/etc/os-release"
[ ! -e /etc/ld.so.cache ] || cp /etc/ld.so.cache "$root/etc/"
cp -r /etc/alternatives "$root/etc/"

# What /usr brings along and this machine has no use for.
mkdir -p "$root/etc/systemd/system" "$root/etc/systemd/system-generators"
for unit in dbus.service dbus.socket systemd-logind.service \
	systemd-user-sessions.service getty.target systemd-networkd.service \
	systemd-resolved.service systemd-journal-flush.service \
	systemd-update-utmp.service systemd-update-utmp-runlevel.service \
	systemd-tmpfiles-clean.timer ldconfig.service systemd-hwdb-update.service \
	systemd-journal-catalog-update.service systemd-update-done.service; do
	ln -s /dev/null "$root/etc/systemd/system/$unit"
done
for generator in /usr/lib/systemd/system-generators/*; do
	ln -s /dev/null "$root/etc/systemd/system-generators/${generator##*/}"
done
ln -s /usr/lib/systemd/system/multi-user.target \
	"$root/etc/systemd/system/default.target"

make -s install PREFIX=/usr DESTDIR="$root" ${MACHINE_BUILD:+BUILD="$MACHINE_BUILD"} >"$folder/install.log" 2>&1 </dev/null

# The host's hierarchy may be that of old; and it waits for ever without a
# terminal.
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
exec setsid script -qec "systemd-nspawn -q -D $root -M machine --register=no \
	--keep-unit --private-network \
	--system-call-filter=\"landlock_create_ruleset landlock_add_rule landlock_restrict_self\" -b" "$folder/console" </dev/null
