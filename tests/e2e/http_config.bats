# What the configuration says about HTTP; the page; the monitor.

load helpers

setup_file() {
	cat >"$BATS_FILE_TMPDIR/http.json" <<-END
	{
		"http_config": {
			"response_headers": {"x-one": "1", "Access-Control-Allow-Origin": "*"},
			"block_endpoints": ["/v1/agent/self"],
			"allow_write_http_from": ["127.0.0.0/8"]
		},
		"limits": {"kv_max_value_size": 1000, "txn_max_ops": 2, "http_max_conns_per_client": 20},
		"addresses": {"http": "$(address) unix://$BATS_FILE_TMPDIR/http.sock"},
		"unix_sockets": {"mode": "0666"}
	}
	END
	chmod 755 "$BATS_FILE_TMPDIR"
	agent_start conf -server -bootstrap-expect=1 -ui \
		-config-file="$BATS_FILE_TMPDIR/http.json"
	agent_launch plain -server -bootstrap-expect=1 \
		-data-dir="$BATS_FILE_TMPDIR/plain" -bind="$(address 2)" \
		-client="$(address 2)" -node=plain
	wait_until 20 plain_has_leader
}

plain_has_leader() {
	[ "$(curl -sS "http://$(address 2):8500/v1/status/leader")" != '""' ]
}

teardown_file() {
	agents_stop
}

headers() {
	curl -sS -D - -o /dev/null "http://$(address):8500$1" | tr -d '\r'
}

@test "response headers are on answers and pages, not on redirects" {
	headers /v1/status/leader | grep -x 'X-One: 1'
	headers /v1/kv/none | grep -x 'Access-Control-Allow-Origin: \*'
	headers /ui/ | grep -x 'X-One: 1'
	run headers /ui
	[[ "$output" != *X-One* ]]
}

@test "a blocked endpoint answers 403" {
	run curl -sS "http://$(address):8500/v1/agent/self"
	[ "$output" = "Endpoint is blocked by agent configuration" ]
	[ "$(http_status GET /v1/agent/members)" = 200 ]
}

@test "writes are refused to those who may only read" {
	[ "$(http PUT /v1/kv/a -d x)" = true ]
	run curl -sS --unix-socket "$BATS_FILE_TMPDIR/http.sock" -X PUT -d x http://x/v1/kv/a
	[ "$output" = "Access is restricted" ]
}

@test "a Unix socket serves reads" {
	[ "$(stat -c %a "$BATS_FILE_TMPDIR/http.sock")" = 666 ]
	[ "$(curl -sS --unix-socket "$BATS_FILE_TMPDIR/http.sock" 'http://x/v1/status/leader')" != '""' ]
}

@test "the limit of a value is the configured one" {
	head -c 1001 /dev/zero >"$BATS_TEST_TMPDIR/value"
	run curl -sS -X PUT --data-binary @"$BATS_TEST_TMPDIR/value" "http://$(address):8500/v1/kv/a"
	[[ "$output" == "Request body(1001 bytes) too large, max size: 1000 bytes."* ]]
}

# connections_left OF: how many of that many connections are not closed.
connections_left() {
	python3 - "$(address)" "$1" <<-'END'
	import socket, sys, time
	count = int(sys.argv[2])
	socks = [socket.create_connection((sys.argv[1], 8500)) for _ in range(count)]
	time.sleep(0.5)
	for sock in socks:
	    sock.settimeout(0.05)
	    try:
	        count -= sock.recv(1) == b""
	    except socket.timeout:
	        pass
	print(count)
	END
}

@test "the limit of operations is the configured one, or refused by name" {
	local op='{"KV":{"Verb":"set","Key":"op"}}'
	[ "$(http_status PUT /v1/txn -d "[$op,$op]")" = 200 ]
	run curl -sS -X PUT -d "[$op,$op,$op]" "http://$(address):8500/v1/txn"
	[ "$output" = "Transaction contains too many operations (3 > 2)" ]
	local name
	for name in kv_max_value_size txn_max_req_len txn_max_ops; do
		echo "{\"limits\": {\"$name\": 99999999}, \"data_dir\": \"/x\"}" \
			>"$BATS_FILE_TMPDIR/many.json"
		run "$PROCONSUL" validate "$BATS_FILE_TMPDIR/many.json"
		[ "$status" = 1 ]
		[[ "$output" == *"limits.$name: 99999999 is more than"* ]]
	done
}

@test "the limit of connections follows a reload" {
	[ "$(connections_left 25)" = 20 ]
	sed 's/"http_max_conns_per_client": 20/"http_max_conns_per_client": 10/' \
		"$BATS_FILE_TMPDIR/http.json" >"$BATS_TEST_TMPDIR/http.json"
	cat "$BATS_TEST_TMPDIR/http.json" >"$BATS_FILE_TMPDIR/http.json"
	cli reload
	wait_until 5 ten_are_left
}

ten_are_left() {
	[ "$(connections_left 25)" = 10 ]
}

@test "the page and its parts" {
	[ "$(curl -sS -o /dev/null -w '%{redirect_url}' "http://$(address):8500/")" = "http://$(address):8500/ui/" ]
	curl -sS "http://$(address):8500/ui/" | grep '<title>proconsul</title>'
	curl -sS "http://$(address):8500/ui/any/name" | grep '<title>proconsul</title>'
	headers /ui/app.js | grep -x 'Content-Type: application/javascript'
	headers /ui/ | grep -x 'Accept-Ranges: bytes'
	run headers /ui/
	[[ "$output" != *Vary* ]]
	date=$(headers /ui/ | sed -n 's/^Last-Modified: //p')
	[ "$(http_status GET /ui/ -H "If-Modified-Since: $date")" = 304 ]
	[ "$(http_status GET /robots.txt)" = 200 ]
}

@test "without -ui there is no page" {
	[ "$(curl -sS "http://$(address 2):8500/")" = "Consul Agent" ]
	[ "$(curl -sS -o /dev/null -w '%{http_code}' "http://$(address 2):8500/ui/")" = 404 ]
}

@test "monitor shows lines of other daemons as they come" {
	curl -sSN -m 4 "http://$(address 2):8500/v1/agent/monitor?loglevel=debug" \
		>"$BATS_TEST_TMPDIR/lines" 2>/dev/null &
	sleep 0.5
	curl -sS -X PUT "http://$(address 2):8500/v1/agent/service/register" -d '{"Name":"seen"}'
	wait_until 3 grep -q 'agent: Synced service: service=seen' "$BATS_TEST_TMPDIR/lines"
	kill $! || true
}

@test "monitor shows lines as JSON, and of its own level" {
	curl -sSN -m 4 "http://$(address 2):8500/v1/agent/monitor?loglevel=trace&logjson" \
		>"$BATS_TEST_TMPDIR/json" 2>/dev/null &
	sleep 0.5
	curl -sS -X PUT "http://$(address 2):8500/v1/agent/service/register" -d '{"Name":"seen2"}'
	wait_until 3 grep -q '^{"@level":"info","@message":"Synced service","@module":"agent","@timestamp":"[^"]*Z","service":"seen2"}$' \
		"$BATS_TEST_TMPDIR/json"
	wait_until 3 grep -q '"@level":"debug"' "$BATS_TEST_TMPDIR/json"
	kill $! || true
	not grep -q '\[DEBUG\]' "$BATS_FILE_TMPDIR/plain.log"
}

@test "the log names requests, and no token" {
	local log=$BATS_FILE_TMPDIR/plain.log
	curl -sS -N -m 3 "http://$(address 2):8500/v1/agent/monitor?loglevel=debug" \
		>"$BATS_TEST_TMPDIR/lines" 2>/dev/null &
	sleep 0.5
	curl -sS "http://$(address 2):8500/v1/kv/a?dc=none&token=se%20cret"
	curl -sS "http://$(address 2):8500/v1/acl/info/secret"
	curl -sS -H 'X-Consul-Token: secret' "http://$(address 2):8500/v1/kv/b"
	wait_until 3 grep -q 'Request finished: method=GET url=/v1/kv/b from=127' \
		"$BATS_TEST_TMPDIR/lines"
	grep -q 'Request error: method=GET url=/v1/kv/a?dc=none&token=<hidden> from=.* error="No path to datacenter"' "$log"
	run grep -c 'se.*cret' "$log" "$BATS_TEST_TMPDIR/lines"
	[[ "$output" == *log:0*lines:0* ]]
	kill $! || true
}
