#!/usr/bin/env bats
# DNS through the whole suite: what was registered is found, what changed is
# changed at once, bad input and a dying daemon do no harm.

load helpers

setup_file() {
	cat >"$BATS_FILE_TMPDIR/dns.json" <<-END
		{"dns_config": {"node_ttl": "5s", "service_ttl": {"web": "10s", "*": "20s"}}}
	END
	chmod 755 "$BATS_FILE_TMPDIR"
	agent_start dns -server -bootstrap-expect=1 \
		-config-file="$BATS_FILE_TMPDIR/dns.json"
	register n1 10.1.0.1 web '"Port": 80, "Tags": ["v1"]'
	register n2 10.1.0.2 web '"Port": 81, "Tags": ["v2"], "Weights": {"Passing": 9, "Warning": 1}'
	register six fd00::6 six '"Port": 80'
	http PUT /v1/catalog/register -d '{"Node": "meta", "Address": "10.1.0.9",
		"NodeMeta": {"rack": "r1"}}'
}

teardown_file() {
	agents_stop
}

# register NODE ADDRESS SERVICE JSON-MEMBERS
register() {
	http PUT /v1/catalog/register -d "{\"Node\": \"$1\", \"Address\": \"$2\",
		\"Service\": {\"Service\": \"$3\", $4}}"
}

# ask NAME TYPE [dig options]: the answers alone, sorted.
ask() {
	dig @"$(address)" -p 8600 +tries=1 +time=3 +short "$@" | sort
}

# status NAME TYPE [dig options]: NOERROR, NXDOMAIN, ...
status() {
	dig @"$(address)" -p 8600 +tries=1 +time=5 "$@" |
		sed -n 's/.*status: \([A-Z]*\).*/\1/p'
}

@test "the log says where DNS is served" {
	grep -q "agent: Started DNS server: address=$(address):8600 network=udp" \
		"$BATS_FILE_TMPDIR/dns.log"
	grep -q "agent: Started DNS server: address=$(address):8600 network=tcp" \
		"$BATS_FILE_TMPDIR/dns.log"
}

@test "service, over UDP and TCP" {
	[ "$(ask web.service.consul A)" = $'10.1.0.1\n10.1.0.2' ]
	[ "$(ask web.service.consul A +tcp)" = $'10.1.0.1\n10.1.0.2' ]
	[ "$(ask WEB.Service.Consul A)" = $'10.1.0.1\n10.1.0.2' ]
	[ "$(ask web.service.dc1.consul A)" = $'10.1.0.1\n10.1.0.2' ]
}

@test "tags, and RFC 2782" {
	[ "$(ask v1.web.service.consul A)" = 10.1.0.1 ]
	[ "$(ask _web._v2.service.consul SRV)" = "1 9 81 n2.node.dc1.consul." ]
	[ "$(ask _web._tcp.consul SRV | wc -l)" -eq 2 ]
	[ "$(status v3.web.service.consul A)" = NXDOMAIN ]
}

@test "node, its metadata, and addr" {
	[ "$(ask n1.node.consul A)" = 10.1.0.1 ]
	[ "$(ask six.node.consul AAAA)" = fd00::6 ]
	[ "$(ask meta.node.consul TXT)" = '"rack=r1"' ]
	[ "$(ask 0a010001.addr.consul A)" = 10.1.0.1 ]
	[ "$(ask -x 10.1.0.2)" = n2.node.dc1.consul. ]
	[ "$(ask -x fd00::6)" = six.node.dc1.consul. ]
}

@test "the zone itself" {
	[ "$(ask consul NS)" = dns.node.dc1.consul. ]
	[[ "$(ask consul SOA)" == "ns.consul. hostmaster.consul. "*" 3600 600 86400 0" ]]
	[ "$(status x.consul AXFR +tcp)" != NOERROR ]
}

@test "TTLs" {
	dig @"$(address)" -p 8600 web.service.consul A | grep -Eq '^web\S+\s+10\s+IN\s+A'
	dig @"$(address)" -p 8600 six.service.consul AAAA | grep -Eq '^six\S+\s+20\s+IN'
	dig @"$(address)" -p 8600 n1.node.consul A | grep -Eq '^n1\S+\s+5\s+IN'
}

@test "no such name, no such type, not ours" {
	[ "$(status nope.service.consul A)" = NXDOMAIN ]
	[ "$(status nope.node.consul A)" = NXDOMAIN ]
	[ "$(status web.service.dc9.consul A)" = NXDOMAIN ]
	[ "$(status six.service.consul A)" = NOERROR ]
	[ -z "$(ask six.service.consul A)" ]
	[ "$(status example.com A)" = REFUSED ]
}

@test "what changes is changed in the next answer" {
	for i in 1 2 3 4 5 6 7 8 9 10; do
		register moved "10.9.0.$i" moving '"Port": 1'
		[ "$(ask moving.service.consul A)" = "10.9.0.$i" ]
		[ "$(ask moved.node.consul A)" = "10.9.0.$i" ]
		[ "$(ask -x "10.9.0.$i")" = moved.node.dc1.consul. ]
	done
	http PUT /v1/catalog/deregister -d '{"Node": "moved"}'
	[ "$(status moving.service.consul A)" = NXDOMAIN ]
	[ "$(status moved.node.consul A)" = NXDOMAIN ]
	register moved 10.9.0.1 moving '"Port": 1'
	[ "$(ask moving.service.consul A)" = 10.9.0.1 ]
}

# check STATUS: of instance n3 of service checked.
check() {
	http PUT /v1/catalog/register -d "{\"Node\": \"n3\", \"Address\": \"10.1.0.3\",
		\"Service\": {\"Service\": \"checked\", \"Weights\": {\"Passing\": 5, \"Warning\": 2}},
		\"Check\": {\"Node\": \"n3\", \"CheckID\": \"c\", \"Name\": \"c\",
			\"ServiceID\": \"checked\", \"Status\": \"$1\"}}"
}

@test "health decides, and the weight shows it" {
	check passing
	[ "$(ask checked.service.consul SRV)" = "1 5 0 n3.node.dc1.consul." ]
	check warning
	[ "$(ask checked.service.consul SRV)" = "1 2 0 n3.node.dc1.consul." ]
	check critical
	[ "$(status checked.service.consul SRV)" = NXDOMAIN ]
	check passing
	[ "$(ask checked.service.consul A)" = 10.1.0.3 ]
}

@test "a service of this agent, in maintenance and back" {
	http PUT /v1/agent/service/register -d '{"Name": "own", "Port": 7}'
	wait_until 5 eval '[ "$(ask own.service.consul A)" = "$(address)" ]'
	http PUT '/v1/agent/service/maintenance/own?enable=true'
	wait_until 5 eval '[ "$(status own.service.consul A)" = NXDOMAIN ]'
	http PUT '/v1/agent/service/maintenance/own?enable=false'
	wait_until 5 eval '[ "$(ask own.service.consul A)" = "$(address)" ]'
	http PUT /v1/agent/service/deregister/own
}

@test "plain UDP has three answers, EDNS and TCP all of them" {
	for i in 1 2 3 4 5 6; do
		register "f$i" "10.2.0.$i" full '"Port": 1'
	done
	[ "$(ask full.service.consul A +noedns | wc -l)" -eq 3 ]
	[ "$(ask full.service.consul A | wc -l)" -eq 6 ]
	[ "$(ask full.service.consul A +noedns +tcp | wc -l)" -eq 6 ]
}

@test "instances take turns" {
	for _ in $(seq 40); do
		dig @"$(address)" -p 8600 +short full.service.consul A +noedns
	done | sort | uniq -c >"$BATS_TEST_TMPDIR/seen"
	# 120 answers of 6 instances: 20 each, and none below 5 but once in 10^6.
	[ "$(wc -l <"$BATS_TEST_TMPDIR/seen")" -eq 6 ]
	awk '$1 < 5 { exit 1 }' "$BATS_TEST_TMPDIR/seen"
}

@test "reload takes all of dns_config" {
	cat >"$BATS_FILE_TMPDIR/dns.json" <<-END
		{"dns_config": {"node_ttl": "6s", "service_ttl": {"web": "11s"},
			"udp_answer_limit": 2, "enable_truncate": true}}
	END
	cli reload
	wait_until 5 eval 'dig @"$(address)" -p 8600 web.service.consul A |
		grep -Eq "^web\S+\s+11\s+IN\s+A"'
	dig @"$(address)" -p 8600 n1.node.consul A | grep -Eq '^n1\S+\s+6\s+IN'
	dig @"$(address)" -p 8600 +noedns +ignore full.service.consul A |
		grep -q 'flags: qr aa tc rd'
	# dig comes again over TCP by itself.
	[ "$(ask full.service.consul A +noedns | wc -l)" -eq 6 ]
}

@test "many questions on one connection, in pieces, and cut off" {
	/usr/bin/python3 - "$(address)" <<-'END'
		import socket, struct, sys, time
		name = b"\3web\7service\6consul\0"
		def query(i):
		    q = struct.pack(">HHHHHH", i, 0x100, 1, 0, 0, 0) + name + b"\0\1\0\1"
		    return struct.pack(">H", len(q)) + q
		def read(s, size):
		    data = b""
		    while len(data) < size:
		        more = s.recv(size - len(data))
		        assert more, "closed"
		        data += more
		    return data
		s = socket.create_connection((sys.argv[1], 8600), 5)
		s.sendall(b"".join(query(i) for i in range(500)))
		seen = set()
		for _ in range(500):
		    size, = struct.unpack(">H", read(s, 2))
		    seen.add(struct.unpack(">H", read(s, size)[:2])[0])
		assert seen == set(range(500))
		for byte in query(7):
		    s.sendall(bytes([byte]))
		    time.sleep(0.002)
		size, = struct.unpack(">H", read(s, 2))
		assert read(s, size)[:2] == b"\0\7"
		s.sendall(query(8)[:10])
		s.close()
	END
	[ "$(ask web.service.consul A | wc -l)" -eq 2 ]
}

@test "connections that say nothing do not keep others out" {
	/usr/bin/python3 - "$(address)" <<-'END'
		import socket, struct, sys
		idle = []
		for _ in range(300):
		    idle.append(socket.create_connection((sys.argv[1], 8600), 5))
		q = struct.pack(">HHHHHH", 9, 0x100, 1, 0, 0, 0) + (
		    b"\3web\7service\6consul\0\0\1\0\1")
		idle[-1].sendall(struct.pack(">H", len(q)) + q)
		idle[-1].settimeout(5)
		assert len(idle[-1].recv(65536)) > 40
	END
	[ "$(ask web.service.consul A +tcp | wc -l)" -eq 2 ]
}

@test "noise on the port does no harm" {
	local before
	before=$(daemon_pid dns dnsd)
	/usr/bin/python3 - "$(address)" <<-'END'
		import random, socket, sys
		random.seed(1)
		udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		for i in range(5000):
		    size = random.choice((0, 5, 12, 13, 40, 600, 5000))
		    data = bytearray(random.randbytes(size))
		    if size > 12 and i % 2:
		        data[2:12] = b"\1\0\0\1\0\0\0\0\0\1"
		    udp.sendto(data, (sys.argv[1], 8600))
		for _ in range(50):
		    with socket.create_connection((sys.argv[1], 8600), 5) as tcp:
		        tcp.sendall(random.randbytes(300))
	END
	[ "$(ask web.service.consul A | wc -l)" -eq 2 ]
	[ "$(daemon_pid dns dnsd)" = "$before" ]
}

@test "dnsd killed: back within a second" {
	for _ in 1 2 3; do
		kill -KILL "$(daemon_pid dns dnsd)"
		wait_until 2 eval '[ "$(ask web.service.consul A | wc -l)" -eq 2 ]'
		sleep 0.2
	done
}

@test "catalogd killed: questions wait for the next one" {
	local before
	before=$(daemon_pid dns dnsd)
	for i in 1 2 3; do
		kill -KILL "$(daemon_pid dns catalogd)"
		# Never asked before, so that it is not known yet.
		[ "$(status "new$i.service.consul" A)" = NXDOMAIN ]
		[ "$(ask web.service.consul A | wc -l)" -eq 2 ]
	done
	[ "$(daemon_pid dns dnsd)" = "$before" ]
	register n9 10.1.0.99 after '"Port": 1'
	[ "$(ask after.service.consul A)" = 10.1.0.99 ]
}

@test "too many open questions are refused at once; askers may leave" {
	local catalogd before
	catalogd=$(daemon_pid dns catalogd)
	before=$(daemon_pid dns dnsd)
	kill -STOP "$catalogd"
	/usr/bin/python3 - "$(address)" <<-'END' || { kill -CONT "$catalogd"; false; }
		import select, socket, struct, sys, time
		def query(i):
		    label = b"full%d" % i
		    return struct.pack(">HHHHHH", i & 0xffff, 0x100, 1, 0, 0, 0) + (
		        bytes([len(label)]) + label + b"\7service\6consul\0\0\1\0\1")
		# Connections that ask and go before there can be an answer, and
		# one that asks more than it may have open.
		for i in range(100):
		    with socket.create_connection((sys.argv[1], 8600), 5) as tcp:
		        q = query(10000 + i)
		        tcp.sendall(struct.pack(">H", len(q)) + q)
		tcp = socket.create_connection((sys.argv[1], 8600), 5)
		for i in range(200):
		    q = query(20000 + i)
		    tcp.sendall(struct.pack(">H", len(q)) + q)
		udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		udp.connect((sys.argv[1], 8600))
		refused = 0
		for i in range(3000):
		    udp.send(query(i))
		    while select.select([udp], [], [], 0 if i % 50 else 0.01)[0]:
		        reply = udp.recv(65535)
		        assert reply[3] & 15 == 2, reply
		        refused += 1
		end = time.time() + 1
		while select.select([udp], [], [], end - time.time() if end > time.time() else 0)[0]:
		    refused += udp.recv(65535)[3] & 15 == 2
		# 1024 may be open, less those of the connections.
		assert 1900 < refused < 2500, refused
	END
	kill -CONT "$catalogd"
	wait_until 10 eval '[ "$(status newer.service.consul A)" = NXDOMAIN ]'
	[ "$(daemon_pid dns dnsd)" = "$before" ]
}

# recursor_start NUMBER [WORD]...: lib/recursor.py on an address of ours.
recursor_start() {
	local number=$1
	shift
	/usr/bin/python3 "$BATS_TEST_DIRNAME/../compat/lib/recursor.py" \
		"$(address "$number"):5353" "$@" \
		>"$BATS_FILE_TMPDIR/recursor$number.log" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/recursor$number.pid"
	wait_until 10 grep -q ready "$BATS_FILE_TMPDIR/recursor$number.log"
}

# recursors LIST-IN-JSON: and reload.
recursors() {
	cat >"$BATS_FILE_TMPDIR/dns.json" <<-END
		{"recursors": [$1], "dns_config": {"recursor_timeout": "400ms"}}
	END
	cli reload
}

@test "recursors come with a reload, and go" {
	recursor_start 53
	recursor_start 54 silent servfail
	local before
	before=$(daemon_pid dns dnsd)
	[ "$(status www.example.com A)" = REFUSED ]
	recursors "\"$(address 53):5353\""
	wait_until 10 eval '[ "$(ask www.example.com A)" = 192.0.2.53 ]'
	# Reaching out needs powers that were given up: it was started anew.
	not kill -0 "$before"
	before=$(daemon_pid dns dnsd)
	[ "$(ask www.example.com A +tcp)" = 192.0.2.53 ]
	[ "$(ask chain.example.com A | tail -1)" = c.example.com. ]
	[ "$(ask -x 10.99.99.99)" = host.example.com. ]
	[ "$(status nx.example.com A)" = NXDOMAIN ]
	[ "$(status servfail.example.com A)" = SERVFAIL ]
	[ "$(status silent.example.com A)" = SERVFAIL ]
	[ "$(ask n1.node.consul A)" = 10.1.0.1 ]
	# One that differs in its address only is taken at once.
	recursors "\"$(address 53):5353\", \"$(address 54):5353\""
	wait_until 10 eval '[ "$(ask silent.example.com A)" = "" ] &&
		grep -q "silent.example.com" "$BATS_FILE_TMPDIR/recursor54.log"'
	[ "$(daemon_pid dns dnsd)" = "$before" ]
	recursors ""
	wait_until 10 eval '[ "$(status www.example.com A)" = REFUSED ]'
	not kill -0 "$before"
}

@test "what recursors may do: nothing hostile gets through" {
	recursors "\"$(address 53):5353\""
	wait_until 10 eval '[ "$(ask www.example.com A)" = 192.0.2.53 ]'
	local before word
	before=$(daemon_pid dns dnsd)
	for word in garbage noise short none cut loop badaddress header query \
		wrongid wrongname wrongtype closes big; do
		[ "$(status $word.example.com A +noedns +ignore)" = SERVFAIL ]
		[ "$(ask $word.example.com A +tcp +noedns | grep -c '198.51\|192.0')" \
			-eq "$([ $word = big ] && echo 60 || echo 0)" ]
	done
	# An answer with a wrong id does not keep the right one out.
	[ "$(ask late.example.com A)" = 192.0.2.53 ]
	register outside www.example.com outside '"Port": 1'
	[ "$(ask outside.service.consul A)" = $'192.0.2.53\nwww.example.com.' ]
	[ "$(daemon_pid dns dnsd)" = "$before" ]
}

@test "many questions at a recursor that is silent: bounded, and others go on" {
	local before
	before=$(daemon_pid dns dnsd)
	/usr/bin/python3 - "$(address)" <<-'END'
		import select, socket, struct, sys
		def query(i, word):
		    return struct.pack(">HHHHHH", i & 0xffff, 0x100, 1, 0, 0, 0) + (
		        bytes([len(word)]) + word + b"\7example\3com\0\0\1\0\1")
		udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
		udp.connect((sys.argv[1], 8600))
		udp.settimeout(10)
		for i in range(2000):
		    udp.send(query(i, b"silent"))
		    if i % 50 == 0: # SERVFAIL at once, once 512 are open
		        select.select([udp], [], [], 0.002)
		seen = set()
		while len(seen) < 1500:
		    reply = udp.recv(65535)
		    assert reply[3] & 15 == 2, reply
		    seen.add(reply[:2])
		# Ours are answered all the time.
		local = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		local.connect((sys.argv[1], 8600))
		local.settimeout(5)
		local.send(struct.pack(">HHHHHH", 9, 0x100, 1, 0, 0, 0) +
		           b"\3web\7service\6consul\0\0\1\0\1")
		assert len(local.recv(65535)) > 40
	END
	wait_until 10 eval '[ "$(ask www.example.com A)" = 192.0.2.53 ]'
	[ "$(daemon_pid dns dnsd)" = "$before" ]
}

@test "listening on all addresses, replies come from the one asked" {
	agent_launch all -dev -bind="$(address 2)" -client=0.0.0.0 -node=all \
		-http-port=18517 -dns-port=18617 -grpc-port=-1 -server-port=18317 \
		-serf-lan-port=18318 -serf-wan-port=18319
	# dig takes no reply from another address.
	wait_until 10 eval '[ "$(dig @"$(address 3)" -p 18617 +tries=1 +time=1 \
		+short all.node.consul)" = "$(address 2)" ]'
	agent_stop all
}
