#!/usr/bin/env bats
# Keys of the configuration, seen by what they do: addresses, identity, sockets,
# coordinates, the rate of questions; and a reload of files that are wrong.

load helpers

ID=b8f4098c-81df-648e-c630-945fbbdd3944

setup_file() {
	cat >"$BATS_FILE_TMPDIR/one.hcl" <<END
disable_coordinates = true
disable_keyring_file = true
encrypt = "$("$PROCONSUL" keygen)"
node_id = "$ID"
primary_datacenter = "dc1"
tagged_addresses { rack = "10.9.9.9", lan = "10.0.0.1" }
addresses { http = "$(address) unix://$BATS_FILE_TMPDIR/http.sock" }
unix_sockets { user = "nobody", group = "nogroup", mode = "0640" }
END
	cat >"$BATS_FILE_TMPDIR/two.hcl" <<END
$(grep encrypt "$BATS_FILE_TMPDIR/one.hcl")
limits { rpc_rate = 0.01, rpc_max_burst = 1 }
END
	agent_start one -server -bootstrap-expect=1 \
		-config-file="$BATS_FILE_TMPDIR/one.hcl"
	agent_launch two -data-dir="$BATS_FILE_TMPDIR/two" -node=two \
		-bind="$(address 2)" -client="$(address 2)" -retry-interval=1s \
		-retry-join="$(address)" -config-file="$BATS_FILE_TMPDIR/two.hcl"
}

teardown_file() {
	agents_stop
}

# said PATH [curl arguments]: body, and the status behind it.
said() {
	local path=$1
	shift
	curl -sS -m 10 -w ' %{http_code}' "$@" "http://$(address):8500$path"
}

@test "coordinates that are off are told as Consul tells it" {
	local path
	for path in datacenters nodes node/one; do
		[ "$(said "/v1/coordinate/$path")" = "Coordinate support disabled 401" ]
	done
	[ "$(said /v1/coordinate/update -X PUT -d '{"Node":"one","Coord":{}}')" = \
		"Coordinate support disabled 401" ]
}

@test "tagged addresses: those of one's own, and the agent's beside them" {
	tagged() {
		http GET /v1/catalog/node/one | jq -e --arg own "$(address)" \
			'.Node.TaggedAddresses | .rack == "10.9.9.9" and .lan == $own'
	}
	wait_until 10 tagged
}

@test "the node's ID and the primary datacenter are those that are given" {
	http GET /v1/agent/self | jq -e --arg id "$ID" \
		'.Config.NodeID == $id and .DebugConfig.PrimaryDatacenter == "dc1"'
	[ "$(cat "$BATS_FILE_TMPDIR/one/node-id")" = "$ID" ]
}

@test "a keyring without a file" {
	cli keyring -list | grep -q '\[[12]/[12]\]'
	[ ! -e "$BATS_FILE_TMPDIR/one/serf/local.keyring" ]
}

@test "a Unix socket belongs to whom the names say" {
	[ "$(id -u)" -eq 0 ] || skip "only root may give a socket away"
	[ "$(stat -c '%U %G %a' "$BATS_FILE_TMPDIR/http.sock")" = "nobody nogroup 640" ]
	curl -sSf --unix-socket "$BATS_FILE_TMPDIR/http.sock" \
		http://x/v1/status/leader | grep -q 8300
}

@test "a list of queries that is waited for comes when one is made" {
	local index
	index=$(curl -sSi "http://$(address):8500/v1/query" | tr -d '\r' |
		sed -n 's/^X-Consul-Index: //p')
	http GET "/v1/query?index=$index&wait=60s" \
		>"$BATS_TEST_TMPDIR/waited" 3>&- 4>&- &
	http POST /v1/query -d '{"Name":"q","Service":{"Service":"one"}}'
	wait $!
	jq -e '.[0].Name == "q"' "$BATS_TEST_TMPDIR/waited"
}

@test "the rate of questions to servers, and a reload that raises it" {
	limited() {
		[ "$(curl -sS -o /dev/null -w '%{http_code}' \
			"http://$(address 2):8500/v1/catalog/nodes")" = "$1" ]
	}
	wait_until 30 limited 429
	sed -i 's/rpc_rate = 0.01/rpc_rate = 1000/' "$BATS_FILE_TMPDIR/two.hcl"
	"$PROCONSUL" reload -http-addr="$(address 2):8500" |
		grep -x 'Reloaded: key=limits.rpc_rate status=applied'
	wait_until 10 limited 200
}

@test "a reload of a broken file changes nothing, and says why" {
	cp "$BATS_FILE_TMPDIR/one.hcl" "$BATS_TEST_TMPDIR/kept"
	echo 'log_level = "DEBUG" node_id = }' >>"$BATS_FILE_TMPDIR/one.hcl"
	run cli reload
	cp "$BATS_TEST_TMPDIR/kept" "$BATS_FILE_TMPDIR/one.hcl"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == "Error reloading: Unexpected response code: 500 (failed to parse $BATS_FILE_TMPDIR/one.hcl: "* ]]
	[ "$(http GET /v1/agent/self | jq -r .DebugConfig.Logging.LogLevel)" = INFO ]
}
