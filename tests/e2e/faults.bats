#!/usr/bin/env bats
# Runs alone.
# One daemon is killed, restarted or stopped while users of every kind work:
# what each of them sees is what the README's table says (section Faults).

load helpers

setup_file() { agent_start n1 -server -bootstrap-expect=1; }
teardown_file() { agents_stop; }

faults() {
	run python3 "$BATS_TEST_DIRNAME/faults.py" "$(address)" "$(agent_pid n1)" "$@"
	echo "$output"
	[ "$status" -eq 0 ]
}

each() { # each FAULT NAME...
	local fault=$1
	shift
	printf "$fault %s\\n" "$@"
}

@test "killed: what is under way fails or waits, and nothing else does" {
	mapfile -t list < <(each kill gossipd raftd catalogd healthd httpd dnsd runner prober)
	faults "${list[@]}"
}

@test "restarted: likewise" {
	mapfile -t list < <(each restart gossipd raftd catalogd healthd httpd dnsd)
	faults "${list[@]}"
}

@test "stopped for a while: who needs it waits, and nothing fails" {
	mapfile -t list < <(each stop gossipd raftd catalogd healthd httpd dnsd runner prober)
	faults "${list[@]}"
}

# A second agent, whose launcher does not wait for so long.
hangs() { # hangs DAEMON: is stopped for good, and killed for it
	local pid
	pid=$(pgrep -P "$(agent_pid n2)" -x "$1")
	kill -STOP "$pid"
	wait_until 20 process_gone "$pid"
	wait_until 10 grep -q "Daemon hangs, killing it: daemon=$1 " "$BATS_FILE_TMPDIR/n2.log"
}

second() { # second METHOD PATH [curl arguments]
	curl -sS --fail -m 25 -X "$1" "http://$(address 2):8500$2" "${@:3}"
}

@test "stopped for good: noticed, killed and started again; who asked has waited" {
	PROCONSUL_WATCHDOG=2 agent_launch n2 -node=n2 -server -bootstrap-expect=1 \
		-bind="$(address 2)" -client="$(address 2)" -data-dir="$BATS_FILE_TMPDIR/n2"
	wait_until 20 second PUT /v1/kv/a -d 1
	# Their first words: only who has spoken is watched.
	sleep 1.5
	hangs catalogd &
	wait_until 10 is_stopped catalogd
	[ "$(second GET '/v1/kv/a?consistent&raw')" = 1 ]
	wait $!
	hangs raftd
	wait_until 10 second PUT /v1/kv/a -d 2
	hangs httpd
	wait_until 10 second GET /v1/kv/a
	# Nobody else was killed for it.
	[ "$(grep -c 'Daemon hangs' "$BATS_FILE_TMPDIR/n2.log")" -eq 3 ]
}

is_stopped() {
	grep -q '^State:.*T' "/proc/$(pgrep -P "$(agent_pid n2)" -x "$1")/status"
}
