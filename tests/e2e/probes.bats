#!/usr/bin/env bats
# gRPC and Docker checks, beside the real one's, against stand-ins of a health
# service and of Docker's API.

load helpers
bats_require_minimum_version 1.5.0

GRPC=("" /good /down /unset /strange /broken /silent /http)
DOCKER=(ok warns fails gone paused sick garbled nostart startsick noinspect
	badinspect long)

# A check of the configuration: NAME FIELDS. Only what never answers is not
# waited for.
check() {
	local timeout=9s
	[ "$1" != grpc/silent ] || timeout=1s
	printf '{"id": "%s", "name": "n", "interval": "1s", "timeout": "%s", %s}' \
		"$1" "$timeout" "$2"
}

configure() {
	local at name
	at=$(address 9)
	{
		echo '{"enable_script_checks": true, "checks": ['
		for name in "${GRPC[@]}"; do
			check "grpc$name" "\"grpc\": \"$at:7001$name\""
			echo ,
		done
		check refused "\"grpc\": \"$at:1/x\"" && echo ,
		check nonsense "\"grpc\": \"$at:7002\"" && echo ,
		check noport "\"grpc\": \"$at\"" && echo ,
		check tls "\"grpc\": \"$at:7001\", \"grpc_use_tls\": true" && echo ,
		for name in "${DOCKER[@]}"; do
			check "docker-$name" "\"docker_container_id\": \"$name\",
				\"shell\": \"/bin/sh\", \"args\": [\"echo\", \"a<b\"]"
			echo ,
		done
		check ttl '"ttl": "60s"' | sed 's/"interval": "1s", "timeout": "9s", //'
		echo ']}'
	} >"$BATS_FILE_TMPDIR/checks.json"
}

setup_file() {
	local socket=$BATS_FILE_TMPDIR/docker.sock
	configure
	chmod 711 "$BATS_FILE_TMPDIR"
	python3 "$BATS_TEST_DIRNAME/probe_services.py" "$(address 9)" "$socket" \
		>"$BATS_FILE_TMPDIR/services.log" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/services.pid"
	wait_until 10 grep -q ready "$BATS_FILE_TMPDIR/services.log"
	export DOCKER_HOST=unix://$socket
	agent_launch ours -dev -bind="$(address)" -client="$(address)" -node=n1 \
		-config-file="$BATS_FILE_TMPDIR/checks.json"
	if [ -n "$CONSUL_REAL" ]; then
		"$CONSUL_REAL" agent -dev -bind="$(address 2)" -node=n1 \
			-client="$(address 2)" -log-level=err \
			-config-file="$BATS_FILE_TMPDIR/checks.json" \
			>"$BATS_FILE_TMPDIR/real.log" 2>&1 3>&- 4>&- &
		echo $! >"$BATS_FILE_TMPDIR/real.pid"
	fi
}

teardown_file() {
	agents_stop
}

# checks ADDRESS: a line a check, without what only one of them has.
checks() {
	curl -sSf -m 10 "http://$1:8500/v1/agent/checks" |
		jq -r '.[] | [.CheckID, .Status, .Output, .Type] | @json' | sort
}

# All but the TTL check have run.
all_have_run() {
	[ "$(checks "$1" | grep -c '"critical",""')" = 1 ]
}

# of NAME: what our check of that name says, and its status.
of() {
	http GET /v1/agent/checks |
		jq -r --arg name "$1" '.[$name] | .Status + ": " + .Output'
}

@test "what they say is what the real one says" {
	wait_until 20 all_have_run "$(address)"
	checks "$(address)" >"$BATS_TEST_TMPDIR/ours"
	[ -n "$CONSUL_REAL" ] || return 0
	wait_until 20 all_have_run "$(address 2)"
	checks "$(address 2)" | diff - "$BATS_TEST_TMPDIR/ours"
}

@test "gRPC: serving, not serving, no such service, nobody" {
	local at
	at=$(address 9)
	wait_until 20 all_have_run "$(address)"
	[ "$(of grpc)" = "passing: gRPC check $at:7001: success" ]
	[ "$(of grpc/good)" = "passing: gRPC check $at:7001/good: success" ]
	[ "$(of grpc/down)" = "critical: gRPC application didn't report service healthy" ]
	[ "$(of grpc/strange)" = "critical: rpc error: code = NotFound desc = unknown service" ]
	[ "$(of grpc/silent)" = "critical: rpc error: code = DeadlineExceeded desc = context deadline exceeded" ]
	[[ "$(of refused)" == *"dial tcp $at:1: connect: connection refused\"" ]]
}

@test "Docker: statuses, and output that is too long" {
	wait_until 20 all_have_run "$(address)"
	[[ "$(of docker-ok)" == 'passing: ran {'*'"Cmd": ["echo", "a<b"]}'* ]]
	[[ "$(of docker-warns)" == "warning: ran "* ]]
	[[ "$(of docker-fails)" == "critical: ran "* ]]
	[ "$(of docker-gone)" = "critical: create exec failed for unknown container gone" ]
	[[ "$(of docker-long)" == "passing: Captured 4096 of 10000 bytes"* ]]
}

@test "both need what scripts and intervals need" {
	[ "$(curl -sS -X PUT "http://$(address):8500/v1/agent/check/register" \
		-d '{"Name": "g", "GRPC": "x:1"}')" = \
		"Invalid check: Interval must be > 0 for Script, HTTP, or TCP checks" ]
	http PUT /v1/agent/check/register \
		-d '{"Name": "api", "GRPC": "127.0.0.1:1", "Interval": "1s"}'
	[ "$(http GET /v1/agent/checks | jq -r .api.Type)" = grpc ]
}
