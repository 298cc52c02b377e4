#!/usr/bin/env bats
# One daemon is replaced by another build while the others run. Builds with the
# same method table work together; others refuse each other, say so once, and
# go on by themselves when they match again. build/next/ has daemons with
# another table (tests/next/table.c).

load helpers

NEXT=$BUILD/next

setup_file() {
	local folder=$BATS_FILE_TMPDIR/programs here
	here=$(address)
	mkdir "$folder"
	cp "$BUILD"/{proconsul,gossipd,raftd,catalogd,healthd,healthd-prober,httpd,dnsd} "$folder"
	PROCONSUL=$folder/proconsul agent_launch n1 -node=n1 -bind="$here" \
		-client="$here" -data-dir="$BATS_FILE_TMPDIR/n1" \
		-server -bootstrap-expect=1
	wait_for_leader
}

teardown_file() { agents_stop; }

@test "each of the six is replaced under load" {
	mapfile -t list < <(printf 'replace %s\n' gossipd raftd catalogd healthd httpd dnsd)
	run python3 "$BATS_TEST_DIRNAME/faults.py" "$(address)" "$(agent_pid n1)" "${list[@]}"
	echo "$output"
	[ "$status" -eq 0 ]
}

# replace FOLDER DAEMON: by the one in that folder; started by the launcher.
replace() {
	local folder=$BATS_FILE_TMPDIR/programs old
	old=$(daemon_pid n1 "$2")
	cp "$1/$2" "$folder/$2.new"
	mv "$folder/$2.new" "$folder/$2"
	kill "$old"
	wait_until 10 is_replaced "$old" "$2"
}

is_replaced() { # is_replaced PID DAEMON
	daemon_pid n1 "$2" | grep -qvx "$1"
}

lines() { # lines PATTERN: of the log
	grep -c "$1" "$BATS_FILE_TMPDIR/n1.log"
}

refused='Peer refused: built from another method table; restart both from the same build:'

has_lines() { # has_lines COUNT PATTERN
	[ "$(lines "$2")" -eq "$1" ]
}

@test "another method table is refused by both ends, with one line each" {
	replace "$NEXT" httpd
	wait_until 10 has_lines 1 "$refused self=httpd table=.* peer=catalogd peer_table="
	wait_until 10 has_lines 1 "$refused self=catalogd table=.* peer=httpd peer_table="
	# Who asks waits a while for the other to be replaced, too.
	run curl -sS -m 20 -w ' %{http_code} %{time_total}' "http://$(address):8500/v1/kv/none"
	[[ "$output" == "two daemons are of different builds: restart both from the same build 500 "* ]]
	# From then on the answer comes at once.
	run curl -sS -m 3 -o /dev/null -w '%{http_code}' -X PUT -d x "http://$(address):8500/v1/kv/a"
	[ "$output" = 500 ]
	# All others work on.
	dig +short +time=5 @"$(address)" -p 8600 n1.node.consul | grep -qx "$(address)"
	[ "$(lines "$refused")" -eq 2 ]
}

@test "the same build again, and it goes on by itself" {
	replace "$BUILD" httpd
	wait_until 10 has_leader
	http PUT /v1/kv/a -d x
	wait_until 10 has_lines 1 'The peer is of our build again: peer=httpd'
}

@test "an upgrade one by one: in the end all work together" {
	local name
	http PUT /v1/kv/kept -d before
	for name in httpd dnsd healthd gossipd raftd catalogd; do
		replace "$NEXT" $name
	done
	wait_until 20 has_leader
	[ "$(http GET '/v1/kv/kept?raw')" = before ]
	http PUT /v1/kv/kept -d after
	wait_until 10 dig_finds n1.node.consul
	http GET /v1/agent/members | jq -e '.[0].Status == 1' >/dev/null
	http PUT /v1/agent/service/register -d '{"Name": "web"}'
	# A line for each end of each edge that did not match, and a minute is
	# not over yet.
	[ "$(lines "$refused")" -le 14 ]
}

dig_finds() {
	[ "$(dig +short +time=2 +tries=1 @"$(address)" -p 8600 "$1")" = "$(address)" ]
}
