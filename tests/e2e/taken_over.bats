#!/usr/bin/env bats
# Daemons that have been taken over, played by tests/hostile: whatever they say
# on their edges and try on the machine, the others go on, state stays as it
# was, and the one who misbehaves is named in the log and cut off.

load helpers

# The suite's programs in a folder of its own, where the launcher looks for
# them beside itself: what stands there under a daemon's name can be changed.
setup_file() {
	export SUITE=$BATS_FILE_TMPDIR/suite
	local name
	mkdir "$SUITE"
	chmod 755 "$SUITE"
	cp "$PROCONSUL" "$SUITE/"
	for name in gossipd raftd catalogd healthd httpd dnsd healthd-prober; do
		ln -s "$(realpath "$BUILD")/$name" "$SUITE/$name"
	done
	PROCONSUL=$SUITE/proconsul
	# With a file of its own the log goes through the launcher.
	agent_start n1 -server -bootstrap-expect=1 \
		-log-file="$BATS_FILE_TMPDIR/log-of-"
	http PUT /v1/kv/kept -d 'as it was' >/dev/null
	http PUT /v1/agent/service/register -d '{"Name": "web", "Port": 80}'
	wait_until 10 dns_answers
	state >"$BATS_FILE_TMPDIR/state"
	echo 0 >"$BATS_FILE_TMPDIR/replaced"
}

setup() {
	PROCONSUL=$SUITE/proconsul
}

teardown_file() {
	agents_stop
}

LOG=$BATS_FILE_TMPDIR/n1.log

dns_answers() {
	[ "$(dig +short +time=5 +tries=1 "@$(address)" -p 8600 web.service.consul)" = "$(address)" ]
}

# What users have put there, however it was reached meanwhile.
state() {
	http GET '/v1/kv/?recurse' | jq -S 'map({Key, Value, ModifyIndex})'
	http GET /v1/catalog/services | jq -S .
	http GET /v1/catalog/nodes | jq -S 'map({Node, Address, ModifyIndex})'
	http GET /v1/operator/raft/configuration | jq -S '.Servers | length'
}

state_is_as_it_was() {
	state | diff "$BATS_FILE_TMPDIR/state" -
}

is_replaced() {
	local pid
	pid=$(daemon_pid n1 "$1") && [ "$pid" != "$2" ]
}

# replace DAEMON PROGRAM: the launcher starts it in the dead one's place.
replace() {
	local old
	ln -sfn "$(realpath "$2")" "$SUITE/$1"
	echo $(($(cat "$BATS_FILE_TMPDIR/replaced") + 1)) \
		>"$BATS_FILE_TMPDIR/replaced.new"
	mv "$BATS_FILE_TMPDIR/replaced.new" "$BATS_FILE_TMPDIR/replaced"
	old=$(daemon_pid n1 "$1")
	kill -9 "$old"
	wait_until 10 is_replaced "$1" "$old"
}

take_over() {
	local data=$BATS_FILE_TMPDIR/n1
	[ -p "$data.$1.attacks" ] || mkfifo "$data.$1.attacks"
	: >"$data.$1.verdicts"
	chmod 666 "$data.$1.attacks" "$data.$1.verdicts"
	replace "$1" "$BUILD/tests/hostile/hostile"
}

give_back() {
	replace "$1" "$BUILD/$1"
}

has_verdicts() {
	[ "$(wc -l <"$1")" -gt "$2" ]
}

# attack DAEMON LINE: what it came to, in $verdict.
attack() {
	local data=$BATS_FILE_TMPDIR/n1.$1 count
	count=$(wc -l <"$data.verdicts")
	echo "$2" >"$data.attacks"
	wait_until 20 has_verdicts "$data.verdicts" "$count"
	verdict=$(tail -n 1 "$data.verdicts")
}

# catalogd_lives: it has not died. It may have started anew to free an edge,
# once for each process that broke off in the midst of a connection.
catalogd_lives() {
	not grep -aq 'Daemon died, restarting: daemon=catalogd' "$LOG"
	[ "$(grep -ac 'starting anew to free it' "$LOG")" -le \
		"$(cat "$BATS_FILE_TMPDIR/replaced")" ]
}

# holds DAEMON LINE: and all of the others are there as before.
holds() {
	attack "$1" "$2"
	case $verdict in
	*' could not even '*) # its own edge is taken: by its last attack
		take_over "$1"
		attack "$1" "$2"
		;;
	esac
	[ "$verdict" = "${2%% *} held" ] || {
		echo "$1: $verdict" >&2
		return 1
	}
	catalogd_lives || {
		echo "$2 of $1 has ended catalogd" >&2
		return 1
	}
}

# logged TEXT: lines come through a pipe.
logged() {
	wait_until 10 grep -aq "$1" "$LOG"
}

@test "bytes that would end catalogd do not reach it, and are told with their sender" {
	local pid
	take_over httpd
	pid=$(daemon_pid n1 httpd)
	for attack in bad_type huge slow descriptors; do
		holds httpd $attack
		dns_answers
	done
	logged "Violation on an edge: peer=httpd pid=$pid what=\"malformed message of the transport\" count="
	logged "pid=$pid what=\"message too large for the transport\""
	logged "pid=$pid what=\"descriptors passed\""
}

@test "repeated violations cut the edge for that process, and its successor is served at once" {
	local pid begun
	pid=$(daemon_pid n1 httpd)
	holds httpd cut
	logged "Edge is cut, its peer behaves as if taken over: peer=httpd pid=$pid violations=8 seconds=10"
	# It may not come back, however often it knocks; nobody else notices.
	attack httpd knock &
	for _ in 1 2 3 4 5; do dns_answers; done
	wait
	http_is_silent
	begun=$(date +%s%3N)
	give_back httpd
	wait_until 10 http GET /v1/kv/kept?raw
	echo "# served again after $(($(date +%s%3N) - begun)) ms" >&3
	state_is_as_it_was
	catalogd_lives
}

kept_is_there() {
	http GET '/v1/kv/kept?raw&stale' | grep -qx 'as it was'
}

http_is_silent() {
	not http GET /v1/status/leader
}

@test "who breaks off in the midst of it costs catalogd at most a start anew" {
	local attack
	take_over httpd
	for attack in truncated truncated; do
		attack httpd $attack
		echo "# $verdict"
		dns_answers
	done
	give_back httpd
	wait_until 10 http GET /v1/kv/kept?raw
	wait_for_leader
	state_is_as_it_was
	catalogd_lives
}

@test "garbage, forged frames and what its edge may not carry come to nothing" {
	for attacks in garbage frames trespass bodies 'pieces bombs connections'; do
		take_over httpd
		for attack in $attacks; do
			holds httpd "$attack"
			dns_answers
		done
	done
	logged 'what="malformed batch"'
	logged 'what="malformed frame"'
	logged 'what="malformed call"'
	logged 'what="Status.Ping"'
	logged 'what="request does not decode"'
	logged 'what="joined frame too large"'
	give_back httpd
	wait_for_leader
	wait_until 10 state_is_as_it_was
}

resident_kb() {
	sed -n 's/^VmHWM:\s*\([0-9]*\) kB/\1/p' "/proc/$(daemon_pid n1 catalogd)/status"
}

@test "floods cost catalogd a bounded memory, and others their time as before" {
	local flood slowest
	for flood in 'flood wait' 'flood cancel' 'flood' 'flood_writes big'; do
		take_over httpd
		attack httpd "$flood" &
		slowest=$(for _ in $(seq 20); do
			dig +time=5 +tries=1 "@$(address)" -p 8600 \
				"x$RANDOM.service.consul" |
				sed -n 's/^;; Query time: \([0-9]*\) msec/\1/p'
		done | sort -n | tail -n 1)
		wait
		echo "# slowest of 20 DNS answers while flooded ($flood): $slowest ms" >&3
		[ "$slowest" -lt 2000 ]
	done
	catalogd_lives
	echo "# catalogd at its largest: $(resident_kb) kB" >&3
	case $BUILD in
	*asan*) ;; # keeps what is freed for a while
	*) [ "$(resident_kb)" -lt 600000 ] ;;
	esac
	give_back httpd
	wait_for_leader
	# What was taken from it before it was ended is done, as from any client.
	wait_until 10 http DELETE /v1/kv/big
	wait_until 10 state_is_as_it_was
}

# ends DAEMON LINE CALL: the kernel does not let it come to that.
ends() {
	local old
	old=$(daemon_pid n1 "$1")
	echo "$2" >"$BATS_FILE_TMPDIR/n1.$1.attacks"
	wait_until 10 is_replaced "$1" "$old"
	logged "System call not allowed, ending this daemon: .*syscall=$3"
	catalogd_lives
}

@test "it reads and writes no other's files, and touches no other's process" {
	local daemon call
	[ "$(id -u)" = 0 ] || skip "without users of their own all are one"
	take_over httpd
	for attack in files genpage edges; do
		holds httpd $attack
	done
	for daemon in raftd gossipd dnsd; do
		holds httpd "process $(daemon_pid n1 $daemon)"
	done
	holds httpd "process $(agent_pid n1)"
	ends httpd "write_file $BATS_FILE_TMPDIR/n1/mine" openat
	for call in fork kill socket rt_sigaction; do
		ends httpd "call $call" $call
	done
	# Those who write some files write no others.
	take_over healthd
	for file in "$BATS_FILE_TMPDIR/n1/raft/raft.db" \
		"$BATS_FILE_TMPDIR/n1/serf/mine" "$BATS_FILE_TMPDIR/n1/node-id"; do
		holds healthd "write_file $file"
	done
	give_back healthd
}

@test "it connects to nobody outside of the suite" {
	python3 - "taken-over-$(address)" 3>&- 4>&- <<-'END' &
		import socket, sys, time
		s = socket.socket(socket.AF_UNIX)
		s.bind("\0" + sys.argv[1])
		s.listen(1)
		time.sleep(20)
	END
	wait_until 5 grep -q "taken-over-$(address)" /proc/net/unix
	holds httpd "abstract taken-over-$(address)"
	kill $!
}

@test "what it says of others to the launcher is not taken for theirs" {
	local before
	before=$(grep -ac 'Daemon died' "$LOG")
	holds httpd "notify $(daemon_pid n1 raftd)"
	holds httpd "log_lines daemon=raftd"
	dns_answers
	# Nothing that a terminal would obey, and no line without end.
	logged 'forged: daemon=raftd'
	not grep -aqP '[\x00-\x08\x0b-\x1f\x7f]' "$LOG"
	awk 'length > 100000 { exit 1 }' "$LOG"
	[ "$(grep -ac 'Daemon died' "$LOG")" -eq "$before" ]
	give_back httpd
	wait_for_leader
	wait_until 10 state_is_as_it_was
}

@test "who fills the launcher's ears is killed for it, and nobody else" {
	local before pid
	before=$(grep -ac 'Daemon died' "$LOG" || :)
	take_over httpd
	pid=$(daemon_pid n1 httpd)
	attack httpd notify_flood
	[ "$verdict" = "notify_flood held" ]
	logged "a daemon floods the notify socket, killing it: daemon=httpd"
	wait_until 10 is_replaced httpd "$pid"
	# By the test itself once, by the launcher once.
	[ "$(grep -ac 'Daemon died' "$LOG")" -eq $((before + 2)) ]
	give_back httpd
	wait_for_leader
}

@test "what each edge's rights give: of those that strangers reach, httpd alone writes keys" {
	take_over httpd
	attack httpd "write_key forged"
	# Without ACLs any token may write any key, and so may its bearer.
	[ "$verdict" = "write_key BROKEN the key was written" ]
	give_back httpd
	wait_for_leader
	http DELETE /v1/kv/forged
	take_over dnsd
	holds dnsd "write_key forged"
	give_back dnsd
	take_over gossipd
	holds gossipd "write_key forged"
	give_back gossipd
	http GET '/v1/kv/?keys' | jq -e '. == ["kept"]'
}

@test "each other end of an edge, taken over: catalogd lives, and the edge is cut" {
	local daemon
	for daemon in dnsd gossipd healthd raftd; do
		take_over $daemon
		holds $daemon trespass
		replace $daemon "$BUILD/tests/hostile/hostile"
		holds $daemon genpage
		if [ "$(id -u)" = 0 ]; then # else all are one user
			holds $daemon edges
			holds $daemon files
			holds $daemon "process $(daemon_pid n1 httpd)"
		fi
		holds $daemon cut
		logged "Edge is cut.*peer=$daemon"
		# Without raftd there is only what catalogd has in memory, if it did
		# not have to start anew.
		[ $daemon = raftd ] || wait_until 10 kept_is_there
		give_back $daemon
	done
	wait_for_leader
	wait_until 10 state_is_as_it_was
	wait_until 10 dns_answers
	catalogd_lives
}
