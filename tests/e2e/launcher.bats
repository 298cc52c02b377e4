#!/usr/bin/env bats
# proconsul agent: start, banner, restarts, signals, and nothing left behind.

load helpers

setup() {
	export PROCONSUL_RUN_DIR=$BATS_TEST_TMPDIR
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
	LOG=$BATS_TEST_TMPDIR/log
}

teardown() {
	[ -z "$PID" ] || kill -9 "$PID" 2>/dev/null || :
	agents_stop
}

# launch FLAGS: in the background; PID and LOG are its.
launch() {
	"$PROCONSUL" agent -bind="$(address)" -client="$(address)" "$@" \
		>"$LOG" 2>&1 3>&- 4>&- &
	PID=$!
}

launch_dev() {
	launch -dev -node=n1 "$@"
	wait_until 10 grep -q 'Consul agent running!' "$LOG"
}

# Status of the agent after it was told to end.
ended_with() {
	local status=0
	wait "$PID" || status=$?
	PID=
	[ "$status" -eq "$1" ] || {
		echo "status $status, not $1" >&2
		cat "$LOG" >&2
		return 1
	}
}

daemon() {
	pgrep -P "$PID" -x "$1"
}

no_daemon_runs() {
	! pgrep -f -- "-run-dir $BATS_TEST_TMPDIR/"
}

# replaced DAEMON PID: another one has taken its place.
replaced() {
	daemon "$1" | grep -qvx "$2"
}

nothing_is_left() {
	wait_until 5 no_daemon_runs
	[ -z "$(find "$BATS_TEST_TMPDIR" -name 'proconsul-*')" ]
}

@test "the banner, letter by letter" {
	launch_dev -node-id=599a6f93-e9c4-8bae-acdc-6177949377b0
	run head -12 "$LOG"
	[ "$output" = "==> Starting Consul agent...
           Version: '1.8.7'
           Node ID: '599a6f93-e9c4-8bae-acdc-6177949377b0'
         Node name: 'n1'
        Datacenter: 'dc1' (Segment: '<all>')
            Server: true (Bootstrap: false)
       Client Addr: [$(address)] (HTTP: 8500, HTTPS: -1, gRPC: -1, DNS: 8600)
      Cluster Addr: $(address) (LAN: 8301, WAN: 8302)
           Encrypt: Gossip: false, TLS-Outgoing: false, TLS-Incoming: false, Auto-Encrypt-TLS: false

==> Log data will now stream in as it occurs:" ]
	[ "$(grep -c '^==> Consul agent running!$' "$LOG")" -eq 1 ]
}

@test "the usage lists every flag" {
	run "$PROCONSUL" agent -h
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "Usage: consul agent [options]" ]
	[ "$(grep -c '^  -' <<<"$output")" -eq 65 ]
	# Each is in the manual page too.
	for flag in $(grep -o '^  -[a-z_-]*' <<<"$output"); do
		grep -q "^\.It Fl ${flag#-}\( \|$\)" \
			"$BUILD/man/proconsul-agent.8" || {
			echo "man page lacks $flag" >&2
			return 1
		}
	done
}

@test "mistakes end it with 1 and one clear text" {
	run "$PROCONSUL" agent -server
	[ "$status" -eq 1 ]
	run "$PROCONSUL" agent -server -bind=127.0.0.1
	[ "$status" -eq 1 ]
	[ "$output" = "==> data_dir cannot be empty" ]
	run "$PROCONSUL" agent -dev extra
	[ "$status" -eq 1 ]
	[ "$output" = "==> Unexpected extra arguments: [extra]" ]
	run "$PROCONSUL" agent -foo
	[ "$status" -eq 1 ]
	[ "${lines[0]}" = "flag provided but not defined: -foo" ]
	[ "${lines[1]}" = "Usage:" ]
	run "$PROCONSUL" agent -dev -log-file=/proc/nosuch/x
	[ "$status" -eq 1 ]
	[[ $output == "==> Failed to setup logging: open /proc/nosuch/x-"*".log: no such file or directory" ]]
	run "$PROCONSUL" agent -server -data-dir=/proc/nosuch -bind=127.0.0.1
	[ "$status" -eq 1 ]
	[[ $output == "==> failed to setup node ID: mkdir /proc/nosuch: "* ]]
}

@test "a daemon that is killed is back within a second, and the log says so" {
	launch_dev
	for name in gossipd raftd catalogd healthd httpd dnsd; do
		local old
		old=$(daemon $name)
		kill -9 "$old"
		wait_until 1 replaced $name "$old"
		grep -q "agent: Daemon died, restarting: daemon=$name status=\"signal 9\"" "$LOG"
	done
	wait_for_leader
	http PUT /v1/kv/x -d 1
}

@test "TERM ends a server with 1, and nothing is left behind" {
	launch_dev -pid-file="$BATS_TEST_TMPDIR/pid"
	[ "$(cat "$BATS_TEST_TMPDIR/pid")" = "$PID" ]
	kill -TERM "$PID"
	ended_with 1
	grep -q 'agent: Caught: signal=terminated' "$LOG"
	grep -q 'agent: Graceful shutdown disabled. Exiting' "$LOG"
	[[ $(tail -1 "$LOG") == *"[INFO]  agent: Exit code: code=1" ]]
	nothing_is_left
	[ ! -e "$BATS_TEST_TMPDIR/pid" ]
}

@test "with leave_on_terminate, TERM leaves and ends with 0" {
	echo '{"leave_on_terminate":true,"skip_leave_on_interrupt":false}' \
		>"$BATS_TEST_TMPDIR/leave.json"
	launch_dev -config-file="$BATS_TEST_TMPDIR/leave.json"
	kill -TERM "$PID"
	ended_with 0
	grep -q 'agent: Gracefully shutting down agent' "$LOG"
	grep -q 'agent: Graceful exit completed' "$LOG"
	nothing_is_left
}

@test "a client agent leaves on TERM and on INT, and ends with 0" {
	local signal
	for signal in TERM INT; do
		rm -f "$LOG"
		launch -data-dir="$BATS_TEST_TMPDIR/data"
		wait_until 10 grep -q 'Consul agent running!' "$LOG"
		grep -q 'Server: false (Bootstrap: false)' "$LOG"
		kill -$signal "$PID"
		ended_with 0
		grep -q 'agent: Gracefully shutting down agent' "$LOG"
		grep -q 'agent: Graceful exit completed' "$LOG"
		grep -q 'agent: consul client down' "$LOG"
		nothing_is_left
	done
}

@test "a second signal ends an agent that leaves with 1, at once" {
	agent_start other -server -bootstrap-expect=1
	launch -data-dir="$BATS_TEST_TMPDIR/data" -bind="$(address 2)" \
		-client="$(address 2)" -join="$(address)"
	wait_until 10 grep -q 'adding server' "$LOG"
	kill -TERM "$PID"
	wait_until 5 grep -q 'client starting leave' "$LOG"
	kill -INT "$PID"
	ended_with 1
	grep -q 'agent: Caught second signal, Exiting: signal=interrupt' "$LOG"
	not grep -q 'Graceful exit completed' "$LOG"
}

@test "a signal before an agent is up is heeded, too" {
	launch -data-dir="$BATS_TEST_TMPDIR/data"
	wait_until 10 grep -q 'Log data will now stream' "$LOG"
	kill -TERM "$PID"
	ended_with 0
	nothing_is_left
}

@test "consul leave ends the agent with 0" {
	launch_dev
	wait_for_leader
	run cli leave
	[ "$status" -eq 0 ]
	[ "$output" = "Graceful leave complete" ]
	ended_with 0
	nothing_is_left
}

@test "HUP reloads, and a broken file changes nothing" {
	echo '{"log_level":"INFO"}' >"$BATS_TEST_TMPDIR/c.json"
	launch_dev -config-file="$BATS_TEST_TMPDIR/c.json"
	kill -HUP "$PID"
	wait_until 2 grep -q 'agent: Reloading configuration' "$LOG"
	echo '{"log_level":' >"$BATS_TEST_TMPDIR/c.json"
	kill -HUP "$PID"
	wait_until 2 grep -q 'agent: Failed to reload configs: error="failed to parse .*c.json: unexpected end of JSON input"' "$LOG"
	wait_for_leader
	not grep -q 'Daemon died' "$LOG"
}

@test "a port in use is told with its holder" {
	launch_dev
	run "$PROCONSUL" agent -dev -bind="$(address)" -client="$(address)" \
		-dns-port=8601 -server-port=8310 -serf-lan-port=8311 -serf-wan-port=8312
	[ "$status" -eq 1 ]
	[[ $output == *"$(address):8500"*"in use"* ]]
	[ "$(find "$BATS_TEST_TMPDIR" -maxdepth 1 -name 'proconsul-*' | wc -l)" -eq 1 ]
}

@test "daemons do not survive the launcher" {
	launch_dev
	kill -9 "$PID"
	wait_until 2 no_daemon_runs
	# The next one clears away what that left.
	[ -n "$(find "$BATS_TEST_TMPDIR" -name 'proconsul-*')" ]
	launch_dev
	[ "$(find "$BATS_TEST_TMPDIR" -maxdepth 1 -name 'proconsul-*' | wc -l)" -eq 1 ]
}

@test "whoever started it hears READY=1" {
	python3 - "$BATS_TEST_TMPDIR/ready" >"$BATS_TEST_TMPDIR/heard" 3>&- 4>&- <<-'END' &
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1])
		s.settimeout(10)
		print(s.recv(100).decode())
	END
	wait_until 5 test -S "$BATS_TEST_TMPDIR/ready"
	NOTIFY_SOCKET=$BATS_TEST_TMPDIR/ready launch_dev
	wait_until 5 grep -q READY=1 "$BATS_TEST_TMPDIR/heard"
}

@test "a service manager that watches it hears WATCHDOG=1" {
	python3 - "$BATS_TEST_TMPDIR/ears" >"$BATS_TEST_TMPDIR/heard" 3>&- 4>&- <<-'END' &
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1])
		s.settimeout(20)
		while True:
		    print(s.recv(100).decode(), flush=True)
	END
	local ears=$!
	wait_until 5 test -S "$BATS_TEST_TMPDIR/ears"
	WATCHDOG_USEC=1000000 NOTIFY_SOCKET=$BATS_TEST_TMPDIR/ears launch_dev
	wait_until 10 has_lines "$BATS_TEST_TMPDIR/heard" 3 WATCHDOG=1
	kill "$ears"
}

has_lines() { # has_lines FILE COUNT LINE
	[ "$(grep -cx "$3" "$1")" -ge "$2" ]
}

@test "sockets that it is given are refused" {
	# shellcheck disable=SC2016 # $$ of the inner shell
	run bash -c 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"' sh "$PROCONSUL" agent -dev
	[ "$status" -eq 1 ]
	[[ "$output" == *"takes no sockets from a service manager"*"proconsul-httpd.socket"* ]]
}

@test "the node ID is kept, and the parts of the data directory are private" {
	local data=$BATS_TEST_TMPDIR/data id
	launch -server -bootstrap-expect=1 -data-dir="$data"
	wait_until 10 grep -q 'Consul agent running!' "$LOG"
	id=$(cat "$data/node-id")
	grep -q "Node ID: '$id'" "$LOG"
	[ "$(stat -c %a "$data/node-id")" = 644 ]
	[ "$(stat -c %a "$data/raft" "$data/serf" "$data/services" "$data/checks" | sort -u)" = 700 ]
	kill -TERM "$PID"
	ended_with 1
	launch -server -bootstrap-expect=1 -data-dir="$data"
	wait_until 10 grep -q 'Consul agent running!' "$LOG"
	grep -q "Node ID: '$id'" "$LOG"
}

@test "a configuration file that an editor replaced is read by a reload" {
	echo '{"services":[{"name":"first"}]}' >"$BATS_FILE_TMPDIR/edited.json"
	agent_start edited -server -bootstrap-expect=1 -config-file="$BATS_FILE_TMPDIR/edited.json"
	wait_until 5 service_is_there first
	echo '{"services":[{"name":"second"}]}' >"$BATS_FILE_TMPDIR/new.json"
	mv "$BATS_FILE_TMPDIR/new.json" "$BATS_FILE_TMPDIR/edited.json"
	http PUT /v1/agent/reload
	wait_until 5 service_is_there second
	not service_is_there first
	agent_stop edited
}

service_is_there() {
	http GET /v1/agent/services | jq -e ".$1"
}
