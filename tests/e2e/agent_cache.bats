#!/usr/bin/env bats
# The agent's cache on a client: ?cached spares the servers, follows what
# happens there, and answers without them.
load helpers

setup_file() {
	agent_launch s1 -server -bootstrap-expect=1 -node=s1 \
		-data-dir="$BATS_FILE_TMPDIR/s1" -bind="$(address 1)" \
		-client="$(address 1)"
	agent_launch c1 -node=c1 -data-dir="$BATS_FILE_TMPDIR/c1" \
		-bind="$(address 2)" -client="$(address 2)" \
		-retry-join="$(address 1)" -retry-interval=1s
	wait_until 30 knows_service consul
}

teardown_file() {
	agents_stop
}

knows_service() {
	client "health/service/$1" | grep -q serfHealth
}

client() { # client PATH [curl's flags]: of the client agent
	curl -s "${@:2}" "http://$(address 2):8500/v1/$1"
}

server() {
	curl -s "${@:2}" "http://$(address 1):8500/v1/$1"
}

register() { # register NODE SERVICE
	[ "$(server catalog/register -X PUT -d '{"Node":"'"$1"'",
		"Address":"10.0.0.1","Service":{"Service":"'"$2"'"}}')" = true ]
}

header() { # header NAME PATH [flags]: of the client's answer
	client "$2" -o /dev/null -D - "${@:3}" | tr -d '\r' |
		sed -n "s/^$1: //Ip"
}

has_node() { # has_node PATH NODE
	client "$1" | grep -q "\"$2\""
}

@test "the first is a MISS, the next a HIT with its age" {
	register one web
	local path
	for path in health/service/web catalog/service/web catalog/services \
		catalog/datacenters; do
		[ "$(header X-Cache "$path?cached")" = MISS ]
		[ "$(header X-Cache "$path?cached")" = HIT ]
		[ "$(header Age "$path?cached")" = 0 ]
		[ -z "$(header X-Cache "$path")" ]
	done
}

@test "other endpoints take no notice of it" {
	[ -z "$(header X-Cache catalog/nodes?cached)" ]
	[ -z "$(header X-Cache kv/none?cached)" ]
}

@test "one entry has many views" {
	[ "$(header X-Cache 'health/service/web?cached&pretty')" = HIT ]
	[ "$(header X-Cache 'health/service/web?cached&passing')" = HIT ]
	[ "$(header X-Cache 'health/service/web?cached&stale')" = HIT ]
	[ "$(header X-Cache 'health/service/web?cached&tag=x')" = MISS ]
	[ "$(header X-Cache 'health/service/web?cached&token=x')" = MISS ]
}

@test "an entry follows the servers" {
	register two web
	wait_until 10 has_node 'health/service/web?cached' two
	[ "$(header X-Cache 'health/service/web?cached')" = HIT ]
}

@test "a blocking read waits for the entry to move" {
	local index
	index=$(header X-Consul-Index 'health/service/web?cached')
	client "health/service/web?cached&index=$index&wait=60s" \
		>"$BATS_TEST_TMPDIR/answer" &
	register three web
	wait $!
	grep -q '"three"' "$BATS_TEST_TMPDIR/answer"
}

@test "a blocking read without news ends in its time" {
	local index
	index=$(header X-Consul-Index 'health/service/web?cached')
	[ "$(header X-Consul-Index \
		"health/service/web?cached&index=$index&wait=1s")" = "$index" ]
}

@test "datacenters are asked for again when the client wants it" {
	[ "$(header X-Cache catalog/datacenters?cached)" = HIT ]
	[ "$(header X-Cache catalog/datacenters?cached \
		-H 'Cache-Control: must-revalidate')" = MISS ]
	[ "$(header X-Cache catalog/datacenters?cached \
		-H 'Cache-Control: max-age=1000')" = HIT ]
	[ "$(client catalog/datacenters?cached \
		-H 'Cache-Control: max-age=x')" = "Invalid Cache-Control header." ]
}

limited() { # limited [curl's flags]: a read of the client that asks seldom
	curl -s "http://$(address 3):8500/v1/kv/none" -o /dev/null "$@"
}

is_limited() {
	[ "$(limited -w '%{http_code}')" = 429 ]
}

@test "beyond rpc_rate a client answers 429, and nothing more" {
	echo '{"limits": {"rpc_rate": 0.001, "rpc_max_burst": 30}}' \
		>"$BATS_FILE_TMPDIR/rate.json"
	agent_launch c2 -node=c2 -data-dir="$BATS_FILE_TMPDIR/c2" \
		-bind="$(address 3)" -client="$(address 3)" \
		-config-file="$BATS_FILE_TMPDIR/rate.json" \
		-retry-join="$(address 1)" -retry-interval=1s
	wait_until 30 is_limited
	[ "$(limited -w '%{size_download}%{content_type}')" = 0 ]
	agent_stop c2
}

is_old() {
	[ "$(header Age 'health/service/web?cached')" -ge 1 ]
}

@test "without servers it answers what it has, and how old it is" {
	agent_stop s1 KILL
	wait_until 30 is_old
	[ "$(header X-Cache 'health/service/web?cached')" = HIT ]
	has_node 'health/service/web?cached' three
	[ "$(client catalog/datacenters?cached)" = '["dc1"]' ]
	[ "$(client catalog/datacenters?cached \
		-H 'Cache-Control: max-age=0, stale-if-error=1000')" = '["dc1"]' ]
}

@test "without servers what it has not is an error" {
	run client 'health/service/other?cached' -o /dev/null -w '%{http_code}'
	[ "$output" = 500 ]
	run client 'catalog/datacenters?cached' -o /dev/null -w '%{http_code}' \
		-H 'Cache-Control: max-age=0'
	[ "$output" = 500 ]
}
