#!/usr/bin/env bats
# Debian's haproxy finds its backends by SRV records of ours: they come and go
# with the services, and their weights are those of the services.

load helpers

setup_file() {
	command -v haproxy >/dev/null || skip "no haproxy (conf/packages test)"
	chmod 755 "$BATS_FILE_TMPDIR"
	agent_start agent -server -bootstrap-expect=1
	backends_start
	haproxy_start
}

teardown_file() {
	agents_stop
}

# Three web servers, each of which says its address.
backends_start() {
	/usr/bin/python3 - "$(address 11)" "$(address 12)" "$(address 13)" \
		>"$BATS_FILE_TMPDIR/backends.log" 2>&1 3>&- 4>&- <<-'END' &
		import http.server, sys, threading
		class Handler(http.server.BaseHTTPRequestHandler):
		    def do_GET(self):
		        body = self.server.server_address[0].encode()
		        self.send_response(200)
		        self.send_header("Content-Length", str(len(body)))
		        self.end_headers()
		        self.wfile.write(body)
		for address in sys.argv[1:]:
		    server = http.server.ThreadingHTTPServer((address, 8090), Handler)
		    threading.Thread(target=server.serve_forever).start()
	END
	echo $! >"$BATS_FILE_TMPDIR/backends.pid"
}

haproxy_start() {
	cat >"$BATS_FILE_TMPDIR/haproxy.cfg" <<-END
		global
		    stats socket $BATS_FILE_TMPDIR/haproxy.sock level admin
		resolvers ours
		    nameserver agent $(address):8600
		    accepted_payload_size 8192
		    timeout resolve 200ms
		    timeout retry 200ms
		    hold valid 200ms
		    hold nx 200ms
		    hold obsolete 200ms
		defaults
		    mode http
		    timeout connect 5s
		    timeout client 5s
		    timeout server 5s
		listen web
		    bind $(address 2):8080
		    balance roundrobin
		    server-template web 5 _web._tcp.service.consul resolvers ours resolve-prefer ipv4 init-addr none
	END
	haproxy -db -f "$BATS_FILE_TMPDIR/haproxy.cfg" \
		>"$BATS_FILE_TMPDIR/haproxy.log" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/haproxy.pid"
}

# register NUMBER WEIGHT [STATUS]: a service of this agent.
register() {
	http PUT /v1/agent/service/register -d "{\"ID\": \"web$1\", \"Name\": \"web\",
		\"Address\": \"$(address "$1")\", \"Port\": 8090,
		\"Weights\": {\"Passing\": $2, \"Warning\": 1},
		\"Check\": {\"CheckID\": \"c$1\", \"TTL\": \"10m\", \"Status\": \"${3:-passing}\"}}"
}

# served: who answers, out of 12 requests.
served() {
	for _ in $(seq 12); do
		curl -s --fail -m 5 "http://$(address 2):8080/" || echo none
		echo
	done | grep . | sort -u | paste -sd' '
}

serves() {
	[ "$(served)" = "$*" ]
}

# weights: of the servers that are up, as haproxy sees them.
weights() {
	/usr/bin/python3 - "$BATS_FILE_TMPDIR/haproxy.sock" <<-'END'
		import csv, io, socket, sys
		sock = socket.socket(socket.AF_UNIX)
		sock.connect(sys.argv[1])
		sock.sendall(b"show stat web 4 -1\n")
		text = sock.makefile().read().lstrip("# ")
		print(*sorted(row["weight"] for row in csv.DictReader(io.StringIO(text))
		              if row["status"] not in ("MAINT", "MAINT (resolution)")))
	END
}

weighs() {
	[ "$(weights)" = "$*" ]
}

@test "no service, no backend" {
	wait_until 20 serves none
}

@test "backends come" {
	register 11 1
	wait_until 20 serves "$(address 11)"
	register 12 1
	wait_until 20 serves "$(address 11) $(address 12)"
	register 13 1
	wait_until 20 serves "$(address 11) $(address 12) $(address 13)"
}

# haproxy's weights are 256 times smaller than those of SRV, and at least 1.
@test "weights are those of the services" {
	wait_until 20 weighs 1 1 1
	register 11 10240
	wait_until 20 weighs 1 1 40
	http PUT /v1/agent/check/warn/c11
	wait_until 20 weighs 1 1 1
	http PUT /v1/agent/check/pass/c11
	wait_until 20 weighs 1 1 40
	register 11 1
}

@test "what is critical, in maintenance or gone is no backend" {
	http PUT /v1/agent/check/fail/c12
	wait_until 20 serves "$(address 11) $(address 13)"
	http PUT '/v1/agent/service/maintenance/web13?enable=true'
	wait_until 20 serves "$(address 11)"
	http PUT '/v1/agent/service/maintenance/web13?enable=false'
	http PUT /v1/agent/check/pass/c12
	wait_until 20 serves "$(address 11) $(address 12) $(address 13)"
	http PUT /v1/agent/service/deregister/web11
	wait_until 20 serves "$(address 12) $(address 13)"
}

@test "dnsd restarted under it: nobody is lost" {
	kill -KILL "$(daemon_pid agent dnsd)"
	for _ in 1 2 3; do
		serves "$(address 12) $(address 13)"
	done
	register 11 1
	wait_until 20 serves "$(address 11) $(address 12) $(address 13)"
}
