#!/usr/bin/env bats
# The agent's log in files and in syslog, beside the real one's.

load helpers
bats_require_minimum_version 1.5.0

setup() {
	FOLDER=$BATS_TEST_TMPDIR/logs
	mkdir "$FOLDER"
}

teardown() {
	agents_stop
}

# logged BINARY FLAGS: an agent that runs for a moment and is ended; its output
# is left in `out`.
logged() {
	local binary=$1 pid
	shift
	rm -f "$BATS_TEST_TMPDIR/out"
	(exec "$binary" agent -dev -log-level=info -node=n1 \
		-bind="$(address)" -client="$(address)" "$@" \
		>"$BATS_TEST_TMPDIR/out" 2>&1 3>&- 4>&-) &
	pid=$!
	wait_until 20 grep -q "cluster leadership acquired" "$BATS_TEST_TMPDIR/out"
	kill "$pid"
	wait "$pid" || true
}

# The log of the agent's output, as it is without indentation.
output_log() {
	grep '^    [2{]' "$BATS_TEST_TMPDIR/out" | sed 's/^    //'
}

# files: names, with their times as N; and their mode.
files() {
	find "$FOLDER" -type f -printf '%m %f\n' | sed -E 's/-[0-9]{19}/-N/' | sort
}

@test "a file holds what standard output shows, under the name it gets" {
	local binary
	for binary in "$PROCONSUL" "$CONSUL_REAL"; do
		[ -n "$binary" ] || continue
		logged "$binary" -log-file="$FOLDER/my.txt"
		[ "$(files)" = "640 my-N.txt" ]
		output_log | diff - "$FOLDER"/*
		rm -f "$FOLDER"/*
	done
}

@test "files turn at a size, old ones go; lines in JSON" {
	local binary
	for binary in "$PROCONSUL" "$CONSUL_REAL"; do
		[ -n "$binary" ] || continue
		logged "$binary" -log-file="$FOLDER/" -log-rotate-bytes=400 \
			-log-rotate-max-files=2 -log-json
		[ "$(files)" = "640 consul-N.log
640 consul-N.log
640 consul-N.log" ]
		output_log | tail -n "$(cat "$FOLDER"/* | wc -l)" | diff - <(cat "$FOLDER"/*)
		cat "$FOLDER"/* | tail -n 1 | grep -q '"code":1'
		rm -f "$FOLDER"/*
	done
	logged "$PROCONSUL" -log-file="$FOLDER/" -log-rotate-bytes=400 \
		-log-rotate-max-files=-1
	[ "$(files)" = "640 consul-N.log" ]
}

# Each question is a line of the log.
disk_is_full() {
	http GET /v1/status/leader
	grep -q "Could not write the log file.*no space left" \
		"$BATS_FILE_TMPDIR/full.log"
}

@test "a full disk is told once, and ends nothing" {
	[ "$(id -u)" = 0 ] || skip "mounts a small file system"
	unshare -m true 2>/dev/null || skip "no namespaces of mounts here"
	# shellcheck disable=SC2016
	unshare -m bash -c 'mount -t tmpfs -o size=4k tmpfs "$1" || exit 1
		exec "$2" agent -dev -node=n1 -bind="$3" -client="$3" \
			-log-level=trace -log-file="$1/x"' \
		- "$FOLDER" "$PROCONSUL" "$(address)" \
		>"$BATS_FILE_TMPDIR/full.log" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/full.pid"
	wait_for_leader
	wait_until 20 disk_is_full
	for _ in 1 2 3 4 5; do http GET /v1/kv/after?keys || true; done
	wait_until 20 grep -q "GET url=/v1/kv/after" "$BATS_FILE_TMPDIR/full.log"
	[ "$(grep -c "Could not write the log file" "$BATS_FILE_TMPDIR/full.log")" -eq 1 ]
}

@test "syslog hears each line" {
	[ "$(id -u)" = 0 ] || skip "mounts a /dev of its own"
	unshare -m true 2>/dev/null || skip "no namespaces of mounts here"
	local binary
	for binary in "$PROCONSUL" "$CONSUL_REAL"; do
		[ -n "$binary" ] || continue
		unshare -m python3 "$BATS_TEST_DIRNAME/syslog_stand_in.py" \
			"$BATS_TEST_TMPDIR/heard" "cluster leadership acquired" \
			"$binary" agent -dev -log-level=info -node=n1 \
			-bind="$(address)" -client="$(address)" -syslog \
			>"$BATS_TEST_TMPDIR/out"
		not grep -Ev '^<133>[A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} consul\[[0-9]+\]: 20' \
			"$BATS_TEST_TMPDIR/heard"
		sed 's/.*consul\[[0-9]*\]: //' "$BATS_TEST_TMPDIR/heard" |
			diff <(output_log) -
	done
}
