#!/usr/bin/env bats
# The user's article, on one machine: supervisord's program, the command line,
# service.json with its HTTP check, and the Python program.

load helpers

web_port=5000

setup_file() {
	local run=$BATS_FILE_TMPDIR
	mkdir -p "$run/bin" "$run/logs" "$run/conf"
	ln -s "$(realpath "$PROCONSUL")" "$run/bin/consul"
	# The shipped program as root and by the article's name, with this test's
	# folders and address.
	sed -e '/^user=/d; s/^;user=root/user=root/' \
		-e "s|=proconsul agent|=$run/bin/consul agent|" \
		-e "s|/data/consul/data|$run/data|; s|/data/consul/logs|$run/logs|" \
		-e "s|127\.0\.0\.1|$(address)|g" \
		-e "s|^\(command=.*\)|\1 -config-dir=$run/conf|" \
		"$BATS_TEST_DIRNAME/../../conf/supervisord/consul.conf" >"$run/program.conf"
	[ "$(id -u)" -eq 0 ] || sed -i '/^user=/d' "$run/program.conf"
	cat >"$run/supervisord.conf" <<-END
		[supervisord]
		logfile=$run/supervisord.log
		pidfile=$run/supervisord.pid
		[unix_http_server]
		file=$run/supervisor.sock
		[rpcinterface:supervisor]
		supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
		[supervisorctl]
		serverurl=unix://$run/supervisor.sock
		[include]
		files = $run/program.conf
	END
	supervisord -n -c "$run/supervisord.conf" >"$run/supervisord.out" 2>&1 3>&- 4>&- &
	echo $! >"$run/supervisor.pid"
	wait_for_leader
}

teardown_file() {
	web_stop
	kill "$(cat "$BATS_FILE_TMPDIR/supervisor.pid")"
	wait_until 20 process_gone "$(cat "$BATS_FILE_TMPDIR/supervisor.pid")"
}

consul() {
	CONSUL_HTTP_ADDR="$(address):8500" "$BATS_FILE_TMPDIR/bin/consul" "$@"
}

supervisor() {
	supervisorctl -c "$BATS_FILE_TMPDIR/supervisord.conf" "$@"
}

python_step() {
	/usr/bin/python3 "$BATS_TEST_DIRNAME/seed.py" "$(address)" 8500 $web_port "$1"
}

web_start() {
	web_stop
	/usr/bin/python3 "$BATS_TEST_DIRNAME/web.py" "$(address)" $web_port \
		>/dev/null 2>&1 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/web.pid"
	wait_until 10 curl -s "http://$(address):$web_port/"
}

web_stop() {
	[ ! -e "$BATS_FILE_TMPDIR/web.pid" ] || kill "$(cat "$BATS_FILE_TMPDIR/web.pid")" || true
	rm -f "$BATS_FILE_TMPDIR/web.pid"
}

@test "supervisord says RUNNING, and its log file has Consul's lines" {
	wait_until 20 sh -c "supervisorctl -c $BATS_FILE_TMPDIR/supervisord.conf status consul | grep -q RUNNING"
	grep -q '==> Consul agent running!' "$BATS_FILE_TMPDIR/logs/consul.log"
	grep -q 'agent.server: cluster leadership acquired' "$BATS_FILE_TMPDIR/logs/consul.log"
}

@test "consul members, info and agent -h" {
	run consul members
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == "Node  Address"* ]]
	[[ ${lines[1]} =~ ^n1\ .*:8301\ +alive\ +server\ +1\.8\.7\ +2\ +dc1\ +'<all>'$ ]]
	consul info | grep -q 'leader = true'
	consul agent -h 2>&1 | grep -q 'Usage: consul agent'
}

@test "service.json and consul reload: the service is there, its check critical" {
	cat >"$BATS_FILE_TMPDIR/conf/myservice.json" <<-END
		{ "services": [ { "id": "hello1", "name": "hello", "tags": [ "primary" ],
		  "address": "$(address)", "port": $web_port,
		  "checks": [ { "http": "http://$(address):$web_port/", "tls_skip_verify": false,
		    "method": "Get", "interval": "1s", "timeout": "1s" } ] } ] }
	END
	run consul reload
	[ "${lines[0]}" = "Configuration reload triggered" ]
	[ "${lines[1]}" = "Reloaded: key=services status=applied added=1 removed=0 changed=0" ]
	wait_until 10 hello_is critical
}

hello_is() {
	[ "$(http GET /v1/health/service/hello | jq -r '.[0].Checks[1].Status')" = "$1" ]
}

@test "the checked service starts and stops: passing, and critical again" {
	web_start
	wait_until 10 hello_is passing
	dig +short @"$(address)" -p 8600 hello.service.consul | grep -q "$(address)"
	web_stop
	wait_until 10 hello_is critical
	[ -z "$(dig +short @"$(address)" -p 8600 hello.service.consul)" ]
}

@test "python: register, agent.services, catalog and health look-up" {
	web_start
	python_step register
	python_step find
	web_stop
	python_step lost
}

@test "python: YAML from KV, and a blocking loop that notices a change" {
	python_step config
	python_step watch
}

@test "python: deregister by PUT, where GET is 405" {
	python_step deregister
}

@test "everything is kept when supervisord restarts the program" {
	local before
	before=$(http GET /v1/kv/SMARTOPS_API_URL?raw)
	supervisor restart consul
	wait_for_leader
	[ "$(http GET /v1/kv/SMARTOPS_API_URL?raw)" = "$before" ]
	wait_until 10 hello_is critical
}

@test "stopped by supervisord, nothing is left behind" {
	local pid
	pid=$(supervisor pid consul)
	supervisor stop consul
	wait_until 10 process_gone "$pid"
	none_runs "-data-dir=$BATS_FILE_TMPDIR/data"
	not curl -s -m 2 "http://$(address):8500/v1/status/leader"
}
