#!/usr/bin/env bats
# Prometheus finds what to scrape by asking us (consul_sd_configs): blocking
# reads of the catalog's services, and of the health of each.

load helpers

setup_file() {
	command -v prometheus >/dev/null || skip "prometheus is not installed"
	agent_start store -server -bootstrap-expect=1
	http PUT /v1/agent/service/register -d '{"Name": "shop", "ID": "shop1",
	    "Address": "127.0.0.7", "Port": 8081, "Tags": ["v1", "blue"],
	    "Meta": {"team": "red"}}'
	cat >"$BATS_FILE_TMPDIR/prometheus.yml" <<-END
		global: {scrape_interval: 60s}
		scrape_configs:
		- job_name: all
		  consul_sd_configs:
		  - {server: "$(address):8500", refresh_interval: 1s}
		- job_name: blue
		  consul_sd_configs:
		  - {server: "$(address):8500", refresh_interval: 1s,
		     services: [shop], tags: [blue], allow_stale: false}
	END
	prometheus --config.file="$BATS_FILE_TMPDIR/prometheus.yml" \
		--storage.tsdb.path="$BATS_FILE_TMPDIR/tsdb" \
		--web.listen-address="$(address 2):9090" \
		>"$BATS_FILE_TMPDIR/prometheus.log" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/prometheus.started"
}

teardown_file() {
	if [ -e "$BATS_FILE_TMPDIR/prometheus.started" ]; then
		kill "$(cat "$BATS_FILE_TMPDIR/prometheus.started")"
		wait_until 20 process_gone \
			"$(cat "$BATS_FILE_TMPDIR/prometheus.started")"
	fi
	agents_stop
}

# targets JOB: addresses and what is known of them, as a list.
targets() {
	curl -sSf -m 5 "http://$(address 2):9090/api/v1/targets?state=active" |
		jq -c --arg job "$1" '[.data.activeTargets[].discoveredLabels |
		select(.job == $job)]'
}

# has JOB FILTER: of jq, true for the targets.
has() {
	targets "$1" | jq -e "$2"
}

@test "services are targets, with their tags and metadata" {
	wait_until 30 has all 'map(.__address__) | index("127.0.0.7:8081")'
	has all 'map(select(.__meta_consul_service == "shop"))[0] |
	    .__meta_consul_tags == ",v1,blue," and .__meta_consul_node == "store" and
	    .__meta_consul_service_metadata_team == "red" and
	    .__meta_consul_health == "passing" and .__meta_consul_dc == "dc1"'
	has all 'map(.__meta_consul_service) | index("consul")'
}

@test "a filter by tag and by name" {
	wait_until 30 has blue 'length == 1'
	has blue '.[0].__meta_consul_service_id == "shop1"'
}

@test "what comes is found, what goes is dropped" {
	http PUT /v1/agent/service/register -d '{"Name": "shop", "ID": "shop2",
	    "Address": "127.0.0.8", "Port": 8082, "Tags": ["blue"]}'
	wait_until 30 has blue 'length == 2'
	http PUT /v1/agent/service/deregister/shop1
	wait_until 30 has blue 'length == 1 and
	    .[0].__address__ == "127.0.0.8:8082"'
	wait_until 30 has all 'map(.__address__) | index("127.0.0.7:8081") == null'
}
