# Requests good, odd and hostile, on a real socket of a running agent.

load helpers

setup_file() {
	agent_start web -server -bootstrap-expect=1 -ui
}

teardown_file() {
	agents_stop
}

raw() {
	python3 "$BATS_TEST_DIRNAME/http_raw.py" "$(address)" "$1"
}

# Whatever a test did, the same httpd goes on serving.
setup() {
	pid=$(daemon_pid web httpd)
}

teardown() {
	[ "$(daemon_pid web httpd)" = "$pid" ]
	[ "$(http_status GET /v1/status/leader)" = 200 ]
}

@test "pipelined requests are answered in order" {
	raw pipelined
}

@test "a request may come byte by byte" {
	raw bytewise
}

@test "a chunked body may be cut anywhere" {
	raw chunked
}

@test "100 Continue" {
	raw continue
}

@test "the body of a refused request is read over" {
	raw refused_body
}

@test "a head over 64 KiB is refused" {
	raw large_head
}

@test "a body over the limit is refused" {
	raw large_body
}

@test "a head that takes longer than 10 s is cut off" {
	raw slow_head
}

@test "a client that closed its half gets its answer" {
	raw half_closed
}

@test "200 connections of one client, and no more" {
	raw connections
}

@test "a client that does not read hinders nobody" {
	raw deaf
}

@test "noise of all kinds is refused, not swallowed" {
	local size
	for size in 1 10 1000 100000; do
		head -c "$size" /dev/urandom |
			timeout 5 curl -sS -m 4 -T - telnet://"$(address)":8500 >/dev/null || true
	done
}

@test "a value of 512 KiB comes back as it went" {
	head -c 524288 /dev/urandom >"$BATS_TEST_TMPDIR/value"
	[ "$(http PUT /v1/kv/large -H Expect: --data-binary @"$BATS_TEST_TMPDIR/value")" = true ]
	http GET '/v1/kv/large?raw' | cmp - "$BATS_TEST_TMPDIR/value"
	printf x >>"$BATS_TEST_TMPDIR/value"
	run http_status PUT /v1/kv/large -H Expect: --data-binary @"$BATS_TEST_TMPDIR/value"
	[ "$output" = 413 ]
}

@test "gzip, where it is asked for" {
	[ "$(http PUT /v1/kv/zip -d hello)" = true ]
	curl -sS -i -H 'Accept-Encoding: gzip' "http://$(address):8500/v1/kv/zip?raw" |
		grep -a 'Content-Encoding: gzip'
	[ "$(http GET '/v1/kv/zip?raw' --compressed)" = hello ]
}

@test "what is not built yet says so" {
	run curl -sS -w '%{http_code}' "http://$(address):8500/v1/connect/intentions"
	[ "$output" = "GET /v1/connect/intentions is not built yet in proconsul501" ]
}
