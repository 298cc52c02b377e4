#!/usr/bin/env bats
# The command line beside the real Consul's: the same words to both, at the
# same agent, and everything they print compared.
#
# The agent is the one at CONSUL_COMPAT_ADDR, or else a real one that this
# file starts; the real binary is CONSUL_REAL (helpers.bash).

load helpers

KEY=cg8StVXbQJ0gPvMd9o7yrg==
NEW_KEY=nNkVcCNBnWQhzNW7lZ9aHrlqtRrsXmUoLDrHSWTXAhM=

setup_file() {
	[ -n "$CONSUL_REAL" ] || return 0
	if [ -n "${CONSUL_COMPAT_ADDR:-}" ]; then
		export CONSUL_HTTP_ADDR=$CONSUL_COMPAT_ADDR
		return 0
	fi
	export CONSUL_HTTP_ADDR
	CONSUL_HTTP_ADDR=$(address):8500
	"$CONSUL_REAL" agent -dev -bind="$(address)" -client="$(address)" \
		-node=n1 -log-level=err -encrypt=$KEY \
		>"$BATS_FILE_TMPDIR/real.log" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/real.pid"
	wait_for_leader
	wait_until 10 curl -sSf "http://$CONSUL_HTTP_ADDR/v1/catalog/node/n1" \
		--output /dev/null
	wait_until 10 has_member
}

has_member() {
	"$CONSUL_REAL" members | grep -q alive &&
		"$CONSUL_REAL" catalog nodes | grep -q n1
}

teardown_file() {
	agents_stop
}

setup() {
	[ -n "$CONSUL_REAL" ] || skip "no real Consul to compare with"
	cd "$BATS_TEST_TMPDIR" || return 1
}

# both ARGS...: run them; leaves real.out, real.err, real.status, ours.*.
both() {
	local input=/dev/null status
	[ -e stdin ] && input=stdin
	status=0
	timeout 20 "$CONSUL_REAL" "$@" <$input >real.out 2>real.err || status=$?
	echo "$status" >real.status
	status=0
	timeout 20 "$PROCONSUL" "$@" <$input >ours.out 2>ours.err || status=$?
	echo "$status" >ours.status
}

# same ARGS...: both print the same on both channels, and end alike.
same() {
	both "$@"
	compare "$*" status out err
}

# same_start ARGS...: the same but for the usage, whose words are our own:
# only the first line of standard error.
same_start() {
	both "$@"
	sed -i 1q real.err
	sed -i 1q ours.err
	compare "$*" status err
}

compare() {
	local what=$1 part
	shift
	for part; do
		diff -u "real.$part" "ours.$part" || {
			echo "differs: consul $what ($part)"
			return 1
		}
	done
}

get() {
	curl -sSf "http://$CONSUL_HTTP_ADDR$1"
}

put() {
	curl -sSf -X PUT "http://$CONSUL_HTTP_ADDR$1" -d "${2:-}"
}

session() {
	put /v1/session/create | grep -oE '[0-9a-f-]{36}'
}

@test "what does not reach an agent: usage, status, mistakes" {
	same version
	same version -format=json
	same version -format=xx
	same version extra
	same -v
	same --version
	same -version members
	for words in "" zz help "zz -h" "-foo" "--help zz"; do
		# shellcheck disable=SC2086 # several words
		both $words
		compare "$words" status
		grep -q "^Usage: consul" ours.err
	done
	for command in members "kv get" lock watch validate "catalog nodes" \
		"services register" keygen kv catalog services operator \
		"operator raft" "operator autopilot" event keyring rtt \
		"operator autopilot set-config" agent; do
		# shellcheck disable=SC2086
		both $command -h
		compare "$command -h" status err
		grep -q "^Usage: consul $command" ours.out
	done
	for words in kv "kv zz" catalog services operator "operator zz" \
		"operator raft" "operator autopilot"; do
		# shellcheck disable=SC2086
		both $words
		compare "$words" status out
		grep -q "^Usage: consul ${words% zz} <subcommand>" ours.err
	done
	for words in "members -foo" "-foo members" "members -=x" "members ---x" \
		"members -status" "members -detailed=zz" "lock -n=zz a b" \
		"lock -try=zz a b" "kv put -flags=-1 a b" "keygen -foo" \
		"kv get -stale=zz a" "members -stale" "maint -datacenter=x" \
		"catalog nodes -node-meta=ab" "services register -meta=a" \
		"services register -port=zz" "kv get x -foo y" \
		"operator autopilot set-config -cleanup-dead-servers=zz" \
		"operator autopilot set-config -last-contact-threshold=zz" \
		"operator autopilot set-config -last-contact-threshold=3" \
		"operator autopilot set-config -max-trailing-logs=-1" \
		"operator autopilot set-config -min-quorum=99999999999999999999" \
		event "event -name=x a b" "event -name= x" keyring rtt \
		"rtt a b c" "keyring -relay-factor=x"; do
		# shellcheck disable=SC2086
		same_start $words
	done
}

@test "the flags a command knows are those of the real one" {
	for command in members info leave reload join force-leave maint monitor \
		"kv get" "kv put" "kv delete" "kv export" "kv import" \
		"catalog datacenters" "catalog nodes" "catalog services" \
		"services register" "services deregister" validate version \
		keygen watch lock "operator raft list-peers" \
		"operator raft remove-peer" event keyring rtt \
		"operator autopilot get-config" \
		"operator autopilot set-config"; do
		# shellcheck disable=SC2086
		both $command -no-such-flag
		grep '^  -' real.err | sort >real.flags
		grep '^  -' ours.err | sort >ours.flags
		compare "$command" flags
	done
}

@test "an agent that is not there" {
	export CONSUL_HTTP_ADDR
	for CONSUL_HTTP_ADDR in "$(address):1" "http://$(address):1" \
		unix:///nonexistent/socket 127.0.0.1:99999 127.0.0.1:zz \
		ftp://127.0.0.1:1 localhost:1 \
		"http://$(address):1/" "https://$(address):1"; do
		same members
		same info
		same kv get x
		same kv get -keys 'x y'
		same kv get -recurse -stale -datacenter=dc1 'a&b?c=d%'
		same kv put x y
		same kv put -cas -modify-index=1 x y
		same kv put -acquire -session=s x y
		same kv delete x
		same kv delete -recurse x
		same kv delete -cas -modify-index=1 x
		same kv export x
		same kv import '[{"key":"a","value":""}]'
		same catalog datacenters
		same catalog nodes
		same catalog nodes -service=x
		same catalog services
		same catalog services -node=x -node-meta=a=b
		same services register -name=x
		same services deregister -id=x
		same maint
		same maint -enable -reason='a b'
		same maint -disable -service=x
		same monitor
		same watch -type=services
		same lock x true
		same leave
		same reload
		same join 127.0.0.2
		same join -wan a b
		same force-leave -prune x
		same operator raft list-peers
		same operator raft remove-peer -id=x
	done
	# The addresses above are the client's matter, and the same for all.
	CONSUL_HTTP_ADDR=$(address):1
	same operator autopilot get-config
	same operator autopilot get-config -stale -datacenter=dc1
	same operator autopilot set-config
	same event -name=x -node=a y
	same keyring -list
	same keyring -list-primary -relay-factor=3 -local-only
	same keyring -install=x
	same keyring -use=x -relay-factor=5
	same keyring -remove=x
	same rtt a
	same rtt -wan a.b
	same rtt a b
	same rtt -wan a.b c.d
}

@test "what the client is told by flags and environment" {
	echo token >token
	same members -http-addr=127.0.0.1:1
	same members -token-file=/nonexistent
	same members -token-file=token
	same members -ca-file=/nonexistent
	same members -ca-file=token
	same members -ca-path=/nonexistent
	same members -client-cert=/nonexistent
	same members -client-cert=/nonexistent -client-key=/nonexistent
	CONSUL_HTTP_SSL=true same members
	CONSUL_HTTP_SSL=true CONSUL_HTTP_SSL_VERIFY=false same members
	CONSUL_NAMESPACE=foo same kv get x
	CONSUL_HTTP_AUTH=a:b same members
	same kv get -namespace=foo x
	CONSUL_HTTP_TOKEN_FILE=/nonexistent same members
}

@test "members, info, operator raft" {
	same members
	same members -detailed
	same members -status=nothing
	same members -status='^al'
	same members -wan
	same members -segment=
	same members -segment=foo
	same members extra
	both info extra
	sed -i 's/ = .*[0-9].*/ = N/' real.out ours.out
	compare info status out err
	same operator raft list-peers
	same operator raft list-peers -stale extra
	same operator raft remove-peer
	same operator raft remove-peer -id=x -address=y
	same operator raft remove-peer -id=x
	same operator raft remove-peer -address=x
	same_start force-leave
	same_start force-leave a b
	same force-leave nope
	same force-leave -prune nope
	same_start join
	same reload
	same_start leave extra -foo
}

@test "expressions of members and event, and what is wrong with them" {
	for expression in '(' 'a)' '[a' '[b-a]' 'a**' '+a' 'a{3,2}' 'a{1001}' \
		'\' '\k' '(?<a' '(?z)' '[[:foo:]]' 'x*{2}' '(?i)ALIVE' \
		'^(alive|left)$' 'l[^a]v' '\d'; do
		same members -status="$expression"
	done
	for expression in '(' 'a++' '.'; do
		# What is good is fired, and has an ID of its own.
		both event -name=x -node="$expression"
		sed -i 's/^Event ID: [0-9a-f-]*$/fired/' real.out ours.out
		compare "event -node=$expression" status out err
	done
	same event -name=x -service='('
	same event -name=x -tag='('
	same event -name=x -tag=a
	same event -name=x -service='(' -tag='['
}

@test "event" {
	for words in "-name=x" "-name=x payload" "-name=x -service=a -tag=b" \
		"-name=a/b c"; do
		# shellcheck disable=SC2086
		both event $words
		sed -i 's/^Event ID: [0-9a-f-]\{36\}$/fired/' real.out ours.out
		compare "event $words" status out err
	done
	# What was fired is what was meant, by each of the two.
	both event -name=meant -node='^n1$' payload
	wait_until 10 has_fired 2
	same event -name=x "$(printf '%01000d' 1)"
}

has_fired() {
	[ "$(get '/v1/event/list?name=meant' |
		jq '[.[] | select(.Payload == "cGF5bG9hZA==" and
			.NodeFilter == "^n1$")] | length')" -eq "$1" ]
}

@test "keyring" {
	same keyring -list
	same keyring -list-primary
	same keyring -list extra
	same keyring -list -local-only
	same keyring -list -relay-factor=2
	same keyring -list -relay-factor=6
	same keyring -list -relay-factor=-1
	same keyring -list -use=a
	same keyring -install=zz
	same keyring -install="$KEY" -local-only
	same keyring -install=YQ==
	same keyring -use="$NEW_KEY"
	same keyring -install="$NEW_KEY"
	both keyring -list
	sort -o real.out real.out
	sort -o ours.out ours.out
	compare "keyring -list" status out err
	same keyring -remove="$KEY"
	same keyring -use="$NEW_KEY"
	same keyring -list-primary
	same keyring -remove="$KEY"
	same keyring -remove="$KEY"
	same keyring -list
}

@test "rtt" {
	put /v1/catalog/register '{"Node":"far","Address":"9.9.9.9"}'
	for node in far n1; do
		put /v1/coordinate/update '{"Node":"'$node'","Coord":{
			"Vec":[0.01,-0.002,0,0,0,0,0,0.5],"Error":1.5,
			"Adjustment":-0.0001,"Height":0.00003}}'
	done
	put /v1/coordinate/update '{"Node":"far","Coord":{
		"Vec":[0.02,0.003,0,0,0,0,0,-0.2],"Error":1.5,
		"Adjustment":0.0005,"Height":0.0000123}}'
	wait_until 20 has_coordinate n1
	wait_until 20 has_coordinate far
	same rtt far
	same rtt far n1
	same rtt n1
	same rtt N1 n1
	same rtt zz
	same rtt n1 zz
	same rtt -wan n1
	same rtt -wan n1.dc1
	same rtt -wan n1.dc1 n1.dc9
	same rtt -wan n1.dc1 N1.dc1
	same rtt -wan n1.dc1 zz.dc1
	put /v1/catalog/deregister '{"Node":"far"}'
}

has_coordinate() {
	get /v1/coordinate/nodes | jq -e ".[] | select(.Node == \"$1\")"
}

@test "operator autopilot" {
	same operator autopilot get-config
	same operator autopilot get-config -stale extra
	same operator autopilot get-config -datacenter=nodc
	same operator autopilot set-config
	same operator autopilot set-config -cleanup-dead-servers=false \
		-last-contact-threshold=1500ms -max-trailing-logs=7 \
		-min-quorum=3 -server-stabilization-time=90s
	same operator autopilot get-config
	same operator autopilot set-config -redundancy-zone-tag='a"b' \
		-disable-upgrade-migration -upgrade-version-tag=v extra
	same operator autopilot get-config
	get /v1/operator/autopilot/configuration | jq -e \
		'.MaxTrailingLogs == 7 and .MinQuorum == 3 and
		.UpgradeVersionTag == "v" and .CleanupDeadServers == false and
		.LastContactThreshold == "1.5s" and .DisableUpgradeMigration'
}

# The other way round: both at a server of ours, and so the real one's command
# line works with it.
@test "at a server of ours" {
	local data=$BATS_FILE_TMPDIR/ours
	agent_launch ours -server -bootstrap-expect=1 -node=n1 -data-dir="$data" \
		-bind="$(address 3)" -client="$(address 3)" -encrypt=$KEY
	export CONSUL_HTTP_ADDR
	CONSUL_HTTP_ADDR=$(address 3):8500
	wait_until 20 "$CONSUL_REAL" kv put ready x
	same members
	same members -detailed
	same members -wan
	same members -status=left
	# What info knows is what the real one's agent knows; but there are no
	# goroutines here, and what gossip has dropped is told besides.
	"$CONSUL_REAL" info | sed 's/ = .*//' |
		sed '/^gossip_/,/streams_over_limit/d' >ours.keys
	"$CONSUL_REAL" info -http-addr="$(address):8500" | sed 's/ = .*//' |
		grep -v goroutines >real.keys
	compare info keys
	same operator raft list-peers
	same operator raft list-peers -stale
	same operator raft remove-peer -id=x
	same operator raft remove-peer -address=x
	same operator autopilot get-config
	same operator autopilot set-config -max-trailing-logs=7 -min-quorum=3
	same operator autopilot get-config
	both event -name=x -node=n1 payload
	sed -i 's/^Event ID: [0-9a-f-]\{36\}$/fired/' real.out ours.out
	compare event status out err
	grep -qx fired real.out
	same event -name=x -tag=a
	same keyring -list
	same keyring -list-primary
	same keyring -install=zz
	same keyring -install="$NEW_KEY"
	same keyring -use="$NEW_KEY"
	same keyring -remove="$KEY"
	same keyring -list
	same rtt zz
	same join 127.0.0.1:1
	same join "$(address 3)"
	same force-leave nope
	same force-leave -prune nope
	same kv get ready
	same catalog nodes
	same catalog services
	same reload
	"$CONSUL_REAL" leave | grep -qx 'Graceful leave complete'
	wait_until 20 process_gone "$(agent_pid ours)"
}

@test "kv put and get" {
	printf 'file data\nsecond line\n' >file
	same kv put a/b c
	same kv put a/empty
	same kv put a/file @file
	same kv put a/file @nofile
	echo "from stdin" >stdin
	same kv put a/stdin -
	rm stdin
	same kv put
	same kv put a b c
	same kv put '' x
	same kv put /lead x
	same kv put -cas a/b x
	same kv put -modify-index=3 a/b x
	same kv put -cas -modify-index=0 a/b x
	same kv put -cas -modify-index=1 a/b x
	same kv put -acquire a/l x
	same kv put -release a/l x
	same kv put -acquire -session=zz a/l x
	same kv put -base64 a/b64 aGVsbG8=
	same kv put -base64 a/bad '!!'
	same kv get a/bad
	same kv put -base64 a/bad 'aGVs!!'
	same kv get a/bad
	same kv put -base64 a/bad aGVsbG
	same kv put -base64 a/bad aGVsbG8=x
	same kv put -base64 a/bad 'aGVsbG8==='
	same kv put -base64 a/bad 'aGVsbA=='
	same kv get a/bad
	printf 'aGVs\nbG8=\n' >stdin
	same kv put -base64 a/lines -
	rm stdin
	same kv get a/lines
	same kv put -flags=42 'a/sp ace+ü?&#%;' v
	same kv get a/b
	same kv get /a/b
	same kv get //a/b
	same kv get 'a/sp ace+ü?&#%;'
	same kv get -detailed 'a/sp ace+ü?&#%;'
	same kv get -base64 a/file
	same kv get -base64 -detailed a/file
	for flags in "" -detailed -base64 "-base64 -detailed" -keys \
		"-keys -detailed" "-keys -separator="; do
		# shellcheck disable=SC2086
		same kv get -recurse $flags a
		# shellcheck disable=SC2086
		same kv get -recurse $flags
		# shellcheck disable=SC2086
		same kv get -recurse $flags nothing
	done
	same kv get -keys a
	same kv get -keys a/
	same kv get -keys
	same kv get
	same kv get ''
	same kv get nope
	same kv get a b
	same kv get -stale -datacenter=dc1 a/b
	same kv get -datacenter=nodc a/b
}

@test "kv and sessions" {
	one=$(session)
	two=$(session)
	same kv put -acquire -session="$one" s/l x
	same kv put -acquire -session="$two" s/l x
	same kv put -release -session="$two" s/l x
	same kv get -detailed s/l
	# Where the agent refuses, Consul prints the key instead of the reason.
	both kv put -release -session=nope s/l x
	compare "kv put -release" status
	"$PROCONSUL" kv put -release -session="$one" s/l x |
		grep -x 'Success! Lock released on: s/l'
}

@test "kv delete" {
	for key in d/1 d/2 e/1 e/2; do put "/v1/kv/$key" x; done
	same kv delete d/1
	same kv delete /d/1
	same kv delete
	same kv delete a b
	same kv delete -cas d/2
	same kv delete -modify-index=5 d/2
	same kv delete -cas -recurse -modify-index=5 d/2
	same kv delete -cas -modify-index=5 d/2
	same kv delete -recurse e
	same kv get -recurse e
	same kv delete -recurse nothing
}

@test "kv export and import" {
	same kv import '[{"key":"imp/a","flags":1,"value":"aGk="}]'
	same kv import '[{"key":"imp/b","value":"!!"}]'
	same kv import
	same kv import a b
	for data in '{' '{}' '[]' xx '' @nofile '[{"key":1}]' '[1]' '"x"' \
		'[] x' null '[{"key":"a","flags":-1}]' '[{"key":"","value":""}]' \
		'[{"key":"/a","value":""}]' '[{"Key":"imp/A<b>","Flags":7}]'; do
		same kv import "$data"
	done
	echo '[{"key":"imp/std","flags":18446744073709551615,"value":"aGk="}]' \
		>stdin
	same kv import -
	rm stdin
	same kv export imp
	same kv export /imp
	same kv export nothing
	same kv export a b
}

@test "catalog" {
	put /v1/catalog/register '{"Node":"ext-ü","Address":"9.9.9.9"}'
	put /v1/catalog/register '{"Node":"ext2","Address":"9.9.9.8",
		"TaggedAddresses":{"wan":"1.1.1.1"},"NodeMeta":{"b":"2","a":"1"},
		"Service":{"Service":"db","ID":"db1","Port":5,"Tags":["q","p"]}}'
	put /v1/catalog/register '{"Node":"ext2","Address":"9.9.9.8",
		"TaggedAddresses":{"wan":"1.1.1.1"},"NodeMeta":{"b":"2","a":"1"},
		"Service":{"Service":"web","ID":"w","Tags":[]}}'
	put /v1/catalog/register '{"Node":"zz","Address":"9.9.9.7",
		"Service":{"Service":"zero","Tags":[]}}'
	same catalog datacenters
	same catalog datacenters -stale
	same catalog datacenters extra
	same catalog nodes
	same catalog nodes -detailed
	same catalog nodes -service=db
	same catalog nodes -service=db -detailed
	same catalog nodes -service=nope
	same catalog nodes -node-meta=a=1
	same catalog nodes -node-meta=a=1 -node-meta=b=2
	same catalog nodes -node-meta=a=2
	same catalog nodes -near=_agent
	same catalog nodes -datacenter=nodc
	same catalog nodes extra
	same catalog services
	same catalog services -tags
	same catalog services -node=ext2
	same catalog services -node=ext2 -tags
	same catalog services -node=nope
	same catalog services -node-meta=a=1
	same catalog services -node-meta=a=9
	same catalog services extra
	put /v1/catalog/deregister '{"Node":"ext2"}'
	put /v1/catalog/deregister '{"Node":"ext-ü"}'
	put /v1/catalog/deregister '{"Node":"zz"}'
}

@test "services and maintenance" {
	cat >web.json <<-'JSON'
	{"service": {"name": "web", "port": 80, "tags": ["a", "b"],
	  "meta": {"x": "1"}, "enable_tag_override": true,
	  "check": {"http": "http://127.0.0.1:1/", "interval": "10s"},
	  "tagged_addresses": {"lan": {"address": "1.2.3.4", "port": 80}}},
	 "services": [{"id": "w2", "name": "web", "weights": {"passing": 3},
	  "checks": [{"id": "c", "ttl": "5s", "name": "ttl"},
	   {"tcp": "127.0.0.1:1", "interval": "1m", "timeout": "3s"}]}]}
	JSON
	echo '{"service": [}' >broken.json
	echo x >other.txt
	same services register web.json
	get /v1/agent/services | grep -o '"w2".*' >/dev/null
	same services deregister web.json
	same services register -name=x -id=y -port=80 -address=1.2.3.4 -tag=a \
		-tag=b -meta=k=v -meta=z=y -tagged-address=lan=1.2.3.4:80 \
		-tagged-address='wan=[::1]:90'
	same services register -name=x -tagged-address=lan=bad
	same services register -name=x -tagged-address=lan=bad:zz
	same services register -id=x
	same services register
	same services register -name=x web.json
	same services register nofile.json
	same services register broken.json
	same services register other.txt
	same services register -name=x -kind=foo
	same maint -enable -reason=why
	same maint
	same maint -enable -service=y -reason='b a'
	both maint # Consul prints them in any order
	sort -o real.out real.out
	sort -o ours.out ours.out
	compare maint status out err
	same maint -disable -service=y
	same maint -disable
	same maint
	same maint -enable -disable
	same maint -reason=x
	same maint -disable -reason=x
	same maint -service=x
	same maint -enable -service=nope
	same maint extra
	same services deregister -id=y
	same services deregister -id=x
	same services deregister -id=nope
	same services deregister
	same services deregister -id=x web.json
	same services deregister nofile
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
		compare "$words" sent
	done
}

@test "validate" {
	mkdir dir
	echo '{"data_dir": "/tmp/x", "server": true}' >good.json
	echo '{"data_dir": "/tmp/x", "foo": 1}' >unknown.json
	echo '{"service": {"name": "x"}}' >part.json
	echo '{' >broken.json
	cp good.json dir/a.json
	cp part.json dir/b.json
	echo x >dir/c.txt
	same validate
	same validate nofile
	same validate part.json
	same validate broken.json
	same validate good.json
	same validate dir
	same validate -quiet good.json
	same validate -quiet part.json
	same validate -config-format=json good.json
	same validate unknown.json
}

@test "watch" {
	put /v1/kv/w/k value
	put /v1/catalog/register '{"Node":"ext2","Address":"9.9.9.8",
		"Service":{"Service":"db","ID":"db1","Port":5,"Tags":["q"],
		 "TaggedAddresses":{"lan":{"address":"1.2.3.4","port":3}}},
		"Check":{"Name":"c1","Status":"warning","ServiceID":"db1",
		 "Definition":{"HTTP":"http://x","Interval":"10s"}}}'
	for words in "key -key=w/k" "key -key=/w/k" "key -key=none" \
		"keyprefix -prefix=w" "keyprefix -prefix=none" services nodes \
		"service -service=db" "service -service=consul" \
		"service -service=none" "service -service=db -tag=q" "service -service=db -tag=p -tag=q" \
		"service -service=db -passingonly=true" checks \
		"checks -state=warning" "checks -service=db" \
		"checks -service=db -state=any" zz key keyprefix service \
		"service -service=db -passingonly=zz" connect_roots \
		connect_leaf agent_service "key -key=x -prefix=y" \
		"nodes -service=x" "nodes exit 3" \
		"nodes -shell=false false" "nodes -shell=false /nonexistent" \
		"nodes -shell=false nonexistent" "nodes kill -9 \$\$"; do
		# shellcheck disable=SC2086
		same watch -type=$words
	done
	same_start watch
	put /v1/catalog/deregister '{"Node":"ext2"}'
}

# watched BINARY: what a program sees while a key changes, without indexes.
watched() {
	put /v1/kv/w/c 1 >/dev/null
	"$1" watch -type=key -key=w/c 'cat; [ "$CONSUL_INDEX" -gt 0 ] && echo ran' \
		>seen 2>&1 3>&- 4>&- &
	pid=$!
	wait_until 10 seen_runs 1
	put /v1/kv/w/c 2 >/dev/null
	wait_until 10 seen_runs 2
	put /v1/kv/w/d 2 >/dev/null
	put /v1/kv/w/c 2 >/dev/null
	curl -sSf -X DELETE "http://$CONSUL_HTTP_ADDR/v1/kv/w?recurse" >/dev/null
	wait_until 10 seen_runs 3
	kill -TERM "$pid"
	wait "$pid"
	sed -E 's/("(Create|Modify)Index"):[0-9]+/\1:N/g' seen
}

seen_runs() {
	[ "$(grep -c ran seen)" -ge "$1" ]
}

@test "watch with a program" {
	watched "$CONSUL_REAL" >real.out
	watched "$PROCONSUL" >ours.out
	compare "watch" out
}

@test "lock: words and statuses" {
	same lock -verbose lk 'echo $CONSUL_LOCK_HELD; exit 0'
	same lock -verbose lk exit 3
	same lock -n=2 -verbose lk2 true
	same lock -n=2 -verbose -child-exit-code lk2 exit 4
	same lock -child-exit-code lk exit 3
	same lock -shell=false lk echo a '$b'
	same lock -shell=false -child-exit-code lk false
	same lock -shell=false -child-exit-code lk /nonexistent
	same lock lk
	same lock
	same lock -n=0 lk true
	same lock -timeout=1s -try=2s lk true
	same lock -try=-1s lk true
	same lock -timeout=-1s lk true
	same lock -monitor-retry=-1 lk true
	same lock -verbose -name=foo /lk/ true
	same lock -verbose a//b/../c/./ true
	same lock / true
	same lock lk kill -9 '$$'
	same lock -child-exit-code lk kill -TERM '$$'
	put /v1/kv/taken/.lock x
	same lock taken true
	same lock -n=3 taken true
	echo input >stdin
	same lock lk cat
	same lock -verbose -pass-stdin lk cat
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
		same lock -n=3 -timeout=1s lk/x true
	done
	[ -z "$(get "/v1/kv/lk/x?keys" 2>/dev/null)" ]
}

# ended BINARY SIGNAL: what lock says when it is told to end.
ended() {
	"$1" lock -verbose "lk/$2/${1##*/}" 'trap "exit 5" INT TERM; sleep 9 & wait' \
		>out 2>err 3>&- 4>&- &
	pid=$!
	wait_until 10 grep -q Starting out
	sleep 0.3
	kill -"$2" "$pid"
	wait "$pid"
	sed -E 's/pid [0-9]+/pid N/; s,lk/.*/.lock,lk/.lock,' out
	# Go forwards the signal too, and may come too late.
	grep -v "could not forward signal" err
}

@test "lock: told to end" {
	for signal in TERM INT; do
		ended "$CONSUL_REAL" $signal >real.out
		ended "$PROCONSUL" $signal >ours.out
		compare "lock, $signal" out
	done
}
