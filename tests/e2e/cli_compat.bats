#!/usr/bin/env bats
# The command line beside the real Consul's, where both take part at once, or
# where it is what they send that counts. tests/compat/cli.py compares what
# they say.

load helpers

setup_file() {
	[ -n "$CONSUL_REAL" ] || return 0
	export CONSUL_HTTP_ADDR
	CONSUL_HTTP_ADDR=$(address):8500
	"$CONSUL_REAL" agent -dev -bind="$(address)" -client="$(address)" \
		-node=n1 -log-level=err >"$BATS_FILE_TMPDIR/real.log" 2>&1 \
		3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/real.pid"
	wait_for_leader
}

teardown_file() {
	agents_stop
}

setup() {
	[ -n "$CONSUL_REAL" ] || skip "no real Consul to compare with"
	cd "$BATS_TEST_TMPDIR" || return 1
}

# What is sent, not only what is said: both register through a recorder.
@test "services: both send the same" {
	command -v python3 >/dev/null || skip "needs python3"
	cat >recorder.py <<-'PY'
	import http.server, json, sys
	class Recorder(http.server.BaseHTTPRequestHandler):
	    def do_PUT(self):
	        size = int(self.headers.get("Content-Length") or 0)
	        text = self.rfile.read(size) or b"null"
	        body = json.loads(text) if text[:1] in b"{n" else {"": str(text)}
	        known = {k: v for k, v in (body or {}).items() if v is not None}
	        known.pop("Weights", None)
	        with open("sent", "a") as f:
	            print(self.path, self.headers.get("X-Consul-Token"),
	                json.dumps(known, sort_keys=True), file=f)
	        self.send_response(200)
	        self.send_header("Content-Length", "0")
	        self.end_headers()
	    def log_message(self, *args): pass
	http.server.HTTPServer((sys.argv[1], 8599), Recorder).serve_forever()
	PY
	python3 recorder.py "$(address 2)" 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/recorder.pid"
	wait_until 10 curl -sSf -X PUT "http://$(address 2):8599/ready"
	rm -f sent
	cat >all.json <<-'JSON'
	{"services": [{"id": "w", "name": "web", "port": 8, "address": "1.1.1.1",
	  "tags": ["b", "a"], "meta": {"k": "v"}, "enable_tag_override": true,
	  "tagged_addresses": {"lan": {"address": "1.2.3.4", "port": 80}},
	  "checks": [{"id": "c", "name": "n", "ttl": "90s", "status": "passing",
	    "notes": "x", "success_before_passing": 2,
	    "failures_before_critical": 3,
	    "deregister_critical_service_after": "90m"},
	   {"http": "https://x/", "method": "POST", "body": "b", "interval": "1s",
	    "header": {"A": ["b"]}, "tls_skip_verify": true, "timeout": "1500ms"},
	   {"grpc": "x:1", "grpc_use_tls": true, "interval": "1s"},
	   {"alias_node": "n", "alias_service": "s"}]}]}
	JSON
	export CONSUL_HTTP_ADDR
	CONSUL_HTTP_ADDR=$(address 2):8599
	for words in "services register all.json" "maint -enable -reason=x" \
		"services register -name=x -port=7 -tag=a -meta=k=v -token=t" \
		"services deregister -id=a -datacenter=dc1" \
		"kv put -flags=3 k v"; do
		# shellcheck disable=SC2086
		"$CONSUL_REAL" $words >/dev/null 2>&1 || true
		mv sent real.sent
		# shellcheck disable=SC2086
		"$PROCONSUL" $words >/dev/null 2>&1 || true
		mv sent ours.sent
		diff -u real.sent ours.sent || {
			echo "differs: consul $words"
			return 1
		}
	done
}

# Users of the real one and of ours keep each other out.
@test "lock: each waits for the other" {
	for first in "$CONSUL_REAL" "$PROCONSUL"; do
		second=$PROCONSUL
		[ "$first" = "$PROCONSUL" ] && second=$CONSUL_REAL
		for flags in "" -n=2; do
			rm -f order
			# shellcheck disable=SC2086
			"$first" lock $flags lk/x \
				'echo a >>order; sleep 1; echo a >>order' 3>&- 4>&- &
			[ -z "$flags" ] || "$first" lock $flags lk/x sleep 2 3>&- 4>&- &
			wait_until 10 test -s order
			sleep 0.3
			# shellcheck disable=SC2086
			"$second" lock $flags lk/x 'echo b >>order'
			wait
			printf 'a\na\nb\n' | diff - order
		done
	done
	[ -z "$(http GET "/v1/kv/lk/x?keys" 2>/dev/null)" ]
}

