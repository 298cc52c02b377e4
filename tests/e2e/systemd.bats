#!/usr/bin/env bats
# The units, run for real: systemd as the first process of a machine made for
# it (machine.sh), and the suite installed there.
# Runs alone.

load helpers

DAEMONS="gossipd raftd catalogd healthd httpd dnsd"

setup_file() {
	export MACHINE=$BATS_FILE_TMPDIR/machine BOOT_PID LEADER WHY=
	[ "$(id -u)" -eq 0 ] || WHY="needs root"
	command -v systemd-nspawn >/dev/null || WHY="needs systemd-nspawn"
	[ "${PROCONSUL_BUILD:-}" != "${PROCONSUL_BUILD%-asan}" ] &&
		WHY="AddressSanitizer does not start in units"
	export WHY
	[ -z "$WHY" ] || return 0
	mkdir "$MACHINE"
	MACHINE_BUILD=${PROCONSUL_BUILD:-build} "$BATS_TEST_DIRNAME/machine.sh" "$MACHINE" \
		>"$BATS_FILE_TMPDIR/machine.log" 2>&1 </dev/null 3>&- 4>&- &
	BOOT_PID=$!
	if ! wait_until 60 machine_boots || process_gone "$BOOT_PID"; then
		WHY="systemd does not boot in a namespace here: $(tail -n 3 \
			"$BATS_FILE_TMPDIR/machine.log" | tr -dc '[:print:]')"
	fi
	LEADER=$(machine_leader) || :
}

teardown_file() {
	[ -n "${BOOT_PID:-}" ] || return 0
	in_machine systemctl --force --force poweroff >/dev/null 2>&1 || :
	wait_until 30 process_gone "$BOOT_PID" || pkill -KILL -P "$BOOT_PID" || :
}

setup() {
	[ -z "$WHY" ] || skip "$WHY"
}

teardown() {
	[ -z "${BATS_TEST_COMPLETED:-}" ] && [ -z "$WHY" ] || return 0
	ctl list-units --all --no-pager --plain --no-legend 'proconsul*'
	ctl list-jobs --no-pager
	in_machine journalctl -o short-precise --no-pager -n 40
}

# What is the first process in there: it is the second's number 1.
machine_leader() {
	local nspawn pid
	nspawn=$(pgrep -f "^systemd-nspawn .*-D $MACHINE/root ")
	for pid in $(pgrep -P "$nspawn"); do
		grep -q "^NSpid:.*[[:space:]]1$" "/proc/$pid/status" || continue
		echo "$pid"
		return 0
	done
	return 1
}

in_machine() {
	nsenter -t "${LEADER:-$(machine_leader)}" -m -u -i -n -p -C "$@"
}

machine_boots() {
	process_gone "$BOOT_PID" && return 0
	in_machine systemctl is-system-running | grep -qxE 'running|degraded'
}

# Only its network: programs and files are those of the tests.
at_machine() {
	nsenter -t "$LEADER" -n "$@"
}

api() { # api METHOD PATH [curl arguments]
	at_machine curl -sS --fail -m 20 -X "$1" "${@:3}" "http://127.0.0.1:8500$2"
}

ctl() {
	in_machine systemctl "$@"
}

pid_of() {
	ctl show -p MainPID --value "proconsul-$1.service"
}

# all_are STATE: every daemon's unit is.
all_are() {
	# shellcheck disable=SC2046,SC2086 # a list of words
	[ "$(ctl show -p ActiveState --value $(printf 'proconsul-%s ' $DAEMONS) |
		grep -cx "$1")" -eq 6 ]
}

# Another process than PID runs daemon NAME, and is up.
is_new() {
	[ "$(ctl show -p ActiveState --value "proconsul-$1")" = active ] || return 1
	[ "$(pid_of "$1")" -gt 0 ] && [ "$(pid_of "$1")" != "$2" ]
}

answers() {
	[[ "$(api GET /v1/status/leader)" == \"*:*\" ]]
}

configure() { # configure NAME: a file of the configuration, from standard input
	in_machine sh -c "cat >/etc/proconsul.d/$1.hcl && chgrp _proconsul /etc/proconsul.d/$1.hcl && chmod 640 /etc/proconsul.d/$1.hcl"
}

drop_in() { # drop_in UNIT NAME: from standard input
	in_machine sh -c "mkdir -p /run/systemd/system/$1.d && cat >/run/systemd/system/$1.d/$2.conf"
	ctl daemon-reload
}

journal() {
	in_machine journalctl -o cat --no-pager "$@"
}

says() { # says UNIT TEXT
	journal -u "$1" | grep -qF -- "$2"
}

now_ms() {
	date +%s%3N
}

@test "one command enables and starts all six, each as its own user" {
	local begun daemon status
	# Where it listens is found by the interface, and its name is the host's:
	# what only a start may ask for, and a reload keeps.
	configure where <<-'EOF'
		performance { leave_drain_time = "500ms" }
		client_addr = "{{ GetAllInterfaces | include \"name\" \"lo\" | include \"type\" \"IPv4\" | join \"address\" \" \" }}"
	EOF
	begun=$(now_ms)
	ctl enable --now proconsul.target
	all_are active
	api PUT /v1/kv/first -d 1 --retry 20 --retry-delay 0 --retry-connrefused
	echo "# figure: from start to the first write: $(($(now_ms) - begun)) ms" >&3
	for daemon in $DAEMONS; do
		status=$(in_machine cat "/proc/$(pid_of "$daemon")/status")
		[ "$(in_machine stat -c %U "/proc/$(pid_of "$daemon")")" = "_$daemon" ]
		grep -qx 'CapEff:	0000000000000000' <<<"$status"
		grep -qx 'CapBnd:	0000000000000000' <<<"$status"
		grep -qx 'NoNewPrivs:	1' <<<"$status"
		grep -qx 'Seccomp:	2' <<<"$status"
	done
	[ "$(in_machine stat -c %U "/proc/$(in_machine pgrep -x healthd-runner)")" = _runner ]
	[ "$(ctl is-system-running)" = running ]
	in_machine proconsul audit -quiet
	# The journal has the time of a line: the line has none of its own.
	journal -u 'proconsul-*' | grep -qx '\[INFO\]  agent.server.raft: election won: tally=1'
	not says 'proconsul-*' "Landlock is not there"
}

@test "each restarts alone while writes and reads go on, and nothing is lost" {
	local daemon begun load=$BATS_TEST_TMPDIR/load
	mkfifo "$load.in"
	at_machine "$BATS_TEST_DIRNAME/systemd_load.py" 127.0.0.1:8500 \
		<"$load.in" >"$load" 2>&1 3>&- &
	local pid=$!
	exec 7>"$load.in"
	for daemon in $DAEMONS; do
		sleep 0.3
		echo "$daemon" >&7
		begun=$(now_ms)
		ctl restart "proconsul-$daemon"
		echo "# figure: restart of $daemon: $(($(now_ms) - begun)) ms" >&3
		wait_until 30 answers
	done
	sleep 0.5
	exec 7>&-
	wait "$pid"
	sed 's/^/# figure: load while it restarts: /' "$load" >&3
	[ "$(grep -c ' lost=0 ' "$load")" -eq 6 ]
	# Only the one that takes requests can be missed, and not for long.
	[ "$(grep -v '^httpd ' "$load" | grep -c ' refused=0 ')" -eq 5 ]
	[ "$(sed -n 's/.*longest_ms=//p' "$load" | sort -n | tail -n 1)" -lt 5000 ]
	all_are active
}

@test "a reload of the target reaches all, and one that is refused says so" {
	local daemon
	configure extra <<<'service { name = "reloaded" port = 1 }'
	ctl reload proconsul.target
	api GET /v1/agent/services | jq -e .reloaded
	# systemd says so of each, and each says so first.
	for daemon in $DAEMONS; do
		says "proconsul-$daemon" "Reloaded proconsul-$daemon.service"
	done
	configure extra <<<'log_level = {'
	not ctl reload proconsul-httpd
	says proconsul-httpd "Configuration was not read: httpd: "
	ctl status proconsul-httpd | grep -q 'Status: "Configuration was not read: '
	not ctl reload proconsul-setup
	ctl is-active proconsul-httpd proconsul-setup
	configure extra <<<'log_level = "info"'
	ctl reload 'proconsul-*.service'
	api PUT /v1/agent/reload
	wait_until 30 all_are active
	api GET /v1/agent/services | jq -e '.reloaded == null'
	not grep -q Status: <(ctl status proconsul-httpd)
}

@test "one that is killed comes back by itself, and so does one that hangs" {
	local daemon begun
	declare -A pids
	for daemon in $DAEMONS; do
		pids[$daemon]=$(pid_of "$daemon")
		begun=$(now_ms)
		in_machine kill -9 "${pids[$daemon]}"
		wait_until 30 is_new "$daemon" "${pids[$daemon]}"
		echo "# figure: killed, $daemon is back after $(($(now_ms) - begun)) ms" >&3
	done
	wait_until 30 answers
	for daemon in $DAEMONS; do
		drop_in "proconsul-$daemon.service" watchdog <<<$'[Service]\nWatchdogSec=2s'
	done
	ctl restart proconsul.target
	wait_until 40 all_are active
	sleep 1
	for daemon in $DAEMONS; do
		pids[$daemon]=$(pid_of "$daemon")
		in_machine kill -STOP "${pids[$daemon]}"
	done
	for daemon in $DAEMONS; do
		wait_until 30 is_new "$daemon" "${pids[$daemon]}"
		says "proconsul-$daemon" "Watchdog timeout"
	done
	wait_until 30 answers
	[ "$(api GET /v1/kv/first?raw)" = 1 ]
}

@test "ports 53 and 80 come from socket units, without any capability" {
	configure extra <<<'ports { dns = 53 http = 80 }'
	drop_in proconsul-httpd.socket port <<<$'[Socket]\nListenStream=\nListenStream=127.0.0.1:80'
	ctl stop proconsul-httpd proconsul-dnsd
	ctl start proconsul-httpd.socket proconsul-dnsd.socket
	ctl is-active proconsul-httpd.socket proconsul-dnsd.socket
	[ "$(ctl is-active proconsul-dnsd.service)" = inactive ]
	# The first who asks starts it.
	at_machine dig +short +time=5 @127.0.0.1 consul.service.consul | grep -qx 127.0.0.1
	at_machine dig +short +tcp @127.0.0.1 consul.service.consul | grep -qx 127.0.0.1
	at_machine curl -sS --fail http://127.0.0.1/v1/kv/first?raw | grep -qx 1
	grep -qx 'CapBnd:	0000000000000000' <(in_machine cat "/proc/$(pid_of dnsd)/status")
	# Who connects while it is restarted waits.
	ctl --no-block restart proconsul-httpd
	at_machine curl -sS --fail -m 10 http://127.0.0.1/v1/kv/first?raw | grep -qx 1
	# One that nobody asks for is refused by name.
	ctl stop proconsul-httpd.socket proconsul-httpd.service proconsul-dnsd.socket \
		proconsul-dnsd.service
	configure extra <<<'ports { dns = 8600 }'
	ctl start proconsul-dnsd.socket
	not ctl start proconsul-dnsd.service
	says proconsul-dnsd "sockets were given that nothing here listens on: "
	says proconsul-dnsd "udp 127.0.0.1:53"
	ctl stop proconsul-dnsd.socket proconsul-dnsd.service
	# The other way: a capability, which it gives up.
	configure extra <<<'ports { dns = 53 }'
	drop_in proconsul-dnsd.service port <<-'EOF'
		[Service]
		CapabilityBoundingSet=CAP_NET_BIND_SERVICE
		AmbientCapabilities=CAP_NET_BIND_SERVICE
		SystemCallFilter=capset
	EOF
	ctl start proconsul-dnsd.service proconsul-httpd.service
	at_machine dig +short +time=5 @127.0.0.1 consul.service.consul | grep -qx 127.0.0.1
	in_machine cat "/proc/$(pid_of dnsd)/status" >"$BATS_TEST_TMPDIR/status"
	[ "$(grep -cE '^Cap(Eff|Prm|Inh|Amb):	0000000000000000$' "$BATS_TEST_TMPDIR/status")" -eq 4 ]
	in_machine rm /run/systemd/system/proconsul-dnsd.service.d/port.conf
	ctl daemon-reload
	configure extra <<<'ports { dns = 8600 }'
	ctl restart proconsul-dnsd
	wait_until 30 answers
}

@test "what is wrong in the configuration fails the start, and is tried again" {
	ctl stop proconsul.target
	wait_until 30 all_are inactive
	configure extra <<<'log_level = {'
	not ctl start proconsul.target
	says proconsul-setup "Config validation failed: failed to parse /etc/proconsul.d/extra.hcl"
	configure extra <<<'log_level = "info"'
	wait_until 30 all_are active
	wait_until 30 answers
	ctl start proconsul.target
}

@test "what cannot start says why, is tried again, and comes when it can" {
	nsenter -t "$LEADER" -n perl -MIO::Socket::INET -e '$| = 1; my $s = IO::Socket::INET->new(LocalAddr =>
		"127.0.0.1:8600", Proto => "udp") or die; print "up\n"; sleep 60' \
		>"$BATS_TEST_TMPDIR/up" 3>&- &
	local holder=$!
	local begun=$SECONDS
	ctl stop proconsul-dnsd
	wait_until 30 grep -q up "$BATS_TEST_TMPDIR/up"
	not ctl start proconsul-dnsd
	wait_until 30 says proconsul-dnsd "bind: address already in use"
	# Every two seconds, and not ten times each.
	[ "$(journal -u proconsul-dnsd | grep -c 'address already in use')" -le \
		$(((SECONDS - begun) / 2 + 2)) ]
	kill "$holder"
	wait_until 30 all_are active
}

@test "scripts of checks run as _runner, inside of healthd's unit" {
	configure script <<-'EOF'
		enable_local_script_checks = true
		check {
		  id = "script" name = "script" interval = "1s"
		  args = ["/bin/sh", "-c", "id -un; head -c 3 /etc/debian_version || head -c 3 /etc/os-release; echo here >/tmp/a && cat /tmp/a; touch /var/lib/x || echo closed"]
		}
	EOF
	ctl restart proconsul-healthd
	wait_until 30 script_passes
	api GET /v1/agent/checks | jq -r .script.Output | tee "$BATS_TEST_TMPDIR/out"
	grep -qx _runner "$BATS_TEST_TMPDIR/out"
	grep -q here "$BATS_TEST_TMPDIR/out"
	grep -qx closed "$BATS_TEST_TMPDIR/out"
	in_machine rm /etc/proconsul.d/script.hcl
	ctl restart proconsul-healthd
}

script_passes() {
	[ "$(api GET /v1/agent/checks | jq -r .script.Status)" = passing ]
}

@test "what is stopped stops cleanly, and comes back with its data" {
	local begun
	begun=$(now_ms)
	ctl stop proconsul.target
	wait_until 30 all_are inactive
	echo "# figure: stop of all: $(($(now_ms) - begun)) ms" >&3
	[ "$(ctl is-system-running)" = running ]
	[ -z "$(in_machine pgrep -f /usr/libexec/proconsul)" ]
	ctl start proconsul.target
	wait_until 30 answers
	[ "$(api GET /v1/kv/first?raw)" = 1 ]
}

@test "consul leave ends all of it, for good" {
	api PUT /v1/agent/leave
	wait_until 40 all_are inactive
	wait_until 30 unit_is proconsul.target inactive
	sleep 1
	all_are inactive
	[ "$(ctl is-system-running)" = running ]
	ctl start proconsul.target
	wait_until 30 answers
}

unit_is() { # unit_is NAME STATE
	[ "$(ctl show -p ActiveState --value "$1")" = "$2" ]
}

@test "who gives up ends all of it, and is seen to have failed" {
	configure extra <<-'EOF'
		retry_join = ["127.0.0.9"] retry_max = 1 retry_interval = "1s"
	EOF
	ctl restart proconsul.target
	wait_until 40 unit_is proconsul-gossipd failed
	wait_until 30 unit_is proconsul.target inactive
	wait_until 30 unit_is proconsul-httpd inactive
	sleep 0.5
	unit_is proconsul-gossipd failed
	unit_is proconsul-raftd inactive
	configure extra <<<'log_level = "info"'
	ctl start proconsul.target
	wait_until 30 answers
}

@test "a client that is stopped leaves first; restarted daemons do not" {
	export PROCONSUL_RUN_DIR=$BATS_TEST_TMPDIR
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
	ctl stop proconsul.target
	wait_until 30 all_are inactive
	in_machine sh -c 'rm -r /var/lib/proconsul/*'
	nsenter -t "$LEADER" -n "$PROCONSUL" agent -server -bootstrap-expect=1 -node=server \
		-bind=127.0.0.2 -client=127.0.0.2 -data-dir="$BATS_TEST_TMPDIR/data" \
		>"$BATS_TEST_TMPDIR/log" 2>&1 3>&- 4>&- &
	local server=$!
	configure proconsul <<-'EOF'
		data_dir = "/var/lib/proconsul"
		bind_addr = "127.0.0.1"
		node_name = "client"
		retry_join = ["127.0.0.2"]
	EOF
	ctl start proconsul.target
	wait_until 40 member_is alive
	ctl restart proconsul-gossipd
	wait_until 40 member_is alive
	not grep -q 'EventMemberLeave: client' "$BATS_TEST_TMPDIR/log"
	# All of it is: it leaves and comes back.
	ctl restart proconsul.target
	grep -q 'EventMemberLeave: client' "$BATS_TEST_TMPDIR/log"
	all_are active
	wait_until 40 member_is alive
	ctl stop proconsul.target
	wait_until 40 all_are inactive
	member_is left
	kill "$server"
	wait "$server" || :
}

member_is() {
	at_machine curl -sS http://127.0.0.2:8500/v1/agent/members |
		jq -e --argjson status "$([ "$1" = left ] && echo 3 || echo 1)" \
			'.[] | select(.Name == "client") | .Status == $status' >/dev/null
}

# A package of this build, and one of a next version, in the machine's /tmp.
packages_make() {
	local out=$BATS_TEST_TMPDIR/deb file
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -C "$BATS_TEST_DIRNAME/../.." \
		deb DEB_DIR="$out" BUILD="$(realpath --relative-to="$BATS_TEST_DIRNAME/../.." "$BUILD")"
	dpkg-deb -R "$out"/proconsul_*.deb "$out/next"
	sed -i 's/^Version: .*/Version: 99/' "$out/next/DEBIAN/control"
	dpkg-deb --root-owner-group -Znone --build "$out/next" "$out/proconsul_99.deb" >/dev/null
	for file in "$out"/proconsul_*.deb; do
		in_machine sh -c 'cat >"/tmp/$0"' "${file##*/}" <"$file"
	done
	# Its own list of packages is empty: what these depend on is there all the same.
	# And nothing forbids its packages to restart daemons, as in an image of Docker's.
	in_machine sh -c 'mkdir -p /var/lib/dpkg/info /var/lib/dpkg/updates
		touch /var/lib/dpkg/status /var/lib/dpkg/available
		rm -f /usr/sbin/policy-rc.d'
}

@test "a package's upgrade replaces the daemons that run, one by one, and loses nothing" {
	command -v dpkg-deb >/dev/null || skip "no dpkg-deb here"
	local install="dpkg --force-depends --force-confold -i" daemon pid
	local load=$BATS_TEST_TMPDIR/load
	ctl stop proconsul.target
	wait_until 30 all_are inactive
	in_machine sh -c 'rm -rf /var/lib/proconsul/* /etc/proconsul.d/*'
	packages_make
	in_machine sh -c "$install /tmp/proconsul_1*.deb"
	all_are inactive
	ctl start proconsul.target
	wait_until 30 answers
	ctl stop proconsul-dnsd
	local -A before
	for daemon in $DAEMONS; do
		before[$daemon]=$(pid_of "$daemon")
	done
	mkfifo "$load.in"
	at_machine "$BATS_TEST_DIRNAME/systemd_load.py" 127.0.0.1:8500 \
		<"$load.in" >"$load" 2>&1 3>&- &
	pid=$!
	exec 7>"$load.in"
	echo upgrade >&7
	in_machine sh -c "$install /tmp/proconsul_99.deb"
	wait_until 20 answers
	exec 7>&-
	wait "$pid"
	sed 's/^/# figure: load while it is upgraded: /' "$load" >&3
	grep -q '^upgrade writes=[1-9].* lost=0 ' "$load"
	for daemon in $DAEMONS; do
		[ "$daemon" = dnsd ] || is_new "$daemon" "${before[$daemon]}"
	done
	[ "$(ctl is-active proconsul-dnsd)" = inactive ]
	# One that its configuration would not let start again leaves it running.
	for daemon in $DAEMONS; do
		before[$daemon]=$(pid_of "$daemon")
	done
	in_machine sh -c 'echo "bootstrap_expect = [" >/etc/proconsul.d/z.hcl'
	run in_machine sh -c "$install /tmp/proconsul_99.deb"
	[[ "$output" == *"the configuration is refused"* ]]
	in_machine rm /etc/proconsul.d/z.hcl
	for daemon in $DAEMONS; do
		[ "$(pid_of "$daemon")" = "${before[$daemon]}" ]
	done
	# Taken away, nothing runs and nothing is left but the users.
	in_machine dpkg --force-depends -P proconsul
	all_are inactive
	[ -z "$(in_machine sh -c 'ls -d /var/lib/proconsul /etc/proconsul.d /run/proconsul 2>/dev/null')" ]
	in_machine getent passwd _raftd
}
