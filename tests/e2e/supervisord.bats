#!/usr/bin/env bats
# The real supervisord: one program a daemon, each as its own user and all as one;
# and the article's one program, as it is shipped, by a user who is not root
# (seed.bats has it as root, and by the name consul). Users are added in a mount
# namespace of the test's own.

load helpers

conf=$BATS_TEST_DIRNAME/../../conf/supervisord

setup_file() {
	local run=$BATS_FILE_TMPDIR
	mkdir "$run/programs"
	cp "$BUILD"/{proconsul,gossipd,raftd,catalogd,healthd,healthd-prober,httpd,dnsd} \
		"$conf/proconsul-ended" "$run/programs"
	chmod 755 "$run/programs"
}

teardown() { supervisor_stop; }

teardown_file() { agents_stop; }

is_root() { [ "$(id -u)" -eq 0 ]; }

# write_conf FOLDER PROGRAM-FILE: supervisord.conf beside it.
write_conf() {
	cat >"$1/supervisord.conf" <<-END
		[supervisord]
		logfile=$1/supervisord.log
		pidfile=$1/supervisord.pid
		childlogdir=$1
		[unix_http_server]
		file=$1/supervisor.sock
		[rpcinterface:supervisor]
		supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
		[supervisorctl]
		serverurl=unix://$1/supervisor.sock
		[include]
		files = $2
	END
}

# The shipped programs with this test's folders and address.
write_daemons() { # write_daemons FOLDER
	sed -e "s|/usr/libexec/proconsul|$BATS_FILE_TMPDIR/programs|" \
		-e "s|/usr/bin|$BATS_FILE_TMPDIR/programs|" \
		-e "s|/run/proconsul|$1/run|; s|/etc/proconsul.d|$1/conf|" \
		"$conf/proconsul-daemons.conf" >"$1/daemons.conf"
	mkdir "$1/conf"
	cat >"$1/conf/proconsul.json" <<-END
		{"data_dir": "$1/data", "bind_addr": "$(address)", "client_addr": "$(address)",
		 "node_name": "n1", "server": true, "bootstrap_expect": 1}
	END
	write_conf "$1" "$1/daemons.conf"
}

# supervisor_start FOLDER COMMAND...: supervisord behind that command.
supervisor_start() {
	echo "$1" >"$BATS_FILE_TMPDIR/folder"
	"${@:2}" supervisord -n -c "$1/supervisord.conf" >"$1/supervisord.out" 2>&1 3>&- 4>&- &
	wait_until 20 test -S "$1/supervisor.sock"
}

# With the users of FOLDER/passwd and FOLDER/group; FOLDER/before runs first.
supervisor_start_with_users() { # supervisor_start_with_users FOLDER
	# shellcheck disable=SC2016 # the inner shell's
	supervisor_start "$1" unshare -m sh -ec 'mount --bind "$0/passwd" /etc/passwd
		mount --bind "$0/group" /etc/group
		. "$0/before"
		exec "$@"' "$1"
}

supervisor_stop() {
	local folder pid
	folder=$(cat "$BATS_FILE_TMPDIR/folder" 2>/dev/null) || return 0
	pid=$(cat "$folder/supervisord.pid" 2>/dev/null) || return 0
	kill "$pid" || return 0
	wait_until 30 process_gone "$pid"
}

control() {
	supervisorctl -c "$(cat "$BATS_FILE_TMPDIR/folder")/supervisord.conf" "$@"
}

all_run() {
	[ "$(control status 'proconsul:*' | grep -c RUNNING)" -eq 6 ]
}

# all_stopped: supervisord knows six, and none of them runs or is to run.
all_stopped() {
	[ "$(control status 'proconsul:*' | grep -c 'STOPPED\|EXITED')" -eq 6 ]
}

works() {
	http PUT /v1/kv/a -d x | grep -q true &&
		dig +short +time=2 +tries=1 @"$(address)" -p 8600 n1.node.consul | grep -q .
}

pid_of() { control pid "proconsul:$1"; }

# identity DAEMON: user, group and supplementary groups, and what it may do.
identity() {
	awk '/^Uid/ { u = $2 } /^Gid/ { g = $2 } /^Groups/ { $1 = ""; s = $0 }
		/^CapPrm/ { c = $2 } END { print u ":" g ":" s ":" c }' "/proc/$(pid_of "$1")/status"
}

has_service() { http GET /v1/agent/services | jq -e --arg id "$1" 'has($id)'; }

# What an operator does with them, whoever they belong to.
operate() { # operate FOLDER
	local pid
	wait_until 30 all_run
	wait_until 20 works
	pid=$(pid_of httpd)
	http PUT /v1/kv/before -d kept
	control restart proconsul:catalogd
	control restart proconsul:raftd
	[ "$(http GET '/v1/kv/before?raw')" = kept ]
	kill -9 "$(pid_of gossipd)"
	wait_until 20 all_run
	[ "$(pid_of httpd)" = "$pid" ]
	echo '{"service": {"name": "added"}}' >"$1/conf/service.json"
	control signal HUP 'proconsul:*'
	wait_until 20 has_service added
}

@test "one program a daemon, each as its own user" {
	is_root || skip "only root has other users"
	unshare -m true || skip "no mount namespaces here"
	local folder=$BATS_FILE_TMPDIR/own i=0 name
	mkdir "$folder"
	chmod 755 "$folder"
	cp /etc/passwd /etc/group "$folder"
	for name in _gossipd _raftd _catalogd _healthd _httpd _dnsd _runner; do
		sed -i "/^$name:/d" "$folder/passwd" "$folder/group"
		echo "$name:x:$((61460 + i)):$((61460 + i))::/:/usr/sbin/nologin" >>"$folder/passwd"
		echo "$name:x:$((61460 + i)):" >>"$folder/group"
		i=$((i + 1))
	done
	sed -i '/^_proconsul:/d' "$folder/group"
	echo '_proconsul:x:61470:_gossipd,_raftd,_catalogd,_healthd,_httpd,_dnsd' >>"$folder/group"
	write_daemons "$folder"
	: >"$folder/before"
	supervisor_start_with_users "$folder"
	operate "$folder"
	# No one has another's groups, and nobody a capability.
	[[ "$(identity raftd)" =~ ^61461:61461:[\ 0-9]*61470:0+$ ]]
	[[ "$(identity healthd)" == "61463:61463: 61470:0000000000000000" ]]
	# Who leaves ends all (64), and is not started again.
	cli leave
	wait_until 30 all_stopped
	control status proconsul:gossipd | grep -q 'EXITED\|STOPPED'
	grep -q 'exited: gossipd (exit status 64; expected)' "$folder/supervisord.log"
}

@test "one program a daemon, all as one user" {
	local folder=$BATS_FILE_TMPDIR/one
	mkdir "$folder"
	write_daemons "$folder"
	sed -i '/^user=/d' "$folder/daemons.conf"
	if is_root; then
		chown -R 61450:61450 "$folder"
		supervisor_start "$folder" setpriv --reuid 61450 --regid 61450 --clear-groups \
			env HOME="$folder"
	else
		supervisor_start "$folder"
	fi
	wait_until 20 works
	wait_until 20 all_run
	[[ "$(identity catalogd)" == "$(stat -c %u:%g "$folder"):"*":0000000000000000" ]]
}

# uids PID: of that process and its children, and how many each has.
uids() { ps -o uid= --pid "$1" --ppid "$1" | sort | uniq -c | awk '{ print $1 ":" $2 }'; }

@test "the article's one program, not as root" {
	local folder=$BATS_FILE_TMPDIR/article
	mkdir "$folder"
	chmod 755 "$folder"
	# Other folders and another address; the rest is as shipped, and so is the
	# command in its head that makes the folders.
	sed -e "s|=proconsul agent|=$BATS_FILE_TMPDIR/programs/proconsul agent|" \
		-e "s|/data/consul|$folder|g; s|127\.0\.0\.1|$(address)|g" \
		"$conf/consul.conf" >"$folder/program.conf"
	sed -n 's/^;   \(install -d \)/\1/p' "$folder/program.conf" >"$folder/before"
	[ "$(wc -l <"$folder/before")" -eq 1 ]
	write_conf "$folder" "$folder/program.conf"
	if is_root; then
		unshare -m true || skip "no mount namespaces here"
		for name in passwd group; do
			sed '/^consul:/d' "/etc/$name" >"$folder/$name"
		done
		echo 'consul:x:61450:61450::/:/usr/sbin/nologin' >>"$folder/passwd"
		echo 'consul:x:61450:' >>"$folder/group"
		supervisor_start_with_users "$folder"
	else
		sed -i '/^user=/d' "$folder/program.conf"
		mkdir "$folder/data" "$folder/logs"
		supervisor_start "$folder"
	fi
	wait_until 20 works
	[ "$(uids "$(control pid consul)")" = "7:$(stat -c %u "$folder/data")" ]
	not is_root || [ "$(stat -c %u:%a "$folder/data")" = 61450:750 ]
	http PUT /v1/kv/before -d kept
	control restart consul
	wait_until 20 works
	[ "$(http GET '/v1/kv/before?raw')" = kept ]
	kill -9 "$(control pid consul)"
	wait_until 20 works
	grep -q 'Consul agent running!' "$folder/logs/consul.log"
}
