#!/usr/bin/env bats
# The command line at our own agent: what it prints, and how it ends.
# cli_compat.bats compares it with the real one's, word by word.

load helpers
bats_require_minimum_version 1.5.0

setup_file() {
	export CONSUL_HTTP_ADDR
	CONSUL_HTTP_ADDR=$(address):8500
	agent_start one -server -bootstrap-expect=1
}

teardown_file() {
	agents_stop
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# expect STATUS OUTPUT ARGS...: both channels together, exactly.
expect() {
	local status=$1 text=$2 got=0 output
	shift 2
	output=$("$PROCONSUL" "$@" 2>&1 </dev/null) || got=$?
	if [ "$got" != "$status" ] || [ "$output" != "$text" ]; then
		diff -u <(echo "$text") <(echo "$output") || true
		echo "proconsul $*: status $got, expected $status"
		return 1
	fi
}

# in_background FILE ARGS...: its output goes to FILE, its pid to $pid.
in_background() {
	local file=$1
	shift
	"$PROCONSUL" "$@" >"$file" 2>&1 3>&- 4>&- &
	pid=$!
}

file_has() {
	grep -q -- "$2" "$1"
}

lines_are() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}

@test "members, info, operator raft list-peers" {
	run cli members
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[0]} =~ ^Node\ \ Address\ +Status\ \ Type\ +Build\ \ Protocol\ \ DC\ \ \ Segment$ ]]
	[[ ${lines[1]} =~ ^one\ \ \ $(address):8301\ \ alive\ \ \ server\ \ 1\.8\.7\ \ 2\ +dc1\ \ \<all\>$ ]]
	run cli members -detailed
	[[ ${lines[1]} == *,role=consul,segment=\<all\>,* ]]
	expect 2 "" members -status=left
	run cli info
	[ "$status" -eq 0 ]
	[[ $output == *$'raft:\n\tapplied_index = '* ]]
	[[ $output == *$'serf_lan:\n'* ]]
	run cli operator raft list-peers
	[[ ${lines[1]} =~ ^one\ .*\ $(address):8300\ \ leader\ \ true\ +3$ ]]
}

@test "kv: what is put is got" {
	expect 0 "Success! Data written to: a/b" kv put -flags=7 a/b "some text"
	expect 0 "some text" kv get a/b
	index=$("$PROCONSUL" kv get -detailed a/b | awk '/^ModifyIndex/ { print $2 }')
	expect 0 "CreateIndex      $index
Flags            7
Key              a/b
LockIndex        0
ModifyIndex      $index
Session          -
Value            some text" kv get -detailed a/b
	expect 1 "Error! Did not write to a/b: CAS failed" \
		kv put -cas -modify-index=1 a/b other
	expect 0 "Success! Data written to: a/b" \
		kv put -cas -modify-index="$index" a/b other
	head -c 300000 /dev/urandom >large
	expect 0 "Success! Data written to: a/large" kv put a/large @large
	"$PROCONSUL" kv get -base64 a/large | base64 -d | cmp - large
	"$PROCONSUL" kv get a/large | head -c 300000 | cmp - large
	expect 0 "a/b
a/large" kv get -keys a/
	expect 1 "Error! No key exists at: nothing" kv get nothing
	expect 0 "Success! Deleted keys with prefix: a/" kv delete -recurse a/
	expect 1 "Error! No key exists at: a/b" kv get a/b
	head -c 600000 /dev/zero >toolarge
	run "$PROCONSUL" kv put a/x @toolarge
	[ "$status" -eq 1 ]
	[[ $output == "Error! Failed writing data: Unexpected response code: 413 ("* ]]
}

@test "kv: export and import are each other's opposite" {
	"$PROCONSUL" kv put x/1 one
	"$PROCONSUL" kv put -flags=18446744073709551615 'x/<2>' @/dev/null
	"$PROCONSUL" kv export x/ >first
	"$PROCONSUL" kv delete -recurse x/
	"$PROCONSUL" kv import - <first | diff - <(printf '%s\n' 'Imported: x/1' 'Imported: x/<2>')
	"$PROCONSUL" kv export x/ | diff first -
	"$PROCONSUL" kv import @first
	"$PROCONSUL" kv export x/ | diff first -
	"$PROCONSUL" kv delete -recurse x/
}

@test "services, catalog and maintenance" {
	cat >web.json <<-'JSON'
	{"service": {"name": "web", "port": 80, "tags": ["b", "a"],
	  "check": {"args": ["/bin/true"], "ttl": "", "interval": ""}},
	 "services": [{"id": "w2", "name": "web", "tags": ["c"],
	  "check": {"ttl": "1h", "status": "passing"}}]}
	JSON
	sed -i 's/"check": {"args.*/"check": {"ttl": "1h", "notes": "n"}},/' web.json
	expect 0 "Registered service: web
Registered service: web" services register web.json
	expect 0 "Registered service: db" services register -name=db -port=5 -meta=k=v
	wait_until 10 has_service db
	expect 0 "consul
db
web" catalog services
	expect 0 "consul      
db          
web         a,b,c" catalog services -tags
	expect 0 "dc1" catalog datacenters
	run cli catalog nodes -service=web
	[ "${#lines[@]}" -eq 3 ]
	expect 0 "Node maintenance is now enabled" maint -enable -reason="a b"
	expect 0 "Service maintenance is now enabled for \"w2\"" \
		maint -enable -service=w2
	run cli maint
	[[ $output == *$'Node:\n  Name:   one\n  Reason: a b\n'* ]]
	[[ $output == *$'Service:\n  ID:     w2\n  Reason: '* ]]
	expect 0 "Node maintenance is now disabled" maint -disable
	expect 0 "Service maintenance is now disabled for \"w2\"" \
		maint -disable -service=w2
	expect 0 "" maint
	expect 0 "Deregistered service: w2
Deregistered service: web" services deregister web.json
	expect 0 "Deregistered service: db" services deregister -id=db
}

has_service() {
	"$PROCONSUL" catalog services | grep -qx "$1"
}

@test "watch prints once" {
	"$PROCONSUL" kv put w/k hi
	run cli watch -type=key -key=w/k
	[ "$status" -eq 0 ]
	[ "${lines[1]}" = '    "Key": "w/k",' ]
	[[ $output == *'"Value": "aGk="'* ]]
	expect 0 null watch -type=key -key=w/nothing
	for type in services nodes checks "service -service=consul" \
		"keyprefix -prefix=w" "checks -state=passing" \
		"checks -service=consul"; do
		# shellcheck disable=SC2086
		"$PROCONSUL" watch -type=$type >"out"
		jq -e . out >/dev/null
	done
	"$PROCONSUL" watch -type=service -service=consul |
		jq -e '.[0].Node.Node == "one" and .[0].Checks[0].CheckID == "serfHealth"'
	expect 1 "Cannot specify service and state" \
		watch -type=checks -service=a -state=passing
	expect 1 "Unsupported watch type: zz" watch -type=zz
}

@test "watch runs a program at each change, and only then" {
	"$PROCONSUL" kv put w/c 1
	in_background out watch -type=key -key=w/c \
		'jq -r .Value; echo "index $CONSUL_INDEX"'
	wait_until 10 lines_are out 2
	"$PROCONSUL" kv put w/other x
	"$PROCONSUL" kv put w/c 2
	wait_until 10 lines_are out 4
	"$PROCONSUL" kv delete w/c
	wait_until 10 lines_are out 6
	kill -TERM "$pid"
	wait "$pid"
	grep -v index out | diff - <(printf 'MQ==\nMg==\nnull\n')
	grep -c '^index [1-9]' out | grep -x 3
	sort -c -n -k2 <(grep index out)
}

@test "watch shows each event once" {
	"$PROCONSUL" event -name=seen 0
	wait_until 10 event_is_known 0
	in_background out watch -type=event -name=seen \
		'jq -r ".[] | .Payload | @base64d"'
	wait_until 10 lines_are out 1
	for payload in 1 2 3 4 5 6; do
		"$PROCONSUL" event -name=seen "$payload"
		"$PROCONSUL" event -name=unseen "$payload"
		wait_until 10 lines_are out $((payload + 1))
	done
	kill -TERM "$pid"
	wait "$pid"
	seq 0 6 | diff - out
}

event_is_known() {
	"$PROCONSUL" watch -type=event -name=seen |
		jq -e --arg payload "$1" '.[-1].Payload | @base64d == $payload'
}

@test "watch ends when its program fails, or when it is interrupted" {
	expect 1 "Error executing handler: exit status 3" \
		watch -type=nodes 'exit 3'
	expect 1 "Error starting handler: fork/exec /nonexistent: no such file or directory" \
		watch -type=nodes -shell=false /nonexistent
	in_background out watch -type=nodes 'cat >/dev/null; echo ran; sleep 30'
	wait_until 10 file_has out ran
	kill -INT "$pid"
	wait "$pid"
}

@test "monitor prints the log until it is interrupted" {
	tries=0
	in_background out monitor -log-level=debug
	wait_until 10 monitor_has_line out
	kill -INT "$pid"
	wait "$pid"
	grep -qE '^[0-9T:.-]+Z \[[A-Z]+\] ' out
	"$PROCONSUL" services deregister -id=noted
	run cli monitor -log-level=zz
	[ "$status" -eq 1 ]
	[[ $output == "Error starting monitor: Unexpected response code: 400 (Bad request: Unknown log level: zz)" ]]
}

monitor_has_line() {
	# Each registration is news for the log.
	"$PROCONSUL" services register -name=noted -tag=$((tries++)) >/dev/null
	[ -s "$1" ]
}

@test "lock: one at a time" {
	for _ in 1 2 3; do
		"$PROCONSUL" lock lk/one 'echo in; sleep 0.3; echo out' \
			>>order 2>&1 3>&- 4>&- &
	done
	wait
	printf 'in\nout\nin\nout\nin\nout\n' | diff - order
	expect 1 "Error! No key exists at: lk/one/.lock" kv get lk/one/.lock
	[ "$(http GET /v1/session/list)" = "[]" ]
}

@test "lock: as many as -n at a time" {
	for _ in 1 2 3 4; do
		"$PROCONSUL" lock -n=2 lk/two 'echo in; sleep 0.5; echo out' \
			>>order 2>&1 3>&- 4>&- &
	done
	wait
	awk '/in/ { n++ } /out/ { n-- } n > most { most = n }
		END { exit !(most == 2 && n == 0 && NR == 8) }' order
	expect 0 "" kv get -keys -separator= lk/two
	run cli lock -n=0 lk/two true
	[ "$output" = "Lock holder limit must be positive" ]
}

@test "lock: words, statuses, time limits" {
	expect 0 "Setting up lock at path: lk/w/.lock
Attempting lock acquisition
Starting handler
true
Child terminated, releasing lock
Cleanup succeeded" lock -verbose lk/w 'echo $CONSUL_LOCK_HELD'
	expect 0 "Error running handler: exit status 3" lock lk/w exit 3
	expect 2 "Error running handler: exit status 3" \
		lock -child-exit-code lk/w exit 3
	expect 0 'a $b' lock -shell=false lk/w echo a '$b'
	echo input >in
	[ "$("$PROCONSUL" lock -pass-stdin lk/w cat <in)" = input ]
	[ -z "$("$PROCONSUL" lock lk/w cat <in)" ]
	in_background out lock -verbose lk/w 'sleep 20'
	wait_until 10 file_has out "Starting handler"
	expect 1 "Shutdown triggered or timeout during lock acquisition" \
		lock -timeout=300ms lk/w true
	expect 1 "Lock acquisition failed: Existing key does not match semaphore use" \
		lock -n=2 lk/w true
	kill -TERM "$pid"
	wait "$pid"
	grep -x "Shutdown triggered, killing child" out
	grep -x "Child terminated" out
	grep -x "Cleanup succeeded" out
}

@test "lock: a lost lock ends the program" {
	in_background out lock -verbose lk/lost 'trap "" TERM; sleep 20'
	wait_until 10 file_has out "Starting handler"
	"$PROCONSUL" kv delete lk/lost/.lock
	wait "$pid"
	sed 's/pid [0-9]*/pid N/' out | diff - <(cat <<-'END'
	Setting up lock at path: lk/lost/.lock
	Attempting lock acquisition
	Starting handler
	Lock lost, killing child
	Terminating child pid N
	Child did not exit after grace period of 5s
	Killing child pid N
	Error running handler: signal: killed
	Cleanup succeeded
	END
	)
}

@test "lock: the session outlives its TTL while the program runs" {
	[ -n "${CLI_SLOW_TESTS:-}" ] || skip "takes 40 seconds: CLI_SLOW_TESTS=1"
	expect 0 held lock lk/long 'sleep 35; echo held'
}

@test "reload, validate, keygen, version" {
	expect 0 "Configuration reload triggered" reload
	echo '{"data_dir": "/tmp/x"}' >good.json
	expect 0 "Configuration is valid!" validate good.json
	expect 0 "" validate -quiet good.json
	echo '{"data_dir": ' >bad.json
	run cli validate bad.json
	[ "$status" -eq 1 ]
	[[ $output == "Config validation failed: failed to parse bad.json: "* ]]
	[ "$("$PROCONSUL" keygen | base64 -d | wc -c)" -eq 32 ]
	[ "$("$PROCONSUL" keygen)" != "$("$PROCONSUL" keygen)" ]
	[ "$("$PROCONSUL" version | head -n 1)" = "Consul v1.8.7" ]
}

# names_below WORDS: what completion knows to follow them.
names_below() {
	COMP_LINE="proconsul $1" "$PROCONSUL"
}

# commands_below WORDS: all that can be run, however deep.
commands_below() {
	local name
	for name in $(names_below "$1"); do
		if "$PROCONSUL" $1$name -h | grep -q '^Subcommands:'; then
			commands_below "$1$name "
		elif ! "$PROCONSUL" $1$name -h | grep -q 'Not available'; then
			echo "$1$name"
		fi
	done
}

@test "every command and flag stands in a manual page" {
	local command flag page count=0
	while read -r command; do
		page=$(grep -lx -- "\.Nm proconsul $command" "$BUILD"/man/*.[18]) ||
			{ echo "no page for $command"; return 1; }
		# shellcheck disable=SC2086
		for flag in $("$PROCONSUL" $command -h | grep -oE '^  -[a-z0-9_-]+'); do
			grep -qE "^\\.It Fl ${flag#-}( |\$)" "$page" \
				"$BUILD/man/proconsul.1" ||
				{ echo "no page for $command $flag"; return 1; }
		done
		count=$((count + 1))
	done < <(commands_below "")
	[ "$count" -ge 35 ]
}

@test "manual pages are found by the name of each command" {
	make -C "$BATS_TEST_DIRNAME/../.." -s -o all install BUILD="$BUILD" \
		DESTDIR="$PWD/to" PREFIX=/usr >/dev/null
	cd to/usr/share/man/man1
	for name in members kv catalog operator snapshot watch exec version; do
		[ -s "proconsul-$name.1" ]
	done
	[ "$(cat proconsul-members.1)" = ".so man1/proconsul-cluster.1" ]
	for page in proconsul-*.1; do
		sed -n 's/^\.so man1\///p' "$page" | xargs -r ls >/dev/null
	done
}

@test "shells are told to ask us for completions, and not to" {
	export HOME=$PWD/home
	unset XDG_CONFIG_HOME
	run "$PROCONSUL" -autocomplete-install
	[ "$status" -eq 1 ]
	[[ $output == *"Did not find any shells to install" ]]
	mkdir -p home/.config/fish
	printf 'first\nlast' >home/.zshrc
	echo 'some=thing' >home/.bashrc
	chmod 600 home/.bashrc
	cp home/.bashrc bashrc
	"$PROCONSUL" -autocomplete-install
	grep -qx "complete -C $(realpath "$PROCONSUL") proconsul" home/.bashrc
	grep -qx "complete -o nospace -C $(realpath "$PROCONSUL") proconsul" \
		home/.zshrc
	[ "$(stat -c %a home/.bashrc)" = 600 ]
	# What was written is what bash takes; it then asks us.
	bash --norc -c '. home/.bashrc && complete -p proconsul' |
		grep -q "complete -C"
	run "$PROCONSUL" -autocomplete-install
	[ "$status" -eq 1 ]
	[[ $output == *"3 errors occurred:"*"* already installed in $HOME/.bashrc"* ]]
	"$PROCONSUL" --autocomplete-uninstall
	run grep -r complete home --include=.bashrc --include=*.fish
	[ -z "$output" ]
	diff <(grep . home/.bashrc) bashrc
	run "$PROCONSUL" -autocomplete-uninstall
	[ "$status" -eq 1 ]
	[ "$(COMP_LINE="proconsul kv g" "$PROCONSUL")" = get ]
}

@test "what is not built yet is refused by name" {
	for command in acl "acl token list" tls connect intention login \
		logout config debug; do
		# shellcheck disable=SC2086
		run cli $command
		[ "$status" -eq 1 ]
		[[ $output == "consul "*" is not available in this version of proconsul" ]]
	done
	run cli join 127.0.0.2
	[ "$status" -eq 1 ]
	[[ $output == "Error joining address '127.0.0.2': Unexpected response code: "*$'\nFailed to join any nodes.' ]]
	run -127 cli nonsense
}

@test "over a Unix socket" {
	command -v python3 >/dev/null || skip "needs python3"
	python3 "$BATS_TEST_DIRNAME/cli_server.py" unix "$PWD/s" log 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/unix.pid"
	wait_until 10 test -S s
	expect 0 "Node  Address  Status  Type    Build  Protocol  DC  Segment
m     [::1]:1  failed  client  1.2.3  2         d   <default>" \
		members -http-addr="unix://$PWD/s" -token=secret
	grep -x '/v1/agent/members?segment=_all localhost secret None' log
	agent_stop unix
}

@test "over TLS: who is trusted, and who is not" {
	command -v python3 >/dev/null || skip "needs python3"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout key -out cert -days 2 -subj /CN=server.dc1.consul \
		-addext "subjectAltName=DNS:server.dc1.consul,IP:$(address)" 2>/dev/null
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout other.key -out other -days 2 -subj /CN=other 2>/dev/null
	python3 "$BATS_TEST_DIRNAME/cli_server.py" tls "$(address 2)" 8501 cert key log \
		3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/tls.pid"
	wait_until 10 curl -sk "https://$(address 2):8501/"
	CONSUL_HTTP_ADDR=https://$(address 2):8501
	export CONSUL_HTTP_ADDR
	# The certificate is for another address: only its name helps.
	run cli_here members -ca-file=cert
	[ "$status" -eq 1 ]
	[[ $output == *": x509: "* ]]
	run cli_here members -ca-file=cert -tls-server-name=server.dc1.consul
	[ "$status" -eq 0 ]
	tail -n 1 log | grep "^/v1/agent/members?segment=_all $(address 2):8501 "
	mkdir authorities
	cp other cert authorities
	run cli_here members -ca-path=authorities -tls-server-name=server.dc1.consul
	[ "$status" -eq 0 ]
	run cli_here members -ca-file=other -tls-server-name=server.dc1.consul
	[ "$status" -eq 1 ]
	run cli_here members
	[ "$status" -eq 1 ]
	CONSUL_HTTP_SSL_VERIFY=false CONSUL_HTTP_AUTH=me:word run cli_here members
	[ "$status" -eq 0 ]
	tail -n 1 log | grep "Basic $(printf me:word | base64)"
	agent_stop tls
	python3 "$BATS_TEST_DIRNAME/cli_server.py" tls "$(address 2)" 8502 cert key log other \
		3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/tls.pid"
	CONSUL_HTTP_ADDR=https://$(address 2):8502
	export CONSUL_HTTP_SSL_VERIFY=false
	wait_until 10 cli_here members -client-cert=other -client-key=other.key
	run cli_here members
	[ "$status" -eq 1 ]
	agent_stop tls
}

# With the address of the environment, where helpers' cli has the agent's.
cli_here() {
	"$PROCONSUL" "$@"
}

@test "the launcher, though the same program, does not carry libcurl" {
	grep -q libyajl "/proc/$(agent_pid one)/maps"
	run ! grep -q libcurl "/proc/$(agent_pid one)/maps"
}

@test "leave ends the agent" {
	agent=$(agent_pid one)
	expect 0 "Graceful leave complete" leave
	wait_until 20 process_gone "$agent"
	run cli members
	[ "$status" -eq 1 ]
	[[ $output == *"connect: connection refused" ]]
}
