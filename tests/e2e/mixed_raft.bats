#!/usr/bin/env bats
# Takes long.
# One Raft cluster of real Consul servers and ours, in both roles: ours follows
# a real leader (snapshot, entries, votes), then leads real followers, one of
# which has to be sent a snapshot. What one accepts, the others show.

load helpers

setup_file() {
	[ -n "$CONSUL_REAL" ] || return 0
	# Short timers, and snapshots soon, so that logs don't reach back.
	head -c 700000 /dev/urandom >"$BATS_FILE_TMPDIR/large"
	cat >"$BATS_FILE_TMPDIR/fast.json" <<-'END'
		{"performance": {"raft_multiplier": 1},
		 "raft_snapshot_threshold": 20, "raft_trailing_logs": 5,
		 "raft_snapshot_interval": "1s",
		 "limits": {"kv_max_value_size": 900000},
		 "autopilot": {"server_stabilization_time": "1s"}}
	END
	chmod 644 "$BATS_FILE_TMPDIR/fast.json"
}

setup() {
	[ -n "$CONSUL_REAL" ] || skip "no real Consul to be in one cluster with"
}

teardown_file() {
	agents_stop
}

# server BINARY N FLAGS: on an address of its own.
server() {
	local binary=$1 n=$2
	shift 2
	"$binary" agent -server -node="s$n" -bind="$(address "$n")" \
		-client="$(address "$n")" -data-dir="$BATS_FILE_TMPDIR/s$n" \
		-config-file="$BATS_FILE_TMPDIR/fast.json" "$@" \
		>>"$BATS_FILE_TMPDIR/s$n.log" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/s$n.pid"
}

at() {
	local n=$1 path=$2
	shift 2
	curl -sS --fail -m 5 "$@" "http://$(address "$n"):8500$path"
}

# value_is N KEY VALUE [query]
value_is() {
	[ "$(at "$1" "/v1/kv/$2?raw${4:+&$4}")" = "$3" ]
}

put() {
	[ "$(at "$1" "/v1/kv/$2" -X PUT -d "$3")" = true ]
}

# A value so large that it goes into the log in pieces.
put_large() {
	[ "$(at "$1" "/v1/kv/$2" -X PUT \
		--data-binary @"$BATS_FILE_TMPDIR/large")" = true ]
}

is_large() {
	at "$1" "/v1/kv/$2?raw&stale" | cmp -s - "$BATS_FILE_TMPDIR/large"
}

put_many() {
	local i
	for i in $(seq 60); do
		put "$1" "$2$i" "value $i"
	done
}

leader_is() {
	[ "$(at "$1" /v1/status/leader)" = "\"$(address "$2"):8300\"" ]
}

# voters_are N COUNT
voters_are() {
	[ "$(at "$1" /v1/operator/raft/configuration | grep -o '"Voter": *true' |
		wc -l)" = "$2" ]
}

# same_everywhere PATH
same_everywhere() {
	local first
	first=$(at 1 "$1") && [ "$(at 2 "$1")" = "$first" ] &&
		[ "$(at 3 "$1")" = "$first" ]
}

log_has() {
	grep -q "$2" "$BATS_FILE_TMPDIR/s$1.log"
}

@test "ours joins a real leader: snapshot, entries, a vote" {
	server "$CONSUL_REAL" 1 -bootstrap-expect=1
	wait_until 30 leader_is 1 1
	put_many 1 early
	wait_until 20 log_has 1 'snapshot complete'
	server "$PROCONSUL" 2 -retry-join="$(address 1)"
	# With longer timers than ours, or it might lead after the first.
	server "$CONSUL_REAL" 3 -retry-join="$(address 1)" \
		-hcl='performance { raft_multiplier = 10 }'
	wait_until 30 value_is 2 early60 'value 60' stale
	wait_until 10 log_has 2 'Installed remote snapshot'
	wait_until 60 voters_are 1 3
}

@test "what one accepts, the others show" {
	put 1 from-1 one
	put 2 from-2 two
	put 3 from-3 three
	local n
	for n in 1 2 3; do
		value_is "$n" from-1 one
		value_is "$n" from-2 two
		value_is "$n" from-3 three
	done
	put_large 2 large-1
	for n in 1 2 3; do
		wait_until 10 is_large "$n" large-1
	done
}

@test "the real leader dies: ours leads real followers" {
	agent_stop s1 KILL
	wait_until 60 leader_is 2 2
	wait_until 30 leader_is 3 2
	wait_until 30 put 3 late-3 three
	wait_until 30 put 2 late-2 two
	wait_until 10 value_is 3 late-2 two
	wait_until 10 value_is 2 late-3 three
	put_large 3 large-2
	wait_until 10 is_large 2 large-2
	wait_until 10 is_large 3 large-2
}

@test "a real follower without a log gets a snapshot of ours" {
	local i
	# More than one buffer of it.
	for i in 1 2 3 4 5 6 7 8 9; do
		put_large 2 "bulk$i"
	done
	put_many 2 late
	wait_until 20 log_has 2 'snapshot complete'
	rm -rf "$BATS_FILE_TMPDIR/s1/raft"
	: >"$BATS_FILE_TMPDIR/s1.log"
	server "$CONSUL_REAL" 1 -retry-join="$(address 2)"
	wait_until 60 value_is 1 late60 'value 60' stale
	wait_until 10 is_large 1 bulk9
	wait_until 10 log_has 1 'Installed remote snapshot' || {
		cat "$BATS_FILE_TMPDIR/s1.log"
		return 1
	}
}

@test "all three have come to the same state" {
	wait_until 20 same_everywhere '/v1/kv/?recurse&stale'
	wait_until 20 same_everywhere '/v1/catalog/services?stale'
	wait_until 20 same_everywhere '/v1/health/state/any?stale'
}
