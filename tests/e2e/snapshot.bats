#!/usr/bin/env bats
# Snapshots of the log: taken, trimmed behind, and started from.

load helpers

KEYS=600

teardown() {
	agents_stop
}

launch() {
	agent_start snap -server -bootstrap-expect=1 \
		-config-file="$BATS_FILE_TMPDIR/snap.json"
}

keys() {
	http GET '/v1/kv/k?keys' | jq length
}

has_all_keys() {
	[ "$(keys)" -eq "$KEYS" ]
}

log_rows() {
	python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(db.execute("select count(*) from log").fetchone()[0])' \
		"$BATS_FILE_TMPDIR/snap/raft/raft.db"
}

has_snapshot() {
	ls "$BATS_FILE_TMPDIR"/snap/raft/snapshots/*-*-*/state.bin
}

@test "snapshots are taken, and a killed catalogd and a restart begin with them" {
	echo '{"raft_snapshot_threshold":100,"raft_snapshot_interval":"100ms",
		"raft_trailing_logs":20}' >"$BATS_FILE_TMPDIR/snap.json"
	chmod 755 "$BATS_FILE_TMPDIR"
	launch
	for n in $(seq "$KEYS"); do
		echo "url = \"http://$(address):8500/v1/kv/k/$n\""
		echo "request = PUT"
		echo "data = value-$n"
		echo "output = /dev/null"
		echo next
	done | sed '$d' >"$BATS_TEST_TMPDIR/puts"
	curl -sSf -K "$BATS_TEST_TMPDIR/puts"
	wait_until 10 has_snapshot
	local daemon
	daemon=$(daemon_pid snap catalogd)
	kill -9 "$daemon"
	wait_until 10 has_all_keys
	[ "$(http GET '/v1/kv/k/1?raw')" = value-1 ]
	[ "$(http GET "/v1/kv/k/$KEYS?raw")" = "value-$KEYS" ]
	agent_stop snap
	[ "$(log_rows)" -lt "$KEYS" ]
	launch
	[ "$(keys)" -eq "$KEYS" ]
	[ "$(http GET '/v1/kv/k/1?raw')" = value-1 ]
	[ "$(http_status PUT /v1/kv/k/more -d x)" = 200 ]
}

@test "a damaged snapshot is refused at the start, by name" {
	local file
	file=$(find "$BATS_FILE_TMPDIR/snap/raft/snapshots" -name state.bin |
		sort -V | tail -n 1)
	printf x | dd of="$file" bs=1 seek=100 conv=notrunc status=none
	run timeout 20 "$PROCONSUL" agent -server -bootstrap-expect=1 \
		-data-dir="$BATS_FILE_TMPDIR/snap" -bind="$(address)" \
		-client="$(address)" -node=snap
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"$(basename "$(dirname "$file")") is cut or damaged"* ]]
}
