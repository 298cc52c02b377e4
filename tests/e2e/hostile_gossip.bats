#!/usr/bin/env bats
# What strangers send to port 8301: cut, oversized, deep, malformed, replayed,
# bombs, crowds, slow streams, by no key or a wrong one. It is dropped and
# counted, the same gossipd goes on, and its memory stays bounded.

load helpers

KEY=cg8StVXbQJ0gPvMd9o7yrg==
PEAK_KIB=262144 # of gossipd, whatever comes: limits of net.h and codec.h

setup_file() {
	agent_launch clear -server -bootstrap-expect=1 -node=clear \
		-data-dir="$BATS_FILE_TMPDIR/clear" -bind="$(address 1)" \
		-client="$(address 1)"
	agent_launch sealed -server -bootstrap-expect=1 -node=sealed \
		-data-dir="$BATS_FILE_TMPDIR/sealed" -bind="$(address 2)" \
		-client="$(address 2)" -encrypt="$KEY" \
		-serf-wan-port=-1
	wait_until 30 curl -sSf "http://$(address 1):8500/v1/agent/self"
	wait_until 30 curl -sSf "http://$(address 2):8500/v1/agent/self"
	for name in clear sealed; do
		daemon_pid "$name" gossipd >"$BATS_FILE_TMPDIR/$name.gossipd"
	done
}

teardown_file() {
	agents_stop
}

# holds_at_most PID FIELD KIB: not asked of a sanitized build, which keeps what
# is freed for a while.
holds_at_most() {
	[[ $BUILD == *-asan ]] ||
		awk -v field="$2:" -v most="$3" \
			'$1 == field { exit $2 > most }' "/proc/$1/status"
}

# attack NAME NUMBER ATTACK [key]: and the same gossipd is still there.
attack() {
	local name=$1 number=$2 pid
	shift 2
	python3 "$BATS_TEST_DIRNAME/hostile_gossip.py" "$(address "$number")" "$@"
	pid=$(daemon_pid "$name" gossipd)
	[ "$pid" = "$(cat "$BATS_FILE_TMPDIR/$name.gossipd")" ]
	holds_at_most "$pid" VmHWM "$PEAK_KIB"
}

members_of() {
	curl -sS "http://$(address "$1"):8500/v1/agent/members" |
		jq -r '[.[].Name] | sort | join(" ")'
}

@test "packets that are cut anywhere are dropped and counted" {
	attack clear 1 cut
}

@test "noise is dropped and counted" {
	attack clear 1 noise
}

@test "what claims to be larger than it may be is not believed" {
	attack clear 1 oversized
}

@test "what is nested too deep is dropped" {
	attack clear 1 deep
}

@test "little that expands to much is dropped" {
	attack clear 1 bombs
}

@test "of 200 push/pulls at once at most 128 are served" {
	attack clear 1 crowd
}

@test "streams together hold no more than they may" {
	attack clear 1 greedy
}

@test "a slow stream is closed when its time is up" {
	attack clear 1 slow
}

@test "what is sent again is heard once, in the clear and sealed" {
	attack clear 1 replayed
	attack sealed 2 replayed "$KEY"
}

@test "what is not sealed is refused in an encrypted pool" {
	attack sealed 2 unsealed "$KEY"
}

@test "what is sealed by another key, or damaged, is refused" {
	attack sealed 2 wrong_key "$KEY"
}

@test "without a WAN pool nothing listens on its port" {
	run bash -c "exec 3<>/dev/tcp/$(address 2)/8302"
	[ "$status" -ne 0 ]
	bash -c "exec 3<>/dev/tcp/$(address 1)/8302"
}

@test "nobody got in, and the log says that somebody tried" {
	[ "$(members_of 2)" = sealed ]
	grep -q "memberlist: Packet is malformed" "$BATS_FILE_TMPDIR/clear.log"
	grep -q "Decrypt packet failed" "$BATS_FILE_TMPDIR/sealed.log"
	# Once in ten seconds, however many come.
	[ "$(grep -c "is malformed" "$BATS_FILE_TMPDIR/clear.log")" -lt 30 ]
}

@test "what memory it took is given back" {
	local pid
	pid=$(daemon_pid clear gossipd)
	holds_at_most "$pid" RssAnon 65536
	"$PROCONSUL" info -http-addr="$(address 1):8500" | grep -A9 gossip_lan: |
		grep -q "malformed = [1-9]"
}
