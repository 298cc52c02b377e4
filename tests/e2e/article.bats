#!/usr/bin/env bats
# The user's article on several machines, each a loopback address: its three
# servers under supervisord that are joined by hand, and its three servers and
# a client in Docker, with the flags of its commands. What the image's start
# script adds (-data-dir, -config-dir, and -bind from CONSUL_BIND_INTERFACE)
# is added here, too; --client=0.0.0.0 is each machine's own address, as all
# of them share the ports of this one.

load helpers

web_port=5000

setup_file() {
	mkdir -p "$BATS_FILE_TMPDIR/bin"
	ln -s "$(realpath "$PROCONSUL")" "$BATS_FILE_TMPDIR/bin/consul"
}

teardown_file() {
	[ ! -e "$BATS_FILE_TMPDIR/web" ] || kill "$(cat "$BATS_FILE_TMPDIR/web")" || :
	agents_stop
}

# on NUMBER COMMAND...: the article's `consul COMMAND` on that machine.
on() {
	local number=$1
	shift
	CONSUL_HTTP_ADDR="$(address "$number"):8500" \
		"$BATS_FILE_TMPDIR/bin/consul" "$@"
}

get() { # get NUMBER PATH
	curl -sS --fail -m 20 "http://$(address "$1"):8500$2"
}

look_up() { # look_up NUMBER NAME: an address, by DNS
	dig +short +time=10 +tries=1 -p 8600 @"$(address "$1")" "$2" | grep .
}

# machine NUMBER FLAGS: its container, or its program under supervisord.
machine() {
	local number=$1 folder=$BATS_FILE_TMPDIR/consul$1
	shift
	mkdir -p "$folder/config"
	agent_launch "consul$number" -data-dir="$folder/data" \
		-config-dir="$folder/config" -bind="$(address "$number")" "$@"
}

# sees NUMBER COUNT: that many are alive, to that machine.
sees() {
	[ "$(on "$1" members -status='^alive$' | tail -n +2 | wc -l)" -eq "$2" ]
}

leader() { # leader NUMBER: its address, to that machine
	get "$1" /v1/status/leader | tr -d '"' | grep .
}

leads_another() { # leads_another NUMBER ADDRESS
	[ "$(leader "$1")" != "$2" ] && leader "$1"
}

@test "three programs of supervisord, joined by hand" {
	for i in 1 2 3; do
		machine $i -server -bootstrap-expect 3 -ui -client "$(address $i)" \
			-advertise="$(address $i)" -node=go2cloud-platform-test$i -rejoin
	done
	for i in 2 3; do
		wait_until 20 on $i join "$(address 1)"
	done
	for i in 1 2 3; do
		wait_until 20 sees $i 3
		wait_until 20 leader $i
	done
	on 2 info | grep -q 'num_peers = 2'
	on 3 operator raft list-peers | grep -c 'true *3' | grep -qx 3
	# A program that supervisord starts again finds the others by itself.
	agent_stop consul2
	machine 2 -server -bootstrap-expect 3 -ui -client "$(address 2)" \
		-advertise="$(address 2)" -node=go2cloud-platform-test2 -rejoin
	wait_until 20 sees 2 3
	wait_until 20 on 2 kv put from/2 x
	for i in 1 2 3; do agent_stop consul$i; done
	rm -rf "$BATS_FILE_TMPDIR"/consul?
}

@test "three servers and a client of Docker elect a leader" {
	machine 1 -node=consul1 --server=true --bootstrap-expect=3 \
		--client="$(address 1)" -ui
	wait_until 20 get 1 /v1/agent/self
	for i in 2 3; do
		machine $i -node=consul$i --server=true --client="$(address $i)" \
			--join "$(address 1)"
	done
	machine 4 -node=consul4 --server=false --client="$(address 4)" \
		--join "$(address 1)"
	# And one more, to look from.
	machine 5 -node=consul5 --server=false --client="$(address 5)" \
		--join "$(address 1)"
	for i in 1 2 3 4 5; do
		wait_until 20 sees $i 5
		wait_until 20 leader $i
	done
	run on 4 members
	[[ ${lines[0]} == "Node "*"Address "*"Status  Type    Build  Protocol  DC   Segment" ]]
	[[ ${lines[1]} == "consul1  $(address 1):8301  alive   server  1.8.7  2         dc1  <all>" ]]
	[[ ${lines[5]} == "consul5  $(address 5):8301  alive   client  1.8.7  2         dc1  <default>" ]]
	on 1 members | grep server | wc -l | grep -qx 3
	get 1 /ui/ | grep -qi '<html'
	head -7 "$BATS_FILE_TMPDIR/consul4.log" | grep -q 'Server: false (Bootstrap: false)'
}

@test "a service of the client's files is found from another client" {
	cat >"$BATS_FILE_TMPDIR/consul4/config/service.json" <<-END
		{"services": [{"id": "hello1", "name": "hello", "tags": ["primary"],
		  "address": "$(address 4)", "port": $web_port,
		  "checks": [{"http": "http://$(address 4):$web_port/",
		    "tls_skip_verify": false, "method": "Get",
		    "interval": "1s", "timeout": "1s"}]}]}
	END
	run on 4 reload
	[ "${lines[0]}" = "Configuration reload triggered" ]
	# There it is, but nobody answers its check.
	wait_until 20 is_hello critical
	on 5 catalog services | grep -qx hello
	run look_up 5 hello.service.consul
	[ "$status" -ne 0 ]
	python3 "$BATS_TEST_DIRNAME/web.py" "$(address 4)" $web_port \
		>/dev/null 2>&1 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/web"
	wait_until 20 is_hello passing
	[ "$(look_up 5 hello.service.consul)" = "$(address 4)" ]
	[ "$(look_up 5 primary.hello.service.consul)" = "$(address 4)" ]
	dig +short -p 8600 @"$(address 5)" hello.service.consul SRV |
		grep -q "^1 1 $web_port "
}

is_hello() { # is_hello STATUS: of the check, from the other client
	get 5 /v1/health/service/hello | jq -e --arg status "$1" --arg where "$(address 4)" \
		'.[0].Service.Address == $where and .[0].Node.Node == "consul4" and
		([.[0].Checks[] | select(.ServiceID == "hello1") | .Status] == [$status])'
}

@test "the leader is killed, another takes over, and look-ups go on" {
	local old number
	old=$(leader 5)
	for number in 1 2 3; do
		[ "$old" != "$(address $number):8300" ] || break
	done
	on 5 kv put before x
	agent_stop consul$number KILL
	# Each of these is answered, whether there is a leader or not.
	[ "$(look_up 5 hello.service.consul)" = "$(address 4)" ]
	get 5 /v1/health/service/hello?passing\&stale | grep -q hello1
	get 5 /v1/health/service/hello?passing | grep -q hello1
	wait_until 20 leads_another 5 "$old"
	wait_until 20 on 4 kv put after y
	[ "$(on 5 kv get before)" = x ]
	[ "$(on 5 kv get after)" = y ]
	[ "$(look_up 5 hello.service.consul)" = "$(address 4)" ]
	wait_until 30 sees 4 4
	# It comes back, with what it had kept, as one of them.
	machine $number -node=consul$number --server=true \
		--client="$(address $number)" --join "$(address 4)"
	wait_until 20 sees $number 5
	wait_until 20 has_key $number after
}

has_key() { # has_key NUMBER KEY: in that server's own state
	get "$1" "/v1/kv/$2?stale&raw"
}
