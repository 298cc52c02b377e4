#!/usr/bin/env bats
# Watches of the agent's configuration: what their handlers get, beside what
# those of the real one get; and reloads.

load helpers
bats_require_minimum_version 1.5.0

setup() {
	OUT=$BATS_TEST_TMPDIR/out
	mkdir -m 777 "$OUT"
	chmod 711 "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
}

teardown() {
	agents_stop
	[ -z "${WEB:-}" ] || kill "$WEB" 2>/dev/null || true
}

# watch NAME PARAMETERS: JSON of a watch that appends the index and what it
# reads to a file of that name.
watch() {
	# shellcheck disable=SC2016 # the handler's shell expands it
	printf '{%s, "args": ["sh", "-c", "cat >>%s/%s; echo $CONSUL_INDEX >>%s/%s.index"]}' \
		"$2" "$OUT" "$1" "$OUT" "$1"
}

configure() {
	cat >"$BATS_TEST_TMPDIR/watches.json" <<END
{"watches": [$(watch key '"type": "key", "key": "a"'),
$(watch prefix '"type": "keyprefix", "prefix": "b/"'),
$(watch services '"type": "services"'),
$(watch nodes '"type": "nodes"'),
$(watch service '"type": "service", "service": "web", "tag": "v1"'),
$(watch passing '"type": "service", "service": "web", "passingonly": true'),
$(watch checks '"type": "checks", "service": "web"'),
$(watch critical '"type": "checks", "state": "critical", "stale": true'),
$(watch event '"type": "event", "name": "deploy"'),
$(watch own '"type": "agent_service", "service_id": "own"'),
{"type": "key", "key": "h", "handler_type": "http", "http_handler_config":
{"path": "http://$(address 9):7000/hook", "header": {"X-Mine": ["1", "2"]}}},
{"type": "key", "key": "a", "handler": "cat >/dev/null; echo words; exit 3"},
{"type": "key", "key": "a", "args": ["/nonexistent"]}],
"service": {"name": "own", "port": 7, "tags": ["x"]}}
END
}

# start BINARY: an agent with these watches, and its log in agent.log.
start() {
	(exec "$1" agent -dev -node=n1 -bind="$(address)" -client="$(address)" \
		-config-file="$BATS_TEST_TMPDIR/watches.json" -log-level=debug \
		>"$BATS_FILE_TMPDIR/agent.log" 2>&1 3>&- 4>&-) &
	echo $! >"$BATS_FILE_TMPDIR/agent.pid"
	wait_for_leader
	wait_until 10 grep -q n1 "$OUT/nodes"
}

# says FILE TEXT: the handler's file has it.
says() {
	wait_until 15 grep -q -- "$2" "$OUT/$1"
}

# The last thing that each handler got, without what differs by nature.
last_words() {
	local file
	for file in key prefix services nodes service passing checks critical event own; do
		echo "$file $(tail -n 1 "$OUT/$file" | sed -E \
			's/[0-9a-f]{8}-[0-9a-f-]{27}/UUID/g; s/(Index|LTime)":[0-9]+/\1":N/g
				s/(Hash":")[0-9a-f]{16}/\1H/')"
	done
}

# The same changes for either.
change_all() {
	says key null
	says prefix null
	says service '^\[\]$'
	says event '^\[\]$'
	says own '"Port":7,'
	wait_until 10 grep -qx 0 "$OUT/own.index"
	http PUT /v1/kv/a -d one >/dev/null
	http PUT /v1/kv/b/x -d 1 >/dev/null
	http PUT /v1/kv/b/y?flags=7 >/dev/null
	http PUT /v1/kv/h -d hook >/dev/null
	http PUT /v1/agent/service/register -d '{"Name": "web", "Port": 80,
		"Tags": ["v1"], "Meta": {"k": "v"}, "Check": {"TTL": "30s",
		"CheckID": "ttl", "Status": "critical"}}'
	says critical '"ttl"'
	says service '"web"'
	http PUT /v1/agent/check/pass/ttl
	says passing '"passing"'
	says checks '"passing"'
	says critical '^\[\]$'
	says service '"passing"'
	http PUT /v1/event/fire/other -d x >/dev/null
	http PUT /v1/event/fire/deploy -d first >/dev/null
	says event '"Payload":"Zmlyc3Q="'
	http PUT /v1/event/fire/deploy -d second >/dev/null
	says event '"Payload":"c2Vjb25k"'
	says key '"Value":"b25l"'
	says prefix 'b/y'
	says services '"web"'
	says nodes lan_ipv4
}

index_is_right() {
	[ "$(tail -n 1 "$OUT/key.index")" = "$(http GET /v1/kv/a |
		sed -nE 's/.*ModifyIndex": *([0-9]+).*/\1/p')" ]
}

hooks() {
	WEB=
	python3 "$BATS_TEST_DIRNAME/hook_server.py" "$(address 9)" 7000 \
		>"$BATS_TEST_TMPDIR/hooks" 3>&- 4>&- &
	WEB=$!
	wait_until 10 grep -q ready "$BATS_TEST_TMPDIR/hooks"
}

@test "handlers get what the real one's get" {
	local log=$BATS_FILE_TMPDIR/agent.log binary
	configure
	hooks
	for binary in "$PROCONSUL" "$CONSUL_REAL"; do
		[ -n "$binary" ] || continue
		rm -f "$OUT"/*
		start "$binary"
		change_all
		last_words >"$BATS_TEST_TMPDIR/words.$(basename "$binary")"
		# The index is that of the answer.
		wait_until 10 index_is_right
		wait_until 10 grep -q 'Failed to run watch handler.*exit status 3' "$log"
		wait_until 10 grep -q 'fork/exec /nonexistent: no such file' "$log"
		wait_until 10 grep -q 'watch handler output.*words' "$log"
		wait_until 10 grep -q hook "$BATS_TEST_TMPDIR/hooks"
		wait_until 10 grep -q "http watch handler failed with output.*418" "$log"
		agent_stop agent
	done
	[ -n "$CONSUL_REAL" ] || return 0
	diff "$BATS_TEST_TMPDIR/words.consul" "$BATS_TEST_TMPDIR/words.proconsul"
	# The requests, headers and all: each agent's last.
	[ "$(grep 'Value' "$BATS_TEST_TMPDIR/hooks" | sed -E \
		"s/'[0-9]{1,3}'/N/g; s/Index\":[0-9]+/Index\":N/g" |
		sort -u | wc -l)" = 1 ]
}

@test "a reload ends old watches and begins new ones; what is wrong changes nothing" {
	local file=$BATS_TEST_TMPDIR/watches.json
	echo "{\"watches\": [$(watch nodes '"type": "nodes"'), $(watch old '"type": "key", "key": "a"')]}" >"$file"
	start "$PROCONSUL"
	says old null
	echo "{\"watches\": [$(watch new '"type": "key", "key": "a"')]}" >"$file"
	cli reload
	says new null
	http PUT /v1/kv/a -d later
	says new '"a"'
	[ "$(cat "$OUT/old")" = null ]
	echo '{"watches": [{"type": "key"}]}' >"$file"
	run -1 cli reload
	[[ $output == *"Failed reloading watches: Failed to parse watch ("*"Must specify a single key to watch"* ]]
	http PUT /v1/kv/a -d again
	says new 'YWdhaW4='
	# A handler that never ends keeps only itself.
	echo '{"watches": [{"type": "nodes", "args": ["sleep", "1000"]}]}' >"$file"
	cli reload
	wait_until 10 pgrep -f 'sleep 1000'
	echo '{"watches": []}' >"$file"
	cli reload
	agent_stop agent
	wait_until 10 none_runs 'sleep 1000'
}
