#!/usr/bin/env bats
# Installing: `make install`, and the packages, put onto this very machine's
# system in an overlay that a namespace of mounts, processes and network of its
# own sees, and nobody else.

load helpers

TREE=$BATS_TEST_DIRNAME/../..

# make in the tree, on its own: not as a part of the `make` that runs us.
make_in() {
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -C "$TREE" \
		BUILD="$(realpath --relative-to="$TREE" "$BUILD")" "$@"
}

setup_file() {
	if command -v dpkg-deb >/dev/null; then
		make_in deb DEB_DIR="$BATS_FILE_TMPDIR/one"
	fi
}

teardown_file() {
	[ ! -e "$BATS_FILE_TMPDIR/holder.pid" ] ||
		kill -9 "$(cat "$BATS_FILE_TMPDIR/holder.pid")" || true
	agents_stop
}

# files ROOT: mode, path and link of everything below, sorted by path.
files() {
	find "$1" -mindepth 1 \( -type l -printf '%m /%P -> %l\n' \) -o \
		-mindepth 1 -printf '%m /%P\n' | LC_ALL=C sort -k2
}

@test "make install lays down what is listed, with these modes, for anyone" {
	local root=$BATS_TEST_TMPDIR/root
	(umask 077 && make_in install install-name DESTDIR="$root" PREFIX=/usr)
	files "$root" | grep -v -e /man/man -e /systemd/system/ >"$BATS_TEST_TMPDIR/is"
	grep -v '^#' "$BATS_TEST_DIRNAME/package_files.txt" |
		diff -u - "$BATS_TEST_TMPDIR/is"
	# Again: nothing is in the way.
	make_in install DESTDIR="$root" PREFIX=/usr
}

@test "all pages and units are there, every command has a page" {
	local root=$BATS_TEST_TMPDIR/root page unit name
	make_in install DESTDIR="$root" PREFIX=/usr
	for page in "$TREE"/man/*.[0-9]; do
		[ -f "$root/usr/share/man/man${page##*.}/${page##*/}" ]
	done
	for unit in "$TREE"/systemd/*.{service,socket,target}; do
		cmp "$unit" "$root/usr/lib/systemd/system/${unit##*/}"
	done
	while read -r page; do
		name=$(sed -n 's|^\.so ||p' "$page")
		[ -z "$name" ] || [ -f "$root/usr/share/man/$name" ]
	done < <(find "$root/usr/share/man" -name '*.1')
	for name in $("$PROCONSUL" -h 2>&1 | sed -nE 's/^    ([a-z-]+)  .*/\1/p'); do
		case $name in
		acl | connect | config | daemon | debug | intention | login | logout | tls) continue ;;
		esac
		[ -e "$root/usr/share/man/man1/proconsul-$name.1" ] ||
			[ -e "$root/usr/share/man/man8/proconsul-$name.8" ] || {
			echo "no page for the command $name"
			return 1
		}
	done
}

@test "another PREFIX: units name it, and programs find each other in it" {
	local root=$BATS_TEST_TMPDIR/root
	chmod o+x "$BATS_TEST_TMPDIR"
	make_in install CONSUL_NAME=yes DESTDIR="$root" PREFIX=/opt/pc \
		SYSCONFDIR=/opt/pc/etc
	not grep -rE '/usr/(bin|libexec)|[^c]/etc/(proconsul|default)' \
		"$root/opt/pc/lib/systemd"
	grep -q '/opt/pc/libexec/proconsul/raftd' \
		"$root/opt/pc/lib/systemd/system/proconsul-raftd.service"
	grep -q '/opt/pc/bin/consul' \
		"$root/opt/pc/share/bash-completion/completions/consul"
	PROCONSUL="$root/opt/pc/bin/consul" agent_launch moved -dev \
		-bind="$(address)" -client="$(address)" -node=moved
	wait_for_leader
	[ "$(readlink "/proc/$(daemon_pid moved raftd)/exe")" = \
		"$root/opt/pc/libexec/proconsul/raftd" ]
	agent_stop moved
}

@test "what an operator wrote stays: at the next install, and when it is taken out" {
	local root=$BATS_TEST_TMPDIR/root
	make_in install CONSUL_NAME=yes DESTDIR="$root"
	echo 'node_name = "mine"' >"$root/etc/proconsul.d/proconsul.hcl"
	echo 'PROCONSUL_FLAGS="-ui"' >"$root/etc/default/proconsul"
	make_in install DESTDIR="$root"
	grep -q mine "$root/etc/proconsul.d/proconsul.hcl"
	make_in uninstall DESTDIR="$root"
	[ "$(find "$root" -type f -o -type l | LC_ALL=C sort | xargs)" = \
		"$root/etc/default/proconsul $root/etc/proconsul.d/proconsul.hcl" ]
	# A `consul` that is somebody else's is not ours to take.
	make_in install DESTDIR="$root"
	ln -s /opt/other/consul "$root/usr/local/bin/consul"
	make_in uninstall DESTDIR="$root"
	[ -L "$root/usr/local/bin/consul" ]
}

@test "who is not root installs below a folder of his own" {
	[ "$(id -u)" -eq 0 ] || skip "the other tests are run by who is not root"
	local root=$BATS_TEST_TMPDIR/root
	chmod o+x "$BATS_TEST_TMPDIR"
	install -d -o 65534 "$root"
	(
		cd "$TREE" &&
			setpriv --reuid=65534 --regid=65534 --clear-groups env -u MAKEFLAGS \
				-u MAKELEVEL -u MFLAGS make -s install DESTDIR="$root" PREFIX=/usr \
				BUILD="$(realpath --relative-to="$TREE" "$BUILD")"
	)
	[ "$(stat -c '%u %a' "$root/etc/proconsul.d/proconsul.hcl")" = "65534 640" ]
	[ -x "$root/usr/libexec/proconsul/raftd" ]
}

@test "straight onto a system: what is left to do is said" {
	local said
	said=$(PREFIX=/usr/local SYSCONFDIR=/etc "$TREE/conf/after-install")
	[[ "$said" == *"systemd-sysusers /usr/local/lib/sysusers.d/proconsul.conf"* ]]
	[[ "$said" == *"systemctl enable --now proconsul.target"* ]]
	[[ "$said" == *"/usr/local/bin/proconsul agent -config-dir=/etc/proconsul.d"* ]]
}

# suggestion_try LINE: the file with this suggestion in the place of the line
# that says the same key.
suggestion_try() {
	local file=$TREE/conf/proconsul.hcl key
	key=$(sed -nE "$1s/^#([a-z_]+).*/\1/p" "$file")
	awk -v at="$1" -v key="$key" 'NR == at { sub(/^#/, ""); print; next }
		$1 != key' "$file" >"$BATS_TEST_TMPDIR/try.hcl"
	grep -q "^$key" "$BATS_TEST_TMPDIR/try.hcl"
	"$PROCONSUL" validate "$BATS_TEST_TMPDIR/try.hcl"
}

@test "the default configuration is valid, and so is each of its suggestions" {
	local line count=0
	"$PROCONSUL" validate "$TREE/conf/proconsul.hcl"
	for line in $(grep -n '^#[a-z]' "$TREE/conf/proconsul.hcl" | cut -d: -f1); do
		suggestion_try "$line"
		count=$((count + 1))
	done
	[ "$count" -ge 10 ]
	# A line that is none is seen: this test can fail.
	not "$PROCONSUL" validate <(sed 's/^#ui/#uo/; s/^#uo/uo/' "$TREE/conf/proconsul.hcl")
}

packages_need() {
	command -v dpkg-deb >/dev/null || skip "no dpkg-deb here"
}

@test "the packages have no errors and no warnings by lintian, and no overrides" {
	packages_need
	command -v lintian >/dev/null || skip "no lintian here"
	run lintian --allow-root --fail-on error,warning "$BATS_FILE_TMPDIR"/one/*.deb
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[[ "$(dpkg-deb -c "$BATS_FILE_TMPDIR"/one/proconsul_*.deb)" != *lintian* ]]
}

@test "the package has what was installed, as root's, and says its libraries" {
	packages_need
	local deb root=$BATS_TEST_TMPDIR/deb depends library package
	deb=$(echo "$BATS_FILE_TMPDIR"/one/proconsul_*.deb)
	[ "$(dpkg-deb -c "$deb" | awk '{ print $2 }' | sort -u)" = root/root ]
	[ "$(dpkg-deb -I "$deb" conffiles | xargs)" = \
		"/etc/default/proconsul /etc/proconsul.d/proconsul.hcl" ]
	dpkg-deb -x "$deb" "$root"
	(cd "$root" && dpkg-deb -I "$deb" md5sums | md5sum --quiet -c -)
	# Those that are opened at run time too, which no tool sees.
	depends=$(dpkg-deb -f "$deb" Depends)
	for library in $(cat "$root/usr/bin/proconsul" "$root"/usr/libexec/proconsul/* |
		strings | grep -xE 'lib[a-z0-9]+\.so\.[0-9]+' | sort -u); do
		for package in $(dpkg -S "*/$library" | sed 's/:.*//'); do
			[[ " $depends," != *" $package"[,\ ]* ]] || continue 2
		done
		echo "who brings $library? $depends"
		return 1
	done
	not grep -rlF "$(realpath "$TREE")" "$root"
	not grep -rlF "$BATS_FILE_TMPDIR" "$root"
}

@test "every program is position-independent, bound at its start, and fortified" {
	packages_need
	local root=$BATS_TEST_TMPDIR/deb program
	dpkg-deb -x "$BATS_FILE_TMPDIR"/one/proconsul_*.deb "$root"
	for program in "$root/usr/bin/proconsul" "$root"/usr/libexec/proconsul/*d \
		"$root/usr/libexec/proconsul/healthd-prober"; do
		[ "$(head -c 4 "$program" | tail -c 3)" = ELF ] || continue
		readelf -hldW --dyn-syms "$program" >"$BATS_TEST_TMPDIR/elf"
		echo "$program"
		grep -q 'Type: *DYN' "$BATS_TEST_TMPDIR/elf"
		grep -q 'FLAGS_1.*NOW.*PIE' "$BATS_TEST_TMPDIR/elf"
		grep -q 'GNU_RELRO' "$BATS_TEST_TMPDIR/elf"
		grep -qE 'GNU_STACK .* RW ' "$BATS_TEST_TMPDIR/elf"
		not grep -qE ' LOAD .* RWE ' "$BATS_TEST_TMPDIR/elf"
		grep -q '__stack_chk_fail' "$BATS_TEST_TMPDIR/elf"
		grep -q '__[a-z]*printf_chk' "$BATS_TEST_TMPDIR/elf"
		not grep -qE '(RPATH|RUNPATH)' "$BATS_TEST_TMPDIR/elf"
	done
}

@test "the same programs make the same packages, byte by byte" {
	packages_need
	(
		umask 077
		export TZ=Asia/Tokyo LC_ALL=C.UTF-8 HOME=/nowhere
		make_in deb DEB_DIR="$BATS_TEST_TMPDIR/two"
	)
	local deb
	for deb in "$BATS_FILE_TMPDIR"/one/*.deb; do
		cmp "$deb" "$BATS_TEST_TMPDIR/two/${deb##*/}"
	done
	[ "$(find "$BATS_TEST_TMPDIR/two" -name '*.deb' | wc -l)" -eq 2 ]
}

# --- On a system: this machine's, in an overlay. ---

# system_make: the overlay and who holds its namespaces; nothing of systemd runs
# in it. `inside command...` is run there as root.
system_make() {
	local at=$BATS_FILE_TMPDIR/system holder
	[ ! -e "$BATS_FILE_TMPDIR/inside.pid" ] || return 0
	[ "$(id -u)" -eq 0 ] || skip "needs root, for mounts"
	[ ! -e "$at.log" ] || skip "no overlay can be mounted here"
	mkdir -p "$at"
	# A file system of its own: /tmp may be an overlay itself.
	unshare -m -n -p -u -f --kill-child --propagation private sh -eu -c '
		mount -t tmpfs -o mode=755 none "$0"
		mkdir "$0/upper" "$0/work" "$0/root"
		mount -t overlay -o "lowerdir=/,upperdir=$0/upper,workdir=$0/work" \
			none "$0/root"
		mount -t proc none "$0/root/proc"
		mount --rbind /dev "$0/root/dev"
		for folder in run tmp; do
			mount -t tmpfs -o mode=1777 none "$0/root/$folder"
		done
		ip link set lo up
		hostname proconsul-test
		rm -f "$0/root/var/lib/man-db/auto-update" # slow, and not ours
		touch "$0.ready"
		sleep 600 & wait' "$at" >"$at.log" 2>&1 3>&- 4>&- &
	holder=$!
	echo "$holder" >"$BATS_FILE_TMPDIR/holder.pid"
	wait_until 10 test -e "$at.ready" ||
		skip "no overlay can be mounted here: $(tail -n 1 "$at.log")"
	pgrep -P "$holder" >"$BATS_FILE_TMPDIR/inside.pid"
}

inside() {
	local pid
	pid=$(cat "$BATS_FILE_TMPDIR/inside.pid")
	nsenter -t "$pid" -m -n -p -u chroot "$BATS_FILE_TMPDIR/system/root" \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root \
		DEBIAN_FRONTEND=noninteractive "$@" 3>&- 4>&-
}

# inside_copy FILE...: into its /tmp.
inside_copy() {
	local file
	for file in "$@"; do
		inside sh -c 'cat >"/tmp/$0"' "${file##*/}" <"$file"
	done
}

owner() {
	inside stat -c '%U:%G %a' "$1"
}

# As an operator without systemd: the launcher, with the configuration that came.
inside_agent() {
	inside setsid sh -c '"$@" >/tmp/agent.log 2>&1 </dev/null & echo $! >/tmp/agent.pid' \
		- "$@" -config-dir=/etc/proconsul.d
	wait_until 20 inside sh -c \
		'curl -fsS http://127.0.0.1:8500/v1/status/leader | grep -q :' || {
		inside cat /tmp/agent.log
		return 1
	}
}

inside_agent_stop() {
	inside sh -c 'kill "$(cat /tmp/agent.pid)"'
	wait_until 20 inside sh -c '! kill -0 "$(cat /tmp/agent.pid)"'
}

@test "installed: a user per daemon, closed configuration, nothing enabled or started" {
	packages_need
	system_make
	inside_copy "$BATS_FILE_TMPDIR"/one/*.deb
	run inside sh -c 'dpkg -i /tmp/proconsul_*.deb'
	echo "$output"
	[ "$status" -eq 0 ]
	local user
	for user in _gossipd _raftd _catalogd _healthd _httpd _dnsd; do
		[[ "$(inside id "$user")" == *"($user) groups="*"($user),"*"(_proconsul)" ]]
		[[ "$(inside getent passwd "$user")" == *:/usr/sbin/nologin ]]
	done
	[[ "$(inside id _runner)" != *_proconsul* ]]
	[ "$(owner /etc/proconsul.d)" = "root:_proconsul 750" ]
	[ "$(owner /etc/proconsul.d/proconsul.hcl)" = "root:_proconsul 640" ]
	[ "$(owner /etc/default/proconsul)" = "root:root 644" ]
	[ "$(owner /var/lib/proconsul)" = "root:root 755" ]
	not inside sh -c 'find /etc/systemd -name "*proconsul*" | grep .'
	not inside pgrep -x raftd
	inside dpkg --verify proconsul
}

@test "installed: the agent starts with the configuration that came, each daemon its own user" {
	packages_need
	system_make
	local daemon
	inside proconsul validate /etc/proconsul.d
	inside_agent proconsul agent
	inside proconsul kv put kept "by the data directory"
	for daemon in gossipd raftd catalogd healthd httpd dnsd; do
		[ "$(inside sh -c 'stat -c %U "/proc/$(pgrep -xo "$0")"' "$daemon")" = "_$daemon" ]
	done
	# Of this machine alone: nothing listens elsewhere.
	[ "$(inside ss -Hltun | awk '{ print $5 }' | sed 's/:[0-9]*$//' | sort -u)" = 127.0.0.1 ]
	[ "$(owner /var/lib/proconsul/raft)" = "_raftd:_raftd 700" ]
	inside_agent_stop
}

@test "the name consul: a package of its own, that provides it" {
	packages_need
	system_make
	not inside sh -c 'command -v consul'
	run inside sh -c 'dpkg -i /tmp/proconsul-consul_*.deb'
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(inside dpkg-query -W -f '${Provides}; ${Conflicts}; ${Replaces}' proconsul-consul)" = \
		"consul (= 1.8.7); consul; consul" ]
	inside_agent consul agent
	[ "$(inside consul kv get kept)" = "by the data directory" ]
	[[ "$(inside consul version)" == "Consul v1.8.7"* ]]
	[[ "$(inside zcat /usr/share/man/man1/consul.1.gz)" == *".Nm proconsul"* ]]
	inside_agent_stop
	inside dpkg -r proconsul-consul
	not inside sh -c 'command -v consul'
}

# next_make: the package of a next version, whose configuration says more.
next_make() {
	local root=$BATS_FILE_TMPDIR/next/root file
	mkdir -p "$root"
	dpkg-deb -R "$BATS_FILE_TMPDIR"/one/proconsul_*.deb "$root"
	sed -i 's/^Version: .*/&+1/' "$root/DEBIAN/control"
	for file in default/proconsul proconsul.d/proconsul.hcl; do
		echo '# a line of the next version' >>"$root/etc/$file"
	done
	dpkg-deb --root-owner-group --build "$root" "$BATS_FILE_TMPDIR/next" >/dev/null
}

@test "an upgrade keeps what was edited, its modes, and who runs" {
	packages_need
	system_make
	next_make
	inside_copy "$BATS_FILE_TMPDIR"/next/*.deb
	inside sed -i 's/^#node_name.*/node_name = "mine"/' /etc/proconsul.d/proconsul.hcl
	inside_agent proconsul agent
	run inside sh -c 'dpkg --force-confold -i /tmp/proconsul_1.8.7+1_*.deb'
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(inside dpkg-query -W -f '${Version}' proconsul)" = 1.8.7+1 ]
	inside grep -q '^node_name = "mine"' /etc/proconsul.d/proconsul.hcl
	not inside grep -q 'of the next version' /etc/proconsul.d/proconsul.hcl
	# What nobody touched is the new one's.
	inside grep -q 'of the next version' /etc/default/proconsul
	[ "$(owner /etc/proconsul.d)" = "root:_proconsul 750" ]
	[ "$(owner /etc/proconsul.d/proconsul.hcl)" = "root:_proconsul 640" ]
	# The launcher, which is no unit of ours, goes on with what it has; a
	# daemon that it starts anew is the new one.
	[ "$(inside proconsul kv get kept)" = "by the data directory" ]
	inside pkill -x -KILL httpd
	wait_until 10 inside proconsul kv get kept
	inside proconsul members | grep -q '^mine '
	inside_agent_stop
}

@test "an administrator's own modes are kept (dpkg-statoverride)" {
	packages_need
	system_make
	inside groupadd -r operators
	inside dpkg-statoverride --add --update root operators 0640 /etc/proconsul.d/proconsul.hcl
	inside sh -c 'dpkg --force-confold -i /tmp/proconsul_1.8.7+1_*.deb'
	[ "$(owner /etc/proconsul.d/proconsul.hcl)" = "root:operators 640" ]
	inside dpkg-statoverride --remove /etc/proconsul.d/proconsul.hcl
}

@test "removed: configuration and data stay; installed again, all is as it was" {
	packages_need
	system_make
	inside dpkg -r proconsul
	not inside test -e /usr/bin/proconsul
	not inside test -e /usr/libexec/proconsul
	inside grep -q mine /etc/proconsul.d/proconsul.hcl
	inside test -d /var/lib/proconsul/raft
	inside sh -c 'dpkg --force-confold -i /tmp/proconsul_1.8.7+1_*.deb'
	inside_agent proconsul agent
	[ "$(inside proconsul kv get kept)" = "by the data directory" ]
	inside_agent_stop
}

@test "purged: configuration and data go, the users stay" {
	packages_need
	system_make
	inside sh -c 'echo "service { name = \"mine\" }" >/etc/proconsul.d/mine.hcl'
	inside dpkg -P proconsul
	# Nor a file that the package did not bring.
	[ "$(inside sh -c 'echo /etc/proconsul.d/*')" = /etc/proconsul.d/mine.hcl ]
	inside rm -r /etc/proconsul.d
	not inside sh -c 'find /etc /var /usr /run -name "*proconsul*" \
		-not -path "/var/log/*" -not -path "/var/cache/*" | grep .'
	inside id _raftd
	# Twice is not an error: nothing of it needs what is gone.
	inside dpkg -P proconsul
}
