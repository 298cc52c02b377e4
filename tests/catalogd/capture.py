#!/usr/bin/env python3
"""Record what a real Consul server does, for replay_test.c.

  capture.py CONSUL ADDRESS OUT [SEED] [REAP_WAIT_S]

Starts CONSUL as a server on ADDRESS (of 127/8), sends it a seeded mixture of
writes, right and wrong ones, and writes to OUT.log the entries of its Raft log
and to OUT.state the state.bin of a snapshot taken after them. With REAP_WAIT_S
(over 900) it waits for tombstones to be reaped first.

OUT.log: per entry, index (u64), type of log entry (u8), size (u32), data; big
endian. Not needed for the tests: they read the files kept beside this one.
"""
import gzip, io, json, os, random, shutil, struct, subprocess, sys, tarfile
import tempfile, time, urllib.request, urllib.error

consul, address, out = sys.argv[1:4]
seed = int(sys.argv[4]) if len(sys.argv) > 4 else 1
reap_wait = int(sys.argv[5]) if len(sys.argv) > 5 else 0
rng = random.Random(seed)
base = 'http://%s:8500' % address


def ask(method, path, body=None):
    data = body if isinstance(body, bytes) else (
        json.dumps(body).encode() if body is not None else None)
    q = urllib.request.Request(base + path, data=data, method=method)
    try:
        with urllib.request.urlopen(q, timeout=30) as r:
            return r.status, r.read(), dict(r.headers)
    except urllib.error.HTTPError as e:
        return e.code, e.read(), dict(e.headers)


# --- BoltDB: one bucket "logs", key u64 -> msgpack of a log entry. ---
def bolt_pairs(data, want):
    size = struct.unpack_from('<I', data, 16 + 8)[0]

    def page(i):
        at = i * size
        _, flags, count, _ = struct.unpack_from('<QHHI', data, at)
        return at, flags, count

    def walk(at, flags, count, visit):
        for n in range(count):
            e = at + 16 + 16 * n
            if flags & 1:                       # branch
                child = struct.unpack_from('<Q', data, e + 8)[0]
                walk(*page(child), visit)
            else:                               # leaf
                kind, pos, ks, vs = struct.unpack_from('<IIII', data, e)
                k = data[e + pos:e + pos + ks]
                v = data[e + pos + ks:e + pos + ks + vs]
                visit(kind, k, v)

    metas = []
    for i in (0, 1):
        at = i * size + 16
        root, = struct.unpack_from('<Q', data, at + 16)
        txid, = struct.unpack_from('<Q', data, at + 48)
        metas.append((txid, root))
    found = {}

    def bucket(kind, k, v):
        if kind & 1 and k == want:
            root, = struct.unpack_from('<Q', v, 0)
            if root == 0:                       # inline
                at = 16
                inline = v[at:]
                _, flags, count, _ = struct.unpack_from('<QHHI', inline, 0)
                for n in range(count):
                    e = 16 + 16 * n
                    _, pos, ks, vs = struct.unpack_from('<IIII', inline, e)
                    found[inline[e + pos:e + pos + ks]] = \
                        inline[e + pos + ks:e + pos + ks + vs]
            else:
                walk(*page(root), lambda kd, kk, vv: found.update({kk: vv}))

    walk(*page(max(metas)[1]), bucket)
    return found


def unpack(b, i=0):
    c = b[i]; i += 1
    if c < 0x80: return c, i
    if 0x80 <= c < 0x90:
        d = {}
        for _ in range(c & 15):
            k, i = unpack(b, i); v, i = unpack(b, i); d[k] = v
        return d, i
    if 0xa0 <= c < 0xc0: n = c & 31; return b[i:i + n], i + n
    if c == 0xc0: return None, i
    if c in (0xda, 0xc5): n = int.from_bytes(b[i:i + 2], 'big'); return b[i + 2:i + 2 + n], i + 2 + n
    if c in (0xdb, 0xc6): n = int.from_bytes(b[i:i + 4], 'big'); return b[i + 4:i + 4 + n], i + 4 + n
    if c in (0xd9, 0xc4): n = b[i]; return b[i + 1:i + 1 + n], i + 1 + n
    if 0xcc <= c <= 0xcf: n = 1 << (c - 0xcc); return int.from_bytes(b[i:i + n], 'big'), i + n
    raise ValueError(hex(c))


# --- The mixture. ---
uuids = ['%08x-1111-2222-3333-%012x' % (i, i * 7919) for i in range(4)]
nodes = ['n1', 'n2', 'N1', 'n3', 'db', 'Web-4']
names = ['web', 'api', 'db', 'Web']
keys = ['a', 'b', 'dir/', 'dir/x', 'dir/y/z', 'dir2/k', 'lock/1', 'lock/2']
sessions = []
checks = ['c1', 'c2', 'C1', 'serfHealth', 'mem']


def pick(xs): return rng.choice(xs)
def maybe(p): return rng.random() < p


def service():
    s = {'Service': pick(names)}
    if maybe(.7): s['ID'] = pick(['web1', 'web2', 'api1', 'WEB1'])
    if maybe(.5): s['Tags'] = pick([[], ['a'], ['a', 'b'], ['b', 'a']])
    if maybe(.5): s['Port'] = pick([80, 8080, 0])
    if maybe(.3): s['Address'] = pick(['10.0.0.1', '10.0.0.2', '0.0.0.0', ''])
    if maybe(.3): s['Meta'] = pick([{}, {'a': 'b'}, {'a': 'b', 'c': 'd'}, {'': 'x'}, {'consul-x': '1'}, {'a b': 'c'}])
    if maybe(.2): s['Weights'] = pick([{'Passing': 5, 'Warning': 2}, {'Passing': 0, 'Warning': 0}, {'Passing': 1, 'Warning': 1}])
    if maybe(.2): s['EnableTagOverride'] = True
    if maybe(.2): s['TaggedAddresses'] = pick([{}, {'lan': {'Address': '1.1.1.1', 'Port': 9}}, {'lan': {'Address': '1.1.1.1', 'Port': 9}, 'wan': {'Address': '2.2.2.2', 'Port': 8}}])
    if maybe(.1): s['Kind'] = 'connect-proxy'; s['Proxy'] = {'DestinationServiceName': 'web', 'Config': {'x': 1}}
    if maybe(.1): s['Connect'] = {'Native': True}
    return s


def check(node=None):
    c = {'Name': pick(checks), 'Status': pick(['passing', 'passing', 'warning', 'critical', ''])}
    if maybe(.5): c['CheckID'] = c['Name']
    if maybe(.4): c['ServiceID'] = pick(['web1', 'web2', 'api1', 'web'])
    if maybe(.3): c['Output'] = pick(['ok', 'bad'])
    if maybe(.2): c['Notes'] = 'note'
    if maybe(.1): c['Node'] = pick(nodes)
    if maybe(.2): c['Definition'] = pick([{'HTTP': 'http://x', 'Interval': '10s'}, {'TCP': '1.1.1.1:1', 'Interval': '5s', 'Timeout': '1s'}, {'HTTP': 'http://x', 'Header': {'a': ['b', 'c']}}])
    return c


def register():
    r = {'Node': pick(nodes), 'Address': pick(['10.1.1.1', '10.1.1.2'])}
    if maybe(.3): r['ID'] = pick(uuids)
    if maybe(.2): r['NodeMeta'] = pick([{}, {'m': '1'}, {'m': '1', 'n': '2'}])
    if maybe(.2): r['TaggedAddresses'] = pick([{}, {'wan': '9.9.9.9'}, {'wan': '9.9.9.9', 'lan': '8.8.8.8'}])
    if maybe(.3): r['SkipNodeUpdate'] = True
    if maybe(.6): r['Service'] = service()
    if maybe(.3): r['Check'] = check()
    if maybe(.3): r['Checks'] = [check() for _ in range(rng.randint(1, 3))]
    return ask('PUT', '/v1/catalog/register', r)


def deregister():
    r = {'Node': pick(nodes)}
    if maybe(.5): r['ServiceID'] = pick(['web1', 'web2', 'api1', 'web', 'api'])
    elif maybe(.8): r['CheckID'] = pick(checks)
    return ask('PUT', '/v1/catalog/deregister', r)


def key_write():
    k = pick(keys)
    how = rng.randint(0, 7)
    body = pick([b'', b'v1', b'v2', b'v3'])
    if how <= 2: return ask('PUT', '/v1/kv/%s%s' % (k, pick(['', '?flags=7'])), body)
    if how == 3:
        status, got, headers = ask('GET', '/v1/kv/' + k)
        i = json.loads(got)[0]['ModifyIndex'] if status == 200 else 0
        return ask('PUT', '/v1/kv/%s?cas=%d' % (k, pick([i, i, 0, 5])), body)
    s = pick(sessions + ['bad', uuids[0]]) if sessions else uuids[0]
    k = pick(['lock/1', 'lock/2', 'a'])
    if how == 4 or how == 5: return ask('PUT', '/v1/kv/%s?acquire=%s' % (k, s), body)
    if how == 6: return ask('PUT', '/v1/kv/%s?release=%s' % (k, s), body)
    return ask('PUT', '/v1/kv/' + k, body)


def key_delete():
    if maybe(.2): return ask('DELETE', '/v1/kv/%s?recurse' % pick(['dir', 'dir/', 'nothing', 'lock', '']))
    if maybe(.3): return ask('DELETE', '/v1/kv/%s?cas=%d' % (pick(keys), rng.randint(0, 60)))
    return ask('DELETE', '/v1/kv/' + pick(keys))


def session():
    if sessions and maybe(.4):
        s = pick(sessions)
        if maybe(.7): sessions.remove(s)
        return ask('PUT', '/v1/session/destroy/' + s)
    b = {'Node': pick(nodes + ['s1']), 'LockDelay': '0s', 'Behavior': pick(['', 'release', 'delete'])}
    if b['Node'] != 's1': b['NodeChecks'] = pick([[], ['c1'], ['mem', 'c1']]); b['Checks'] = []
    if maybe(.2): b['ServiceChecks'] = [{'ID': 'c2'}]
    if maybe(.3): b['TTL'] = '3600s'
    if maybe(.3): b['Name'] = 'job'
    r = ask('PUT', '/v1/session/create', b)
    if r[0] == 200: sessions.append(json.loads(r[1])['ID'])
    return r


def operation():
    kind = rng.randint(0, 9)
    if kind <= 5:
        kv = {'Verb': pick(['set', 'set', 'get', 'get-tree', 'cas', 'delete', 'delete-tree', 'delete-cas', 'lock', 'unlock', 'check-index', 'check-session', 'check-not-exists', 'zzz'] if maybe(.5) else ['set', 'delete', 'get-tree']), 'Key': pick(keys)}
        if maybe(.7): kv['Value'] = 'dmFs'
        if maybe(.3): kv['Index'] = rng.randint(0, 80)
        if sessions and maybe(.4): kv['Session'] = pick(sessions)
        return {'KV': kv}
    verb = pick(['set', 'set', 'set', 'cas', 'get', 'delete', 'delete-cas'] if maybe(.4) else ['set'])
    index = rng.randint(0, 3) * 20
    if kind <= 7: return {'Node': {'Verb': verb, 'Node': {'Node': pick(nodes), 'Address': '10.2.2.2', 'ID': pick(uuids) if maybe(.2) else '', 'Datacenter': 'dc1', 'ModifyIndex': index}}}
    if kind == 8: return {'Service': {'Verb': verb, 'Node': pick(nodes), 'Service': {'ID': pick(['web1', 'api1']), 'Service': pick(names), 'Port': pick([1, 2]), 'ModifyIndex': index}}}
    return {'Check': {'Verb': verb, 'Check': {'Node': pick(nodes), 'CheckID': pick(checks), 'Name': 'x', 'Status': pick(['passing', 'critical']), 'ServiceID': pick(['', '', 'web1']), 'ModifyIndex': index}}}


def transaction():
    return ask('PUT', '/v1/txn', [operation() for _ in range(rng.randint(1, 5))])


ops = [register] * 8 + [deregister] * 4 + [key_write] * 8 + [key_delete] * 3 + [session] * 4 + [transaction] * 6

folder = tempfile.mkdtemp()
server = subprocess.Popen(
    [consul, 'agent', '-server', '-bootstrap-expect=1', '-data-dir=' + folder, '-node=s1',
     '-bind=' + address, '-client=' + address, '-log-level=err'],
    stdout=subprocess.DEVNULL)
try:
    for _ in range(100):
        try:
            if ask('GET', '/v1/status/leader')[1] not in (b'""', b'') and \
               json.loads(ask('GET', '/v1/health/node/s1')[1]):
                break
        except OSError:
            pass
        time.sleep(.2)
    tally = {}
    # Before anything else is taken up: a session per node needs its checks.
    for n in range(400):
        op = pick(ops)
        r = op()
        tally[(op.__name__, r[0])] = tally.get((op.__name__, r[0]), 0) + 1
    print(tally)
    if reap_wait:
        time.sleep(reap_wait)
    archive = ask('GET', '/v1/snapshot')[1]
    tar = tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive)))
    state = tar.extractfile('state.bin').read()
finally:
    server.terminate()
    server.wait()
header, _ = unpack(state)
last = header[b'LastIndex']
with open(folder + '/raft/raft.db', 'rb') as f:
    pairs = bolt_pairs(f.read(), b'logs')
with open(out + '.log', 'wb') as f:
    for k in sorted(pairs):
        entry, _ = unpack(pairs[k])
        if entry[b'Index'] <= last:
            data = entry[b'Data'] or b''
            f.write(struct.pack('>QBI', entry[b'Index'], entry[b'Type'], len(data)) + data)
with open(out + '.state', 'wb') as f:
    f.write(state)
shutil.rmtree(folder)
print(last, len(pairs), len(state))
