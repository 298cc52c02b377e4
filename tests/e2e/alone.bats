#!/usr/bin/env bats
# Daemons that are started by themselves, after `proconsul setup`, as systemd or
# supervisord start them: in any order, by root, each as its own user, or all as
# one; and what is wrong with their places is refused with the very command
# that mends it, which is run here.
# shellcheck disable=SC2030,SC2031 # each test has its own setup

load helpers

DAEMONS=(gossipd raftd catalogd healthd httpd dnsd)
export PATH="$BATS_FILE_TMPDIR/programs:$PATH"

setup_file() {
	# Each daemon's user must get at its program.
	mkdir "$BATS_FILE_TMPDIR/programs" "$BATS_FILE_TMPDIR/up"
	cp "$BUILD"/{proconsul,gossipd,raftd,catalogd,healthd,healthd-prober,httpd,dnsd} \
		"$BATS_FILE_TMPDIR/programs"
	chmod 755 "$BATS_FILE_TMPDIR/programs" "$BATS_FILE_TMPDIR/up"
	python3 "$BATS_TEST_DIRNAME/notify_log.py" "$BATS_FILE_TMPDIR/notify" \
		"$BATS_FILE_TMPDIR/notified" 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/notify.pid"
	wait_until 10 test -S "$BATS_FILE_TMPDIR/notify"
}

setup() {
	is_root || [[ "$BATS_TEST_DESCRIPTION" == *"one user"* ]] || skip "only root has other users"
	run_dir=$BATS_FILE_TMPDIR/run
	data=$BATS_FILE_TMPDIR/up/data
	as=own
	flags=(-data-dir="$data" -bind="$(address)" -client="$(address)" -node=n1 -server
		-bootstrap-expect=1 -encrypt=MDEyMzQ1Njc4OWFiY2RlZg==)
}

teardown() {
	local name
	for name in "${DAEMONS[@]}"; do
		daemon_stop "$name"
	done
	umount "$data/raft" 2>/dev/null || :
	rm -rf "${run_dir:?}" "${data:?}"
	chmod 755 "$BATS_FILE_TMPDIR/up"
}

teardown_file() { agents_stop; }

is_root() { [ "$(id -u)" -eq 0 ]; }

prepare() {
	proconsul setup -run-dir "$run_dir" "${flags[@]}" 2>&1
}

# Who runs it: root, which changes its user itself; its own one; or one for all.
as_user() { # as_user DAEMON COMMAND...
	local number i=0
	case $as in
	own)
		while [ "${DAEMONS[i]}" != "$1" ]; do i=$((i + 1)); done
		number=$(id -u "_$1" 2>/dev/null || echo $((61400 + i)))
		setpriv --reuid "$number" --regid "$(id -g "_$1" 2>/dev/null || echo "$number")" \
			--groups "$(getent group _proconsul | cut -d: -f3 | grep . || echo 61406)" \
			--bounding-set=-all --inh-caps=-all "${@:2}"
		;;
	one) setpriv --reuid 61450 --regid 61450 --clear-groups "${@:2}" ;;
	*) "${@:2}" ;;
	esac
}

# daemon_run DAEMON: in the foreground; for what is refused.
daemon_run() {
	as_user "$1" timeout 10 "$BATS_FILE_TMPDIR/programs/$1" -run-dir "$run_dir" "${flags[@]}" 2>&1
}

daemon_start() { # daemon_start DAEMON
	NOTIFY_SOCKET=$BATS_FILE_TMPDIR/notify as_user "$1" \
		"$BATS_FILE_TMPDIR/programs/$1" -run-dir "$run_dir" "${flags[@]}" \
		>>"$BATS_FILE_TMPDIR/$1.log" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/$1.alone"
}

daemon_stop() { # daemon_stop DAEMON
	local file=$BATS_FILE_TMPDIR/$1.alone pid
	[ -e "$file" ] || return 0
	pid=$(pid_of "$1")
	rm "$file"
	kill "$pid" 2>/dev/null || return 0
	wait_until 10 process_gone "$pid"
}

# Of the daemon itself: a shell may stand before it.
pid_of() {
	local pid
	pid=$(cat "$BATS_FILE_TMPDIR/$1.alone")
	pgrep -P "$pid" -x "$1" || echo "$pid"
}

is_ready() { # is_ready DAEMON
	grep -qx "$(pid_of "$1") READY=1" "$BATS_FILE_TMPDIR/notified"
}

works() {
	http PUT /v1/kv/a -d x | grep -q true &&
		dig +short +time=2 +tries=1 @"$(address)" -p 8600 n1.node.consul | grep -q . &&
		http PUT /v1/agent/service/register -d '{"Name": "web"}' &&
		http GET /v1/agent/members | jq -e '.[0].Status == 1'
}

# in_order PAUSE DAEMON...: each is ready before the next one starts.
in_order() {
	local pause=$1 name
	shift
	prepare
	for name; do
		daemon_start "$name"
		wait_until 10 is_ready "$name"
		sleep "$pause"
	done
	wait_until 20 works
}

@test "in any order, by root" {
	as=root
	mapfile -t order < <(printf '%s\n' "${DAEMONS[@]}" | shuf)
	echo "${order[@]}"
	in_order 0 "${order[@]}"
}

@test "in any order, each as its own user, catalogd last, a second between them" {
	mapfile -t order < <(printf '%s\n' gossipd raftd healthd httpd dnsd | shuf)
	echo "${order[@]}"
	in_order 1 "${order[@]}" catalogd
}

@test "who asks while catalogd is not there yet is answered when it is" {
	prepare
	daemon_start httpd
	wait_until 10 is_ready httpd
	curl -sS -m 25 -o "$BATS_FILE_TMPDIR/early" -X PUT -d x "http://$(address):8500/v1/kv/early" 3>&- &
	asker=$!
	for name in dnsd healthd raftd catalogd gossipd; do
		daemon_start $name
	done
	wait $asker
	[ "$(cat "$BATS_FILE_TMPDIR/early")" = true ]
}

@test "in any order, all as one user, who is not root" {
	as=none
	if is_root; then
		as=one
		install -d -o 61450 -g 61450 "$BATS_FILE_TMPDIR/mine"
		data=$BATS_FILE_TMPDIR/mine/data run_dir=$BATS_FILE_TMPDIR/mine/run
		flags[0]=-data-dir=$data
		prepare() { as_user none "$BATS_FILE_TMPDIR/programs/proconsul" setup -run-dir "$run_dir" "${flags[@]}" 2>&1; }
	fi
	mapfile -t order < <(printf '%s\n' "${DAEMONS[@]}" | shuf)
	echo "${order[@]}"
	in_order 0 "${order[@]}"
}

# refused_and_mended DAEMON TEXT: the command between backquotes mends it.
refused_and_mended() {
	local command
	run daemon_run "$1"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"==> "*"$2"*": run \`"*\` ]]
	command=${output##*": run \`"}
	bash -c "${command%\`}"
	daemon_start "$1"
	wait_until 10 is_ready "$1"
	daemon_stop "$1"
}

# Once, so that its files are there.
first_run() {
	prepare
	for name; do
		daemon_start "$name"
		wait_until 10 is_ready "$name"
	done
	for name; do
		daemon_stop "$name"
	done
}

@test "a part of the data directory, and a file in it, of another user" {
	refused_and_mended raftd "$data is missing"
	first_run raftd gossipd
	chown root "$data/raft"
	refused_and_mended raftd "$data/raft is owned by root, not by "
	chown root "$data/raft/raft.db"
	refused_and_mended raftd "$data/raft/raft.db is owned by root, not by "
	chown -R root "$data/serf"
	refused_and_mended gossipd "$data/serf is owned by root, not by "
	chown -R 12345 "$data/services"
	refused_and_mended healthd "$data/services is owned by 12345, not by "
	# Who is root and is started by itself takes nothing over either.
	as=root
	chown root "$data/raft"
	refused_and_mended raftd "$data/raft is owned by root, not by "
}

@test "modes that are too wide, or too narrow" {
	first_run raftd gossipd
	chmod 755 "$data/raft"
	refused_and_mended raftd "$data/raft is open to others (mode 0755)"
	chmod 400 "$data/raft/raft.db"
	refused_and_mended raftd "$data/raft/raft.db is closed to its own user (mode 0400)"
	chmod 644 "$data/serf/local.keyring"
	refused_and_mended gossipd "$data/serf/local.keyring holds keys that others may read (mode 0644)"
	chmod 700 "$BATS_FILE_TMPDIR/up"
	refused_and_mended gossipd "$BATS_FILE_TMPDIR/up is closed to "
	as=root
	chmod 700 "$BATS_FILE_TMPDIR/up"
	refused_and_mended gossipd "$BATS_FILE_TMPDIR/up is closed to gossipd, which has to pass it (mode 0700)"
}

@test "a read-only file system" {
	prepare
	mount -t tmpfs -o mode=700,uid="$(stat -c %u "$data/raft")",gid="$(stat -c %g "$data/raft")" \
		none "$data/raft" || skip "nothing may be mounted here"
	mount -o remount,ro "$data/raft"
	refused_and_mended raftd "$data/raft is on a file system that is mounted read-only"
}

@test "the run directory" {
	refused_and_mended httpd "$run_dir is missing"
	chmod 700 "$run_dir/httpd"
	refused_and_mended httpd "$run_dir/httpd belongs to "
	chown root:root "$run_dir/genpage"
	refused_and_mended dnsd "$run_dir/genpage belongs to 0:0 "
	rm -rf "$run_dir/metrics"
	refused_and_mended raftd "$run_dir/metrics is missing"
	# Root has run them by hand.
	touch "$run_dir/metrics/raftd" "$run_dir/powers/prober.new"
	chown root "$run_dir/metrics/raftd" "$run_dir/powers/prober.new"
	refused_and_mended raftd "$run_dir/metrics/raftd was left by another user"
	refused_and_mended healthd "$run_dir/powers/prober.new was left by another user"
	touch "$run_dir/metrics/raftd" "$run_dir/powers/prober.new"
	chown root "$run_dir/metrics/raftd" "$run_dir/powers/prober.new"
	prepare
	[ "$(stat -c %u "$run_dir/metrics/raftd" "$run_dir/powers/prober.new")" = \
		"$(stat -c %u "$data/raft" "$data/services")" ]
	rm -rf "$run_dir/dnsd"
	refused_and_mended catalogd "$run_dir/dnsd is missing"
	rm -f "$run_dir/httpd/s"
	touch "$run_dir/httpd/s"
	refused_and_mended catalogd "$run_dir/httpd/s was left by another user"
}

@test "a configuration that the daemon's user can't read" {
	local folder="$BATS_FILE_TMPDIR/it's here"
	mkdir "$folder"
	echo 'log_level = "debug"' >"$folder/one.hcl"
	flags+=(-config-dir="$folder")
	prepare
	chmod 600 "$folder/one.hcl"
	refused_and_mended httpd "$folder/one.hcl can't be read by the daemons"
	chmod 700 "$folder"
	refused_and_mended httpd "$folder can't be read by the daemons"
}

@test "the launcher, as root, says that a reload can't read the configuration" {
	local folder=$BATS_FILE_TMPDIR/closed command
	mkdir "$folder"
	echo '{}' >"$folder/one.json"
	chmod 600 "$folder/one.json"
	agent_launch n2 "${flags[@]}" -config-dir="$folder"
	wait_until 20 works
	command=$(sed -n "s/.*A reload will be refused: error=.*can't be read by the daemons: run \`\(.*\)\`.*/\1/p" \
		"$BATS_FILE_TMPDIR/n2.log")
	[ -n "$command" ]
	bash -c "$command"
	http PUT /v1/agent/reload
	agent_stop n2
}

@test "the launcher, as root, takes over what it finds, and says so" {
	first_run raftd
	chown -R 12345:12345 "$data/raft"
	agent_launch n1 "${flags[@]}"
	wait_until 20 works
	agent_stop n1
	grep -q "agent: Took over $data/raft for raftd: [0-9]* files and folders of user 12345" \
		"$BATS_FILE_TMPDIR/n1.log"
	# Who is not root does not, and says what is to be done.
	as=one
	run as_user none timeout 10 "$BATS_FILE_TMPDIR/programs/proconsul" agent "${flags[@]}"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"==> $data/"*" is owned by "*", not by 61450: run \`chown -R 61450:61450 $data/"*\` ]]
}
