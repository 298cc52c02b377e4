#!/usr/bin/env bats
# Any agent may be asked: three servers (.1 to .3) and a client (.4), of which
# only one leads. Reads and writes through each, in each consistency; blocking
# reads across agents; without a leader, and while one is being elected. The
# texts are those of the real Consul 1.8.7 in the same places.

load helpers

setup_file() {
	local i
	for i in 1 2 3; do
		agent_run "$i" -server -bootstrap-expect=3
	done
	agent_run 4
	for i in 1 2 3 4; do
		wait_until 30 knows_leader "$i"
	done
}

teardown_file() {
	agents_stop
}

# agent_run NUMBER [flags]
agent_run() {
	local number=$1
	shift
	agent_launch "a$number" -node="a$number" -bind="$(address "$number")" \
		-client="$(address "$number")" -retry-interval=1s \
		-data-dir="$BATS_FILE_TMPDIR/a$number" \
		-retry-join="$(address 1)" -retry-join="$(address 2)" "$@"
}

# ask NUMBER METHOD PATH [curl arguments]: body, whatever the status.
ask() {
	local number=$1 method=$2 path=$3
	shift 3
	curl -sS -m 25 -X "$method" "$@" "http://$(address "$number"):8500$path"
}

header() { # header NUMBER NAME PATH: of the answer
	ask "$1" GET "$3" -o /dev/null -D - | tr -d '\r' |
		sed -n "s/^$2: //p"
}

leader() { # leader NUMBER: the number of its leader
	ask "$1" GET /v1/status/leader | sed -n 's/.*\.\([0-9]*\):8300"$/\1/p' |
		grep .
}

knows_leader() {
	leader "$1" && [ "$(ask "$1" GET "/v1/kv/none" -o /dev/null -w "%{http_code}")" = 404 ]
}

follower() { # the number of a server that runs and does not lead
	local i leads
	leads=$(leader 4)
	for i in 1 2 3; do
		[ "$i" = "$leads" ] || [ ! -e "$BATS_FILE_TMPDIR/a$i.pid" ] ||
			echo "$i"
	done | head -n 1
}

agent_kill() { # agent_kill NUMBER: all its processes, at once
	local pid
	pid=$(agent_pid "a$1")
	rm "$BATS_FILE_TMPDIR/a$1.pid"
	# shellcheck disable=SC2046 # a list of pids
	kill -9 "$pid" $(pgrep -P "$pid")
}

seen() { # seen NUMBER KEY VALUE: there, and stale reads show it
	[ "$(ask "$1" GET "/v1/kv/$2?raw&stale")" = "$3" ]
}

@test "an answer older than max_stale is asked of the leader instead" {
	local number
	number=$(follower)
	[ "$(header "$number" X-Consul-Effective-Consistency \
		"/v1/catalog/nodes?stale")" = stale ]
	[ "$(header "$number" X-Consul-Effective-Consistency \
		"/v1/catalog/nodes?max_stale=1h")" = stale ]
	[ "$(header "$number" X-Consul-Effective-Consistency \
		"/v1/catalog/nodes?max_stale=1ns")" = leader ]
	[ "$(header "$number" X-Consul-Lastcontact \
		"/v1/catalog/nodes?max_stale=1ns")" = 0 ]
}

@test "a write through any agent is read through any other at once" {
	local writer reader
	for writer in 1 2 3 4; do
		[ "$(ask "$writer" PUT "/v1/kv/from$writer" -d "$writer")" = true ]
		for reader in 1 2 3 4; do
			[ "$(ask "$reader" GET "/v1/kv/from$writer?raw")" = "$writer" ]
			[ "$(ask "$reader" GET "/v1/kv/from$writer?raw&consistent")" = "$writer" ]
		done
	done
}

@test "cas, sessions, locks and transactions go through a client" {
	local id
	id=$(ask 4 PUT /v1/session/create -d '{"Node":"a1"}' | cut -d'"' -f4)
	[ "${#id}" -eq 36 ]
	[ "$(ask 4 PUT "/v1/kv/lock?acquire=$id" -d x)" = true ]
	[ "$(ask "$(follower)" PUT '/v1/kv/lock?cas=1' -d y)" = false ]
	[[ "$(ask 4 PUT "/v1/session/renew/$id")" == *"$id"* ]]
	[[ "$(ask 4 GET "/v1/session/list")" == *"$id"* ]]
	run ask 4 PUT /v1/txn -d '[{"KV":{"Verb":"set","Key":"t","Value":"dg=="}},
	    {"KV":{"Verb":"get","Key":"lock"}}]'
	[[ "$output" == *'"Key":"lock"'* ]]
	[ "$(ask 4 PUT "/v1/session/destroy/$id")" = true ]
	[ "$(ask 4 DELETE /v1/kv/t)" = true ]
}

@test "stale reads are a follower's own, and say how old they are" {
	local number contact
	number=$(follower)
	ask 4 PUT /v1/kv/stale -d v
	wait_until 10 seen "$number" stale v
	contact=$(header "$number" X-Consul-Lastcontact '/v1/kv/stale?stale')
	[ "$contact" -ge 0 ] && [ "$contact" -lt 10000 ]
	[ "$(header "$number" X-Consul-Knownleader '/v1/kv/stale?stale')" = true ]
	[ "$(header "$number" X-Consul-Lastcontact '/v1/kv/stale')" = 0 ]
	[ "$(header "$(leader 4)" X-Consul-Lastcontact '/v1/kv/stale?stale')" = 0 ]
	[ "$(header "$number" X-Consul-Effective-Consistency '/v1/catalog/nodes?stale')" = stale ]
	# A kept answer must give way to a newer one.
	ask 4 PUT /v1/kv/stale -d w
	wait_until 10 seen "$number" stale w
}

@test "a blocking read through a follower or a client wakes when it changes" {
	local number index i
	ask 4 PUT /v1/kv/wake -d old
	for number in "$(follower)" 4; do
		for i in '' '&stale'; do
			# A stale read may not have seen the last write yet.
			index=$(header "$(leader 4)" X-Consul-Index /v1/kv/wake)
			wait_until 10 has_index "$number" "$index"
			ask "$number" GET "/v1/kv/wake?raw&wait=20s&index=$index$i" \
				>"$BATS_TEST_TMPDIR/woken" &
			sleep 0.3
			[ ! -s "$BATS_TEST_TMPDIR/woken" ]
			ask "$(leader 4)" PUT /v1/kv/wake -d "new$number$i"
			wait_until 5 [ -s "$BATS_TEST_TMPDIR/woken" ]
			wait $!
			[ "$(cat "$BATS_TEST_TMPDIR/woken")" = "new$number$i" ]
		done
	done
}

has_index() { # has_index NUMBER INDEX
	[ "$(header "$1" X-Consul-Index '/v1/kv/wake?stale')" -ge "$2" ]
}

@test "bad input is refused in Consul's words, where Consul refuses it" {
	local number
	number=$(follower)
	[ "$(ask "$number" GET '/v1/kv/a?dc=zz')" = "No path to datacenter" ]
	[ "$(ask "$number" PUT '/v1/kv/a?dc=zz' -d v)" = "No path to datacenter" ]
	[ "$(ask 4 GET '/v1/kv/a?dc=zz&stale')" = "rpc error making call: No path to datacenter" ]
	[ "$(ask 4 PUT '/v1/kv/a?dc=zz' -d v)" = "rpc error making call: No path to datacenter" ]
	[[ "$(ask "$number" PUT /v1/catalog/register -d '{"Node":"x","Address":"1.1.1.1","ID":"bad"}')" == \
		"rpc error making call: Bad node ID: uuid string is wrong length" ]]
}

@test "a service of the client is found through every server, and by DNS" {
	local i
	ask 4 PUT /v1/agent/service/register -d '{"Name":"web","Port":80}'
	for i in 1 2 3 4; do
		[[ "$(ask "$i" GET /v1/health/service/web)" == *'"Node":"a4"'* ]]
		wait_until 10 finds "$i" web.service.consul
	done
	ask 4 PUT /v1/agent/service/deregister/web
	for i in 1 2 3 4; do
		[ "$(ask "$i" GET /v1/health/service/web)" = "[]" ]
		# DNS is stale by default: soon, and never a kept answer for ever.
		wait_until 10 misses "$i" web.service.consul
	done
}

finds() { # finds NUMBER NAME
	[ "$(dig +short +time=2 +tries=1 -p 8600 @"$(address "$1")" "$2")" = "$(address 4)" ]
}

misses() {
	dig +time=2 +tries=1 -p 8600 @"$(address "$1")" "$2" | grep NXDOMAIN
}

@test "a client without a server says so at once" {
	agent_launch alone -node=alone -bind="$(address 5)" \
		-client="$(address 5)" -data-dir="$BATS_FILE_TMPDIR/alone"
	wait_until 20 ask 5 GET /v1/agent/self
	[ "$(ask 5 GET /v1/kv/a)" = "No known Consul servers" ]
	[ "$(ask 5 PUT /v1/kv/a -d v)" = "No known Consul servers" ]
	CONSUL_HTTP_ADDR="$(address 5):8500" run "$PROCONSUL" info
	[[ "$output" == *"known_servers = 0"* ]]
	# Its service is taken, and told as soon as there is a server.
	ask 5 PUT /v1/agent/service/register -d '{"Name":"lonely"}'
	CONSUL_HTTP_ADDR="$(address 5):8500" "$PROCONSUL" join "$(address 1)"
	wait_until 10 eval '[[ "$(ask 2 GET /v1/health/service/lonely)" == *alone* ]]'
	agent_stop alone
}

@test "when the leader is killed, calls are held and then succeed" {
	local leads i pids=()
	leads=$(leader 4)
	agent_kill "$leads"
	for i in 1 2 3 4; do
		[ "$i" != "$leads" ] || continue
		ask "$i" PUT "/v1/kv/held$i" -d v >"$BATS_TEST_TMPDIR/put$i" &
		pids+=($!)
		ask "$i" GET "/v1/kv/from1?raw" >"$BATS_TEST_TMPDIR/get$i" &
		pids+=($!)
	done
	wait "${pids[@]}"
	for i in 1 2 3 4; do
		[ "$i" != "$leads" ] || continue
		[ "$(cat "$BATS_TEST_TMPDIR/get$i")" = 1 ]
		# One that had reached the old leader may or may not be done.
		[[ "$(cat "$BATS_TEST_TMPDIR/put$i")" =~ ^true$|EOF$ ]]
	done
}

@test "without a leader calls fail after seven seconds, stale reads go on" {
	local began number name
	agent_kill "$(leader 4)"
	number=$(cd "$BATS_FILE_TMPDIR" && echo a[123].pid | tr -dc 123)
	[ "${#number}" -eq 1 ]
	wait_until 30 knows_no_leader "$number"
	began=$(date +%s%N)
	ask "$number" GET /v1/kv/from1 >"$BATS_TEST_TMPDIR/get" &
	ask "$number" GET '/v1/kv/from1?consistent' >"$BATS_TEST_TMPDIR/consistent" &
	ask "$number" PUT /v1/kv/from1 -d v >"$BATS_TEST_TMPDIR/put" &
	ask 4 GET /v1/kv/from1 >"$BATS_TEST_TMPDIR/client" &
	[ "$(ask "$number" GET '/v1/kv/from1?raw&stale')" = 1 ]
	[ "$(ask 4 GET '/v1/kv/from1?raw&stale')" = 1 ]
	[ "$(header "$number" X-Consul-Knownleader '/v1/kv/from1?stale')" = false ]
	[ "$(header "$number" X-Consul-Lastcontact '/v1/kv/from1?stale')" -gt 0 ]
	[ "$(ask "$number" GET /v1/status/leader)" = '""' ]
	wait
	[ $((($(date +%s%N) - began) / 100000000)) -ge 69 ]
	for name in get consistent put; do
		[ "$(cat "$BATS_TEST_TMPDIR/$name")" = "No cluster leader" ]
	done
	[ "$(cat "$BATS_TEST_TMPDIR/client")" = "rpc error making call: No cluster leader" ]
}

knows_no_leader() {
	[ "$(ask "$1" GET /v1/status/leader)" = '""' ]
}
