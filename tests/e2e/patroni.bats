#!/usr/bin/env bats
# Takes long.
# Patroni, which keeps PostgreSQL alive, with us as its store: two nodes choose
# a leader, change it on demand, and find a new one when it is killed. It leans
# on sessions with a TTL, locks with compare-and-set, and blocking reads.

load helpers

setup_file() {
	command -v patroni >/dev/null || skip "patroni is not installed"
	[ -n "$(pg_bin)" ] || skip "postgresql is not installed"
	[ "$(id -u)" -eq 0 ] || skip "needs root, to become the user postgres"
	agent_start store -server -bootstrap-expect=1
	install -d -o postgres "$BATS_FILE_TMPDIR/pg"
	node_start a 2
	wait_until 60 leads a
	node_start b 3
	wait_until 60 streams b
}

teardown_file() {
	local name
	for name in a b; do
		node_end "$name" TERM
	done
	agents_stop
}

# node_start NAME NUMBER: patroni and its PostgreSQL, on an address of its own.
node_start() {
	local name=$1 host data=$BATS_FILE_TMPDIR/pg/$1
	host=$(address "$2")
	install -d -o postgres "$data.sockets"
	cat >"$BATS_FILE_TMPDIR/$name.yml" <<-END
		scope: shop
		name: $name
		restapi: {listen: "$host:8008", connect_address: "$host:8008"}
		consul: {host: "$(address):8500", register_service: true}
		bootstrap:
		  dcs: {ttl: 20, loop_wait: 2, retry_timeout: 3}
		  initdb: [{encoding: UTF8}, {auth: trust}]
		  pg_hba: ["local all all trust", "host all all 127.0.0.0/8 trust",
		           "host replication all 127.0.0.0/8 trust"]
		postgresql:
		  listen: $host:5432
		  connect_address: $host:5432
		  data_dir: $data
		  bin_dir: $(pg_bin)
		  authentication:
		    replication: {username: replicator, password: r}
		    superuser: {username: postgres, password: s}
		  parameters: {unix_socket_directories: "$data.sockets",
		               fsync: off, shared_buffers: 16MB}
	END
	runuser -u postgres -- patroni "$BATS_FILE_TMPDIR/$name.yml" \
		>>"$BATS_FILE_TMPDIR/pg/$name.log" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_FILE_TMPDIR/$name.patroni"
	echo "$2" >"$BATS_FILE_TMPDIR/$name.number"
}

pg_bin() {
	find /usr/lib/postgresql -name bin -type d | sort | tail -n 1
}

node_host() {
	address "$(cat "$BATS_FILE_TMPDIR/$1.number")"
}

# node_end NAME SIGNAL: patroni's process, and what it has started.
node_end() {
	local runuser pid postmaster=$BATS_FILE_TMPDIR/pg/$1/postmaster.pid
	[ -e "$BATS_FILE_TMPDIR/$1.patroni" ] || return 0
	runuser=$(cat "$BATS_FILE_TMPDIR/$1.patroni")
	rm "$BATS_FILE_TMPDIR/$1.patroni"
	pid=$(pgrep -P "$runuser") || return 0
	kill "-$2" "$pid" || return 0
	if [ "$2" = KILL ]; then
		kill -QUIT "$(head -n 1 "$postmaster")" || true
	fi
	wait_until 30 process_gone "$runuser"
}

asks() { # asks NAME PATH: a status below 300
	curl -sSf -m 3 "http://$(node_host "$1"):8008$2"
}
leads() { asks "$1" /primary; }
streams() { asks "$1" /replica; }

sql() { # sql NAME TEXT
	psql -h "$(node_host "$1")" -U postgres -d postgres -Atc "$2"
}

@test "one leads, the other follows, and the store knows it" {
	[ "$(http GET "/v1/kv/service/shop/leader?raw")" = a ]
	http GET "/v1/kv/service/shop/?keys" | jq -e 'index("service/shop/members/b")'
	sql a "CREATE TABLE t AS SELECT 42 AS x"
	wait_until 20 sql b "SELECT x FROM t"
	[ "$(sql b "SELECT x FROM t")" = 42 ]
}

@test "patroni registers its members as services" {
	registered() {
		http GET /v1/catalog/service/shop | jq -e 'length == 2'
	}
	wait_until 30 registered
	http GET "/v1/catalog/service/shop?tag=master" |
		jq -e '.[0].ServiceID == "shop/a"' ||
		http GET "/v1/catalog/service/shop?tag=primary" |
		jq -e '.[0].ServiceID == "shop/a"'
}

@test "a switchover moves the lock" {
	curl -sSf -m 60 -d '{"leader": "a", "candidate": "b"}' \
		"http://$(node_host a):8008/switchover"
	wait_until 60 leads b
	[ "$(http GET "/v1/kv/service/shop/leader?raw")" = b ]
	wait_until 60 streams a
}

@test "when the leader is killed its session ends, and the other leads" {
	node_end b KILL
	wait_until 90 leads a
	[ "$(http GET "/v1/kv/service/shop/leader?raw")" = a ]
	[ "$(sql a "SELECT x FROM t")" = 42 ]
}
