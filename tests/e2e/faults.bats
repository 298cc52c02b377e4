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
