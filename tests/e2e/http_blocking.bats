# Blocking reads: they wake, keep their time, and outlive a daemon.

load helpers

setup_file() {
	agent_start wait -server -bootstrap-expect=1
}

teardown_file() {
	agents_stop
}

raw() {
	python3 "$BATS_TEST_DIRNAME/http_raw.py" "$(address)" "$1"
}

index() {
	curl -sS -D - -o /dev/null "http://$(address):8500$1" |
		sed -n 's/^X-Consul-Index: \([0-9]*\).*/\1/p'
}

@test "150 watchers of one key wake on one write" {
	raw watchers
}

@test "each blocking read keeps its own time" {
	raw waits
}

@test "a read answered from memory is never older than the last write" {
	local i
	for i in $(seq 50); do
		[ "$(http PUT /v1/kv/fresh -d "$i")" = true ]
		[ "$(http GET '/v1/kv/fresh?raw')" = "$i" ]
		[ "$(http GET '/v1/kv/fresh?raw')" = "$i" ]
	done
}

@test "a key that appears wakes who waits for it" {
	http_status GET /v1/kv/absent
	http GET "/v1/kv/absent?index=$(index /v1/kv/absent)&wait=15s" \
		>"$BATS_TEST_TMPDIR/got" &
	sleep 0.3
	http PUT /v1/kv/absent -d here
	wait $!
	grep '"Key":"absent"' "$BATS_TEST_TMPDIR/got"
}

@test "a service that changes wakes its watchers" {
	http PUT /v1/agent/service/register \
		-d '{"Name":"web","Port":80,"Check":{"TTL":"60s"}}'
	http GET "/v1/health/service/web?index=$(index /v1/health/service/web)&wait=15s" \
		>"$BATS_TEST_TMPDIR/got" &
	sleep 0.3
	http PUT /v1/agent/check/pass/service:web
	wait $!
	grep '"Status":"passing","Notes":"","Output":"","ServiceID":"web"' \
		"$BATS_TEST_TMPDIR/got"
}

@test "a service's content is watched by its hash" {
	hash=$(http GET /v1/agent/service/web | jq -r .ContentHash)
	http GET "/v1/agent/service/web?hash=$hash&wait=15s" \
		>"$BATS_TEST_TMPDIR/got" &
	sleep 0.3
	http PUT /v1/agent/service/register -d '{"Name":"web","Port":81}'
	wait $!
	[ "$(jq .Port "$BATS_TEST_TMPDIR/got")" = 81 ]
	[ "$(jq -r .ContentHash "$BATS_TEST_TMPDIR/got")" != "$hash" ]
}

@test "a blocking read outlives catalogd" {
	http PUT /v1/kv/outlive -d old
	http GET "/v1/kv/outlive?raw&index=$(index /v1/kv/outlive)&wait=20s" \
		>"$BATS_TEST_TMPDIR/got" &
	sleep 0.3
	kill -9 "$(daemon_pid wait catalogd)"
	wait_for_leader
	http PUT /v1/kv/outlive -d new
	wait $!
	[ "$(cat "$BATS_TEST_TMPDIR/got")" = new ]
}

@test "reads go on while catalogd is dead" {
	local i
	http PUT /v1/kv/steady -d x
	for i in 1 2 3 4 5; do
		kill -9 "$(daemon_pid wait catalogd)"
		[ "$(http GET '/v1/kv/steady?raw')" = x ]
		wait_for_leader
	done
}
