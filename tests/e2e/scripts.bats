#!/usr/bin/env bats
# Scripts of checks that misbehave, and what they get of the agent: the rules
# of healthd(8), each shown by a script.

# shellcheck disable=SC2016 # scripts of checks expand their own variables

load helpers
bats_require_minimum_version 1.5.0

PROCESSES=400

# script NAME: what comes on standard input, to be run by a check of that name.
script() {
	cat >"$BATS_FILE_TMPDIR/$1"
	chmod 755 "$BATS_FILE_TMPDIR/$1"
	printf '%s{"id": "%s", "name": "n", "interval": "1s", "timeout": "%s", "args": ["%s"]}' \
		"$comma" "$1" "${2:-20s}" "$BATS_FILE_TMPDIR/$1" >>"$BATS_FILE_TMPDIR/n1.json"
	comma=,
}

scripts_write() {
	local comma=''
	script environment <<-'END'
		#!/bin/sh
		exec env
	END
	script itself <<-'END'
		#!/bin/sh
		exec 9</proc/self/stat
		read -r pid _ _ _ group session _ <&9
		exec 9<&-
		[ $$ = "$group" ] && [ $$ = "$session" ] && echo "a session of its own"
		readlink /proc/$$/fd/0
		ls -m /proc/self/fd
		grep -E '^(NoNewPrivs|CapEff|CapPrm):' /proc/self/status
		grep -E 'core|Max file|open|processes' /proc/self/limits
		cat && echo "nothing to read"
	END
	script writer <<-END
		#!/bin/sh
		exec head -c 50000000 /dev/zero >"$BATS_FILE_TMPDIR/out/written"
	END
	script deaf 1s <<-'END'
		#!/bin/sh
		trap '' TERM INT HUP QUIT
		while :; do sleep 4712; done
	END
	script runaway 1s <<-'END'
		#!/bin/sh
		setsid sh -c 'setsid sleep 4713 & setsid sleep 4713 & sleep 4713' </dev/null >/dev/null 2>&1 &
		sleep 4713
	END
	script daemon <<-END
		#!/bin/sh
		mkdir "$BATS_FILE_TMPDIR/out/daemon" 2>/dev/null || exit 0
		setsid sh -c 'echo \$\$ >"$BATS_FILE_TMPDIR/out/pid"; exec sleep 4714' \
			</dev/null >/dev/null 2>&1 &
		echo started
	END
	script flood <<-'END'
		#!/bin/sh
		yes abcdefg | head -c 20000000
		echo the end
	END
	script endless 1s <<-'END'
		#!/bin/sh
		yes 4715
	END
	script silent <<-'END'
		#!/bin/sh
		exec >&- 2>&-
		exit 1
	END
	script holder 1s <<-'END'
		#!/bin/sh
		setsid sleep 4716 &
		echo said this
	END
	script killer <<-'END'
		#!/bin/sh
		kill -9 $PPID
		sleep 4717
	END
	script stopper 1s <<-'END'
		#!/bin/sh
		kill -STOP $PPID
		sleep 4718
	END
}

# The agent has secrets in its environment, and something for its scripts.
launch() {
	CONSUL_HTTP_TOKEN=secret CONSUL_CLIENT_KEY=secret LISTEN_FDNAMES=secret \
		MY_PASSWORD=secret FOR_SCRIPTS=kept LC_TIME=C TZ=UTC \
		agent_start "$@"
}

setup_file() {
	echo '{"enable_local_script_checks": true, "script_environment": ["FOR_SCRIPTS"],
		"limits": {"script_max_processes": '$PROCESSES', "script_max_file_size": 1000000}}' \
		>"$BATS_FILE_TMPDIR/n0.json"
	echo '{"checks": [' >"$BATS_FILE_TMPDIR/n1.json"
	scripts_write
	echo ']}' >>"$BATS_FILE_TMPDIR/n1.json"
	mkdir -m 777 "$BATS_FILE_TMPDIR/out"
	chmod 711 "$BATS_FILE_TMPDIR"
	launch n1 -server -bootstrap-expect=1 \
		-config-file="$BATS_FILE_TMPDIR/n0.json" \
		-config-file="$BATS_FILE_TMPDIR/n1.json"
}

teardown_file() {
	agents_stop
	kill "$(cat "$BATS_FILE_TMPDIR/out/pid")" # the daemon that was let live
}

output() {
	http GET /v1/agent/checks | jq -r --arg id "$1" '.[$id].Output'
}

# said ID STATUS TEXT: it has that status, and the text is in what it says.
said() {
	http GET /v1/agent/checks | jq -ne --arg id "$1" --arg status "$2" \
		--arg text "$3" 'input | .[$id] | .Status == $status and
		(.Output | contains($text))'
}

@test "a script has a clean environment" {
	wait_until 10 said environment passing PATH=
	run output environment
	[[ $output == *$'\n'FOR_SCRIPTS=kept$'\n'* || $output == FOR_SCRIPTS=kept$'\n'* ]]
	[[ $output == *TZ=UTC* && $output == *LC_TIME=C* && $output == *HOME=* ]]
	[[ $output != *secret* && $output != *NOTIFY_SOCKET* && $output != *WATCHDOG* ]]
	[[ $output != *PROCONSUL* && $output != *BATS* ]]
	if [ "$(id -u)" -eq 0 ]; then
		[[ $output == *USER=_runner* && $output == *HOME=/$'\n'* ]]
	fi
}

@test "no descriptors, a session of its own, no way to new powers, and limits" {
	wait_until 10 said itself passing "nothing to read"
	run output itself
	echo "$output"
	[ "${lines[0]}" = "a session of its own" ]
	[ "${lines[1]}" = /dev/null ]
	[ "${lines[2]}" = "0, 1, 2, 3" ] # the last is the folder that is listed
	[[ ${lines[3]} == CapPrm:*0000000000000000 ]]
	[[ ${lines[4]} == CapEff:*0000000000000000 ]]
	[[ ${lines[5]} == NoNewPrivs:*1 ]]
	[[ ${lines[6]} =~ ^Max\ file\ size\ +1000000\ +1000000 ]]
	[[ ${lines[7]} =~ ^Max\ core\ file\ size\ +0\ +0 ]]
	[[ ${lines[8]} =~ ^Max\ processes\ +$PROCESSES\ +$PROCESSES ]]
	[[ ${lines[9]} =~ ^Max\ open\ files\ +1024\ +4096 ]]
}

@test "a file that is written for ever ends at its limit" {
	wait_until 10 test -s "$BATS_FILE_TMPDIR/out/written"
	wait_until 10 written
	said writer critical ""
}

written() {
	[ "$(stat -c %s "$BATS_FILE_TMPDIR/out/written")" -eq 1000000 ]
}

@test "who does not hear ends all the same" {
	wait_until 10 said deaf critical "Timed out (1s) running check"
	http PUT /v1/agent/check/deregister/deaf
	wait_until 10 none_runs '^sleep 4712'
}

@test "who leaves the session ends, too, when the time is up" {
	wait_until 10 said runaway critical "Timed out (1s) running check"
	http PUT /v1/agent/check/deregister/runaway
	wait_until 10 none_runs '^sleep 4713'
}

@test "what a script has left behind that ended by itself lives on" {
	wait_until 10 said daemon passing ""
	wait_until 10 test -s "$BATS_FILE_TMPDIR/out/pid"
	kill -0 "$(cat "$BATS_FILE_TMPDIR/out/pid")"
}

@test "output is bounded, and who writes without end ends" {
	local size
	wait_until 20 said flood passing "Captured 4096 of 20000008 bytes"
	size=$(output flood | wc -c)
	[ "$size" -le 4200 ]
	said flood passing "the end"
	wait_until 10 said endless critical "Timed out (1s) running check"
	http PUT /v1/agent/check/deregister/endless
	wait_until 10 none_runs '^yes 4715'
}

@test "closing the output ends nothing" {
	wait_until 10 said silent warning ""
	[ -z "$(output silent)" ]
}

@test "who holds the output is waited for until the time is up" {
	wait_until 10 said holder critical "said this"
	said holder critical "Timed out (1s) running check"
	http PUT /v1/agent/check/deregister/holder
	wait_until 10 none_runs '^sleep 4716'
}

@test "a script that kills or stops its keeper has no longer life by that" {
	wait_until 10 said killer critical ""
	wait_until 10 said stopper critical "Timed out (1s) running check"
	http PUT /v1/agent/check/deregister/killer
	http PUT /v1/agent/check/deregister/stopper
	wait_until 10 none_runs '^sleep 471[78]'
}

@test "local scripts are enabled: none comes from the API, in any form" {
	local body path
	body='"Args": ["touch", "'$BATS_FILE_TMPDIR'/out/hit"], "Interval": "1s"'
	for path in "check/register {\"Name\": \"x\", $body}" \
		"service/register {\"Name\": \"x\", \"Check\": {$body}}" \
		"service/register {\"Name\": \"x\", \"Checks\": [{$body}]}"; do
		run curl -sS -X PUT "http://$(address):8500/v1/agent/${path%% *}" -d "${path#* }"
		[ "$output" = "Scripts are disabled on this agent from remote calls; to enable, configure 'enable_script_checks' to true" ]
	done
	http PUT /v1/catalog/register -d '{"Node": "n1", "Address": "'"$(address)"'", "Check":
		{"Node": "n1", "CheckID": "x", "Name": "x", "Definition": {"ScriptArgs": ["touch", "'"$BATS_FILE_TMPDIR"'/out/hit"], "Interval": "1s"}}}'
	http PUT /v1/txn -d '[{"Check": {"Verb": "set", "Check": {"Node": "n1", "CheckID": "y", "Name": "y",
		"Definition": {"ScriptArgs": ["touch", "'"$BATS_FILE_TMPDIR"'/out/hit"], "Interval": "1s"}}}}]'
	[ "$(http GET /v1/agent/checks | jq 'has("x") or has("y")')" = false ]
	[ ! -e "$BATS_FILE_TMPDIR/out/hit" ]
}

# only NAME [TIMEOUT]: from now on there is but the script on standard input.
only() {
	local comma=''
	echo '{"checks": [' >"$BATS_FILE_TMPDIR/n1.json"
	script "$@"
	echo ']}' >>"$BATS_FILE_TMPDIR/n1.json"
	http PUT /v1/agent/reload
}

sleepers() {
	[ "$(pgrep -c -f '^sleep 4719')" -eq "$1" ]
}

@test "the end of healthd is the end of its scripts" {
	local pid pids
	only long 100s <<-'END'
		#!/bin/sh
		setsid sh -c 'setsid sleep 4719 & sleep 4719' &
		sleep 4719
	END
	wait_until 10 sleepers 3
	pids=$(pgrep -f '^sleep 4719')
	kill -9 "$(daemon_pid n1 healthd)"
	for pid in $pids; do
		wait_until 10 process_gone "$pid"
	done
}

# Its user's other scripts can start no process meanwhile: so it comes last.
@test "a fork bomb is bounded, and ends with its time" {
	local most=0 now
	only bomb 2s <<-'END'
		#!/bin/sh
		"$0" & "$0" &
		sleep 40
	END
	for _ in $(seq 40); do
		now=$(pgrep -c -f "$BATS_FILE_TMPDIR/bomb" || true)
		[ "$now" -le "$most" ] || most=$now
		sleep 0.05
	done
	echo "at most $most processes"
	[ "$most" -gt 20 ]
	[ "$most" -le $PROCESSES ]
	wait_until 20 said bomb critical "Timed out (2s) running check"
	only calm <<-'END'
		#!/bin/sh
		echo calm
	END
	wait_until 20 none_runs "$BATS_FILE_TMPDIR/bomb"
	wait_until 10 said calm passing calm
}
