#!/usr/bin/env bats
# What is measured, and who is told: JSON, Prometheus, statsd and its kin,
# SIGUSR1.
# shellcheck disable=SC2317 # functions that wait_until calls
load helpers

sink_start() {
	python3 "$BATS_TEST_DIRNAME/metrics_sink.py" "$(address)" \
		"$BATS_FILE_TMPDIR" >"$BATS_FILE_TMPDIR/sink.out" 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/sink"
	wait_until 20 grep -q ready "$BATS_FILE_TMPDIR/sink.out"
}

sink_stop() {
	kill "$(cat "$BATS_FILE_TMPDIR/sink")" 2>/dev/null || true
}

# configure FILTERS: of the agent with sinks; a JSON list.
configure() {
	cat >"$BATS_FILE_TMPDIR/telemetry.json" <<-EOF
		{"telemetry": {"prometheus_retention_time": "60s",
		  "statsd_address": "$(address):8125",
		  "dogstatsd_addr": "$(address):8126",
		  "dogstatsd_tags": ["team:a", "b"],
		  "statsite_address": "$(address):8127",
		  "prefix_filter": $1}}
	EOF
	chmod 644 "$BATS_FILE_TMPDIR/telemetry.json"
}

setup_file() {
	export PROCONSUL_RUN_DIR=$BATS_FILE_TMPDIR
	sink_start
	configure '[]'
	agent_start one -server -bootstrap-expect=1 \
		-config-file="$BATS_FILE_TMPDIR/telemetry.json"
	agent_launch plain -dev -node=plain -bind="$(address 2)" \
		-client="$(address 2)"
}

teardown_file() {
	sink_stop
	agents_stop
}

api() {
	curl -s -m 5 "http://$(address)$1"
}

plain() {
	curl -s -m 5 "http://$(address 2):8500$1"
}

# got FILE PATTERN: such a line has come.
got() {
	grep -qE "$2" "$BATS_FILE_TMPDIR/$1"
}

put_key() {
	[ "$(curl -s -m 5 -X PUT -d x "http://$(address):8500/v1/kv/$1")" = true ]
}

prometheus_text() {
	api ":8500/v1/agent/metrics?format=prometheus"
}

@test "each value is a line for statsd, statsite and dogstatsd" {
	put_key a
	api ":8500/v1/catalog/nodes" >/dev/null
	for sink in statsd statsite; do
		wait_until 20 got $sink '^consul\.kvs\.apply:[0-9]+\.[0-9]{6}\|ms$'
		wait_until 20 got $sink '^consul\.fsm\.kvs\.set:[0-9.]+\|ms$'
		wait_until 20 got $sink '^consul\.http\.PUT\.v1\.kv\._:[0-9.]+\|ms$'
		wait_until 20 got $sink '^consul\.client\.api\.catalog_nodes\.one:1\.000000\|c$'
		wait_until 20 got $sink "^consul\\.$(hostname)\\.raft\\.last_index:[0-9]+\\.000000\\|g\$"
		wait_until 20 got $sink "^consul\\.$(hostname)\\.runtime\\.alloc_bytes:[0-9.]+\\|g\$"
	done
	wait_until 20 got dogstatsd '^consul\.kvs\.apply:[0-9.]+\|ms\|#team:a,b$'
	wait_until 20 got dogstatsd '^consul\.fsm\.kvs:[0-9.]+\|ms\|#team:a,b,op:set$'
	wait_until 20 got dogstatsd '^consul\.raft\.last_index:[0-9.]+\|g\|#team:a,b$'
	wait_until 20 got dogstatsd '^consul\.client\.api\.catalog_nodes:1\|c\|#team:a,b,node:one$'
}

# Of one write there is one line, in whichever daemon it was measured.
@test "nothing is sent twice, and nothing is left out" {
	local before
	before=$(grep -c '^consul\.kvs\.apply:' "$BATS_FILE_TMPDIR/statsite")
	for i in $(seq 20); do
		put_key "many/$i"
	done
	twenty() {
		[ "$(grep -c '^consul\.kvs\.apply:' "$BATS_FILE_TMPDIR/statsite")" = $((before + 20)) ]
	}
	wait_until 20 twenty
}

last_interval() { # last_interval JQ: of the plain agent
	plain /v1/agent/metrics | jq -e "$1" >/dev/null
}

@test "/v1/agent/metrics shows the last interval as go-metrics does" {
	plain_leads() {
		[ "$(plain /v1/status/leader)" = "\"$(address 2):8300\"" ]
	}
	wait_until 30 plain_leads
	asked() {
		plain /v1/health/service/consul >/dev/null
		plain /v1/health/service/none >/dev/null
		last_interval '.Samples[] | select(.Name == "consul.http.GET.v1.health.service._" and .Count > 0 and .Sum >= .Max and .Labels == {})' &&
			last_interval '.Counters[] | select(.Name == "consul.health.service.not-found" and .Labels == {"service": "none"} and .Rate == .Sum / 10)'
	}
	wait_until 60 asked
	plain /v1/agent/metrics >"$BATS_TEST_TMPDIR/shown"
	jq -e '.Timestamp | test("^2[0-9]{3}-[0-9]{2}-[0-9]{2} [0-9:]{7}0 [+]0000 UTC$")' "$BATS_TEST_TMPDIR/shown"
	jq -e '.Points == [] and (keys == ["Counters", "Gauges", "Points", "Samples", "Timestamp"])' "$BATS_TEST_TMPDIR/shown"
	# Nothing is sent away, so that gauges have no host in them.
	jq -e '[.Gauges[].Name] | index("consul.raft.last_index") != null and index("consul.runtime.num_goroutines") != null' "$BATS_TEST_TMPDIR/shown"
	jq -e '[.Samples[].Name] | . == sort' "$BATS_TEST_TMPDIR/shown"
}

@test "without a retention time there is nothing for Prometheus" {
	run plain "/v1/agent/metrics?format=prometheus"
	[ "$output" = "Prometheus is not enabled since its retention time is not positive" ]
	for type in application/openmetrics-text "text/html, Text/Plain ; version=0.0.4"; do
		run curl -s -o /dev/null -w '%{http_code}' -H "Accept: $type" \
			"http://$(address 2):8500/v1/agent/metrics"
		[ "$output" = 415 ]
	done
	for type in text/plain application/json "text/plain; version=0.0.5"; do
		run curl -s -o /dev/null -w '%{http_code}' -H "Accept: $type" \
			"http://$(address 2):8500/v1/agent/metrics"
		[ "$output" = 200 ]
	done
}

@test "Prometheus' text has types, labels and quantiles" {
	run curl -s -o /dev/null -w '%{content_type}' \
		-H 'Accept: application/openmetrics-text' \
		"http://$(address):8500/v1/agent/metrics"
	[ "$output" = "text/plain; version=0.0.4; charset=utf-8" ]
	put_key b
	prometheus_text >"$BATS_TEST_TMPDIR/text"
	grep -qx '# TYPE consul_kvs_apply summary' "$BATS_TEST_TMPDIR/text"
	grep -qxE 'consul_kvs_apply[{]quantile="0.99"[}] [0-9.e-]+' "$BATS_TEST_TMPDIR/text"
	grep -qxE 'consul_fsm_kvs_count[{]op="set"[}] [0-9]+' "$BATS_TEST_TMPDIR/text"
	grep -qx '# TYPE consul_raft_apply counter' "$BATS_TEST_TMPDIR/text"
	# dogstatsd takes the host out of the names of those behind it.
	grep -qxE 'consul_raft_last_index_last_index [0-9]+' "$BATS_TEST_TMPDIR/text"
}

@test "the real Prometheus scrapes an agent" {
	command -v prometheus >/dev/null || skip "prometheus is not installed"
	local at
	at=$(address 3):9090
	cat >"$BATS_TEST_TMPDIR/prometheus.yml" <<-EOF
		scrape_configs:
		  - job_name: consul
		    scrape_interval: 500ms
		    scrape_timeout: 500ms
		    metrics_path: /v1/agent/metrics
		    params: {format: [prometheus]}
		    static_configs:
		      - targets: ["$(address):8500"]
	EOF
	prometheus --config.file="$BATS_TEST_TMPDIR/prometheus.yml" \
		--storage.tsdb.path="$BATS_TEST_TMPDIR/tsdb" \
		--web.listen-address="$at" >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- 4>&- &
	local pid=$!
	scraped() { # scraped QUERY: has a value above 0
		curl -s -m 5 --data-urlencode "query=$1" "http://$at/api/v1/query" |
			jq -e '.data.result[0].value[1] | tonumber > 0' >/dev/null
	}
	local status=0
	wait_until 40 scraped up || status=1
	wait_until 20 scraped consul_raft_apply || status=1
	wait_until 20 scraped 'consul_kvs_apply_count' || status=1
	kill $pid
	[ $status = 0 ]
}

@test "SIGUSR1 to the launcher shows the last minute of all daemons" {
	shown() {
		kill -USR1 "$(agent_pid plain)"
		sleep 0.2
		grep -qE "^\\[2[0-9-]+ [0-9:]+ [+]0000 UTC\\]\\[S\\] 'consul\\.http\\.GET\\.v1\\.agent\\.metrics': Count: [0-9]+ " "$BATS_FILE_TMPDIR/plain.log" &&
			grep -qE "\\]\\[G\\] 'consul\\.raft\\.last_index': [0-9]+\\.000\$" "$BATS_FILE_TMPDIR/plain.log" &&
			grep -qE "\\]\\[C\\] 'consul\\.client\\.rpc': Count: [0-9]+ Sum: [0-9.]+ LastUpdated: " "$BATS_FILE_TMPDIR/plain.log"
	}
	wait_until 40 shown
}

@test "filters follow a reload, in what is shown and in what is sent" {
	configure '["-consul.http", "+consul.http.GET.v1.agent", "bad"]'
	kill -HUP "$(agent_pid one)"
	filtered() {
		prometheus_text >"$BATS_TEST_TMPDIR/text"
		put_key c
		: >"$BATS_FILE_TMPDIR/statsd"
		put_key c
		wait_until 10 got statsd '^consul\.kvs\.apply:' || return 1
		not grep -q '^consul_http_PUT' "$BATS_TEST_TMPDIR/text" &&
			grep -q '^consul_http_GET_v1_agent_metrics_count' "$BATS_TEST_TMPDIR/text" &&
			not got statsd '^consul\.http\.PUT'
	}
	wait_until 30 filtered
}

@test "a daemon that dies begins anew, and is heard again" {
	kill -KILL "$(daemon_pid one catalogd)"
	again() {
		: >"$BATS_FILE_TMPDIR/statsite"
		put_key d &&
			wait_until 5 got statsite '^consul\.kvs\.apply:'
	}
	wait_until 60 again
	prometheus_text | grep -qE '^consul_kvs_apply_count [1-9]'
}

@test "a sink that has gone is found again" {
	sink_stop
	wait_until 10 process_gone "$(cat "$BATS_FILE_TMPDIR/sink")"
	put_key e
	sleep 0.5
	: >"$BATS_FILE_TMPDIR/statsite"
	sink_start
	heard() {
		put_key f
		got statsite '^consul\.kvs\.apply:' && got statsd '^consul\.kvs\.apply:'
	}
	wait_until 40 heard
}

@test "Circonus is refused by name" {
	run "$PROCONSUL" agent -dev -bind="$(address 4)" -client="$(address 4)" \
		-hcl 'telemetry { circonus_api_token = "x" }'
	[ "$status" -eq 1 ]
	[[ "$output" == *"telemetry.circonus_api_token is not supported by proconsul yet: it asks for Circonus"* ]]
}
