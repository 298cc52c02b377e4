#!/usr/bin/env bats
# Disks that are full, and a raft.db that is cut or corrupt.

load helpers

teardown() {
	agents_stop
	if mountpoint -q "$BATS_FILE_TMPDIR/full"; then umount -l "$BATS_FILE_TMPDIR/full"; fi
}

put() {
	[ "$(http_status PUT "/v1/kv/$1" -d "${2:-x}")" = 200 ]
}

@test "a full disk: writes get a clear error, reads go on, space brings it back" {
	[ "$(id -u)" -eq 0 ] || skip "needs root, to mount a small file system"
	mkdir -p "$BATS_FILE_TMPDIR/full"
	mount -t tmpfs -o size=24m,mode=755 none "$BATS_FILE_TMPDIR/full" ||
		skip "no tmpfs can be mounted here"
	agent_launch full -server -bootstrap-expect=1 -bind="$(address)" \
		-client="$(address)" -node=full -data-dir="$BATS_FILE_TMPDIR/full/data"
	wait_for_leader
	put before kept
	dd if=/dev/zero of="$BATS_FILE_TMPDIR/full/filler" bs=64k 2>/dev/null || true
	# The log may still have room in pages it already owns: fill those too.
	local value keys n=0
	value=$(head -c 60000 /dev/zero | tr '\0' v)
	while put "fill/$n" "$value"; do
		n=$((n + 1))
		[ "$n" -lt 500 ]
	done
	run curl -sS -m 20 -X PUT -d "$value" "http://$(address):8500/v1/kv/refused"
	echo "$output"
	[[ "$output" == *disk* || "$output" == *"No space left"* || "$output" == *full* ]]
	[ "$(http GET '/v1/kv/before?raw')" = kept ]
	[ "$(http_status GET /v1/kv/refused)" = 404 ]
	rm "$BATS_FILE_TMPDIR/full/filler"
	wait_until 15 put after space
	[ "$(http GET '/v1/kv/after?raw')" = space ]
	[ "$(http GET '/v1/kv/before?raw')" = kept ]
	[ "$(http_status GET /v1/kv/refused)" = 404 ]
	# And what was acknowledged while the disk filled is there after a restart.
	agent_stop full
	agent_launch full -server -bootstrap-expect=1 -bind="$(address)" \
		-client="$(address)" -node=full -data-dir="$BATS_FILE_TMPDIR/full/data"
	wait_for_leader
	keys=$(http GET '/v1/kv/fill/?keys' || echo '[]')
	[ "$(jq length <<<"$keys")" -eq "$n" ]
}

damaged_start() { # damaged_start NAME: it refuses, names the file, keeps it
	local db sum
	db=$(find "$BATS_FILE_TMPDIR/$1/raft" -name 'raft.db')
	sum=$(sha256sum "$db")
	run timeout 20 "$PROCONSUL" agent -server -bootstrap-expect=1 \
		-data-dir="$BATS_FILE_TMPDIR/$1" -bind="$(address)" \
		-client="$(address)" -node="$1"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *raft.db* ]]
	[ "$(sha256sum "$db")" = "$sum" ]
	wait_until 5 none_runs "data-dir=$BATS_FILE_TMPDIR/$1"
}

filled_agent() { # filled_agent NAME: ran, wrote, and was stopped
	agent_start "$1" -server -bootstrap-expect=1
	for n in 1 2 3 4 5 6 7 8; do
		put "key/$n" "$(head -c 40000 /dev/zero | tr '\0' w)"
	done
	agent_stop "$1"
}

@test "a raft.db that was cut is refused, and left as it is" {
	filled_agent cut
	local db
	db=$(find "$BATS_FILE_TMPDIR/cut/raft" -name raft.db)
	truncate -s $(($(stat -c %s "$db") / 2)) "$db"
	rm -f "$db-wal"
	damaged_start cut
}

@test "a raft.db with bytes changed is refused, and left as it is" {
	filled_agent changed
	local db
	db=$(find "$BATS_FILE_TMPDIR/changed/raft" -name raft.db)
	rm -f "$db-wal"
	dd if=/dev/urandom of="$db" bs=4096 seek=1 count=8 conv=notrunc 2>/dev/null
	damaged_start changed
}

@test "a raft.db that is something else is refused, and left as it is" {
	filled_agent other
	local db
	db=$(find "$BATS_FILE_TMPDIR/other/raft" -name raft.db)
	rm -f "$db-wal"
	echo "this is no database" >"$db"
	damaged_start other
}
