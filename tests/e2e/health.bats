#!/usr/bin/env bats
# Takes long.
# Checks of a real agent against real servers and scripts: that they pass and
# fail when they should, run out, follow one another, survive, and are reloaded
# as a diff.

# shellcheck disable=SC2016 # scripts of checks expand their own variables

load helpers

setup_file() {
	export CONFIG=$BATS_FILE_TMPDIR/config
	mkdir "$CONFIG"
	cat >"$CONFIG/agent.json" <<-END
		{"enable_script_checks": true, "check_update_interval": "0s"}
	END
	agent_start n1 -server -bootstrap-expect=1 -config-dir="$CONFIG" -log-level=debug
}

teardown_file() {
	agents_stop
}

teardown() {
	[ ! -e "$BATS_TEST_TMPDIR/server.pid" ] || kill "$(cat "$BATS_TEST_TMPDIR/server.pid")"
}

server_start() {
	python3 "$BATS_TEST_DIRNAME/health_server.py" "$(address 9)" "$1" 3>&- 4>&- 2>/dev/null &
	echo $! >"$BATS_TEST_TMPDIR/server.pid"
	wait_until 5 curl -sf "http://$(address 9):$1/code/200"
}

server_stop() {
	kill "$(cat "$BATS_TEST_TMPDIR/server.pid")"
	rm "$BATS_TEST_TMPDIR/server.pid"
}

check_register() {
	http PUT /v1/agent/check/register -d "$1"
}

service_register() {
	http PUT /v1/agent/service/register -d "$1"
}

# check_field ID FIELD: as the agent shows it.
check_field() {
	http GET /v1/agent/checks | jq -r --arg id "$1" --arg field "$2" '.[$id][$field]'
}

check_is() {
	[ "$(check_field "$1" Status)" = "$2" ]
}

# catalog_is ID STATUS: as the catalog has it.
catalog_is() {
	[ "$(http GET /v1/health/node/n1 | jq -r --arg id "$1" '.[] | select(.CheckID == $id).Status')" = "$2" ]
}

catalog_lacks() {
	! http GET /v1/health/node/n1 | jq -e --arg id "$1" '.[] | select(.CheckID == $id)'
}

log_count() {
	grep -c -- "$1" "$BATS_FILE_TMPDIR/n1.log"
}

reload() {
	kill -HUP "$(agent_pid n1)"
}

@test "an HTTP check follows its server, in the catalog too" {
	server_start 8080
	service_register '{"Name": "web", "Check": {"HTTP": "http://'"$(address 9)"':8080/code/200", "Interval": "1s"}}'
	wait_until 5 catalog_is service:web passing
	[ "$(check_field service:web Output)" = "HTTP GET http://$(address 9):8080/code/200: 200 OK Output: body of /code/200" ]
	server_stop
	wait_until 5 catalog_is service:web critical
	[ "$(check_field service:web Output)" = "Get \"http://$(address 9):8080/code/200\": dial tcp $(address 9):8080: connect: connection refused" ]
	server_start 8080
	wait_until 5 catalog_is service:web passing
	http PUT /v1/agent/service/deregister/web
	catalog_lacks service:web
}

@test "a TCP check follows its server" {
	server_start 8082
	check_register '{"Name": "tcp", "TCP": "'"$(address 9)"':8082", "Interval": "1s"}'
	wait_until 5 catalog_is tcp passing
	[ "$(check_field tcp Output)" = "TCP connect $(address 9):8082: Success" ]
	server_stop
	wait_until 5 catalog_is tcp critical
	http PUT /v1/agent/check/deregister/tcp
}

@test "thresholds hold a status back" {
	server_start 8084
	check_register '{"Name": "thr", "TCP": "'"$(address 9)"':8084", "Interval": "1s", "FailuresBeforeCritical": 3}'
	wait_until 5 check_is thr passing
	server_stop
	wait_until 5 log_count "Check failed but has not reached failure threshold: check=thr status=critical failure_count=2 failure_threshold=3"
	check_is thr passing
	wait_until 5 check_is thr critical
	http PUT /v1/agent/check/deregister/thr
}

@test "a script runs with the agent's environment and not as root" {
	check_register '{"Name": "script", "Args": ["sh", "-c", "id -u; test -n \"$PATH\""], "Interval": "1s"}'
	wait_until 5 check_is script passing
	[ "$(id -u)" -ne 0 ] || [ "$(check_field script Output)" -ne 0 ]
	http PUT /v1/agent/check/deregister/script
}

@test "a script that takes too long is killed with its children" {
	check_register '{"Name": "long", "Args": ["sh", "-c", "echo begun; sleep 4321; true"], "Interval": "1s", "Timeout": "500ms"}'
	wait_until 5 log_count "Timed out running check: check=long timeout=500ms"
	[ "$(check_field long Output)" = "Timed out (500ms) running check"$'\n\n'"begun" ]
	http PUT /v1/agent/check/deregister/long
	wait_until 5 not_running "sleep 4321"
}

not_running() {
	! pgrep -f "^$1\$"
}

@test "scripts end with the agent's daemon, and it comes back" {
	check_register '{"Name": "held", "Args": ["sh", "-c", "sleep 5432; true"], "Interval": "1s"}'
	wait_until 5 pgrep -f '^sleep 5432$'
	kill -9 "$(daemon_pid n1 healthd)"
	wait_until 5 not_running "sleep 5432"
	wait_until 5 http GET /v1/agent/checks
	check_is held critical
	http PUT /v1/agent/check/deregister/held
}

@test "a TTL check passes, runs out, and says what it last heard" {
	check_register '{"Name": "ttl", "TTL": "1s"}'
	check_is ttl critical
	http PUT '/v1/agent/check/pass/ttl?note=alive'
	catalog_is ttl passing
	wait_until 3 catalog_is ttl critical
	[ "$(check_field ttl Output)" = "TTL expired (last output before timeout follows): alive" ]
	http PUT '/v1/agent/check/warn/ttl'
	catalog_is ttl warning
	http PUT /v1/agent/check/deregister/ttl
	[ "$(log_count 'Check missed TTL, is now critical: check=ttl')" -ge 1 ]
}

@test "an alias follows what it stands for at once" {
	service_register '{"Name": "main", "Check": {"TTL": "1h"}}'
	service_register '{"Name": "other", "Check": {"AliasService": "main"}}'
	check_is service:other critical
	http PUT /v1/agent/check/pass/service:main
	check_is service:other passing
	[ "$(check_field service:other Output)" = "All checks passing." ]
	catalog_is service:other passing
	http PUT '/v1/agent/check/fail/service:main?note=broken'
	[ "$(check_field service:other Output)" = "Aliased check \"Service 'main' check\" failing: broken" ]
	http PUT /v1/agent/service/deregister/other
	http PUT /v1/agent/service/deregister/main
}

@test "an alias of another node follows the catalog, also to a node that is not there" {
	http PUT /v1/catalog/register -d '{"Node": "far", "Address": "10.0.0.1", "Service": {"Service": "db"},
		"Check": {"CheckID": "c", "Name": "c", "ServiceID": "db", "Status": "passing"}}'
	check_register '{"Name": "far", "AliasNode": "far", "AliasService": "db"}'
	wait_until 5 check_is far passing
	http PUT /v1/catalog/register -d '{"Node": "far", "Address": "10.0.0.1",
		"Check": {"CheckID": "c", "Name": "c", "ServiceID": "db", "Status": "warning", "Output": "hm"}}'
	wait_until 5 check_is far warning
	[ "$(check_field far Output)" = 'Aliased check "c" failing: hm' ]
	http PUT /v1/catalog/deregister -d '{"Node": "far"}'
	wait_until 5 check_is far critical
	[ "$(check_field far Output)" = "Service db could not be found on node far" ]
	http PUT /v1/agent/check/deregister/far
}

@test "maintenance mode comes, survives, and goes" {
	service_register '{"Name": "kept"}'
	http PUT '/v1/agent/service/maintenance/kept?enable=true&reason=paint'
	http PUT '/v1/agent/maintenance?enable=true'
	catalog_is _service_maintenance:kept critical
	catalog_is _node_maintenance critical
	kill -9 "$(daemon_pid n1 healthd)"
	wait_until 5 check_is _node_maintenance critical
	[ "$(check_field _service_maintenance:kept Notes)" = paint ]
	http PUT '/v1/agent/service/maintenance/kept?enable=false'
	http PUT '/v1/agent/maintenance?enable=false'
	catalog_lacks _node_maintenance
	http PUT /v1/agent/service/deregister/kept
}

@test "what the API registered survives kill -9, with the state of its TTL" {
	service_register '{"Name": "api", "Port": 9, "Checks": [{"TTL": "1h"}, {"TCP": "'"$(address 9)"':1", "Interval": "1h", "Status": "passing"}]}'
	http PUT '/v1/agent/check/warn/service:api:1?note=hot'
	kill -9 "$(daemon_pid n1 healthd)"
	wait_until 5 check_is service:api:1 warning
	[ "$(check_field service:api:1 Output)" = hot ]
	wait_until 5 check_is service:api:2 passing # as the catalog has it
	[ "$(http GET /v1/agent/services | jq .api.Port)" -eq 9 ]
	data=$BATS_FILE_TMPDIR/n1
	file=$data/services/$(printf api | md5sum | cut -d' ' -f1)
	[ "$(stat -c %a "$file")" = 600 ]
	[ "$(jq -c '[.Source, .Service.Service, .Service.Port]' "$file")" = '["remote","api",9]' ]
	[ "$(jq -c '.Status' "$data/checks/state/$(printf service:api:1 | md5sum | cut -d' ' -f1)")" = '"warning"' ]
	http PUT /v1/agent/service/deregister/api
	[ ! -e "$file" ]
	[ -z "$(find "$data/services" "$data/checks" -type f)" ]
}

@test "the catalog is put right when somebody else has changed it" {
	service_register '{"Name": "mine", "Port": 1}'
	http PUT /v1/catalog/register -d '{"Node": "n1", "Address": "'"$(address)"'", "Service": {"Service": "foreign"}}'
	http PUT /v1/catalog/deregister -d '{"Node": "n1", "ServiceID": "mine"}'
	kill -9 "$(daemon_pid n1 catalogd)" # a new catalog is compared at once
	wait_until 10 put_right
	http PUT /v1/agent/service/deregister/mine
}

put_right() {
	[ "$(http GET /v1/catalog/services | jq -c 'keys')" = '["consul","mine"]' ]
}

@test "a reload is a diff" {
	server_start 8086
	cat >"$CONFIG/services.json" <<-END
		{"services": [
			{"name": "same", "check": {"http": "http://$(address 9):8086/code/200", "interval": "1s"}},
			{"name": "moved", "port": 1, "check": {"ttl": "1h"}},
			{"name": "gone", "check": {"ttl": "1h"}}]}
	END
	service_register '{"Name": "byapi"}'
	reload
	wait_until 5 catalog_is service:same passing
	http PUT '/v1/agent/check/pass/service:moved?note=fine'
	before=$(log_count 'Synced service: service=same')
	cat >"$CONFIG/services.json" <<-END
		{"services": [
			{"name": "same", "check": {"http": "http://$(address 9):8086/code/200", "interval": "1s"}},
			{"name": "moved", "port": 2, "check": {"ttl": "1h"}}]}
	END
	http PUT /v1/agent/reload
	[ "$(http GET /v1/catalog/service/moved | jq '.[0].ServicePort')" -eq 2 ]
	check_is service:moved passing
	[ "$(check_field service:moved Output)" = fine ]
	catalog_lacks service:gone
	check_is service:same passing
	[ "$(log_count 'Synced service: service=same')" -eq "$before" ]
	[ "$(http GET /v1/agent/services | jq -c keys)" = '["byapi","moved","same"]' ]
}

@test "a broken file is refused, and nothing has happened" {
	echo '{"services": [{"name": "same", "port": "x"}]}' >"$CONFIG/services.json"
	run curl -s -o /dev/stdout -w ' %{http_code}' -X PUT "http://$(address):8500/v1/agent/reload"
	[[ $output == "failed to parse $CONFIG/services.json: 1 error(s) decoding:"*" 500" ]]
	echo '{"services": [{"name": "bad", "check": {"http": "x"}}]}' >"$CONFIG/services.json"
	[ "$(http_status PUT /v1/agent/reload)" = 500 ]
	[ "$(http GET /v1/agent/services | jq -c keys)" = '["byapi","moved","same"]' ]
	rm "$CONFIG/services.json"
	http PUT /v1/agent/reload
	[ "$(http GET /v1/agent/services | jq -c keys)" = '["byapi"]' ]
}

@test "a file wins over the API, and its saved copy goes" {
	echo '{"service": {"name": "byapi", "port": 77}}' >"$CONFIG/byapi.json"
	http PUT /v1/agent/reload
	[ "$(http GET /v1/agent/services | jq .byapi.Port)" -eq 77 ]
	[ -z "$(find "$BATS_FILE_TMPDIR/n1/services" -type f)" ]
	rm "$CONFIG/byapi.json"
	http PUT /v1/agent/reload
	[ "$(http GET /v1/agent/services)" = "{}" ] || [ "$(http GET /v1/agent/services | jq length)" -eq 0 ]
}

@test "scripts are refused where they are not enabled" {
	agent_stop n1
	agent_start n1 -server -bootstrap-expect=1
	run curl -s -X PUT "http://$(address):8500/v1/agent/check/register" -d '{"Name": "s", "Args": ["true"], "Interval": "1s"}'
	[ "$output" = "Scripts are disabled on this agent from remote calls; to enable, configure 'enable_script_checks' to true" ]
}

@test "the prober is not there until it is needed, and is started again when it dies" {
	runner=$(pgrep -P "$(daemon_pid n1 healthd)")
	[ -z "$(pgrep -P "$runner")" ]
	check_register '{"Name": "p", "TCP": "'"$(address)"':8500", "Interval": "1s"}'
	wait_until 5 check_is p passing
	kill -9 "$(pgrep -P "$runner")"
	wait_until 5 log_count "The prober has died"
	sleep 1.2
	wait_until 5 check_is p passing
	http PUT /v1/agent/check/deregister/p
}

@test "who asks while healthd or gossipd dies waits for the next one" {
	local i
	[ -e "$BATS_FILE_TMPDIR/n1.pid" ] || agent_start n1 -server -bootstrap-expect=1
	for i in 1 2 3 4; do
		kill -9 "$(daemon_pid n1 healthd)"
		http PUT /v1/agent/service/register -d "{\"Name\": \"again$i\"}"
		http GET /v1/agent/services | jq -e ".again$i.ID == \"again$i\""
		wait_until 10 daemon_pid n1 healthd
		kill -9 "$(daemon_pid n1 gossipd)"
		http GET /v1/agent/members | jq -e '.[0].Name == "n1"'
		wait_until 10 daemon_pid n1 gossipd
	done
}

@test "agents on -dev write nothing" {
	agent_stop n1
	mkdir "$BATS_TEST_TMPDIR/empty"
	cd "$BATS_TEST_TMPDIR/empty"
	agent_launch dev -dev -bind="$(address)" -client="$(address)" -node=n1
	wait_for_leader
	service_register '{"Name": "a", "Check": {"TTL": "1h"}}'
	http PUT /v1/agent/check/pass/service:a
	[ -z "$(ls -A)" ]
	catalog_is service:a passing
}
