#!/usr/bin/env bats
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

@test "the first answers after a restart are not older than what was acknowledged" {
	# A snapshot, and behind it a log that takes a while to apply.
	agents_stop
	echo '{"raft_snapshot_threshold": 500, "raft_snapshot_interval": "1s",
		"raft_trailing_logs": 100}' >"$BATS_FILE_TMPDIR/often.json"
	agent_start old -server -bootstrap-expect=1 -config-file="$BATS_FILE_TMPDIR/often.json"
	put_many 1 1000
	wait_until 20 sh -c "ls $BATS_FILE_TMPDIR/old/raft/snapshots/*/state.bin"
	agent_stop old
	agent_start old -server -bootstrap-expect=1
	put_many 1001 5000
	local round pid answer
	for round in 1 2 3; do
		pid=$(agent_pid old)
		pkill -9 -P "$pid"
		kill -9 "$pid"
		wait_until 10 process_gone "$pid"
		wait_until 10 none_runs "-data-dir=$BATS_FILE_TMPDIR/old"
		agent_launch old -server -bootstrap-expect=1 -data-dir="$BATS_FILE_TMPDIR/old" \
			-bind="$(address)" -client="$(address)" -node=old
		# Only a port that is not there yet is asked again; whatever is
		# answered must be the last that was acknowledged.
		until answer=$(curl -s -m 20 "http://$(address):8500/v1/kv/counter?raw"); do
			kill -0 "$(agent_pid old)"
		done
		echo "round $round: $answer"
		[ "$answer" = 5000 ]
	done
}

# put_many FROM TO: `counter` counts up, each time behind a large value, so
# that the log is long in bytes too.
put_many() {
	python3 - "$(address)" "$1" "$2" <<-'END'
		import http.client, sys
		connection = http.client.HTTPConnection(sys.argv[1], 8500)
		for count in range(int(sys.argv[2]), int(sys.argv[3]) + 1):
		    for key, value in (("large", "x" * 20000), ("counter", str(count))):
		        connection.request("PUT", "/v1/kv/" + key, value)
		        assert connection.getresponse().read() == b"true"
	END
}
