#!/usr/bin/env python3
"""Record what a real Consul server does, for replay_test.c.

  capture.py CONSUL ADDRESS OUT [SEED] [WAIT_S]
  capture.py CONSUL ADDRESS OUT queries

Starts CONSUL as a server on ADDRESS (of 127/8), sends it 400 writes of a
mixture, and writes to OUT.log the entries of its Raft log and to OUT.state the
state.bin of a snapshot taken after them. With WAIT_S (over 900) it waits that
long before the snapshot, for tombstones to be reaped. `queries` sends another
mixture, of prepared queries.

OUT.log: per entry, index (u64), type of log entry (u8), size (u32), data; big
endian. The tests read the files kept beside this one and need no Consul.
"""
import gzip
import io
import json
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request

from mixture import Mixture
from query_mixture import QueryMixture

WRITES = 400


def ask_of(base):
    """A function that asks the agent at `base`."""
    def ask(method, path, body=None):
        data = body if isinstance(body, bytes) or body is None else \
            json.dumps(body).encode()
        request = urllib.request.Request(base + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
    return ask


# --- BoltDB, as far as it is needed: the pairs of one bucket. ---

def bolt_pairs(data, wanted):
    size = struct.unpack_from("<I", data, 16 + 8)[0]
    found = {}

    def leaves(base, flags, count, visit):
        for n in range(count):
            at = base + 16 + 16 * n
            if flags & 1:  # a branch
                page(struct.unpack_from("<Q", data, at + 8)[0], visit)
                continue
            kind, start, key, value = struct.unpack_from("<IIII", data, at)
            start += at
            visit(kind, data[start:start + key],
                  data[start + key:start + key + value])

    def page(number, visit):
        base = number * size
        _, flags, count, _ = struct.unpack_from("<QHHI", data, base)
        leaves(base, flags, count, visit)

    def bucket(kind, key, value):
        if kind & 1 and key == wanted:
            page(struct.unpack_from("<Q", value, 0)[0],
                 lambda _, k, v: found.update({k: v}))

    metas = []
    for base in (16, size + 16):
        metas.append((struct.unpack_from("<Q", data, base + 48)[0],
                      struct.unpack_from("<Q", data, base + 16)[0]))
    page(max(metas)[1], bucket)
    return found


def unpack(b, i=0):
    """msgpack, as far as entries of the log and the head of a snapshot go."""
    c = b[i]
    i += 1
    if c < 0x80:
        return c, i
    if 0x80 <= c < 0x90:
        pairs = {}
        for _ in range(c & 15):
            key, i = unpack(b, i)
            pairs[key], i = unpack(b, i)
        return pairs, i
    if 0xa0 <= c < 0xc0:
        n = c & 31
        return b[i:i + n], i + n
    if c == 0xc0:
        return None, i
    if c in (0xda, 0xdb):
        width = 2 if c == 0xda else 4
        n = int.from_bytes(b[i:i + width], "big")
        return b[i + width:i + width + n], i + width + n
    if 0xcc <= c <= 0xcf:
        n = 1 << (c - 0xcc)
        return int.from_bytes(b[i:i + n], "big"), i + n
    raise ValueError("msgpack byte %#x" % c)


def wait_for_server(ask):
    for _ in range(100):
        try:
            if json.loads(ask("GET", "/v1/health/node/s1")[1]):
                return
        except (OSError, ValueError):
            pass
        time.sleep(.2)
    sys.exit("no server")


def main():
    consul, address, out = sys.argv[1:4]
    is_queries = sys.argv[4:] == ["queries"]
    seed = int(sys.argv[4]) if len(sys.argv) > 4 and not is_queries else 1
    folder = tempfile.mkdtemp()
    ask = ask_of("http://%s:8500" % address)
    server = subprocess.Popen(
        [consul, "agent", "-server", "-bootstrap-expect=1", "-node=s1",
         "-data-dir=" + folder, "-bind=" + address, "-client=" + address,
         "-log-level=err"], stdout=subprocess.DEVNULL)
    try:
        wait_for_server(ask)
        mixture = QueryMixture(seed, ask) if is_queries else Mixture(
            seed, ask, ["n1", "n2", "N1", "n3", "db", "Web-4"], "s1")
        for _ in range(WRITES):
            mixture.step()
        time.sleep(int(sys.argv[5]) if len(sys.argv) > 5 else 0)
        archive = gzip.decompress(ask("GET", "/v1/snapshot")[1])
    finally:
        server.terminate()
        server.wait()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        state = tar.extractfile("state.bin").read()
    with open(folder + "/raft/raft.db", "rb") as file:
        pairs = bolt_pairs(file.read(), b"logs")
    shutil.rmtree(folder)
    last = unpack(state)[0][b"LastIndex"]
    with open(out + ".log", "wb") as file:
        for key in sorted(pairs):
            entry = unpack(pairs[key])[0]
            data = entry[b"Data"] or b""
            if entry[b"Index"] <= last:
                file.write(struct.pack(">QBI", entry[b"Index"],
                                       entry[b"Type"], len(data)) + data)
    with open(out + ".state", "wb") as file:
        file.write(state)
    print("index %d, %d entries, %d bytes of state" % (
        last, len(pairs), len(state)))


main()
