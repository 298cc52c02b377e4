#!/usr/bin/env bats
# Flags and keys of a cluster beside the real Consul's: what ends the start of
# an agent is said by both in the same words and with the same status, and
# what they warn of is the same.

load helpers

setup() {
	[ -n "$CONSUL_REAL" ] || skip "no real Consul to compare with"
	cd "$BATS_TEST_TMPDIR" || return 1
}

# ended_by BINARY FLAGS: status, errors and warnings of an agent that ends by
# itself, without times, usage and what only one of the two has to say.
ended_by() {
	local binary=$1 status=0
	shift
	rm -rf data
	timeout 20 "$binary" agent -bind="$(address)" -client="$(address)" \
		-node=n1 "$@" >out 2>err </dev/null || status=$?
	echo "status $status"
	sed -E -e 's/^ +[0-9][0-9T:.Z+-]+ //' out err |
		grep -vE '^(Usage:|  -|    	|$|==> Starting|==> Log| +[A-Z]|\[INFO\])' |
		grep -vE 'auto_config|Shutdown without a Leave|router.manager|No known Consul servers|raft: ' |
		sort -u
}

alike() {
	ended_by "$CONSUL_REAL" "$@" >real
	ended_by "$PROCONSUL" "$@" >ours
	diff -u real ours || {
		echo "differs: consul agent $*"
		return 1
	}
}

@test "what is wrong with flags of a cluster" {
	local flags
	while read -r flags; do
		# shellcheck disable=SC2086
		alike $flags
	done <<-'END'
		-bootstrap-expect=3 -data-dir=data
		-bootstrap -data-dir=data
		-server -bootstrap -bootstrap-expect=3 -data-dir=data
		-server -bootstrap-expect=-1 -data-dir=data
		-dev -bootstrap-expect=3
		-server -bootstrap-expect=3
		-server -bootstrap-expect=x -data-dir=data
		-server=maybe -data-dir=data
		-server -data-dir=data -encrypt=zz
		-server -data-dir=data -encrypt=YQ==
		-data-dir=data -encrypt=YQ==
		-data-dir=data -node-id=zz
		-data-dir=data -advertise=0.0.0.0
		-data-dir=data -advertise=zz
		-data-dir=data -advertise-wan=::
		-data-dir=data -serf-lan-bind=zz
		-data-dir=data -serf-wan-bind=unix:///x
		-data-dir=data -server-port=70000
		-data-dir=data -serf-lan-port=8300
		-data-dir=data -serf-wan-port=8301
		-data-dir=data -retry-interval=zz
		-data-dir=data -retry-interval=5
		-data-dir=data -retry-max=zz
		-data-dir=data -join={{zz}}
		-data-dir=data -retry-join={{zz}}
		-data-dir=data -protocol=9
		-server -data-dir=data -protocol=1
		-server -bootstrap-expect=2 -data-dir=data -raft-protocol=9
		-server -bootstrap-expect=4 -data-dir=data -protocol=9
		-server -bootstrap-expect=1 -data-dir=data -protocol=9
		-dev -bootstrap-expect=1 -protocol=9
		-data-dir=data -segment=x
		-data-dir=data -serf-lan-allowed-cidrs=zz
		-data-dir=data -datacenter=a.b
		-data-dir=data -primary-gateway=x
		-server -data-dir=data -primary-gateway=x
	END
}
