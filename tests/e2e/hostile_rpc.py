#!/usr/bin/env python3
"""What strangers may send to port 8300: hostile_rpc.py ADDRESS CASE.

Each case talks to a running server and ends with status 0 if it was treated as
it should be: dropped, closed, or answered; never waited for, never believed.
"""
import socket
import struct
import sys
import threading
import time

PORT = 8300
PATIENCE = 20


def connect(address, first=b""):
    conn = socket.create_connection((address, PORT), timeout=PATIENCE)
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if first:
        conn.sendall(first)
    return conn


def is_closed(conn, patience=PATIENCE):
    """The other side ends it; what it says before does not matter."""
    conn.settimeout(patience)
    try:
        while conn.recv(65536):
            pass
    except socket.timeout:
        return False
    except OSError:
        return True
    return True


def send_all(conn, data):
    try:
        conn.sendall(data)
    except OSError:
        pass  # it was closed meanwhile, as it should be


def frame(kind, flags, stream, number, data=b""):
    return struct.pack(">BBHII", 0, kind, flags, stream, number) + data


DATA, WINDOW, PING, GO_AWAY = 0, 1, 2, 3
SYN, ACK, FIN, RST = 1, 2, 4, 8


def raw(text):
    return b"\xdb" + struct.pack(">I", len(text)) + text


def ping_call(seq=1, method=b"Status.Ping"):
    head = b"\x82\xa3Seq" + bytes([seq]) + b"\xadServiceMethod" + raw(method)
    return head + b"\x80"


def answers(address):
    """A call through a stream of a good connection is answered."""
    conn = connect(address, b"\x04")
    body = ping_call()
    conn.sendall(frame(WINDOW, SYN, 1, 0) +
                 frame(DATA, 0, 1, len(body), body))
    conn.settimeout(PATIENCE)
    got = b""
    while b"Status.Ping" not in got:
        more = conn.recv(65536)
        if not more:
            return False
        got += more
    conn.close()
    return True


# --- Cases. ---


def wrong_first_bytes(address):
    for first in list(range(6, 256)) + [2, 3]:
        assert is_closed(connect(address, bytes([first]))), first


def tls(address):
    hello = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"
    for first in (b"\x03" + hello, b"\x07" + hello, hello):
        assert is_closed(connect(address, first))


def slow(address):
    begun = time.monotonic()
    assert is_closed(connect(address))
    assert 3 < time.monotonic() - begun < 15


def too_many(address):
    """More than limits.rpc_max_conns_per_client of one address."""
    held = [connect(address, b"\x04") for _ in range(90)]
    time.sleep(0.5)
    more = [connect(address, b"\x04") for _ in range(40)]
    refused = sum(is_closed(one, 2) for one in more[20:])
    assert refused >= 15, refused
    for one in held + more:
        one.close()
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:  # room again
        try:
            if answers(address):
                return
        except OSError:
            time.sleep(0.1)
    assert False, "no room again"


def broken_frames(address):
    frames = [
        b"\x01" + frame(DATA, SYN, 1, 0)[1:],  # another version
        frame(9, 0, 0, 0),  # unknown type
        frame(DATA, SYN, 2, 0),  # our own number
        frame(DATA, SYN, 0, 0),
        frame(DATA, SYN, 1, 0) * 2,  # the same twice
        frame(DATA, SYN, 1, 300 * 1024, b"x" * 1000),  # beyond the window
        frame(WINDOW, SYN, 1, 0) + frame(WINDOW, 0, 1, 0xffffffff),
    ]
    for one in frames:
        conn = connect(address, b"\x04")
        send_all(conn, one)
        assert is_closed(conn), one[:12]


def cut_frames(address):
    whole = frame(WINDOW, SYN, 1, 0) + frame(DATA, 0, 1, 60, ping_call())
    for size in range(len(whole)):
        conn = connect(address, b"\x04" + whole[:size])
        conn.close()


def many_streams(address):
    """100,000 of them, none of which is ended."""
    conn = connect(address, b"\x04")
    done = threading.Event()

    def read():
        conn.settimeout(1)
        while not done.is_set():
            try:
                if not conn.recv(1 << 20):
                    return
            except socket.timeout:
                pass
            except OSError:
                return

    thread = threading.Thread(target=read)
    thread.start()
    for first in range(0, 100000, 1000):
        send_all(conn, b"".join(frame(WINDOW, SYN, 2 * n + 1, 0)
                                for n in range(first, first + 1000)))
    done.set()
    thread.join()
    conn.close()


def unread_pongs(address):
    """Pings without end, whose answers nobody reads."""
    conn = connect(address, b"\x04")
    conn.settimeout(3)
    pings = frame(PING, SYN, 0, 7) * 10000
    sent = 0
    try:
        while sent < 200 * 1024 * 1024:
            sent += conn.send(pings)
    except OSError:
        pass
    assert sent < 100 * 1024 * 1024, sent
    assert answers(address)
    conn.close()


def half_calls(address):
    """Bodies that go on until they are larger than any may be."""
    held = []
    for _ in range(10):
        conn = connect(address, b"\x00")
        conn.settimeout(5)
        head = b"\x82\xa3Seq\x01\xadServiceMethod" + raw(b"KVS.Apply")
        send_all(conn, head + b"\x81\xa1a\xdb\xff\xff\xff\xff")
        send_all(conn, b"x" * (9 * 1024 * 1024))
        held.append(conn)
    assert all(is_closed(one) for one in held)


def deep(address):
    for first in (b"\x00", b"\x01\x00"):
        conn = connect(address, first)
        send_all(conn, b"\x81\xa1a" * 1000000)
        assert is_closed(conn)


def raft_requests(address):
    wild = [
        b"\x00\xdf\xff\xff\xff\xff" + b"\xa1a\xc0" * 1000,  # map of 2^32
        b"\x00\x81\xa7Entries\xdd\xff\xff\xff\xff",  # list of 2^32
        b"\x00\x81\xa4Term\xa1x",  # text for a number
        b"\x02\x81\xa4Size\xd3\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x07\x80",  # unknown request
        b"\x00\xc1",
    ]
    for one in wild:
        conn = connect(address, b"\x01" + one)
        conn.shutdown(socket.SHUT_WR)
        assert is_closed(conn), one


def raft_large(address):
    """A request that never ends, on several connections."""
    held = []
    for _ in range(4):
        conn = connect(address, b"\x01\x00\x81\xa7Entries\xdd\x00\xff\xff\xff")
        conn.settimeout(10)
        send_all(conn, (b"\xdb\x00\x10\x00\x00" + b"x" * 0x100000) * 66)
        held.append(conn)
    assert all(is_closed(one) for one in held)


def noise(address):
    state = 12345
    for first in (b"\x00", b"\x01", b"\x04", b"\x05"):
        for _ in range(50):
            data = bytearray()
            for _ in range(200):
                state = (state * 1103515245 + 12345) & 0x7fffffff
                data.append(state >> 16 & 0xff)
            conn = connect(address, first + bytes(data))
            conn.close()


def good(address):
    assert answers(address)


CASES = {one.__name__: one for one in (
    wrong_first_bytes, tls, slow, too_many, broken_frames, cut_frames,
    many_streams, unread_pongs, half_calls, deep, raft_requests, raft_large,
    noise, good)}

if __name__ == "__main__":
    CASES[sys.argv[2]](sys.argv[1])
