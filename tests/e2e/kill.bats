#!/usr/bin/env bats
# Runs alone.
# Daemons killed under load: what was acknowledged stays, nothing is half there.

load helpers

setup_file() { agent_start n1 -server -bootstrap-expect=1; }
teardown_file() { agents_stop; }

@test "kill -9 of a random daemon, ${KILLS:=200} times under a write load" {
	run python3 "$BATS_TEST_DIRNAME/kill.py" "$(address)" "$(agent_pid n1)" "$KILLS"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "kill -9 of everything at once: started again, all is there" {
	local before pid
	http PUT /v1/kv/last -d 'written last' >/dev/null
	before=$(http GET '/v1/kv/?recurse' | jq -S 'map({Key, Value, ModifyIndex})')
	pid=$(agent_pid n1)
	pkill -9 -P "$pid"
	kill -9 "$pid"
	wait_until 10 process_gone "$pid"
	rm "$BATS_FILE_TMPDIR/n1.pid"
	wait_until 10 none_runs "-data-dir=$BATS_FILE_TMPDIR/n1"
	agent_start n1 -server -bootstrap-expect=1
	diff <(echo "$before") <(http GET '/v1/kv/?recurse' |
		jq -S 'map({Key, Value, ModifyIndex})')
}
