# shellcheck shell=bash disable=SC2119
# Shared by the system tests: agents of ours (and real ones) on addresses of
# their own, started and stopped for real. Source with `load helpers`.
#
#   setup_file()    { agent_start one -server -bootstrap-expect=1; }
#   teardown_file() { agents_stop; }
#
# Every test file gets a loopback address of its own, so that files may run at
# the same time and the default ports are free.

BUILD=${PROCONSUL_BUILD:-$BATS_TEST_DIRNAME/../../build}
PROCONSUL=$BUILD/proconsul
# The real Consul, for comparisons; empty where it cannot be had.
CONSUL_REAL=${CONSUL_REAL-$HOME/.cache/real-consul/root/usr/bin/consul}
[ -x "$CONSUL_REAL" ] || CONSUL_REAL=

# As root, daemons get users of their own, and must get into the data folders.
chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/* "$BATS_FILE_TMPDIR" 2>/dev/null || true

# An address that this file alone uses; $1 tells several apart.
# shellcheck disable=SC2120 # tests may pass the number
address() {
	local sum
	sum=$(printf '%s %s' "$BATS_TEST_FILENAME" "$PROCONSUL" | cksum | cut -d' ' -f1)
	echo "127.$((100 + sum % 100)).$((sum / 100 % 250)).${1:-1}"
}

# agent_start NAME [flags]: in the background, waits for a leader.
# Afterwards: $NAME.pid, $NAME.log, $NAME/ (data) in $BATS_FILE_TMPDIR.
agent_start() {
	local name=$1 data=$BATS_FILE_TMPDIR/$1
	shift
	agent_launch "$name" -data-dir="$data" -bind="$(address)" \
		-client="$(address)" -node="$name" "$@"
	wait_for_leader
}

# agent_launch NAME flags: just starts it, with exactly these flags.
agent_launch() {
	local name=$1
	shift
	"$PROCONSUL" agent "$@" >>"$BATS_FILE_TMPDIR/$name.log" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/$name.pid"
}

agent_pid() {
	cat "$BATS_FILE_TMPDIR/$1.pid"
}

# daemon_pid NAME DAEMON: the pid of one daemon of an agent.
daemon_pid() {
	pgrep -P "$(agent_pid "$1")" -x "$2"
}

# agent_stop NAME [signal]: and wait until it has gone.
agent_stop() {
	local pid
	pid=$(agent_pid "$1") || return 0
	rm -f "$BATS_FILE_TMPDIR/$1.pid"
	kill -"${2:-TERM}" "$pid" 2>/dev/null || return 0
	wait_until 20 process_gone "$pid"
}

agents_stop() {
	local file
	for file in "$BATS_FILE_TMPDIR"/*.pid; do
		[ -e "$file" ] || continue
		agent_stop "$(basename "$file" .pid)"
	done
}

process_gone() {
	! kill -0 "$1" 2>/dev/null
}

# not command...: it fails. (A line that begins with `!` never fails a test.)
not() {
	! "$@"
}

# none_runs TEXT: no process has it in its command line.
none_runs() {
	! pgrep -f -- "$1" >/dev/null
}

# wait_until SECONDS command...: poll until it succeeds.
wait_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || {
			echo "timed out waiting for: $*" >&2
			return 1
		}
		sleep 0.05
	done
}

# http METHOD PATH [curl arguments]: the body; the request fails on >= 400.
http() {
	local method=$1 path=$2
	shift 2
	curl -sS --fail -m 20 -X "$method" "$@" "http://$(address):8500$path"
}

# http_status METHOD PATH [curl arguments]: the status alone.
http_status() {
	local method=$1 path=$2
	shift 2
	curl -sS -o /dev/null -w '%{http_code}' -m 20 -X "$method" "$@" \
		"http://$(address):8500$path"
}

has_leader() {
	[[ "$(http GET /v1/status/leader)" == \"*:*\" ]]
}

wait_for_leader() {
	wait_until 20 has_leader
}

# cli ARGS: our command line, talking to this file's agent.
cli() {
	CONSUL_HTTP_ADDR="$(address):8500" "$PROCONSUL" "$@"
}
