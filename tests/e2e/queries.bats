#!/usr/bin/env bats
# Takes long.
# Prepared queries in a cluster: written at one server and run at all, at a
# client, over DNS; after a leader was killed and a snapshot restored; and a
# real Consul server that follows ours, and runs what ours has written.
load helpers

setup_file() {
	export CONFIG=$BATS_FILE_TMPDIR/fast.json i
	cat >"$CONFIG" <<-EOF
		{"performance": {"raft_multiplier": 1}, "ports": {"serf_wan": -1},
		"gossip_lan": {"probe_interval": "200ms", "probe_timeout": "100ms",
			"suspicion_mult": 3},
		"autopilot": {"cleanup_dead_servers": false,
			"server_stabilization_time": "1s"}}
	EOF
	for i in 1 2 3; do
		agent_launch "n$i" -server -bootstrap-expect=3 -node="n$i" \
			-data-dir="$BATS_FILE_TMPDIR/n$i" -bind="$(address "$i")" \
			-client="$(address "$i")" -config-file="$CONFIG" \
			-retry-join="$(address 1)" -retry-interval=1s
	done
	wait_until 40 agree 1 2 3
}

teardown_file() {
	agents_stop
}

# at N METHOD PATH [curl arguments]: asked of server N.
at() {
	local n=$1 method=$2 path=$3
	shift 3
	curl -sS --fail -m 20 -X "$method" "$@" "http://$(address "$n"):8500$path"
}

# agree N...: they all know the same leader.
agree() {
	local n said
	for n in "$@"; do
		said=$(at "$n" GET /v1/status/leader)
		[[ "$said" = \"*:* ]] || return 1
		[ "$said" = "$(at "$1" GET /v1/status/leader)" ] || return 1
	done
}

# leader N...: the number of the leader, as server N says.
leader() {
	local n host
	host=$(at "$1" GET /v1/status/leader | tr -d '"')
	for n in 1 2 3; do
		[ "$host" != "$(address "$n"):8300" ] || echo "$n"
	done
}

follower() {
	local n
	for n in 1 2 3; do
		[ "$n" = "$(leader 1)" ] || {
			echo "$n"
			return
		}
	done
}

# nodes N NAME [query]: the nodes that a query finds, asked of server N.
nodes() {
	at "$1" GET "/v1/query/$2/execute?${3:-}" | jq -r '[.Nodes[].Node.Node] | sort | join(" ")'
}

# finds N NAME NODES [query]
finds() {
	[ "$(nodes "$1" "$2" "${4:-}")" = "$3" ]
}

# explained N NAME SERVICE: what server N itself makes of a template.
explained() {
	[ "$(at "$1" GET "/v1/query/$2/explain?stale" |
		jq -r .Query.Service.Service)" = "$3" ]
}

@test "written at a follower, run everywhere" {
	local n
	for n in a b; do
		at 1 PUT /v1/catalog/register -d "{\"Node\":\"$n\",
			\"Address\":\"10.0.0.1\", \"Service\":{\"Service\":\"web\",
			\"Tags\":[\"$n\"]}}"
	done
	at "$(follower)" POST /v1/query -d '{"Name":"all",
		"Service":{"Service":"web"},"DNS":{"TTL":"9s"}}'
	at "$(follower)" POST /v1/query -d '{"Name":"geo-",
		"Template":{"Type":"name_prefix_match","Regexp":"^geo-(.*)-(.*)$"},
		"Service":{"Service":"${match(1)}","Tags":["${match(2)}"]}}'
	for n in 1 2 3; do
		finds "$n" all "a b"
		finds "$n" geo-web-b b
		wait_until 10 finds "$n" all "a b" stale
		wait_until 10 explained "$n" geo-api-x api
	done
}

@test "run at a client, and over DNS" {
	agent_launch c -node=c -data-dir="$BATS_FILE_TMPDIR/c" \
		-bind="$(address 4)" -client="$(address 4)" \
		-config-file="$CONFIG" -retry-join="$(address 1)"
	wait_until 20 finds 4 geo-web-a a
	finds 4 all "a b" limit=9
	run curl -sS -o /dev/null -w '%{http_code}' \
		"http://$(address 4):8500/v1/query/nope/execute"
	[ "$output" = 404 ]
	run dig +short -p 8600 "@$(address 4)" geo-web-b.query.consul
	[ "$output" = 10.0.0.1 ]
	dig +noall +answer -p 8600 "@$(address 4)" all.query.consul SRV |
		grep -Eq '[[:space:]]9[[:space:]]+IN[[:space:]]+SRV'
}

# place NODE AT
place() {
	at 1 PUT /v1/coordinate/update -d "{\"Node\":\"$1\",
		\"Coord\":{\"Vec\":[$2,0,0,0,0,0,0,0],\"Height\":0.00001}}"
}

# ordered N PATH NODES: what a list of instances is sorted to.
ordered() {
	[ "$(at "$1" GET "$2" | jq -r '[.[] | .Node | .Node? // .] | join(" ")')" = "$3" ]
}

@test "near=, at a server and at a client; an old order is not kept" {
	local n
	place a 0.2
	place b 0.1
	at 1 PUT /v1/catalog/register \
		-d '{"Node":"eye","Address":"10.0.0.9"}'
	place eye 0
	for n in "$(follower)" 4; do
		wait_until 20 ordered "$n" "/v1/health/service/web?near=eye" "b a"
		wait_until 20 ordered "$n" "/v1/catalog/service/web?near=eye" "b a"
	done
	place a 0.05
	for n in "$(leader 1)" 4; do
		wait_until 20 ordered "$n" "/v1/health/service/web?near=eye" "a b"
		wait_until 20 ordered "$n" "/v1/catalog/service/web?near=eye" "a b"
	done
}

@test "a real server follows, and has the same" {
	[ -n "$CONSUL_REAL" ] || skip "no real Consul here"
	local ours theirs
	"$CONSUL_REAL" agent -server -node=real -bind="$(address 5)" \
		-client="$(address 5)" -data-dir="$BATS_FILE_TMPDIR/real" \
		-config-file="$CONFIG" -retry-join="$(address 1)" \
		-retry-interval=1s >"$BATS_FILE_TMPDIR/real.log" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/real.pid"
	wait_until 40 finds 5 all "a b"
	# From its own state, that our leader's log has made.
	wait_until 40 explained 5 geo-db-x db
	finds 5 geo-web-b b stale
	ours=$(at "$(leader 1)" GET /v1/query | jq -c 'sort_by(.ID)')
	theirs=$(at 5 GET '/v1/query?stale' | jq -c 'sort_by(.ID)')
	[ "$ours" = "$theirs" ]
	# And written there, for ours to keep.
	at 5 POST /v1/query -d '{"Name":"theirs","Service":{"Service":"web",
		"Tags":["!a"]}}'
	wait_until 10 finds "$(follower)" theirs b stale
	at 5 PUT /v1/agent/leave
	rm "$BATS_FILE_TMPDIR/real.pid"
	wait_until 20 agree 1 2 3
}

@test "kept when the leader is killed" {
	local pid children old next
	old=$(leader 1)
	next=$((old % 3 + 1))
	pid=$(agent_pid "n$old")
	children=$(pgrep -P "$pid")
	# shellcheck disable=SC2086 # several
	kill -KILL "$pid" $children
	rm "$BATS_FILE_TMPDIR/n$old.pid"
	wait_until 30 finds "$next" all "a b"
	at "$next" POST /v1/query -d '{"Name":"later","Service":{"Service":"web"}}'
	finds "$((next % 3 + 1))" later "a b"
	agent_launch "n$old" -server -bootstrap-expect=3 -node="n$old" \
		-data-dir="$BATS_FILE_TMPDIR/n$old" -bind="$(address "$old")" \
		-client="$(address "$old")" -config-file="$CONFIG" \
		-retry-join="$(address "$next")" -retry-interval=1s
	wait_until 40 finds "$old" later "a b" stale
	wait_until 10 explained "$old" geo-api-x api
}

@test "kept in a snapshot, and back with it" {
	local dir=$BATS_TEST_TMPDIR id
	wait_until 20 agree 1 2 3
	at 1 GET /v1/snapshot >"$dir/state.snap"
	id=$(at 1 GET /v1/query | jq -r '.[] | select(.Name == "later") | .ID')
	at 2 DELETE "/v1/query/$id"
	run at 3 GET "/v1/query/$id"
	[ "$status" -ne 0 ]
	at 3 PUT /v1/snapshot --data-binary "@$dir/state.snap"
	wait_until 20 finds 1 later "a b"
	wait_until 20 finds 2 later "a b" stale
	wait_until 20 explained 3 geo-api-x api
}
