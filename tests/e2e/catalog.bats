#!/usr/bin/env bats
# Blocking reads, sessions and locks, and a catalogd that dies: what catalogd
# keeps, seen through HTTP. Source: api/semantics.md

load helpers

setup_file() {
	echo '{"session_ttl_min": "1s"}' >"$BATS_FILE_TMPDIR/c.json"
	agent_start one -server -bootstrap-expect=1 \
		-config-file="$BATS_FILE_TMPDIR/c.json"
}

teardown_file() {
	agents_stop
}

# index PATH: the index that an answer shows.
index() {
	curl -sS -m 20 -o /dev/null -D - "http://$(address):8500$1" |
		sed -n 's/^X-Consul-Index: \([0-9]*\).*/\1/p'
}

# block NAME PATH WAIT: ask in the background for more than is shown now.
block() {
	local path=$2 mark='?'
	[[ $path != *\?* ]] || mark='&'
	{
		curl -sS -m 30 -D "$BATS_TEST_TMPDIR/$1.head" \
			-o "$BATS_TEST_TMPDIR/$1.body" \
			"http://$(address):8500$path${mark}index=${4:-$(index "$path")}&wait=$3"
		touch "$BATS_TEST_TMPDIR/$1.done"
	} 3>&- 4>&- &
	sleep 0.3
}

came() {
	[ -e "$BATS_TEST_TMPDIR/$1.done" ]
}

register() {
	http PUT /v1/catalog/register -d "$1"
}

@test "a key that is watched wakes its reader, another key does not" {
	http PUT /v1/kv/watched/a -d 1
	block a /v1/kv/watched/a 20s
	http PUT /v1/kv/watched/b -d 1
	http PUT /v1/kv/watched/a -d 1 # the same value
	sleep 0.3
	run came a
	[ "$status" -ne 0 ]
	http PUT /v1/kv/watched/a -d 2
	wait_until 2 came a
	[ "$(jq -r '.[0].Value' "$BATS_TEST_TMPDIR/a.body")" = Mg== ]
}

@test "a prefix wakes on what is written and deleted below it only" {
	http PUT /v1/kv/tree/x/1 -d 1
	http PUT /v1/kv/tree/x/2 -d 1
	block x '/v1/kv/tree/x/?recurse' 20s
	block all '/v1/kv/tree/?keys' 20s
	http PUT /v1/kv/tree/y/1 -d 1
	http PUT /v1/kv/treetop -d 1
	wait_until 2 came all
	run came x
	[ "$status" -ne 0 ]
	http DELETE /v1/kv/tree/x/2
	wait_until 2 came x
	[ "$(jq length "$BATS_TEST_TMPDIR/x.body")" = 1 ]
}

@test "a key that is not there yet" {
	block new /v1/kv/appears/later 20s
	http PUT /v1/kv/appears/later -d 1
	wait_until 2 came new
	[ "$(jq length "$BATS_TEST_TMPDIR/new.body")" = 1 ]
}

@test "time is up: the same answer, within a sixteenth" {
	http PUT /v1/kv/quiet -d 1
	local before after
	before=$(date +%s%N)
	http GET "/v1/kv/quiet?index=$(index /v1/kv/quiet)&wait=1s" >/dev/null
	after=$(date +%s%N)
	[ $(((after - before) / 1000000)) -ge 1000 ]
	[ $(((after - before) / 1000000)) -le 1300 ]
}

@test "an index of the future is waited for, change or not" {
	http PUT /v1/kv/future -d 1
	block future /v1/kv/future 1s 999999
	http PUT /v1/kv/future -d 2
	sleep 0.3
	run came future
	[ "$status" -ne 0 ]
	wait_until 2 came future
	[ "$(sed -n 's/^X-Consul-Index: \([0-9]*\).*/\1/p' \
		"$BATS_TEST_TMPDIR/future.head")" = "$(index /v1/kv/future)" ]
}

@test "a service that is not there does not wake for another" {
	block none /v1/health/service/ghost 20s
	register '{"Node":"m1","Address":"10.0.0.1","Service":{"Service":"other"}}'
	sleep 0.3
	run came none
	[ "$status" -ne 0 ]
	register '{"Node":"m1","Address":"10.0.0.1","Service":{"Service":"ghost"}}'
	wait_until 2 came none
	[ "$(jq -r '.[0].Service.ID' "$BATS_TEST_TMPDIR/none.body")" = ghost ]
}

@test "a check of the node wakes the readers of its services" {
	register '{"Node":"m2","Address":"10.0.0.2","Service":{"Service":"s1"}}'
	register '{"Node":"m3","Address":"10.0.0.3","Service":{"Service":"s2"}}'
	block s1 /v1/health/service/s1 20s
	block s2 /v1/health/service/s2 20s
	register '{"Node":"m2","Address":"10.0.0.2","Check":{"Name":"disk","Status":"warning"}}'
	wait_until 2 came s1
	[ "$(jq -r '.[0].Checks[0].Status' "$BATS_TEST_TMPDIR/s1.body")" = warning ]
	run came s2
	[ "$status" -ne 0 ]
	register '{"Node":"m3","Address":"10.0.0.9"}'
	wait_until 2 came s2
}

@test "every read sees the write that was answered before it" {
	local i
	for i in $(seq 50); do
		http PUT /v1/kv/seen -d "$i" >/dev/null
		[ "$(http GET '/v1/kv/seen?raw')" = "$i" ]
	done
}

@test "a session ends twice its TTL after the last renewal" {
	local id
	register '{"Node":"m4","Address":"10.0.0.4"}'
	id=$(http PUT /v1/session/create \
		-d '{"Node":"m4","Checks":[],"TTL":"1s","LockDelay":"0s","Behavior":"delete"}' |
		jq -r .ID)
	[ "$(http PUT "/v1/kv/ttl/lock?acquire=$id" -d x)" = true ]
	sleep 1.2
	http PUT "/v1/session/renew/$id"
	sleep 1.2
	[ "$(http GET "/v1/session/info/$id" | jq length)" = 1 ]
	block gone /v1/kv/ttl/lock 20s
	wait_until 3 came gone
	[ "$(http GET "/v1/session/info/$id" | jq length)" = 0 ]
	[ "$(http_status GET /v1/kv/ttl/lock)" = 404 ]
	[ "$(http_status PUT "/v1/session/renew/$id")" = 404 ]
}

@test "a lock stays delayed after its session was destroyed" {
	local id other
	register '{"Node":"m5","Address":"10.0.0.5"}'
	id=$(http PUT /v1/session/create \
		-d '{"Node":"m5","Checks":[],"LockDelay":"2s"}' | jq -r .ID)
	other=$(http PUT /v1/session/create \
		-d '{"Node":"m5","Checks":[],"LockDelay":"2s"}' | jq -r .ID)
	[ "$(http PUT "/v1/kv/delayed?acquire=$id" -d x)" = true ]
	[ "$(http PUT "/v1/kv/delayed?acquire=$other" -d x)" = false ]
	http PUT "/v1/session/destroy/$id"
	[ "$(http PUT "/v1/kv/delayed?acquire=$other" -d x)" = false ]
	run curl -sS -X PUT "http://$(address):8500/v1/txn" \
		-d "[{\"KV\":{\"Verb\":\"lock\",\"Key\":\"delayed\",\"Session\":\"$other\"}}]"
	[[ $output == *'failed to lock key \"delayed\" due to lock delay'* ]]
	sleep 2
	[ "$(http PUT "/v1/kv/delayed?acquire=$other" -d x)" = true ]
}

@test "what is not ours is refused by name" {
	run curl -sS "http://$(address):8500/v1/kv/a?dc=elsewhere"
	[ "$output" = 'No path to datacenter' ]
	run curl -sS -X PUT "http://$(address):8500/v1/catalog/register" \
		-d '{"Node":"x","Address":"1.1.1.1","Datacenter":"elsewhere"}'
	[ "$output" = 'No path to datacenter' ]
}

@test "catalogd dies: those who wait go on, and all is as it was" {
	local before nodes
	http PUT /v1/kv/kept -d "still here"
	before=$(index /v1/health/service/consul)
	nodes=$(http GET /v1/catalog/nodes)
	block cut /v1/kv/kept 20s
	kill -9 "$(daemon_pid one catalogd)"
	# Asked at once: it waits for the log to be told, and does not guess.
	[ "$(http GET '/v1/kv/kept?raw')" = "still here" ]
	[ "$(index /v1/health/service/consul)" = "$before" ]
	[ "$(http GET /v1/catalog/nodes)" = "$nodes" ]
	run came cut
	[ "$status" -ne 0 ]
	[ "$(http PUT /v1/kv/kept -d again)" = true ]
	wait_until 2 came cut
	[ "$(jq -r '.[0].Value' "$BATS_TEST_TMPDIR/cut.body")" = YWdhaW4= ]
}

@test "raftd dies: reads go on, and writes as soon as it is back" {
	http PUT /v1/kv/kept -d 1
	kill -9 "$(daemon_pid one raftd)"
	[ "$(http GET '/v1/kv/kept?raw')" = 1 ]
	# One that was on its way may fail: nobody knows what became of it.
	wait_until 3 http PUT /v1/kv/kept -d 2
	[ "$(http GET '/v1/kv/kept?raw')" = 2 ]
}
