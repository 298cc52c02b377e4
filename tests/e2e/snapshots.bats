#!/usr/bin/env bats
# Takes long.
# Snapshots for users: saved, restored and looked at, by the command line, over
# HTTP, and between agents; with the real Consul's files and agents too.

load helpers

setup_file() {
	chmod 755 "$BATS_FILE_TMPDIR"
	agent_start one -server -bootstrap-expect=1
	http PUT /v1/kv/first -d 1
	http PUT /v1/kv/dir/second -d two
	cli snapshot save "$BATS_FILE_TMPDIR/base.snap"
}

teardown_file() {
	agents_stop
}

# A file that changes nothing, and why; $2 is at the end of what is said.
refuses() {
	http PUT /v1/kv/marker -d still >/dev/null
	run cli snapshot restore "$1"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == "Error restoring snapshot: "*"$2)" ]]
	[ "$(http GET '/v1/kv/marker?raw')" = still ]
}

# repack NAME: base.snap, with its tar changed by the Python on standard input,
# which may change `files` (name to bytes) or return the tar as `tar`.
repack() {
	{
		cat <<-'EOF'
			import gzip, hashlib, io, sys, tarfile
			source, target = sys.argv[1:]
			raw = gzip.decompress(open(source, "rb").read())
			archive = tarfile.open(fileobj=io.BytesIO(raw))
			files = {m.name: archive.extractfile(m).read() for m in archive}
			tar = None
			def sums():
			    return "".join("%s  %s\n" % (hashlib.sha256(files[n]).hexdigest(), n)
			                   for n in ("meta.json", "state.bin")).encode()
			def pack():
			    out = io.BytesIO()
			    for name, body in files.items():
			        info = tarfile.TarInfo(name)
			        info.size = len(body)
			        out.write(info.tobuf(tarfile.USTAR_FORMAT) + body)
			        out.write(b"\0" * (-len(body) % 512))
			    return out.getvalue() + b"\0" * 1024
		EOF
		cat
		cat <<-'EOF'
			open(target, "wb").write(gzip.compress(tar or pack()))
		EOF
	} | python3 - "$BATS_FILE_TMPDIR/base.snap" "$BATS_TEST_TMPDIR/$1"
}

@test "save, inspect and restore" {
	run cli snapshot save "$BATS_TEST_TMPDIR/a.snap"
	[ "$status" -eq 0 ]
	[[ $output =~ ^"Saved and verified snapshot to index "[0-9]+$ ]]
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/a.snap")" = 600 ]
	[ "$(ls "$BATS_TEST_TMPDIR")" = a.snap ]
	run cli snapshot inspect "$BATS_TEST_TMPDIR/a.snap"
	[ "$status" -eq 0 ]
	[[ ${lines[0]} =~ ^"ID           "[0-9]+-[0-9]+-[0-9]+$ ]]
	[ "${lines[4]}" = "Version      1" ]
	http PUT /v1/kv/later -d x
	http DELETE /v1/kv/first
	[ "$(cli snapshot restore "$BATS_TEST_TMPDIR/a.snap")" = "Restored snapshot" ]
	[ "$(http GET '/v1/kv/?keys' | jq -c 'map(select(. != "marker"))')" = \
		'["dir/second","first"]' ]
	[ "$(http GET '/v1/kv/first?raw')" = 1 ]
	http PUT /v1/kv/after -d x
}

@test "the endpoint: headers, chunks, an early end" {
	curl -sS -D "$BATS_TEST_TMPDIR/head" -o "$BATS_TEST_TMPDIR/b.snap" \
		"http://$(address):8500/v1/snapshot"
	grep -qi '^content-type: application/x-gzip' "$BATS_TEST_TMPDIR/head"
	grep -qi '^x-consul-index: [1-9]' "$BATS_TEST_TMPDIR/head"
	grep -qi '^x-consul-knownleader: true' "$BATS_TEST_TMPDIR/head"
	# With a length, in chunks, and after "100 Continue".
	http PUT /v1/snapshot -T "$BATS_TEST_TMPDIR/b.snap"
	http PUT /v1/snapshot -T - <"$BATS_TEST_TMPDIR/b.snap"
	http PUT /v1/snapshot -T "$BATS_TEST_TMPDIR/b.snap" \
		-H 'Expect: 100-continue'
	run curl -sS -X PUT "http://$(address):8500/v1/snapshot?stale" \
		-T "$BATS_TEST_TMPDIR/b.snap"
	[ "$output" = "stale not allowed for restore" ]
	run curl -sS "http://$(address):8500/v1/snapshot?dc=nowhere"
	[[ $output == *"No path to datacenter" ]]
	# Two requests on one connection: the body does not leak into the next.
	run curl -sS -X PUT -T "$BATS_TEST_TMPDIR/b.snap" \
		"http://$(address):8500/v1/snapshot" \
		--next -sS "http://$(address):8500/v1/kv/first?raw"
	[ "$output" = 1 ]
}

@test "blocking reads return when another state is restored" {
	local index
	index=$(curl -sS -D - -o /dev/null \
		"http://$(address):8500/v1/kv/first" |
		tr -d '\r' | sed -n 's/^X-Consul-Index: //Ip')
	http GET "/v1/kv/first?index=$index&wait=60s" \
		>"$BATS_TEST_TMPDIR/blocked" 3>&- &
	local reader=$!
	sleep 0.3
	cli snapshot restore "$BATS_FILE_TMPDIR/base.snap"
	wait "$reader"
	[ "$(jq -r '.[0].Key' "$BATS_TEST_TMPDIR/blocked")" = first ]
}

@test "what is cut, altered or no snapshot changes nothing" {
	local dir=$BATS_TEST_TMPDIR size
	size=$(stat -c %s "$BATS_FILE_TMPDIR/base.snap")
	: >"$dir/empty"
	refuses "$dir/empty" "failed to decompress snapshot: EOF"
	echo hello world >"$dir/text"
	refuses "$dir/text" "failed to decompress snapshot: gzip: invalid header"
	head -c $((size / 2)) "$BATS_FILE_TMPDIR/base.snap" >"$dir/half"
	refuses "$dir/half" "unexpected EOF"
	head -c $((size - 1)) "$BATS_FILE_TMPDIR/base.snap" >"$dir/one"
	refuses "$dir/one" "unexpected EOF"
	repack hash <<<'files["state.bin"] += b"x"'
	refuses "$dir/hash" 'hash check failed for "state.bin"'
	repack padded <<<'tar = pack() + b"\0" * 512'
	refuses "$dir/padded" "512 unread uncompressed bytes remain"
	repack more <<<'files["etc/passwd"] = b"x"'
	refuses "$dir/more" 'unexpected file "etc/passwd" in snapshot'
	repack none <<<'del files["SHA256SUMS"]'
	refuses "$dir/none" 'file missing for "meta.json"' ||
		refuses "$dir/none" 'file missing for "state.bin"'
}

@test "hostile archives: sizes that lie, a bomb, types that nobody knows" {
	local dir=$BATS_TEST_TMPDIR raftd
	repack huge <<-'EOF'
		info = tarfile.TarInfo("meta.json")
		info.size = 1 << 33
		tar = info.tobuf(tarfile.GNU_FORMAT) + b"\0" * 4096
	EOF
	refuses "$dir/huge" "it is larger than any real one"
	repack version <<-'EOF'
		files["meta.json"] = files["meta.json"].replace(b'"Version":1', b'"Version":9')
		files["SHA256SUMS"] = sums()
	EOF
	refuses "$dir/version" "unsupported snapshot version 9"
	repack size <<-'EOF'
		files["state.bin"] += b"\x02"
		files["SHA256SUMS"] = sums()
	EOF
	refuses "$dir/size" ")"
	repack unknown <<-'EOF'
		old = len(files["state.bin"])
		files["state.bin"] += b"\x63\x80"
		files["meta.json"] = files["meta.json"].replace(
		    b'"Size":%d' % old, b'"Size":%d' % (old + 2))
		files["SHA256SUMS"] = sums()
	EOF
	refuses "$dir/unknown" "Unrecognized msg type: 99"
	repack deep <<-'EOF'
		old = len(files["state.bin"])
		files["state.bin"] += b"\x02" + b"\x91" * 100000 + b"\xc0"
		files["meta.json"] = files["meta.json"].replace(
		    b'"Size":%d' % old, b'"Size":%d' % len(files["state.bin"]))
		files["SHA256SUMS"] = sums()
	EOF
	refuses "$dir/deep" "the snapshot is corrupt"
	# 200 MiB of zeros in 200 KiB: unpacked to the disk, and refused there.
	repack bomb <<-'EOF'
		files["state.bin"] = bytes(200 << 20)
		files["SHA256SUMS"] = sums()
	EOF
	raftd=$(daemon_pid one raftd)
	refuses "$dir/bomb" ")"
	[ "$(awk '/VmHWM/ { print $2 }' "/proc/$raftd/status")" -lt 60000 ]
	[ -z "$(find "$BATS_FILE_TMPDIR/one/raft/snapshots" -name '*.tmp')" ]
}

@test "first byte 5: answers to what is right, and to what is not" {
	local raftd
	raftd=$(daemon_pid one raftd)
	python3 - "$(address)" <<-'EOF'
		import os, socket, sys
		def ask(data, finish=True):
		    s = socket.create_connection((sys.argv[1], 8300))
		    s.settimeout(20)
		    out = b""
		    try:
		        s.sendall(b"\x05" + data)
		        if not finish:
		            return out
		        s.shutdown(socket.SHUT_WR)
		        while piece := s.recv(65536):
		            out += piece
		    except OSError as error: # closed before all was sent
		        assert not isinstance(error, TimeoutError)
		    finally:
		        s.close()
		    return out
		def raw(text):
		    return bytes([0xa0 | len(text)]) + text
		def request(op, stale=False, dc=b"dc1"):
		    return (b"\x84" + raw(b"AllowStale") + (b"\xc3" if stale else b"\xc2")
		            + raw(b"Datacenter") + raw(dc) + raw(b"Op") + bytes([op])
		            + raw(b"Token") + raw(b""))
		def expect(data, text):
		    out = ask(data)
		    assert text in out, (text, out[:200])
		expect(request(0), b"\x1f\x8b\x08")
		expect(request(0, dc=b"xx"), b"No path to datacenter")
		expect(request(7), b"unrecognized snapshot op")
		expect(request(1, True), b"stale not allowed for restore")
		expect(request(1), b"failed to decompress snapshot: EOF")
		expect(request(1) + b"garbage" * 9, b"gzip: invalid header")
		for bad in b"", b"\x91" * 70000, b"\xdb\x7f\xff\xff\xff" + b"a" * 200000:
		    assert ask(bad) == b"", bad[:9]
		for _ in range(40):
		    ask(request(0), False)
		    ask(request(1) + os.urandom(100000), False)
		expect(request(0), b"\x1f\x8b\x08")
	EOF
	[ "$(daemon_pid one raftd)" = "$raftd" ]
}

@test "the real Consul restores ours, and we restore its" {
	[ -n "$CONSUL_REAL" ] || skip "no real Consul here"
	local dir=$BATS_TEST_TMPDIR theirs
	theirs=$(address 7)
	http PUT /v1/catalog/register -d '{"Node":"n9","Address":"10.0.0.9",
		"Service":{"Service":"web","Port":80},
		"Check":{"Name":"up","Status":"passing"}}'
	http PUT /v1/kv/ours -d mine
	cli snapshot save "$dir/ours.snap"
	"$CONSUL_REAL" snapshot inspect "$dir/ours.snap" >"$dir/theirs.txt"
	cli snapshot inspect "$dir/ours.snap" | diff - "$dir/theirs.txt"

	"$CONSUL_REAL" agent -server -bootstrap -node=real -bind="$theirs" \
		-client="$theirs" -data-dir="$dir/real" >"$dir/real.log" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/real.pid"
	export CONSUL_HTTP_ADDR=$theirs:8500
	wait_until 30 "$CONSUL_REAL" kv put before restore
	"$CONSUL_REAL" snapshot restore "$dir/ours.snap"
	[ "$("$CONSUL_REAL" kv get ours)" = mine ]
	[ "$(curl -sS "http://$theirs:8500/v1/health/service/web?passing" |
		jq -r '.[0].Node.Node')" = n9 ]
	# A prepared query, there and back.
	curl -sSf -X POST "http://$theirs:8500/v1/query" \
		-d '{"Name":"q","Service":{"Service":"web"}}' >"$dir/query"
	"$CONSUL_REAL" kv put theirs yours
	"$PROCONSUL" snapshot save "$dir/theirs.snap"
	unset CONSUL_HTTP_ADDR

	"$CONSUL_REAL" snapshot restore -http-addr="$(address):8500" \
		"$dir/theirs.snap"
	[ "$(http GET '/v1/kv/theirs?raw')" = yours ]
	[ "$(http GET '/v1/kv/ours?raw')" = mine ]
	[ "$(http GET '/v1/health/service/web?passing' | jq length)" = 1 ]
	cli snapshot save "$dir/back.snap"
	"$CONSUL_REAL" snapshot restore -http-addr="$theirs:8500" "$dir/back.snap"
	[ "$(curl -sS "http://$theirs:8500/v1/query/$(jq -r .ID "$dir/query")" |
		jq -r '.[0].Name')" = q ]
	kill "$(cat "$BATS_FILE_TMPDIR/real.pid")"
	rm "$BATS_FILE_TMPDIR/real.pid"
	cli snapshot restore "$BATS_FILE_TMPDIR/base.snap"
}

@test "kill -9 in the middle of a restore: the old state or the new one" {
	local dir=$BATS_TEST_TMPDIR daemon n keys
	python3 -c 'import json
print(json.dumps([{"KV":{"Verb":"set","Key":"many/%d" % n,"Value":"YWJj"}} for n in range(64)]))' \
		>"$dir/txn"
	http PUT /v1/txn --data-binary "@$dir/txn" >/dev/null
	cli snapshot save "$dir/many.snap"
	for daemon in raftd catalogd httpd; do
		for n in 1 2 3; do
			cli snapshot restore "$BATS_FILE_TMPDIR/base.snap"
			cli snapshot restore "$dir/many.snap" >/dev/null 2>&1 3>&- &
			sleep "0.0$((n * 2))"
			kill -9 "$(daemon_pid one $daemon)"
			wait $! || true
			wait_until 20 http GET '/v1/kv/?keys'
			keys=$(http GET '/v1/kv/?keys' |
				jq 'map(select(startswith("many"))) | length')
			echo "$daemon $n: $keys"
			[ "$keys" -eq 0 ] || [ "$keys" -eq 64 ]
			wait_until 20 http PUT /v1/kv/goes/on -d x
		done
	done
}

@test "at followers and clients, of ours and of the real one" {
	local dir=$BATS_TEST_TMPDIR i api client=$PROCONSUL
	agents_stop
	for i in 11 12 13 14; do
		local role=()
		[ "$i" = 14 ] || role=(-server -bootstrap-expect=3)
		agent_launch "a$i" -node="a$i" -bind="$(address "$i")" \
			-client="$(address "$i")" -data-dir="$dir/a$i" \
			-retry-interval=1s -retry-join="$(address 11)" \
			-retry-join="$(address 12)" "${role[@]}"
	done
	if [ -n "$CONSUL_REAL" ]; then
		client=$CONSUL_REAL
		"$CONSUL_REAL" agent -node=a15 -bind="$(address 15)" \
			-client="$(address 15)" -data-dir="$dir/a15" \
			-retry-join="$(address 11)" >"$dir/a15.log" 2>&1 3>&- &
		echo $! >"$BATS_FILE_TMPDIR/a15.pid"
	fi
	wait_until 40 curl -sSf -m 5 -X PUT -d 1 \
		"http://$(address 14):8500/v1/kv/kept"
	for i in 11 12 13 14 15; do
		[ -e "$BATS_FILE_TMPDIR/a$i.pid" ] || continue
		api=$(address "$i"):8500
		wait_until 40 curl -sSf -m 5 "http://$api/v1/kv/kept"
		"$PROCONSUL" snapshot save -http-addr="$api" "$dir/$i.snap"
		"$client" snapshot inspect "$dir/$i.snap"
		curl -sSf -X PUT -d x "http://$api/v1/kv/gone"
		"$client" snapshot restore -http-addr="$api" "$dir/$i.snap"
		run curl -sS -m 10 "http://$api/v1/kv/?keys"
		[ "$output" = '["kept"]' ]
		head -c 300 "$dir/$i.snap" >"$dir/cut"
		run "$client" snapshot restore -http-addr="$api" "$dir/cut"
		[ "$status" -eq 1 ]
		[[ $output == *"unexpected EOF)" ]]
	done
	# Every server has it, and not by the leader's word alone.
	for i in 11 12 13; do
		api=$(address "$i"):8500
		run curl -sS "http://$api/v1/kv/?keys&stale"
		[ "$output" = '["kept"]' ]
		"$PROCONSUL" snapshot save -stale -http-addr="$api" "$dir/stale"
	done
	curl -sSf -X PUT -d x "http://$(address 14):8500/v1/kv/goes/on"
}
