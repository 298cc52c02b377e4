#!/usr/bin/env bats
# Port 8300 and strangers: what they send is dropped, those who send it are
# closed, and the server goes on with its work in little memory.

load helpers

setup_file() {
	agent_start one -server -bootstrap-expect=1
	daemon_pid one raftd >"$BATS_FILE_TMPDIR/raftd"
}

teardown_file() {
	agents_stop
}

hostile() {
	"$BATS_TEST_DIRNAME/hostile_rpc.py" "$(address)" "$1"
}

# It is the process that it was, and takes calls and writes.
goes_on() {
	[ "$(daemon_pid one raftd)" = "$(cat "$BATS_FILE_TMPDIR/raftd")" ]
	hostile good
	[ "$(http PUT /v1/kv/alive -d yes)" = true ]
}

log_has() {
	grep -q "$1" "$BATS_FILE_TMPDIR/one.log"
}

@test "first bytes that mean nothing, and TLS" {
	hostile wrong_first_bytes
	hostile tls
	log_has 'unrecognized RPC byte: byte=6'
	log_has 'TLS connection attempted'
	goes_on
}

@test "nobody is waited for, and one address has so many connections" {
	hostile slow
	hostile too_many
	log_has 'rpc_max_conns_per_client exceeded'
	goes_on
}

@test "frames that are none, cut, or beyond their window" {
	hostile broken_frames
	hostile cut_frames
	goes_on
}

@test "100,000 streams, and pings whose answers nobody reads" {
	hostile many_streams
	hostile unread_pongs
	goes_on
}

@test "calls and Raft requests without end, without bottom, of wild sizes" {
	hostile half_calls
	hostile deep
	hostile raft_requests
	hostile raft_large
	hostile noise
	goes_on
}

@test "it has stayed small" {
	local peak
	peak=$(awk '/^VmHWM/ { print $2 }' \
		"/proc/$(cat "$BATS_FILE_TMPDIR/raftd")/status")
	echo "peak of raftd: $peak KiB"
	# An AddressSanitizer keeps what was freed.
	[[ "$BUILD" == *asan* ]] || [ "$peak" -lt 700000 ]
	local now
	now=$(awk '/^VmRSS/ { print $2 }' \
		"/proc/$(cat "$BATS_FILE_TMPDIR/raftd")/status")
	echo "now: $now KiB"
	[[ "$BUILD" == *asan* ]] || [ "$now" -lt 60000 ]
}
