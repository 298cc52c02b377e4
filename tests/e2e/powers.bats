#!/usr/bin/env bats
# Every daemon ends up with the same powers, however it was started: by the
# launcher as root, by a service manager as its own user, by anyone else.
# What it can't do then is for tests/common/privsep_test.c to try.

bats_require_minimum_version 1.5.0
load helpers

DAEMONS='gossipd raftd catalogd healthd httpd dnsd'

setup_file() {
	[ "$(id -u)" -eq 0 ] || skip "starts daemons as several users: needs root"
	# Short: it is part of sockets' paths.
	PLACE=$(mktemp -d /tmp/powers.XXXXXX)
	export PLACE
	chmod 755 "$PLACE"
	export PRIVSEP_TEST=secret
	agent_start one -server -bootstrap-expect=1
	manager_start 2 own
	manager_start 3 nobody -enable-local-script-checks
}

teardown_file() {
	local file
	agents_stop
	for file in "$PLACE"/*/*.pid; do
		[ -e "$file" ] || continue
		kill "$(cat "$file")" 2>/dev/null || true
	done
	for file in "$PLACE"/*/*.pid; do
		[ -e "$file" ] || continue
		wait_until 20 process_gone "$(cat "$file")"
	done
	rm -rf "$PLACE"
}

# The numbers that wiring.h and privsep.h give, where there are no names.
number_of() {
	local number=61400 name
	for name in $DAEMONS _proconsul runner; do
		[ "$name" = "$1" ] && break
		number=$((number + 1))
	done
	echo $number
}
uid_of() { id -u "_$1" 2>/dev/null || number_of "$1"; }
gid_of() { id -g "_$1" 2>/dev/null || number_of "$1"; }
page_gid() { getent group _proconsul | cut -d: -f3 | grep . || number_of _proconsul; }

# manager_start NUMBER own|nobody [FLAG...]: as a service manager does it, each
# daemon as its own user with the capabilities of its unit; or all as one user.
manager_start() {
	local place=$PLACE/$1 who=$2 address name capabilities
	address=$(address "$1")
	local flags=(-server -bootstrap-expect=1 -data-dir="$place/data"
		-bind="$address" -client="$address" -node="node$1" "${@:3}")
	local as=()
	mkdir "$place"
	if [ "$who" = nobody ]; then
		chown 65534:65534 "$place"
		as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	fi
	"${as[@]}" "$PROCONSUL" setup -run-dir="$place/run" "${flags[@]}"
	for name in $DAEMONS; do
		if [ "$who" = own ]; then
			case $name in
			healthd) capabilities=+setuid,+setgid,+setpcap ;;
			dnsd) capabilities=+net_bind_service ;;
			*) capabilities=-all ;;
			esac
			as=(setpriv --reuid "$(uid_of "$name")"
				--regid "$(gid_of "$name")" --groups "$(page_gid)"
				--inh-caps "$capabilities"
				--ambient-caps "$capabilities")
		fi
		"${as[@]}" "$BUILD/$name" -run-dir "$place/run" "${flags[@]}" \
			>"$place/$name.log" 2>&1 3>&- 4>&- &
		echo $! >"$place/$name.pid"
	done
	wait_until 30 leads "$address"
}

leads() {
	[[ "$(curl -s -m 5 "http://$1:8500/v1/status/leader")" == \"*:*\" ]]
}

pid_of() { # pid_of WAY DAEMON
	if [ "$1" = 1 ]; then daemon_pid one "$2"; else cat "$PLACE/$1/$2.pid"; fi
}

run_dir() {
	tr '\0' '\n' <"/proc/$(pid_of "$1" catalogd)/cmdline" |
		sed -n '/^-run-dir$/{n;p}'
}

# What all its threads have, which must be one and the same.
status_of() {
	local task
	for task in "/proc/$1/task/"*; do
		grep -E '^(Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs|Seccomp):' \
			"$task/status" | tr -s '\t ' ' ' | sed 's/ $//' | tr '\n' ';'
		echo
	done | sort -u
}

expected_of() { # expected_of UID GID GROUPS SECCOMP
	echo "Uid: $1 $1 $1 $1;Gid: $2 $2 $2 $2;Groups:${3:+ $3};CapInh:" \
		"0000000000000000;CapPrm: 0000000000000000;CapEff: 0000000000000000;CapAmb:" \
		"0000000000000000;NoNewPrivs: 1;Seccomp: $4;"
}

is_equal() {
	[ "$1" = "$2" ] || {
		printf '%s\n%s\n' "got      $1" "expected $2"
		return 1
	}
}

@test "users, groups and capabilities, of every thread, three ways" {
	local name
	for name in $DAEMONS; do
		for way in 1 2; do
			is_equal "$(status_of "$(pid_of $way "$name")")" \
				"$(expected_of "$(uid_of "$name")" "$(gid_of "$name")" "$(page_gid)" 2)"
		done
		is_equal "$(status_of "$(pid_of 3 "$name")")" \
			"$(expected_of 65534 65534 '' 2)"
	done
}

@test "the runner of scripts has a user of its own where it can" {
	local runner
	for way in 1 2; do
		runner=$(pgrep -P "$(pid_of $way healthd)" healthd-runner)
		is_equal "$(status_of "$runner")" \
			"$(expected_of "$(uid_of runner)" "$(gid_of runner)" '' 0)"
	done
	runner=$(pgrep -P "$(pid_of 3 healthd)" healthd-runner)
	is_equal "$(status_of "$runner")" "$(expected_of 65534 65534 '' 0)"
	# And says so, where scripts are allowed.
	grep -q 'WARN.*scripts run as the user of healthd' "$PLACE/3/healthd.log"
	run ! grep -q 'scripts run as the user' "$PLACE/2/healthd.log"
}

@test "no bounding set where it could be given up" {
	local name
	for name in $DAEMONS; do
		grep -q $'^CapBnd:\t0000000000000000$' "/proc/$(pid_of 1 "$name")/status"
	done
	grep -q $'^CapBnd:\t0000000000000000$' "/proc/$(pid_of 2 healthd)/status"
}

@test "an empty environment" {
	local name
	for name in $DAEMONS; do
		for way in 1 2 3; do
			is_equal "$(tr -d '\0' <"/proc/$(pid_of $way "$name")/environ")" ''
		done
	done
}

@test "not dumpable: what /proc shows of it belongs to root" {
	local name
	for name in $DAEMONS; do
		for way in 1 2 3; do
			is_equal "$(stat -c %u "/proc/$(pid_of $way "$name")/environ")" 0
		done
	done
}

@test "limits" {
	local limits name
	for way in 1 2 3; do
		for name in $DAEMONS; do
			limits=$(tr -s ' ' <"/proc/$(pid_of $way "$name")/limits")
			grep -q '^Max core file size 0 0 ' <<<"$limits"
			grep -q '^Max locked memory 0 0 ' <<<"$limits"
		done
		for name in catalogd healthd httpd dnsd; do
			grep -Eq '^Max processes +0 +0 ' "/proc/$(pid_of $way "$name")/limits"
		done
		limits=$(tr -s ' ' <"/proc/$(pid_of $way catalogd)/limits")
		grep -q '^Max open files 256 256 ' <<<"$limits"
	done
}

# The lines of a record that do not name users, places and the log.
powers_of() { # powers_of WAY DAEMON
	grep -Ev '^(user|groups|rlimit (fsize|nofile)) ' "$(run_dir "$1")/powers/$2" |
		sed -E "s!$(run_dir "$1")!RUN!; s!$BATS_FILE_TMPDIR/one!DATA!; s!$PLACE/$1/data!DATA!"
}

@test "the record of each is the same three ways, and out of its reach" {
	local name way
	for name in $DAEMONS prober runner; do
		is_equal "$(powers_of 1 "$name")" "$(powers_of 2 "$name")"
		is_equal "$(powers_of 1 "$name")" "$(powers_of 3 "$name")"
		run ! grep -q "powers" <(powers_of 1 "$name" | grep '^landlock fs')
	done
	for name in $DAEMONS; do
		is_equal "$(sed -n 's/^user //p' "$(run_dir 2)/powers/$name")" \
			"$(uid_of "$name") $(gid_of "$name")"
	done
	is_equal "$(powers_of 2 catalogd | grep -cE ' (socket AF_INET|execve|fork|bind|connect)')" 0
}

@test "writes and reads work all three ways" {
	local address
	for way in 1 2 3; do
		address=$(address $way)
		[ "$(curl -sS -m 20 -X PUT -d yes "http://$address:8500/v1/kv/key")" = true ]
		[ "$(curl -sS -m 20 "http://$address:8500/v1/kv/key?raw")" = yes ]
	done
	run ! grep -h 'not allowed' "$PLACE"/*/*.log "$BATS_FILE_TMPDIR/one.log"
}

# A question, for nanomsg's thread sleeps while nobody says anything.
breach_is_told() {
	curl -s -m 2 "http://$(address 4):8500/v1/kv/none?consistent"
	grep -q 'System call not allowed, ending this daemon: syscall=ptrace' \
		"$BATS_FILE_TMPDIR/breached.log"
}
is_back() { # is_back PID: another one has taken its place
	local pid
	pid=$(daemon_pid breached httpd) && [ -n "$pid" ] && [ "$pid" != "$1" ]
}

@test "a breach in nanomsg's thread, which blocks signals, has its name in the log" {
	local address before
	[ "${PROCONSUL_BUILD:-}" = "${PROCONSUL_BUILD%-asan}" ] ||
		skip "AddressSanitizer must be loaded before all else"
	address=$(address 4)
	cc -shared -fPIC -D_GNU_SOURCE -o "$PLACE/breach.so" "$BATS_TEST_DIRNAME/breach.c"
	LD_PRELOAD=$PLACE/breach.so BREACH=httpd agent_launch breached -server \
		-bootstrap-expect=1 -data-dir="$BATS_FILE_TMPDIR/breached" \
		-bind="$address" -client="$address" -node=breached
	wait_until 20 daemon_pid breached httpd
	before=$(daemon_pid breached httpd)
	wait_until 20 breach_is_told
	# The whole process, not the thread alone; and only that daemon.
	wait_until 20 is_back "$before"
	wait_until 20 grep -q 'Daemon died, restarting: daemon=httpd status="exit status 159"' \
		"$BATS_FILE_TMPDIR/breached.log"
	run ! grep 'Daemon died' <(grep -v daemon=httpd "$BATS_FILE_TMPDIR/breached.log")
}

gossipd_is_new() { # gossipd_is_new PID
	local pid
	pid=$(daemon_pid named gossipd) && [ -n "$pid" ] && [ "$pid" != "$1" ]
}

@test "where a file of the resolver is replaced, a new gossipd reads it" {
	local address before pid join
	address=$(address 5)
	join=http://$address:8500/v1/agent/join/surely-new
	unshare -m "$PROCONSUL" agent -server -bootstrap-expect=1 \
		-data-dir="$BATS_FILE_TMPDIR/named" -bind="$address" \
		-client="$address" -node=named \
		>"$BATS_FILE_TMPDIR/named.log" 2>&1 3>&- 4>&- &
	pid=$!
	echo $pid >"$BATS_FILE_TMPDIR/named.pid"
	wait_until 30 leads "$address"
	before=$(daemon_pid named gossipd)
	# Not there yet: that is no reason to start anew.
	run ! curl -sS --fail -m 20 -X PUT "$join"
	[ "$(daemon_pid named gossipd)" = "$before" ]
	echo "$address surely-new" >"$PLACE/hosts"
	nsenter -t $pid -m mount --bind "$PLACE/hosts" /etc/hosts
	# Who asks first may be told that gossipd has gone.
	curl -sS -m 20 -X PUT "$join" || true
	wait_until 20 gossipd_is_new "$before"
	wait_until 20 curl -sS --fail -m 20 -X PUT "$join"
	grep -q 'Files of the resolver have been replaced' "$BATS_FILE_TMPDIR/named.log"
	run ! grep 'not allowed' "$BATS_FILE_TMPDIR/named.log"
}

@test "one user cannot start another's daemon" {
	# Started as another daemon's user, it can't have that one's part.
	run ! setpriv --reuid "$(uid_of dnsd)" --regid "$(gid_of dnsd)" \
		--groups "$(page_gid)" timeout 10 "$BUILD/raftd" -run-dir \
		"$PLACE/2/run" -server -data-dir="$PLACE/2/data" \
		-bind="$(address 9)" -client="$(address 9)" -node=thief
	[ -n "$output" ]
}
