#!/usr/bin/env bats
# Takes long.
# Our agent in one pool with the real Consul and with serf, in the clear and
# encrypted: they join, see each other alive under probing, exchange events,
# fail, and leave. GOSSIP_SECONDS is how long they watch each other.
#
# Each pool has our server (.1), a real Consul client (.2) and serf (.3), which
# wears the tags of a client; the encrypted one has .11, .12 and .13.

load helpers

KEY=cg8StVXbQJ0gPvMd9o7yrg==
OTHER_KEY=nNkVcCNBnWQhzNW7lZ9aHrlqtRrsXmUoLDrHSWTXAhM=
POOLS="clear sealed"

at() { # at POOL NUMBER
	local number=$2
	[ "$1" = clear ] || number=$((number + 10))
	address "$number"
}

key_of() {
	[ "$1" = clear ] || echo "-encrypt=$KEY"
}

ours_start() { # POOL
	# shellcheck disable=SC2046 # no key is no word
	agent_launch "$1.ours" -server -bootstrap-expect=1 -node=ours \
		-data-dir="$BATS_FILE_TMPDIR/$1.ours" -bind="$(at "$1" 1)" \
		-client="$(at "$1" 1)" -log-level=debug $(key_of "$1")
}

real_start() { # POOL
	# shellcheck disable=SC2046
	"$CONSUL_REAL" agent -node=real -data-dir="$BATS_FILE_TMPDIR/$1.real" \
		-bind="$(at "$1" 2)" -client="$(at "$1" 2)" \
		-retry-join="$(at "$1" 1)" -retry-interval=1s \
		-hcl 'disable_update_check = true ports { dns = -1 }' \
		$(key_of "$1") >>"$BATS_FILE_TMPDIR/$1.real.log" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/$1.real.pid"
}

serf_start() { # POOL
	local pool=$1 id=11111111-2222-3333-4444-555555555555 key=
	[ "$pool" = clear ] || key=-keyring-file=$BATS_FILE_TMPDIR/serf.keyring
	echo "[\"$KEY\"]" >"$BATS_FILE_TMPDIR/serf.keyring"
	# shellcheck disable=SC2086
	serf agent -node=serf -profile=lan -bind="$(at "$pool" 3):8301" \
		-rpc-addr="$(at "$pool" 3):7373" -retry-join="$(at "$pool" 1):8301" \
		-retry-interval=1s -log-level=debug $key -tag role=node -tag dc=dc1 \
		-tag segment= -tag id=$id -tag vsn=2 -tag vsn_min=2 -tag vsn_max=3 \
		-tag build=1.8.7: -tag acls=0 \
		>>"$BATS_FILE_TMPDIR/$pool.serf.log" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/$pool.serf.pid"
}

serf_cli() { # POOL COMMAND [arguments]
	local pool=$1 command=$2
	shift 2
	serf "$command" -rpc-addr="$(at "$pool" 3):7373" "$@"
}

has_serf() {
	command -v serf >/dev/null
}

setup_file() {
	local pool
	for pool in $POOLS; do
		ours_start "$pool"
		[ -z "$CONSUL_REAL" ] || real_start "$pool"
		! has_serf || serf_start "$pool"
	done
}

teardown_file() {
	local pool
	for pool in $POOLS; do
		agent_stop "$pool.real"
		agent_stop "$pool.serf"
		agent_stop "$pool.ours"
	done
}

# sleep_until BEGUN SECONDS: since then; the tests before are part of it.
sleep_until() {
	local left=$(($1 + $2 - $(date +%s)))
	[ "$left" -le 0 ] || sleep "$left"
}

need_real() {
	[ -n "$CONSUL_REAL" ] || skip "no real Consul here (CONSUL_REAL)"
}

need_serf() {
	has_serf || skip "no serf here (Debian's package serf)"
}

get() { # POOL NUMBER PATH
	curl -sS --fail -m 20 "http://$(at "$1" "$2"):8500$3"
}

put() { # POOL NUMBER PATH [curl arguments]
	local pool=$1 number=$2 path=$3
	shift 3
	curl -sS --fail -m 20 -X PUT "$@" "http://$(at "$pool" "$number"):8500$path"
}

# has_status POOL NUMBER NAME STATUS: that agent's word on a member.
has_status() {
	[ "$(get "$1" "$2" /v1/agent/members |
		jq -r ".[] | select(.Name == \"$3\") | .Status")" = "$4" ]
}

sees_alive() { # POOL NUMBER NAME
	has_status "$1" "$2" "$3" 1
}

serf_sees() { # POOL NAME STATUS
	serf_cli "$1" members -format=json |
		jq -e ".members[] | select(.name == \"$2\" and .status == \"$3\")"
}

log_of() {
	cat "$BATS_FILE_TMPDIR/$1.log"
}

log_has() { # NAME TEXT
	log_of "$1" | grep -qF -- "$2"
}

@test "a real client joins, in the clear and encrypted" {
	need_real
	for pool in $POOLS; do
		wait_until 20 sees_alive "$pool" 1 real
		wait_until 10 sees_alive "$pool" 2 ours
	done
}

@test "serf joins, in the clear and encrypted" {
	need_serf
	for pool in $POOLS; do
		wait_until 20 sees_alive "$pool" 1 serf
		wait_until 10 serf_sees "$pool" ours alive
		wait_until 10 serf_sees "$pool" serf alive
	done
	date +%s >"$BATS_FILE_TMPDIR/together"
}

@test "tags are those of Consul" {
	need_real
	run get clear 2 /v1/agent/members
	[ "$(jq -r '.[] | select(.Name == "ours") | .Tags | del(.id) |
		to_entries | map("\(.key)=\(.value)") | sort | join(" ")' \
		<<<"$output")" = "acls=0 bootstrap=1 build=1.8.7: dc=dc1 ft_fs=1 port=8300 raft_vsn=3 role=consul segment= vsn=2 vsn_max=3 vsn_min=2 wan_join_port=8302" ]
	[ "$(jq -r '.[] | select(.Name == "ours") | [.ProtocolMin, .ProtocolMax,
		.ProtocolCur, .DelegateMin, .DelegateMax, .DelegateCur] |
		join(" ")' <<<"$output")" = "1 5 2 2 5 4" ]
}

@test "who has no key, or another one, stays out" {
	local out=$BATS_TEST_TMPDIR/out
	for flags in "" "-encrypt=$OTHER_KEY"; do
		rm -rf "$BATS_FILE_TMPDIR/stranger"
		# shellcheck disable=SC2086
		agent_launch stranger -server -bootstrap-expect=1 -node=stranger \
			-data-dir="$BATS_FILE_TMPDIR/stranger" -bind="$(at clear 9)" \
			-client="$(at clear 9)" $flags
		wait_until 20 get clear 9 /v1/agent/self
		run "$PROCONSUL" join -http-addr="$(at clear 9):8500" "$(at sealed 1)"
		echo "$output" >"$out"
		agent_stop stranger
		[ "$status" -eq 1 ]
		grep -q "Failed to join any nodes" "$out"
		run get sealed 1 /v1/agent/members
		[[ "$output" != *stranger* ]]
	done
}

@test "keys that are kept are not for everyone's eyes" {
	local file=$BATS_FILE_TMPDIR/sealed.ours/serf/local.keyring
	[ "$(stat -c %a "$file")" = 600 ]
	[ "$(jq -r '.[0]' "$file")" = "$KEY" ]
}

@test "a real client's event arrives here and at serf" {
	need_real
	for pool in $POOLS; do
		"$CONSUL_REAL" event -http-addr="$(at "$pool" 2):8500" \
			-name=from-real payload
		wait_until 10 event_is_here "$pool" 1 from-real
		! has_serf ||
			wait_until 10 log_has "$pool.serf" "consul:event:from-real"
	done
}

event_is_here() { # POOL NUMBER NAME
	[ "$(get "$1" "$2" "/v1/event/list?name=$3" |
		jq -r '.[0].Name')" = "$3" ]
}

@test "our event arrives at the real client and at serf, payload and all" {
	need_real
	for pool in $POOLS; do
		put "$pool" 1 "/v1/event/fire/from-ours?node=rea" --data-binary hello
		wait_until 10 event_is_here "$pool" 2 from-ours
		[ "$(get "$pool" 2 "/v1/event/list?name=from-ours" |
			jq -r '.[0].Payload')" = aGVsbG8= ]
		# The filter is not for us.
		[ "$(get "$pool" 1 "/v1/event/list?name=from-ours")" = "[]" ]
		! has_serf ||
			wait_until 10 log_has "$pool.serf" "consul:event:from-ours"
	done
}

@test "a blocking list of events ends with the next one" {
	local index
	put clear 1 /v1/event/fire/first
	wait_until 10 event_is_here clear 1 first
	index=$(curl -sS -D - -o /dev/null "http://$(at clear 1):8500/v1/event/list" |
		tr -d '\r' | sed -n 's/^X-Consul-Index: //p')
	get clear 1 "/v1/event/list?index=$index&wait=20s" >"$BATS_TEST_TMPDIR/list" &
	sleep 0.5
	put clear 1 /v1/event/fire/second
	wait $!
	[ "$(jq -r '.[-1].Name' "$BATS_TEST_TMPDIR/list")" = second ]
}

@test "events that may not be fired are refused in Consul's words" {
	run curl -sS -X PUT "http://$(at clear 1):8500/v1/event/fire/"
	[ "$output" = "Missing name" ]
	run curl -sS -X PUT "http://$(at clear 1):8500/v1/event/fire/x?tag=t"
	[ "$output" = "Cannot provide tag filter without service filter" ]
	run curl -sS -X PUT "http://$(at clear 1):8500/v1/event/fire/x?node=%28"
	[[ "$output" == "Invalid node filter: error parsing regexp: "* ]]
	run curl -sS -X PUT --data-binary "$(printf '%600d' 0)" \
		"http://$(at clear 1):8500/v1/event/fire/x"
	[[ "$output" == *"user event exceeds configured limit of 512 bytes before encoding"* ]]
}

@test "an event for a service reaches the agent that has it" {
	put clear 1 /v1/agent/service/register -d '{"Name":"web","Tags":["v1"]}'
	put clear 1 "/v1/event/fire/for-web?service=w.b&tag=v"
	wait_until 10 event_is_here clear 1 for-web
	put clear 1 "/v1/event/fire/for-db?service=db"
	sleep 0.3
	[ "$(get clear 1 "/v1/event/list?name=for-db")" = "[]" ]
}

@test "serf's queries are acknowledged, and its coordinates understood" {
	need_serf
	for pool in $POOLS; do
		run serf_cli "$pool" query -timeout=3s load now
		[[ "$output" == *"Ack from 'ours'"* ]]
		run serf_cli "$pool" rtt ours
		[[ "$output" == "Estimated ours <-> serf rtt: "* ]]
	done
}

@test "keys are installed, used and removed by serf's queries" {
	local file=$BATS_FILE_TMPDIR/sealed.ours/serf/local.keyring
	need_serf
	run serf_cli sealed keys -install="$OTHER_KEY"
	[[ "$output" == *"Successfully installed"* ]]
	[ "$(jq -r length "$file")" = 2 ]
	run serf_cli sealed keys -use="$OTHER_KEY"
	[[ "$output" == *"Successfully changed"* ]]
	[ "$(jq -r '.[0]' "$file")" = "$OTHER_KEY" ]
	run serf_cli sealed keys -remove="$OTHER_KEY"
	[[ "$output" == *"Removing the primary key is not allowed"* ]]
	run serf_cli sealed keys -remove="$KEY"
	[[ "$output" == *"Successfully removed"* ]]
	[ "$(jq -r length "$file")" = 1 ]
	run serf_cli sealed keys -list
	echo "list: $output"
	echo "$output"
	[[ "$output" == *"$OTHER_KEY"* ]]
	[[ "$output" != *"$KEY"* ]]
	run serf_cli clear keys -list
	[[ "$output" == *"Keyring is empty (encryption not enabled)"* ]]
	wait_until 10 serf_sees sealed ours alive
}

@test "keys are installed, used and removed by us, at the real one and at serf" {
	local ours=$BATS_FILE_TMPDIR/sealed.ours/serf/local.keyring
	local theirs=$BATS_FILE_TMPDIR/sealed.real/serf/local.keyring
	need_real
	need_serf
	for file in "$ours" "$theirs" "$BATS_FILE_TMPDIR/serf.keyring"; do
		[ "$(jq -c . "$file")" = "[\"$OTHER_KEY\"]" ]
	done
	keyring -install="$KEY"
	keyring -use="$KEY"
	keyring -remove="$OTHER_KEY"
	for file in "$ours" "$theirs" "$BATS_FILE_TMPDIR/serf.keyring"; do
		[ "$(jq -c . "$file")" = "[\"$KEY\"]" ]
	done
	run keyring -list
	echo "$output"
	[[ "$output" == *"$KEY [3/3]"* ]]
	wait_until 10 serf_sees sealed ours alive
}

keyring() {
	"$PROCONSUL" keyring -http-addr="$(at sealed 1):8500" "$@"
}

@test "all are alive as long as they probe each other" {
	local pool name
	need_real
	sleep_until "$(cat "$BATS_FILE_TMPDIR/together")" "${GOSSIP_SECONDS:-60}"
	for pool in $POOLS; do
		sees_alive "$pool" 1 real
		sees_alive "$pool" 2 ours
		for name in ours real serf; do
			[ -e "$BATS_FILE_TMPDIR/$pool.$name.log" ] || continue
			run grep -E "Suspect|as failed|Refuting|Failed (UDP )?ping|fallback" \
				"$BATS_FILE_TMPDIR/$pool.$name.log"
			echo "$pool $name: $output"
			[ "$status" -eq 1 ]
		done
	done
}

@test "after kill -9 it is the same member again, and joins by itself" {
	need_real
	agent_stop sealed.ours KILL
	wait_until 30 has_status sealed 2 ours 4
	ours_start sealed
	wait_until 20 sees_alive sealed 2 ours
	log_has sealed.ours "serf: Re-joined to previously known node"
	wait_until 10 sees_alive sealed 1 real
}

@test "who is killed has failed, and can be forced to leave" {
	need_serf
	agent_stop clear.serf KILL
	wait_until 30 has_status clear 1 serf 4
	"$PROCONSUL" force-leave -http-addr="$(at clear 1):8500" serf
	wait_until 10 has_status clear 1 serf 3
	"$PROCONSUL" force-leave -prune -http-addr="$(at clear 1):8500" serf
	wait_until 10 has_status clear 1 serf ""
	run "$PROCONSUL" force-leave -http-addr="$(at clear 1):8500" nobody
	[[ "$output" == *"agent: No node found with name 'nobody'"* ]]
}

@test "a real client leaves, and has left here" {
	need_real
	"$CONSUL_REAL" leave -http-addr="$(at clear 2):8500"
	wait_until 20 has_status clear 1 real 3
}

@test "we leave, and have left there" {
	need_real
	"$PROCONSUL" leave -http-addr="$(at sealed 1):8500"
	has_status sealed 2 ours 3
	wait_until 20 process_gone "$(agent_pid sealed.ours)"
	log_has sealed.ours "Exit code: code=0"
	! has_serf || serf_sees sealed ours left
}

@test "what cannot be joined is told, and ends a start that depends on it" {
	run "$PROCONSUL" join -http-addr="$(at clear 1):8500" "$(at clear 8)"
	[ "$status" -eq 1 ]
	[[ "$output" == *"1 error occurred:"*"* Failed to join $(at clear 8): dial tcp $(at clear 8):8301: connect: connection refused"* ]]
	run "$PROCONSUL" join -http-addr="$(at clear 1):8500" no.such.name.invalid
	[[ "$output" == *"Failed to resolve no.such.name.invalid: lookup no.such.name.invalid"* ]]
	run timeout 20 "$PROCONSUL" agent -server -bootstrap-expect=1 \
		-data-dir="$BATS_TEST_TMPDIR/lost" -bind="$(at clear 9)" \
		-client="$(at clear 9)" -join="$(at clear 8)"
	[ "$status" -eq 1 ]
	[[ "$output" == *"couldn't join"* ]]
	run timeout 20 "$PROCONSUL" agent -server -bootstrap-expect=1 \
		-data-dir="$BATS_TEST_TMPDIR/lost" -bind="$(at clear 9)" \
		-client="$(at clear 9)" -retry-join="$(at clear 8)" \
		-retry-interval=100ms -retry-max=2
	[ "$status" -eq 1 ]
	[[ "$output" == *"max join LAN retry exhausted, exiting"* ]]
}

@test "a name is looked up, and joined with its port" {
	agent_launch named -server -node=named \
		-data-dir="$BATS_FILE_TMPDIR/named" -bind="$(at clear 7)" \
		-client="$(at clear 7)" -retry-join=localhost:1 \
		-retry-join="$(at clear 1):8301" -retry-interval=1s
	wait_until 20 sees_alive clear 1 named
	log_has named "Join cluster completed. Synced with initial agents: cluster=LAN num_agents=1"
	agent_stop named
}
