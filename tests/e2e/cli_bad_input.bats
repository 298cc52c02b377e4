#!/usr/bin/env bats
# The command line where things are bad: an agent that answers nonsense, files
# that are not there, output that nobody reads. Nothing crashes, and whatever
# fails says why.

load helpers

COMMANDS=(
	"catalog datacenters" "catalog nodes" "catalog nodes -detailed"
	"catalog nodes -service=x" "catalog services" "catalog services -tags"
	"catalog services -node=x" "event -name=x" "force-leave n" "info"
	"join 127.0.0.9" "keyring -list" "keyring -install=x" "kv delete k"
	"kv export" "kv get k" "kv get -recurse k" "kv get -keys" "kv put k v"
	"kv put -cas -modify-index=3 k v" "kv import [{\"key\":\"k\",\"value\":\"\"}]"
	"leave" "maint" "maint -enable"
	"members" "members -detailed" "monitor"
	"operator autopilot get-config" "operator autopilot set-config"
	"operator raft list-peers" "operator raft remove-peer -id=x" "reload"
	"rtt a b" "rtt -wan a.x b.x" "services deregister -id=x"
	"services register -name=x" "snapshot save saved"
	"snapshot restore file"
)
# These ask again and again.
PATIENT=(
	"exec true" "watch -type=nodes" "watch -type=key -key=k"
	"watch -type=event" "watch -type=service -service=x"
	"watch -type=checks" "watch -type=services" "lock k true"
	"lock -n=2 k true"
)
FEW=("members" "kv get k" "kv put k v" "snapshot save saved" "monitor"
	"catalog nodes" "kv import @file")

setup_file() {
	python3 "$BATS_TEST_DIRNAME/cli_answers.py" "$(address)" 8600 \
		>"$BATS_FILE_TMPDIR/ways" 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/answers.pid"
	wait_until 10 test -s "$BATS_FILE_TMPDIR/ways"
}

teardown_file() {
	agents_stop
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	echo text >file
}

# A status that our own code has chosen, and on failure words that say why.
# What waits for better answers is ended, and says nothing then.
good_end() {
	local status=0
	timeout -s INT -k 5 "${LIMIT:-20}" "$PROCONSUL" "$@" >out 2>err \
		</dev/null || status=$?
	if grep -qE "Sanitizer|runtime error|Assertion|fatal" err out ||
		{ [ "$status" -gt 2 ] && [ "$status" -ne 124 ]; } ||
		{ [ "$status" -eq 1 ] && [ ! -s err ] && [ ! -s out ]; }; then
		echo "consul $* at $CONSUL_HTTP_ADDR: status $status"
		head -c 2000 err
		return 1
	fi
}

# all_end LIMIT COMMAND...
all_end() {
	local LIMIT=$1 command
	shift
	for command; do
		# shellcheck disable=SC2086
		good_end $command || return 1
	done
}

@test "an agent that answers nonsense" {
	local port=8600 way
	export CONSUL_HTTP_ADDR
	while read -r way; do
		CONSUL_HTTP_ADDR=$(address):$port
		case $way in
		list | object | null | wrong_kinds)
			all_end 20 "${COMMANDS[@]}"
			all_end 0.2 "${PATIENT[@]}"
			;;
		many | long_texts | deep* | number | text | bad_utf8)
			all_end 20 "${COMMANDS[@]}" ;;
		*) all_end 20 "${FEW[@]}" ;;
		esac
		port=$((port + 1))
	done <"$BATS_FILE_TMPDIR/ways"
	[ "$port" -ge 8620 ]
}

@test "files and folders that are not what they should be" {
	# Root may read everything; nobody may not.
	echo x >secret
	chmod 000 secret
	mkfifo pipe
	export CONSUL_HTTP_ADDR=127.0.0.1:1
	for file in secret /proc/self/mem . nothing file/below /dev/full \
		"$(printf '%05000d' 1)"; do
		all_end 20 "kv put k @$file" "kv import @$file" \
			"snapshot inspect $file" "snapshot restore $file" \
			"validate $file" "services register $file" \
			"services deregister $file" "members -token-file=$file" \
			"members -ca-file=$file" "members -ca-path=$file" \
			"members -client-cert=$file -client-key=$file"
	done
	head -c 3000000 /dev/zero >zeros
	head -c 3000000 /dev/urandom >noise
	for file in zeros noise; do
		all_end 20 "kv import @$file" "snapshot inspect $file" \
			"validate $file" "services register $file" \
			"members -ca-file=$file" "members -token-file=$file"
	done
}

@test "output that nobody reads, and a disk that is full" {
	for command in "version" "kv get -h" "keygen" "-h" "operator"; do
		# shellcheck disable=SC2086
		"$PROCONSUL" $command 2>&1 >/dev/full | tee err >/dev/null
		[ "${PIPESTATUS[0]}" -le 127 ]
		# shellcheck disable=SC2086
		"$PROCONSUL" $command 2>&1 | true
		[ "${PIPESTATUS[0]}" -le 127 ]
	done
	local status=0
	"$PROCONSUL" keygen >/dev/full 2>err || status=$?
	[ "$status" -eq 1 ]
	grep -q "write error" err
	COMP_LINE=$(printf 'consul %09000d ' 1) "$PROCONSUL"
	COMP_LINE=$(printf 'x%.0s=' {1..3000}) COMP_POINT=99999999999999 "$PROCONSUL"
	COMP_LINE="consul kv " COMP_POINT=-3 "$PROCONSUL" >/dev/null
}
