#!/usr/bin/env bats
# proconsul setup: the places of daemons that are started one by one, by root
# and by anyone else, before and while they run.

load helpers

setup() {
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
	RUN=$BATS_TEST_TMPDIR/run DATA=$BATS_TEST_TMPDIR/data
	FLAGS=(-server -bootstrap-expect=1 -bind="$(address)" -client="$(address)"
		-node=one -data-dir="$DATA")
	PIDS=()
}

teardown() {
	local pid
	for pid in "${PIDS[@]}"; do
		kill -9 "$pid" 2>/dev/null || :
	done
}

# start DAEMON [command...]: by itself, perhaps as another user.
start() {
	local daemon=$1
	shift
	"$@" "$BUILD/$daemon" -run-dir "$RUN" "${FLAGS[@]}" \
		>"$BATS_TEST_TMPDIR/$daemon.log" 2>&1 3>&- 4>&- &
	PIDS+=($!)
}

as_nobody() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
	else
		"$@"
	fi
}

@test "as anyone: all of it is that user's, and daemons start in any order" {
	mkdir "$BATS_TEST_TMPDIR/own"
	[ "$(id -u)" -ne 0 ] || chown 65534:65534 "$BATS_TEST_TMPDIR/own"
	RUN=$BATS_TEST_TMPDIR/own/run DATA=$BATS_TEST_TMPDIR/own/data
	FLAGS[${#FLAGS[@]}-1]=-data-dir=$DATA
	as_nobody "$PROCONSUL" setup -run-dir="$RUN" "${FLAGS[@]}" >"$BATS_TEST_TMPDIR/said" 2>&1
	not grep -q made "$BATS_TEST_TMPDIR/said"
	[ "$(stat -c %a "$RUN")" = 700 ]
	[ "$(stat -c %a "$RUN/raftd" "$DATA/raft")" = $'2710\n700' ]
	local daemon
	for daemon in httpd raftd dnsd healthd gossipd catalogd; do
		start "$daemon" as_nobody
	done
	wait_for_leader
	http PUT /v1/kv/a -d 1 | grep -qx true
	# Again, while they run: nothing to do, and nothing is disturbed.
	as_nobody "$PROCONSUL" setup -run-dir="$RUN" -verbose "${FLAGS[@]}" \
		>"$BATS_TEST_TMPDIR/said" 2>/dev/null
	[ ! -s "$BATS_TEST_TMPDIR/said" ]
	[ "$(http GET /v1/kv/a?raw)" = 1 ]
	# They are found and spoken to without the HTTP API.
	as_nobody "$PROCONSUL" daemon reload -run-dir="$RUN"
	as_nobody "$PROCONSUL" daemon reload -run-dir="$RUN" httpd dnsd
	not as_nobody "$PROCONSUL" daemon reload -run-dir="$RUN" named
	as_nobody "$PROCONSUL" daemon leave -run-dir="$RUN" "${FLAGS[@]}"
	kill -0 "${PIDS[4]}" # a server stays
	as_nobody "$PROCONSUL" daemon leave -run-dir="$RUN"
	local status=0
	wait "${PIDS[4]}" || status=$?
	[ "$status" -eq 64 ]
	not as_nobody "$PROCONSUL" daemon leave -run-dir="$RUN"
}

@test "as root: each part is its daemon's, and is again after it was not" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	"$PROCONSUL" setup -run-dir="$RUN" -verbose "${FLAGS[@]}" >"$BATS_TEST_TMPDIR/said"
	grep -q "made $DATA/raft for raftd" "$BATS_TEST_TMPDIR/said"
	local raftd id
	raftd=$(stat -c %u "$DATA/raft")
	id=$(cat "$DATA/node-id")
	[ "$raftd" -ne 0 ]
	[ "$(stat -c %a "$RUN" "$RUN/httpd" "$RUN/genpage" "$RUN/powers")" = \
		$'711\n2710\n2750\n3770' ]
	echo 1 >"$DATA/raft/file"
	chmod 755 "$DATA/raft" "$RUN/httpd"
	chown 0:0 "$RUN/genpage"
	"$PROCONSUL" setup -run-dir="$RUN" -verbose "${FLAGS[@]}" >"$BATS_TEST_TMPDIR/said"
	[ "$(stat -c '%u %a' "$DATA/raft")" = "$raftd 700" ]
	[ "$(stat -c %u "$DATA/raft/file")" = "$raftd" ]
	[ "$(stat -c %a "$RUN/httpd")" = 2710 ]
	[ "$(stat -c %u "$RUN/genpage")" -ne 0 ]
	[ "$(cat "$DATA/node-id")" = "$id" ]
	# Another's file that was linked in there is not given away.
	echo secret >"$BATS_TEST_TMPDIR/secret"
	ln "$BATS_TEST_TMPDIR/secret" "$DATA/raft/secret"
	not "$PROCONSUL" setup -run-dir="$RUN" "${FLAGS[@]}"
	[ "$(stat -c %u "$BATS_TEST_TMPDIR/secret")" -eq 0 ]
}

@test "as root: links lead nowhere" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	local said=$BATS_TEST_TMPDIR/said elsewhere=$BATS_TEST_TMPDIR/elsewhere
	mkdir "$DATA" "$elsewhere"
	echo mine >"$elsewhere/file"
	# Beside a file that is to be written.
	ln -s "$elsewhere/file" "$DATA/node-id.new"
	"$PROCONSUL" setup -run-dir="$RUN" "${FLAGS[@]}"
	[ "$(cat "$elsewhere/file")" = mine ]
	[ -f "$DATA/node-id" ]
	# Instead of a part: refused, and nothing is changed.
	rm -r "$DATA/raft"
	chmod 755 "$elsewhere"
	ln -s "$elsewhere" "$DATA/raft"
	not "$PROCONSUL" setup -run-dir="$RUN" "${FLAGS[@]}" 2>"$said"
	grep -q "$DATA/raft is a symbolic link, which is not followed: .*mount --bind" "$said"
	[ "$(stat -c '%u %a' "$elsewhere")" = "0 755" ]
	[ "$(stat -c %u "$elsewhere/file" "$DATA/raft")" = $'0\n0' ]
}

@test "as root: a data directory for the group of all daemons" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	mkdir "$DATA"
	chgrp "$(getent group _proconsul | cut -d: -f3 | grep . || echo 61406)" "$DATA"
	chmod 750 "$DATA"
	"$PROCONSUL" setup -run-dir="$RUN" "${FLAGS[@]}"
	chmod 700 "$DATA"
	not "$PROCONSUL" setup -run-dir="$RUN" "${FLAGS[@]}" 2>"$BATS_TEST_TMPDIR/said"
	grep -q "$DATA is closed to .*chmod o+x $DATA" "$BATS_TEST_TMPDIR/said"
}

@test "what it cannot do is refused, and says what would help" {
	local said=$BATS_TEST_TMPDIR/said
	not "$PROCONSUL" setup "${FLAGS[@]}" 2>"$said"
	grep -q 'Must specify -run-dir' "$said"
	not "$PROCONSUL" setup -run-dir="/$(printf 'x%.0s' {1..100})" "${FLAGS[@]}" 2>"$said"
	grep -q 'longer than the 89 bytes' "$said"
	not "$PROCONSUL" setup -run-dir="$RUN" -dev 2>"$said"
	grep -q 'give one with -node-id' "$said"
	not "$PROCONSUL" setup -run-dir="$RUN" -data-dir="$DATA" -bind=nonsense 2>"$said"
	grep -q 'Config validation failed' "$said"
	[ ! -e "$RUN" ]
	[ ! -e "$DATA" ]
	touch "$RUN"
	not "$PROCONSUL" setup -run-dir="$RUN" "${FLAGS[@]}" 2>"$said"
	grep -q 'is no directory' "$said"
	not "$PROCONSUL" daemon reload -run-dir="$BATS_TEST_TMPDIR" raftd 2>"$said"
	grep -q 'raftd: .*metrics/raftd is not there' "$said"
}
