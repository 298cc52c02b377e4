#!/usr/bin/env bats
# Remote execution: our server and a client agent (a real one, where there is
# one) in one cluster, asked by our command line and by the real one.

load helpers
bats_require_minimum_version 1.5.0

setup_file() {
	local folder=$BATS_FILE_TMPDIR
	echo '{"disable_remote_exec": false, "leave_on_terminate": false,
		"performance": {"raft_multiplier": 1}}' \
		>"$folder/on.json"
	echo '{"disable_remote_exec": true, "leave_on_terminate": false}' \
		>"$folder/off.json"
	agent_start ours -server -bootstrap-expect=1 -log-level=debug \
		-config-file="$folder/on.json"
	agent_launch off -data-dir="$folder/off" -bind="$(address 2)" \
		-client="$(address 2)" -node=off -retry-join="$(address)" \
		-config-file="$folder/off.json"
	if [ -n "$CONSUL_REAL" ]; then
		"$CONSUL_REAL" agent -data-dir="$folder/real" \
			-bind="$(address 3)" -client="$(address 3)" -node=real \
			-retry-join="$(address)" -config-file="$folder/on.json" \
			>"$folder/real.log" 2>&1 3>&- 4>&- &
		echo $! >"$folder/real.pid"
		wait_until 20 is_member real
	fi
	wait_until 20 is_member off
}

teardown_file() {
	agents_stop
}

is_member() {
	cli members | grep -q "^$1 .*alive"
}

# job STATUS FLAGS COMMAND...: by both command lines; what they print is left
# in $output, checked to be the same but for the order of nodes.
job() {
	local status=$1
	shift
	run -"$status" env CONSUL_HTTP_ADDR="$(address):8500" "$PROCONSUL" exec "$@"
	[ -n "$CONSUL_REAL" ] || return 0
	sort <<<"$output" >"$BATS_TEST_TMPDIR/ours"
	run -"$status" env CONSUL_HTTP_ADDR="$(address):8500" "$CONSUL_REAL" exec "$@"
	sort <<<"$output" | diff -u - "$BATS_TEST_TMPDIR/ours"
}

@test "a command runs where it may, and tells how it ended" {
	job 2 -node=ours -wait=700ms 'echo out; echo err >&2; exit 3'
	[ "$output" = "    ours: out
    ours: err
    ours:
==> ours: finished with exit code 3
1 / 1 node(s) completed / acknowledged" ]
	job 0 -node=nobody -wait=200ms true
	[ "$output" = "0 / 0 node(s) completed / acknowledged" ]
	run -0 cli exec -node=ours -shell=false -wait=500ms echo 'a  b' c
	[ "${lines[0]}" = "    ours: a  b c" ]
	run -2 cli exec -node=ours -shell=false -wait=500ms /nonexistent
	[ "${lines[0]}" = "==> ours: finished with exit code 255" ]
	# shellcheck disable=SC2016 # the shell of the agent expands it
	run -2 cli exec -node=ours -wait=500ms 'kill -9 $$'
	[ "${lines[0]}" = "==> ours: finished with exit code -1" ]
}

@test "both kinds of agents do the same; who has it turned off does nothing" {
	[ -n "$CONSUL_REAL" ] || skip "no real Consul to compare with"
	job 0 -wait=700ms 'echo hello'
	grep -q "==> real: finished with exit code 0" <<<"$output"
	grep -q "==> ours: finished with exit code 0" <<<"$output"
	grep -q "2 / 2 node(s)" <<<"$output"
	wait_until 10 grep -q "ignoring remote exec event, disabled" \
		"$BATS_FILE_TMPDIR/off.log"
}

@test "it runs as the runner's user, in pieces of 4 KB, with signs of life" {
	run -0 cli exec -node=ours -wait=600ms -verbose \
		'seq 1 4000; sleep 1.3; id -u'
	[ "$(grep -c "^    ours: [0-9]*$" <<<"$output")" -ge 4000 ]
	grep -q "^==> ours: heartbeat received" <<<"$output"
	grep -q "^==> ours: acknowledged" <<<"$output"
	if [ "$(id -u)" = 0 ]; then
		not grep -q "^    ours: 0$" <<<"$output"
	fi
	# Nothing of it stays.
	[ "$(cli kv get -keys _rexec/)" = "" ]
}

@test "a script from standard input" {
	run -0 bash -c "printf '#!/bin/sh\necho \"script of \$#\"\n' |
		CONSUL_HTTP_ADDR=$(address):8500 $PROCONSUL exec -node=ours -wait=500ms -"
	[ "${lines[0]}" = "    ours: script of 0" ]
	run -1 cli exec -shell=false - </dev/null
	[ "$output" = "Cannot configure -shell=false when reading from stdin" ]
}

@test "who is asked to stop leaves nothing; the job goes on unheard" {
	local folder=$BATS_TEST_TMPDIR pid status=0
	CONSUL_HTTP_ADDR="$(address):8500" "$PROCONSUL" exec -node=ours \
		-wait=300ms -verbose \
		"sleep 1.5; yes | head -c 300000; echo done >/dev/shm/rexec.$$" \
		>"$folder/out" 3>&- &
	pid=$!
	wait_until 10 grep -q acknowledged "$folder/out"
	kill -INT "$pid"
	wait "$pid" || status=$?
	[ "$status" -eq 1 ]
	[ "$(cli kv get -keys _rexec/)" = "" ]
	wait_until 10 test -s "/dev/shm/rexec.$$"
	rm -f "/dev/shm/rexec.$$"
	wait_until 10 grep -q "failed to write output for remote exec job" \
		"$BATS_FILE_TMPDIR/ours.log"
}

@test "mistakes" {
	job 1 -tag=x true
	[ "$output" = "Cannot provide tag filter without service filter." ]
	job 1 -node='(' true
	run -1 cli exec -prefix=/x true
	grep -q "Invalid key. Key must not begin with a '/': /x/" <<<"$output"
	run -1 cli exec
	[ "${lines[0]}" = "Must specify a command to execute" ]
	# Events and jobs that are none.
	http PUT /v1/event/fire/_rexec -d 'nonsense'
	http PUT /v1/event/fire/_rexec -d '{"Prefix":"_rexec","Session":"x"}'
	wait_until 10 grep -q "failed to decode remote exec event" \
		"$BATS_FILE_TMPDIR/ours.log"
	wait_until 10 grep -q "remote exec aborted, job spec missing" \
		"$BATS_FILE_TMPDIR/ours.log"
	http PUT /v1/kv/_rexec/bad/job -d '{"Args": 5}'
	http PUT /v1/event/fire/_rexec -d '{"Prefix":"_rexec","Session":"bad"}'
	wait_until 10 grep -q "failed to decode remote exec spec" \
		"$BATS_FILE_TMPDIR/ours.log"
	# A job without the session's lock is not acknowledged.
	http PUT /v1/kv/_rexec/free/job -d '{"Command": "true"}'
	http PUT /v1/event/fire/_rexec -d '{"Prefix":"_rexec","Session":"free"}'
	wait_until 10 grep -q "failed to ack remote exec job" \
		"$BATS_FILE_TMPDIR/ours.log"
}
