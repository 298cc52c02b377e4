#!/usr/bin/env bats
# Takes long.
# Several servers: who begins, joins, leaves, fails, moves; and what Raft and
# the catalog make of it. Each test goes on where the one before it has ended.
load helpers

# Faster than the defaults, and as sure: nothing here asks how long it takes.
setup_file() {
	export CONFIG=$BATS_FILE_TMPDIR/fast.json
	cat >"$CONFIG" <<-EOF
		{"performance": {"raft_multiplier": 1, "leave_drain_time": "200ms"},
		"session_ttl_min": "1s", "ports": {"serf_wan": -1},
		"autopilot": {"cleanup_dead_servers": false,
			"server_stabilization_time": "1s"},
		"gossip_lan": {"probe_interval": "200ms", "probe_timeout": "100ms",
			"suspicion_mult": 3}}
	EOF
}

teardown_file() {
	agents_stop
}

# server_start N [ADDRESS] [flags]: server number N, expecting two others.
server_start() {
	local n=$1 at=${2:-$1}
	shift
	[ $# -eq 0 ] || shift
	agent_launch "n$n" -server -bootstrap-expect=3 -node="n$n" \
		-data-dir="$BATS_FILE_TMPDIR/n$n" -bind="$(address "$at")" \
		-client="$(address "$at")" -config-file="$CONFIG" \
		-retry-interval=1s "$@"
}

# agent_kill NAME: all of its processes, at once and without a word.
agent_kill() {
	local pid children
	pid=$(agent_pid "$1")
	children=$(pgrep -P "$pid")
	rm "$BATS_FILE_TMPDIR/$1.pid"
	# shellcheck disable=SC2086 # several
	kill -KILL "$pid" $children
	wait_until 10 process_gone "$pid"
}

leave() { # N: gracefully, as `consul leave` asks for it
	local pid
	pid=$(agent_pid "n$1")
	at "$1" PUT /v1/agent/leave
	rm "$BATS_FILE_TMPDIR/n$1.pid"
	wait_until 20 process_gone "$pid"
}

join_flags() {
	local n
	for n in "$@"; do
		printf -- '-retry-join=%s ' "$(address "$n")"
	done
}

# at N METHOD PATH [curl arguments]: asked of server N.
at() {
	local n=$1 method=$2 path=$3
	shift 3
	curl -sS --fail -m 20 -X "$method" "$@" \
		"http://$(address "$n"):8500$path"
}

puts() { # N KEY
	[ "$(at "$1" PUT "/v1/kv/$2" -d "of $2")" = true ]
}

# raft_has N NODE Voter: what server N says of that node.
raft_has() {
	at "$1" GET /v1/operator/raft/configuration |
		jq -e --arg node "$2" --argjson voter "$3" \
			'.Servers[] | select(.Node == $node) | .Voter == $voter'
}

raft_count() { # N COUNT
	[ "$(at "$1" GET /v1/operator/raft/configuration |
		jq '.Servers | length')" = "$2" ]
}

leader_of() { # N
	at "$1" GET /v1/operator/raft/configuration |
		jq -r '.Servers[] | select(.Leader) | .Node | ltrimstr("n")'
}

has_leader_at() { # N
	[ -n "$(leader_of "$1")" ]
}

status_of() { # N NODE
	at "$1" GET "/v1/health/node/$2" |
		jq -r '.[] | select(.CheckID == "serfHealth") | .Status'
}

has_status() { # N NODE STATUS
	[ "$(status_of "$1" "$2")" = "$3" ]
}

is_in_catalog() { # N NODE
	at "$1" GET /v1/catalog/nodes | jq -e --arg node "$2" \
		'any(.[]; .Node == $node)'
}

is_no_node() {
	! is_in_catalog "$@"
}

is_well() { # N TOLERANCE
	at "$1" GET /v1/operator/autopilot/health | jq -e --argjson of "$2" \
		'.Healthy and .FailureTolerance == $of'
}

cleanup_set() { # N true|false
	at "$1" GET /v1/operator/autopilot/configuration |
		jq -c ".CleanupDeadServers = $2" |
		at "$1" PUT /v1/operator/autopilot/configuration --data @-
}

# other_than A [B]: a number of 1..3 that is none of these.
other_than() {
	local n
	for n in 1 2 3; do
		[ "$n" = "$1" ] || [ "$n" = "${2:-}" ] || { echo "$n"; return; }
	done
}

@test "three servers that expect each other begin by themselves" {
	local n
	for n in 1 2 3; do
		# shellcheck disable=SC2046 # flags
		server_start "$n" "$n" $(join_flags 1 2 3)
	done
	for n in 1 2 3; do
		wait_until 30 puts "$n" "first/$n"
	done
	raft_count 1 3
	wait_until 10 has_status 2 n1 passing
	wait_until 10 has_status 2 n3 passing
	[ "$(at 3 GET /v1/catalog/service/consul | jq length)" = 3 ]
}

@test "autopilot finds them well, and can be set" {
	wait_until 20 is_well 2 1
	[ "$(cleanup_set 1 true)" = true ]
	[ "$(at 2 PUT '/v1/operator/autopilot/configuration?cas=1' \
		-d '{"MaxTrailingLogs": 7}')" = false ]
	at 3 GET /v1/operator/autopilot/configuration |
		jq -e '.CleanupDeadServers and .MaxTrailingLogs == 250'
	[ "$(cleanup_set 1 false)" = true ]
}

@test "one that joins later has no vote, and then one" {
	server_start 4 4 -retry-join="$(address 1)"
	wait_until 20 raft_has 1 n4 false
	wait_until 30 raft_has 1 n4 true
	wait_until 10 has_status 1 n4 passing
	puts 4 late
	grep -q 'Promoting server to voter: .*name=n4' \
		"$BATS_FILE_TMPDIR/n$(leader_of 1).log"
}

@test "a follower that leaves is gone from Raft and from the catalog" {
	local asked=1
	leave 4
	wait_until 10 raft_count "$asked" 3
	wait_until 10 is_no_node "$asked" n4
	not grep -q 'failed to leave raft' "$BATS_FILE_TMPDIR/n4.log"
}

@test "a leader that leaves hands over, and comes back as a follower" {
	local leader other
	leader=$(leader_of 1)
	other=$(other_than "$leader")
	leave "$leader"
	wait_until 10 puts "$other" after-leave
	wait_until 10 raft_count "$other" 2
	wait_until 10 is_no_node "$other" "n$leader"
	server_start "$leader" "$leader" -retry-join="$(address "$other")"
	wait_until 30 raft_has "$other" "n$leader" true
	wait_until 10 has_status "$other" "n$leader" passing
}

@test "one that is killed turns critical, and passing when it is back" {
	local leader victim
	leader=$(leader_of 1)
	victim=$(other_than "$leader")
	agent_kill "n$victim"
	wait_until 30 has_status "$leader" "n$victim" critical
	raft_has "$leader" "n$victim" true
	server_start "$victim"
	wait_until 30 has_status "$leader" "n$victim" passing
	puts "$victim" back
}

@test "force-leave takes a dead server out, and it may come back" {
	local leader victim
	leader=$(leader_of 1)
	victim=$(other_than "$leader")
	agent_kill "n$victim"
	wait_until 30 has_status "$leader" "n$victim" critical
	at "$leader" PUT "/v1/agent/force-leave/n$victim"
	wait_until 10 raft_count "$leader" 2
	wait_until 10 is_no_node "$leader" "n$victim"
	server_start "$victim" "$victim" -retry-join="$(address "$leader")"
	wait_until 30 raft_has "$leader" "n$victim" true
}

@test "a peer can be removed by hand, by id or address" {
	local leader victim
	leader=$(leader_of 1)
	victim=$(other_than "$leader")
	run at "$leader" DELETE '/v1/operator/raft/peer?id=none'
	[ "$status" -ne 0 ]
	agent_kill "n$victim"
	wait_until 30 has_status "$leader" "n$victim" critical
	at "$(other_than "$leader" "$victim")" DELETE \
		"/v1/operator/raft/peer?address=$(address "$victim"):8300"
	raft_count "$leader" 2
	server_start "$victim"
	wait_until 30 raft_has "$leader" "n$victim" true
}

@test "a dead server is buried where that is allowed" {
	local leader victim
	leader=$(leader_of 1)
	victim=$(other_than "$leader")
	[ "$(cleanup_set "$leader" true)" = true ]
	agent_kill "n$victim"
	wait_until 40 raft_count "$leader" 2
	wait_until 10 is_no_node "$leader" "n$victim"
	grep -q "Attempting removal of failed server node: name=n$victim" \
		"$BATS_FILE_TMPDIR/n$leader.log"
	server_start "$victim" "$victim" -retry-join="$(address "$leader")"
	wait_until 30 raft_has "$leader" "n$victim" true
	[ "$(cleanup_set "$leader" false)" = true ]
}

node_index() { # N NODE
	at "$1" GET /v1/catalog/nodes | jq --arg node "$2" \
		'.[] | select(.Node == $node) | .CreateIndex'
}

@test "the leader's gossipd starts anew: nobody is taken for gone" {
	local leader other before pid
	leader=$(leader_of 1)
	other=$(other_than "$leader")
	before=$(node_index "$leader" "n$other")
	pid=$(daemon_pid "n$leader" gossipd)
	kill -KILL "$pid"
	wait_until 10 is_replaced "n$leader" gossipd "$pid"
	wait_until 20 sees_alive "$leader" 3
	puts "$leader" after-gossipd
	[ "$(node_index "$leader" "n$other")" = "$before" ]
	has_status "$leader" "n$other" passing
	raft_count "$leader" 3
}

is_replaced() { # NAME DAEMON PID
	local now
	now=$(daemon_pid "$1" "$2")
	[ -n "$now" ] && [ "$now" != "$3" ]
}

sees_alive() { # N COUNT
	[ "$(at "$1" GET /v1/agent/members |
		jq '[.[] | select(.Status == 1)] | length')" = "$2" ]
}

@test "a session lives on under another leader, and ends in its time" {
	local leader other id
	leader=$(leader_of 1)
	other=$(other_than "$leader")
	id=$(at "$leader" PUT /v1/session/create \
		-d "{\"TTL\": \"1s\", \"Node\": \"n$other\"}" | jq -r .ID)
	[ "$(at "$leader" PUT "/v1/kv/held?acquire=$id" -d x)" = true ]
	agent_kill "n$leader"
	wait_until 30 puts "$other" new-leader
	wait_until 20 has_no_session "$other" "$id"
	at "$other" GET /v1/kv/held | jq -e '.[0] | has("Session") | not'
	server_start "$leader"
	wait_until 30 has_status "$other" "n$leader" passing
}

has_no_session() { # N ID
	[ "$(at "$1" GET "/v1/session/info/$2" | jq length)" = 0 ]
}

# Without leaving first it would be refused, as in Consul: one id, two names.
@test "a server that leaves may come back under another name" {
	local leader victim
	leader=$(leader_of 1)
	victim=$(other_than "$leader")
	leave "$victim"
	# shellcheck disable=SC2046 # flags
	server_start "$victim" "$victim" $(join_flags 1 2 3) -node=renamed
	wait_until 30 has_status "$leader" renamed passing
	is_no_node "$leader" "n$victim"
	wait_until 20 raft_has "$leader" renamed true
}

@test "all may come back at new addresses" {
	local n
	puts 1 moved
	for n in 1 2 3; do
		agent_kill "n$n"
	done
	for n in 1 2 3; do
		# shellcheck disable=SC2046 # flags
		server_start "$n" "1$n" $(join_flags 11 12 13)
	done
	wait_until 40 puts 11 again
	[ "$(at 12 GET '/v1/kv/moved?raw')" = 'of moved' ]
	wait_until 20 all_moved 12
	raft_count 12 3
}

all_moved() { # N
	at "$1" GET /v1/operator/raft/configuration | jq -e --arg old \
		"$(address 1):8300 $(address 2):8300 $(address 3):8300" \
		'all(.Servers[]; .Voter and (.Address as $a |
			$old | split(" ") | index($a) == null))'
}
