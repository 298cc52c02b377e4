#!/usr/bin/env bats
# Queries that find nothing in their datacenter, and go to another one over the
# WAN: of ours, and of the real Consul, both ways.
load helpers

setup_file() {
	agent_start one -server -bootstrap-expect=1
	agent_launch two -server -bootstrap-expect=1 -node=two -datacenter=dc2 \
		-data-dir="$BATS_FILE_TMPDIR/two" -bind="$(address 2)" \
		-client="$(address 2)"
	if [ -n "$CONSUL_REAL" ]; then
		"$CONSUL_REAL" agent -server -bootstrap-expect=1 -node=three \
			-datacenter=dc3 -data-dir="$BATS_FILE_TMPDIR/three" \
			-bind="$(address 3)" -client="$(address 3)" \
			>"$BATS_FILE_TMPDIR/three.log" 2>&1 3>&- 4>&- &
		echo $! >"$BATS_FILE_TMPDIR/three.pid"
	fi
}

teardown_file() {
	agents_stop
}

# at N METHOD PATH [curl arguments]
at() {
	local n=$1 method=$2 path=$3
	shift 3
	curl -sS --fail -m 20 -X "$method" "$@" "http://$(address "$n"):8500$path"
}

# offered N NAME: a service that only datacenter N has.
offered() {
	at "$1" PUT /v1/catalog/register -d "{\"Node\":\"x$1\",
		\"Address\":\"10.0.0.$1\",\"Service\":{\"Service\":\"$2\"}}"
}

asked() { # N BODY
	at "$1" POST /v1/query -d "$2" >/dev/null
}

# found N NAME: datacenter, failovers and nodes.
found() {
	at "$1" GET "/v1/query/$2/execute" |
		jq -r '[.Datacenter, .Failovers, .Nodes[].Node.Node] | join(" ")'
}

finds() {
	[ "$(found "$1" "$2")" = "$3" ]
}

sees() { # N COUNT: servers in the WAN
	[ "$(at "$1" GET '/v1/agent/members?wan=1' |
		jq '[.[] | select(.Status == 1)] | length')" = "$2" ]
}

joined() { # N, over the WAN
	at 1 PUT "/v1/agent/join/$(address "$1")?wan=1"
}

@test "what is not here is found in another datacenter" {
	wait_until 30 offered 2 far
	wait_until 10 joined 2
	asked 1 '{"Name":"near","Service":{"Service":"far","Failover":{"NearestN":3}}}'
	asked 1 '{"Name":"named","Service":{"Service":"far",
		"Failover":{"Datacenters":["dc9","dc2"]}}}'
	asked 1 '{"Name":"nowhere","Service":{"Service":"nope",
		"Failover":{"Datacenters":["dc2","dc2"]}}}'
	asked 1 '{"Name":"here","Service":{"Service":"far"}}'
	wait_until 30 finds 1 named "dc2 1 x2"
	[[ "$(found 1 near)" =~ ^dc2\ [12]\ x2$ ]]
	finds 1 nowhere "dc2 2"
	finds 1 here "dc1 0"
	run dig +short -p 8600 "@$(address)" named.query.consul SRV
	[ "$output" = "1 1 0 x2.node.dc2.consul." ]
}

@test "a datacenter that does not answer is passed over" {
	[ -n "$CONSUL_REAL" ] || skip "no real Consul to be the third"
	wait_until 30 offered 3 farther
	wait_until 10 joined 3
	wait_until 30 sees 1 3
	# To the real one, and from it.
	asked 1 '{"Name":"third","Service":{"Service":"farther",
		"Failover":{"Datacenters":["dc2","dc3"]}}}'
	wait_until 20 finds 1 third "dc3 2 x3"
	wait_until 20 sees 3 3
	asked 3 '{"Name":"second","Service":{"Service":"far",
		"Failover":{"Datacenters":["dc1","dc2"]}}}'
	wait_until 20 finds 3 second "dc2 2 x2"
	# All of its processes, at once: it cannot say that it leaves.
	# shellcheck disable=SC2046 # several
	kill -KILL "$(agent_pid two)" $(pgrep -P "$(agent_pid two)")
	rm "$BATS_FILE_TMPDIR/two.pid"
	# It stays in the WAN pool, as failed.
	wait_until 30 finds 1 third "dc3 2 x3"
	wait_until 10 grep -q "Failed querying for service in datacenter" \
		"$BATS_FILE_TMPDIR/one.log"
}
