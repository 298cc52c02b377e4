#!/usr/bin/env bats
# Small keys of the agent's configuration: that each has its effect.

load helpers
bats_require_minimum_version 1.5.0

setup_file() {
	cat >"$BATS_FILE_TMPDIR/one.json" <<END
{"session_ttl_min": "3s", "check_output_max_size": 20,
"enable_local_script_checks": true, "leave_on_terminate": true,
"autopilot": {"cleanup_dead_servers": false, "last_contact_threshold": "300ms",
"max_trailing_logs": 77, "min_quorum": 2, "server_stabilization_time": "4s"},
"limits": {"rpc_handshake_timeout": "400ms", "rpc_max_conns_per_client": 3},
"performance": {"raft_multiplier": 1, "leave_drain_time": "100ms"},
"check": {"id": "long", "name": "long", "interval": "1s", "status": "passing",
"args": ["sh", "-c", "seq -s, 1 100; sleep 0.01"]}}
END
	cat >"$BATS_FILE_TMPDIR/two.json" <<END
{"leave_on_terminate": true, "performance": {"rpc_hold_timeout": "300ms",
"leave_drain_time": "100ms"}, "gossip_lan": {"probe_interval": "100ms",
"probe_timeout": "100ms", "suspicion_mult": 3}}
END
	agent_start one -server -bootstrap-expect=1 \
		-config-file="$BATS_FILE_TMPDIR/one.json"
}

teardown_file() {
	agents_stop
}

output_is() {
	[ "$(http GET /v1/agent/checks | jq -r .long.Output)" = "$1" ]
}

# two [flags]: a client agent that starts with what it kept.
two() {
	agent_launch two -data-dir="$BATS_FILE_TMPDIR/two" -node=two \
		-bind="$(address 2)" -client="$(address 2)" \
		-config-file="$BATS_FILE_TMPDIR/two.json" "$@"
	wait_until 20 curl -sSf "http://$(address 2):8500/v1/agent/self" -o /dev/null
}

two_is() {
	cli members | grep -q "^two .* $1 "
}

@test "check_output_max_size, then discard_check_output by a reload" {
	wait_until 10 output_is "Captured 20 of 292 bytes
...
,95,96,97,98,99,100"
	sed -i 's/"session_ttl_min"/"discard_check_output": true, &/' \
		"$BATS_FILE_TMPDIR/one.json"
	cli reload
	http PUT /v1/agent/check/register -d '{"Name": "t", "TTL": "60s"}'
	http PUT "/v1/agent/check/pass/t?note=words"
	[ "$(http GET /v1/agent/checks | jq -r '.t | .Status + .Output')" = passing ]
}

@test "session_ttl_min and the first values of autopilot" {
	[ "$(curl -sS -X PUT "http://$(address):8500/v1/session/create" \
		-d '{"TTL": "2s"}')" = \
		"Invalid Session TTL '2000000000', must be between [3s=24h0m0s]" ]
	http PUT /v1/session/create -d '{"TTL": "3s"}'
	[ "$(http GET /v1/operator/autopilot/configuration | jq -c \
		'[.CleanupDeadServers, .LastContactThreshold, .MaxTrailingLogs, .MinQuorum, .ServerStabilizationTime]')" = \
		'[false,"300ms",77,2,"4s"]' ]
}

@test "limits of port 8300: rpc_handshake_timeout, rpc_max_conns_per_client" {
	python3 - "$(address)" <<'END'
import socket, sys, time

def connect(first=b""):
    s = socket.create_connection((sys.argv[1], 8300), 10)
    s.sendall(first)
    return s

def closed_after(s):
    began = time.monotonic()
    try:
        assert s.recv(1) == b""
    except ConnectionError:
        pass
    return time.monotonic() - began

assert 0.2 < closed_after(connect()) < 3  # silent: 400 ms, not 5 s
held = [connect(b"\x04") for _ in range(3)]
time.sleep(0.3)
assert closed_after(connect(b"\x04")) < 3  # the fourth
END
}

@test "rpc_hold_timeout: without servers an answer comes soon" {
	local began=$SECONDS
	two
	[ "$(curl -s "http://$(address 2):8500/v1/kv/a")" = "No known Consul servers" ]
	[ $((SECONDS - began)) -le 5 ]
	agent_stop two
}

@test "rejoin_after_leave: who has left comes back by itself, or does not" {
	two -retry-join="$(address)"
	wait_until 20 two_is alive
	agent_stop two
	wait_until 20 two_is left
	two
	run -0 env CONSUL_HTTP_ADDR="$(address 2):8500" "$PROCONSUL" members
	[[ $output != *one* ]]
	two_is left
	kill -9 "$(agent_pid two)"
	wait_until 10 process_gone "$(agent_pid two)"
	two -rejoin
	wait_until 20 two_is alive
	agent_stop two
}
