#!/usr/bin/env bats
# Redirects that are not followed, and addresses that checks keep away from:
# in a namespace of our own, whose loopback has 169.254.169.254, and whose
# names lead there.

load helpers
bats_require_minimum_version 1.5.0

LINK_LOCAL=169.254.169.254

# In the namespaces of this file: network, and files for a /etc/hosts.
inside() {
	nsenter -t "$(cat "$BATS_FILE_TMPDIR/holder")" -n -m -- "$@"
}

curl() {
	inside curl "$@"
}

namespace_make() {
	printf '127.0.0.1 localhost\n%s metadata.test\n' $LINK_LOCAL \
		>"$BATS_FILE_TMPDIR/hosts"
	chmod 644 "$BATS_FILE_TMPDIR/hosts"
	# All of it from within: who enters too early is still outside.
	unshare -n -m sh -c '
		ip link set lo up &&
		ip address add "$1/32" dev lo &&
		mount --bind "$2/hosts" /etc/hosts &&
		touch "$2/ready"
		exec sleep 600' sh $LINK_LOCAL "$BATS_FILE_TMPDIR" 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/holder"
	wait_until 10 test -e "$BATS_FILE_TMPDIR/ready"
}

check() { # check NAME FIELDS
	printf '{"id": "%s", "name": "n", "interval": "1s", %s}' "$1" "$2"
}

# configure DISABLED: the checks, and whether link-local ones are refused.
configure() {
	local web
	web=http://$(address):8080
	{
		printf '{"disable_link_local_checks": %s, "checks": [' "$1"
		check literal "\"http\": \"http://$LINK_LOCAL:8080/code/200\"" && echo ,
		check name '"http": "http://metadata.test:8080/code/200"' && echo ,
		check mapped "\"http\": \"http://[::ffff:$LINK_LOCAL]:8080/code/200\"" && echo ,
		check number '"http": "http://2852039166:8080/code/200"' && echo ,
		check redirected "\"http\": \"$web/to/302?http://metadata.test:8080/code/200\"" && echo ,
		check tcp "\"tcp\": \"metadata.test:8080\"" && echo ,
		check grpc "\"grpc\": \"$LINK_LOCAL:8080\"" && echo ,
		check followed "\"http\": \"$web/to/302?/code/200\"" && echo ,
		check "not followed" "\"http\": \"$web/to/302?/code/200\", \"disable_redirects\": true" && echo ,
		check other "\"tcp\": \"$(address):8080\""
		echo ']}'
	} >"$BATS_FILE_TMPDIR/checks.json"
}

server_start() {
	# No function, or what is killed at the end would be a shell's.
	nsenter -t "$(cat "$BATS_FILE_TMPDIR/holder")" -n -m -- \
		python3 "$BATS_TEST_DIRNAME/health_server.py" "$1" 8080 \
		3>&- 4>&- 2>/dev/null &
	echo $! >>"$BATS_FILE_TMPDIR/servers"
	wait_until 10 curl -sf "http://$1:8080/code/200"
}

setup_file() {
	local ours
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	namespace_make
	server_start "$(address)"
	server_start $LINK_LOCAL
	configure false
	# The launcher in there, under the same process id.
	cat >"$BATS_FILE_TMPDIR/proconsul" <<-END
		#!/bin/sh
		exec nsenter -t $(cat "$BATS_FILE_TMPDIR/holder") -n -m -- "$PROCONSUL" "\$@"
	END
	chmod +x "$BATS_FILE_TMPDIR/proconsul"
	ours=$(address)
	PROCONSUL=$BATS_FILE_TMPDIR/proconsul agent_launch n1 -server \
		-bootstrap-expect=1 -data-dir="$BATS_FILE_TMPDIR/n1" -node=n1 \
		-bind="$ours" -client="$ours" \
		-config-file="$BATS_FILE_TMPDIR/checks.json"
	wait_for_leader
}

teardown_file() {
	agents_stop
	[ ! -e "$BATS_FILE_TMPDIR/servers" ] ||
		xargs kill <"$BATS_FILE_TMPDIR/servers"
	[ ! -e "$BATS_FILE_TMPDIR/holder" ] ||
		kill "$(cat "$BATS_FILE_TMPDIR/holder")"
}

# said ID STATUS TEXT: what the check says ends so.
said() {
	http GET /v1/agent/checks | jq -ne --arg id "$1" --arg status "$2" \
		--arg text "$3" 'input | .[$id] | .Status == $status and
		(.Output | endswith($text))'
}

@test "checks follow redirects, unless they say otherwise" {
	wait_until 10 said followed passing ": 200 OK Output: body of /code/200"
	wait_until 10 said "not followed" critical ": 302 Found Output: body of 302"
}

@test "the API takes disable_redirects, and it outlives healthd" {
	local file name
	for name in DisableRedirects disable_redirects; do
		http PUT /v1/agent/check/register -d '{"Name": "api", "Interval": "1s", "'$name'": true,
			"HTTP": "http://'"$(address)"':8080/to/301?/code/200"}'
		wait_until 10 said api critical ": 301 Moved Permanently Output: body of 301"
	done
	file=$BATS_FILE_TMPDIR/n1/checks/$(printf api | md5sum | cut -d' ' -f1)
	[ "$(jq .ChkType.DisableRedirects "$file")" = true ]
	kill -9 "$(daemon_pid n1 healthd)"
	wait_until 10 said followed passing "body of /code/200"
	wait_until 10 said api critical ": 301 Moved Permanently Output: body of 301"
	http PUT /v1/agent/check/register -d '{"Name": "api", "Interval": "1s",
		"HTTP": "http://'"$(address)"':8080/to/301?/code/200"}'
	wait_until 10 said api passing ": 200 OK Output: body of /code/200"
	not grep -q Redirects "$file"
}

@test "without the setting, checks go to link-local addresses" {
	local id
	for id in literal name mapped number redirected; do
		wait_until 10 said $id passing "200 OK Output: body of /code/200"
	done
	wait_until 10 said tcp passing ": Success"
}

@test "with it they keep away, whatever the form of the address" {
	local refused="dial tcp $LINK_LOCAL:8080: link-local addresses are refused by disable_link_local_checks" id
	configure true
	kill -HUP "$(agent_pid n1)"
	wait_until 10 grep -q 'Reloaded: key=disable_link_local_checks status=applied' \
		"$BATS_FILE_TMPDIR/n1.log"
	for id in literal name number tcp; do
		wait_until 10 said $id critical "$refused"
	done
	wait_until 10 said redirected critical \
		"Get \"http://metadata.test:8080/code/200\": $refused"
	wait_until 10 said mapped critical "dial tcp [::ffff:$LINK_LOCAL]:8080: ${refused#*: }"
	wait_until 10 said grpc critical "$refused\""
	wait_until 10 said other passing ": Success"
}

@test "and are let go there again" {
	configure false
	kill -HUP "$(agent_pid n1)"
	wait_until 10 said redirected passing "body of /code/200"
	wait_until 10 said tcp passing ": Success"
}
