#!/usr/bin/env bats
# Each of the six daemons of a member is killed while a client works: its
# launcher has it back, the others keep running, nobody takes the member for
# failed, and what was acknowledged is there. On the leader, on a follower and
# on a client agent.

load helpers

setup_file() {
	local number
	for number in 1 2 3; do
		member_launch $number -server -bootstrap-expect=3
	done
	member_launch 4
	wait_until 20 leader
}

teardown_file() {
	agents_stop
}

member_launch() { # member_launch NUMBER FLAGS
	local number=$1
	shift
	agent_launch "m$number" -node="m$number" -bind="$(address "$number")" \
		-client="$(address "$number")" -retry-join="$(address 1)" \
		-retry-interval=1s -data-dir="$BATS_FILE_TMPDIR/m$number" "$@"
}

# The number of the member that leads, to the client agent.
leader() {
	local where
	where=$(curl -sS -m 5 "http://$(address 4):8500/v1/status/leader") || return 1
	for number in 1 2 3; do
		[ "$where" != "\"$(address $number):8300\"" ] || echo $number
	done | grep .
}

kv() { # kv NUMBER ARGUMENTS of kv
	local number=$1
	shift
	"$PROCONSUL" kv "$@" -http-addr="$(address "$number"):8500"
}

put() { # put NUMBER KEY VALUE
	curl -sS --fail -m 10 -X PUT -d "$3" -o /dev/null \
		"http://$(address "$1"):8500/v1/kv/$2"
}

is_back() { # is_back NUMBER DAEMON PID
	daemon_pid "m$1" "$2" | grep -qvx "$3"
}

# Everyone is alive, to that member.
are_alive() { # are_alive NUMBER
	[ "$("$PROCONSUL" members -http-addr="$(address "$1"):8500" \
		-status='^alive$' | tail -n +2 | wc -l)" -eq 4 ]
}

# kill_each NUMBER: its daemons, one by one; writes go by member BY.
kill_each() {
	local number=$1 by=$2 name old
	for name in gossipd raftd catalogd healthd httpd dnsd; do
		old=$(daemon_pid "m$number" $name)
		kill -9 "$old"
		wait_until 5 is_back "$number" $name "$old"
		wait_until 20 put "$by" "killed/$number/$name" "$name"
		wait_until 20 put "$number" "back/$number/$name" "$name"
	done
	wait_until 20 are_alive "$by"
	wait_until 20 are_alive "$number"
}

@test "on a follower" {
	local number=$(($(leader) % 3 + 1))
	kill_each $number 4
}

@test "on the leader" {
	kill_each "$(leader)" 4
}

@test "on a client agent" {
	kill_each 4 "$(leader)"
}

@test "all that was acknowledged is there, on each server" {
	local number
	for number in 1 2 3; do
		wait_until 20 has_keys $number
	done
	not grep -hE 'EventMember(Leave|Failed)' "$BATS_FILE_TMPDIR"/m?.log
}

has_keys() { # six daemons of three members, twice: in that server's own state
	[ "$(curl -sS -m 10 "http://$(address "$1"):8500/v1/kv/?keys&stale" |
		jq length)" -eq 36 ]
}
