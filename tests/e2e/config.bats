#!/usr/bin/env bats
# Configuration in HCL, and what a reload says and does.
bats_require_minimum_version 1.5.0
load helpers

setup_file() {
	config=$BATS_FILE_TMPDIR/agent.hcl
	export config
	config_write
	agent_start one -server -bootstrap-expect=1 -config-file="$config"
}

teardown_file() {
	agents_stop
}

# config_write [lines]: what is always there, and more of it.
config_write() {
	cat >"$config.new" <<-END
		# Comments of each kind: this,
		// this, /* and this one. */
		enable_debug = false
		services { name = "web" port = 0x50 tags = ["a", "b"] }
		services = [ { name = "db", meta = { v = "1" } } ]
		check { id = "note" name = "note" ttl = "1h" notes = <<-EON
		  two
		  lines
		  EON
		}
		$*
	END
	mv "$config.new" "$config"
}

cli() {
	"$PROCONSUL" "$1" -http-addr="$(address):8500" "${@:2}"
}

log_has() {
	grep -q -- "$1" "$BATS_FILE_TMPDIR/one.log"
}

# reload_says LINE...: with this configuration, these lines and no others.
reload_says() {
	run -0 cli reload
	[ "${lines[0]}" = "Configuration reload triggered" ]
	printf '%s\n' "${lines[@]:1}" | sort >"$BATS_TEST_TMPDIR/said"
	printf 'Reloaded: %s\n' "$@" | sort >"$BATS_TEST_TMPDIR/due"
	diff "$BATS_TEST_TMPDIR/said" "$BATS_TEST_TMPDIR/due"
}

answer() {
	dig +time=2 +tries=1 "@$(address)" -p 8600 one.node.consul "$@"
}

@test "an agent from a file in HCL" {
	run -0 http GET /v1/agent/service/web
	[[ "$output" == *'"Tags":["a","b"]'*'"Port":80'* ]]
	run -0 http GET /v1/agent/service/db
	[[ "$output" == *'"Meta":{"v":"1"}'* ]]
	run -0 http GET /v1/agent/checks
	[[ "$output" == *'"Notes":"two\nlines\n"'* ]]
}

@test "services register takes a file in HCL" {
	printf 'service { name = "cli" port = 1 }' >"$BATS_TEST_TMPDIR/s.hcl"
	run -0 "$PROCONSUL" services register -http-addr="$(address):8500" \
		"$BATS_TEST_TMPDIR/s.hcl"
	http GET /v1/agent/service/cli >/dev/null
}

@test "nothing changed: nothing is told" {
	run -0 cli reload
	[ "$output" = "Configuration reload triggered" ]
	run -0 http PUT '/v1/agent/reload?report'
	[ "$output" = "[]" ]
}

@test "dns_config and recursors" {
	not has_recursion
	config_write 'dns_config { node_ttl = "7s" } recursors = ["127.0.0.1"]'
	reload_says "key=dns_config.node_ttl status=applied" \
		"key=recursors status=applied"
	wait_until 10 has_ttl 7
	wait_until 10 has_recursion
}

has_recursion() {
	answer | grep -q '^;; flags:.* ra'
}

has_ttl() {
	[ "$(answer +noall +answer | awk '{print $2}')" = "$1" ]
}

@test "node_meta, and counts of services and checks" {
	config_write 'node_meta { rack = "r1" } services { name = "new" }
		checks { name = "two" ttl = "1h" }'
	reload_says "key=dns_config.node_ttl status=applied" \
		"key=node_meta status=applied" \
		"key=recursors status=applied" \
		"key=checks status=applied added=1 removed=0 changed=0" \
		"key=services status=applied added=1 removed=0 changed=0"
	wait_until 10 catalog_has_meta
	http GET /v1/agent/service/new >/dev/null
	config_write
	cli reload
	[ "$(http_status GET /v1/agent/service/new)" = 404 ]
}

catalog_has_meta() {
	[[ "$(http GET /v1/catalog/node/one)" == *'"rack":"r1"'* ]]
}

@test "log_level" {
	not log_has DEBUG
	config_write 'log_level = "debug"'
	reload_says "key=log_level status=applied"
	wait_until 10 debug_line_comes
	config_write
	cli reload
}

debug_line_comes() {
	http GET /v1/agent/self >/dev/null
	log_has DEBUG
}

@test "discard_check_output" {
	config_write 'discard_check_output = true'
	reload_says "key=discard_check_output status=applied"
	http PUT '/v1/agent/check/pass/note?note=kept'
	not grep -q kept <<<"$(http GET /v1/agent/checks)"
	config_write
	cli reload
	http PUT '/v1/agent/check/pass/note?note=kept'
	grep -q kept <<<"$(http GET /v1/agent/checks)"
}

@test "limits.http_max_conns_per_client" {
	config_write 'limits { http_max_conns_per_client = 1 }'
	reload_says "key=limits.http_max_conns_per_client status=applied"
	exec 5<>"/dev/tcp/$(address)/8500"
	wait_until 10 is_refused
	exec 5>&-
	wait_until 10 http GET /v1/status/leader
	config_write
	wait_until 10 cli reload
}

is_refused() {
	not http GET /v1/status/leader
}

@test "telemetry.prefix_filter" {
	grep -q '"Name":"consul\.' <<<"$(http GET /v1/agent/metrics)"
	config_write 'telemetry { prefix_filter = ["-consul."] }'
	reload_says "key=telemetry.prefix_filter status=applied"
	wait_until 10 has_no_metrics
	config_write
	cli reload
}

has_no_metrics() {
	not grep -q '"Name":"consul\.' <<<"$(http GET /v1/agent/metrics)"
}

@test "what needs a restart is told, again and again, and stays as it was" {
	config_write 'translate_wan_addrs = true ports { http = 18500 dns = 1 }
		performance { raft_multiplier = 2 } session_ttl_min = "1s"
		check_update_interval = "1s" gossip_lan { gossip_nodes = 1 }
		http_config { block_endpoints = [ "/v1/agent" ] }
		leave_on_terminate = true'
	for _ in 1 2; do
		reload_says "key=check_update_interval status=\"needs a restart\" daemons=healthd" \
			"key=gossip_lan.gossip_nodes status=\"needs a restart\" daemons=gossipd" \
			"key=http_config.block_endpoints status=\"needs a restart\" daemons=httpd" \
			"key=leave_on_terminate status=\"needs a restart\" daemons=proconsul" \
			"key=performance.raft_multiplier status=\"needs a restart\" daemons=raftd" \
			"key=ports.dns status=\"needs a restart\" daemons=dnsd" \
			"key=ports.http status=\"needs a restart\" daemons=httpd" \
			"key=session_ttl_min status=\"needs a restart\" daemons=catalogd" \
			"key=translate_wan_addrs status=\"needs a restart\" daemons=httpd,dnsd"
	done
	http GET /v1/agent/self >/dev/null
	not grep -qi x-consul-translate <<<"$(http GET /v1/catalog/nodes -i)"
	[ "$(http_status PUT /v1/session/create -d '{"TTL":"5s"}')" != 200 ]
	log_has 'Reloaded: key=ports.dns status="needs a restart" daemons=dnsd'
}

@test "what has no effect is told once" {
	config_write 'acl { down_policy = "deny" }'
	reload_says 'key=acl.down_policy status="has no effect"'
	run -0 cli reload
	[ "$output" = "Configuration reload triggered" ]
}

@test "what is wrong changes nothing, and is told" {
	config_write 'dns_config { node_ttl = "9s" } zzz = 1'
	run -1 cli reload
	[[ "$output" == *"invalid config key zzz"* ]]
	config_write 'dns_config { node_ttl = "9s" }
		services { name = "bad" check { http = "http://x" } }'
	run -1 cli reload
	[[ "$output" == *'Failed reloading services: Failed to register service "bad"'* ]]
	config_write 'dns_config { node_ttl = "9s" } log_level = "zz"'
	run -1 cli reload
	[[ "$output" == *"Invalid log level: zz"* ]]
	has_ttl 0
	[ "$(http_status GET /v1/agent/service/bad)" = 404 ]
}

@test "by SIGHUP, too" {
	config_write 'dns_config { node_ttl = "11s" }'
	kill -HUP "$(agent_pid one)"
	wait_until 20 has_ttl 11
	wait_until 10 log_has 'Reloaded: key=dns_config.node_ttl status=applied'
}
