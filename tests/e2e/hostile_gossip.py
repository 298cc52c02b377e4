#!/usr/bin/env python3
"""What a stranger may send to port 8301 (wire/gossip.md), and what he must not
reach by it.

    hostile_gossip.py ADDRESS ATTACK [KEY]

Each attack ends with a line of what was done, and status 1 where the agent
did something that it should not.
"""
import base64
import ctypes
import ctypes.util
import json
import os
import random
import select
import socket
import struct
import sys
import time
import urllib.request
import uuid
import zlib

PORT = 8301
PING, ALIVE, DEAD, PUSH_PULL, COMPOUND, USER, COMPRESS = 0, 4, 5, 6, 7, 8, 9
ENCRYPT, HAS_CRC, ERROR = 10, 12, 13
STREAMS_MAX = 128

host, attack = sys.argv[1], sys.argv[2]
key = base64.b64decode(sys.argv[3]) if len(sys.argv) > 3 else None
chance = random.Random(8301)


def expect(holds, what):
    if not holds:
        sys.exit("not so: " + what)


# --- The wire. ---


def pack(value):
    if value is None:
        return b"\xc0"
    if value is True or value is False:
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        if value < 128:
            return bytes([value])
        return b"\xcf" + struct.pack(">Q", value)
    if isinstance(value, (str, bytes)):
        raw = value.encode() if isinstance(value, str) else value
        if len(raw) < 32:
            return bytes([0xA0 + len(raw)]) + raw
        return b"\xdb" + struct.pack(">I", len(raw)) + raw
    if isinstance(value, list):
        return b"\xdd" + struct.pack(">I", len(value)) + b"".join(map(pack, value))
    pairs = sorted(value.items())
    return b"\xde" + struct.pack(">H", len(pairs)) + b"".join(
        pack(k) + pack(v) for k, v in pairs)


def message(kind, fields):
    return bytes([kind]) + pack(fields)


class Codes:
    """Codes of 9 to 12 bits, least significant bit first, as LZW writes them."""

    def __init__(self):
        self.bits, self.held, self.free, self.width, self.out = 0, 0, 257, 9, bytearray()

    def raw(self, code):
        self.bits |= code << self.held
        self.held += self.width
        while self.held >= 8:
            self.out.append(self.bits & 255)
            self.bits >>= 8
            self.held -= 8

    def put(self, code):
        """The entry that it makes; None: the table is full, and begins anew."""
        self.raw(code)
        self.free += 1
        if self.free >= 1 << self.width and self.width < 12:
            self.width += 1
        if self.free < 4095:
            return self.free
        self.raw(256)
        self.free, self.width = 257, 9
        return None

    def end(self):
        self.raw(257)
        return bytes(self.out) + (bytes([self.bits & 255]) if self.held else b"")


def lzw(data):
    codes, table, word = Codes(), {bytes([i]): i for i in range(256)}, b""
    for at in range(len(data)):
        longer = word + data[at:at + 1]
        if longer not in table:
            entry = codes.put(table[word])
            table[longer] = entry
            if entry is None:
                table = {bytes([i]): i for i in range(256)}
            longer = data[at:at + 1]
        word = longer
    codes.put(table[word])
    return codes.end()


def lzw_of_zeros(size):
    """At least so many: each code stands for one zero more than the last."""
    codes, code, length = Codes(), 0, 1
    while size > 0:
        size -= length
        code = codes.put(code)
        length += 1
        if code is None:
            code, length = 0, 1
    return codes.end()


def compress(data):
    return message(COMPRESS, {"Algo": 0, "Buf": lzw(data)})


def compound(parts):
    return bytes([COMPOUND, len(parts)]) + b"".join(
        struct.pack(">H", len(p)) for p in parts) + b"".join(parts)


def seal(with_key, plain, head=b""):
    """AES-GCM, version 1, by the library that the agent has too."""
    crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
    for name in ("EVP_CIPHER_CTX_new", "EVP_aes_128_gcm"):
        getattr(crypto, name).restype = ctypes.c_void_p
    context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    nonce, size = os.urandom(12), ctypes.c_int()
    out, tag = ctypes.create_string_buffer(len(plain) + 16), ctypes.create_string_buffer(16)
    crypto.EVP_EncryptInit_ex(context, ctypes.c_void_p(crypto.EVP_aes_128_gcm()), None,
                              with_key, nonce)
    if head:
        crypto.EVP_EncryptUpdate(context, None, ctypes.byref(size), head, len(head))
    crypto.EVP_EncryptUpdate(context, out, ctypes.byref(size), plain, len(plain))
    sealed = out.raw[:size.value]
    crypto.EVP_EncryptFinal_ex(context, out, ctypes.byref(size))
    crypto.EVP_CIPHER_CTX_ctrl(context, 0x10, 16, tag)
    crypto.EVP_CIPHER_CTX_free(context)
    return b"\x01" + nonce + sealed + tag.raw


def push_pull(nodes=None, is_join=False, user=None):
    if nodes is None:
        nodes = [{"Addr": socket.inet_aton(host), "Incarnation": 1, "Meta": b"",
                  "Name": "stranger", "Port": 1, "State": 2,
                  "Vsn": bytes([1, 5, 2, 2, 5, 4])}]
    if user is None:
        user = message(2, {"EventLTime": 1, "Events": [], "LTime": 1,
                           "LeftMembers": [], "QueryLTime": 1, "StatusLTimes": {}})
    return message(PUSH_PULL, {"Join": is_join, "Nodes": len(nodes),
                               "UserStateLen": len(user)}) + b"".join(
                                   map(pack, nodes)) + user


udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind((host, 0))
sent = 0


def send(packet):
    global sent
    udp.sendto(packet, (host, PORT))
    sent += 1
    if sent % 32 == 0:  # the socket's buffer is no part of the question
        time.sleep(0.005)


def ping(sequence, wrap=lambda packet: packet):
    """Whether a ping is answered."""
    me = udp.getsockname()
    send(wrap(message(PING, {"Node": "", "SeqNo": sequence,
                             "SourceAddr": socket.inet_aton(me[0]), "SourceNode": "x",
                             "SourcePort": me[1]})))
    return bool(select.select([udp], [], [], 2)[0])


def dial():
    stream = socket.create_connection((host, PORT), timeout=20)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


def answer_of(stream):
    """All that comes, until it is closed."""
    answer = b""
    try:
        while True:
            piece = stream.recv(65536)
            if not piece:
                return answer
            answer += piece
    except ConnectionError:
        return answer


def ask(data):
    stream = dial()
    try:
        stream.sendall(data)
    except ConnectionError:
        pass
    answer = answer_of(stream)
    stream.close()
    return answer


# --- The agent's own word. ---


def stats(section):
    with urllib.request.urlopen(f"http://{host}:8500/v1/agent/self", timeout=20) as reply:
        return {k: int(v) for k, v in json.load(reply)["Stats"][section].items()
                if v.isdigit()}


def drops():
    figures = stats("gossip_lan")
    return sum(figures[name] for name in ("malformed", "refused", "streams_over_limit"))


def expect_drops(before, least, what):
    end = time.time() + 20
    while drops() - before < least and time.time() < end:
        time.sleep(0.1)
    expect(drops() - before >= least,
           f"{what}: at least {least} counted, but {drops() - before}")


# --- Attacks by packet. ---


def good_packets():
    alive = message(ALIVE, {"Addr": socket.inet_aton(host), "Incarnation": 1, "Meta": b"m",
                            "Node": "nobody", "Port": 1, "Vsn": bytes([1, 5, 2, 2, 5, 9])})
    dead = message(DEAD, {"From": "x", "Incarnation": 1, "Node": "nobody"})
    intent = bytes([USER, 1]) + pack({"LTime": 1, "Node": "nobody"})
    body = compound([alive, dead, intent])
    return [alive, dead, intent, body, compress(body),
            bytes([HAS_CRC]) + struct.pack(">I", zlib.crc32(body)) + body]


def cut():
    before, count = drops(), 0
    for packet in good_packets():
        for size in range(len(packet)):
            send(packet[:size])
            count += 1
    expect_drops(before, count // 4, "cut packets")
    expect(ping(1), "a ping is answered after them")


def noise():
    before = drops()
    for packet in good_packets() * 20:
        worse = bytearray(packet)
        for _ in range(chance.randint(1, 6)):
            worse[chance.randrange(len(worse))] = chance.randrange(256)
        send(bytes(worse))
    for _ in range(600):
        send(chance.randbytes(chance.randint(1, 1400)))
    expect_drops(before, 300, "noise")
    expect(ping(2), "a ping is answered after it")


def oversized():
    before = drops()
    for packet in (b"\x04" + b"\xdf" + b"\xff" * 4, b"\x04\xdb\xff\xff\xff\xff",
                   message(ALIVE, {"Node": "n" * 60000}),
                   message(ALIVE, {"Node": "n" * 200, "Addr": b"1" * 5, "Meta": b"m" * 4000,
                                   "Vsn": b"v" * 400, "Port": 1 << 40, "Incarnation": 1 << 60}),
                   bytes([COMPOUND, 255]) + b"\xff" * 65000,
                   bytes([USER, 3]) + pack({"Name": "n" * 30000, "Payload": b"p" * 30000})):
        send(packet)
    expect_drops(before, 5, "oversized packets")
    for data in (b"\x06\x83\xa4Join\xc2\xa5Nodes\xce\xff\xff\xff\xff\xacUserStateLen\x00",
                 b"\x06\x83\xa4Join\xc2\xa5Nodes\x00\xacUserStateLen\xce\x7f\xff\xff\xff",
                 b"\x0a\x7f\xff\xff\xff" + b"x" * 1000,
                 b"\x06\xdb\x7f\xff\xff\xff" + b"x" * 1000):
        answer = ask(data)
        expect(answer[:1] in (b"", bytes([ERROR])), f"refused, but {answer[:20]!r}")
    expect(ping(3), "a ping is answered after them")


def deep():
    before, packet = drops(), message(PING, {"Node": "", "SeqNo": 1})
    for _ in range(40):
        packet = compound([packet]) if len(packet) < 1000 else compress(packet)
    send(packet)
    send(b"\x04" + b"\x91" * 60000)
    send(b"\x04\x81\xa4Addr" + b"\x81\xa1x" * 15000)
    expect_drops(before, 3, "deep packets")
    for data in (b"\x06" + b"\x91" * 100000, b"\x06\x81\xa4Join" + b"\x81\xa1x" * 50000):
        ask(data + b"\xc0" * 100000)
    expect(ping(4), "a ping is answered after them")


def bombs():
    before = drops()
    large = lzw_of_zeros(48 << 20)  # the limit is 40 MiB
    for data in (message(COMPRESS, {"Algo": 0, "Buf": large}),
                 message(COMPRESS, {"Algo": 7, "Buf": large[:100]}),
                 compress(b"\x06" + b"\x91" * (1 << 20))):
        answer = ask(data)
        expect(answer[:1] in (b"", bytes([ERROR])), f"refused, but {answer[:20]!r}")
    for size in (1 << 20, 30 << 20, 60 << 20):  # a packet's limit is 256 KiB
        packet = message(COMPRESS, {"Algo": 0, "Buf": lzw_of_zeros(size)})
        expect(len(packet) < 65000, "it fits into a packet")
        for _ in range(20):
            send(packet)
    expect_drops(before, 40, "bombs")
    expect(ping(5), "a ping is answered after them")


# --- Attacks by stream. ---


def crowd():
    """200 push/pulls at once: 128 are served, and the others refused at once."""
    before = stats("gossip_lan")["streams_over_limit"]
    data = push_pull()
    streams = [dial() for _ in range(200)]
    for stream in streams:
        try:
            stream.sendall(data[:-1])
        except ConnectionError:
            pass
    end = time.time() + 20
    while stats("gossip_lan")["streams_over_limit"] - before < 200 - STREAMS_MAX:
        expect(time.time() < end, "72 of 200 streams are over the limit")
        time.sleep(0.1)
    served = 0
    for stream in streams:
        try:
            stream.sendall(data[-1:])
        except ConnectionError:
            continue
        served += len(answer_of(stream)) > 0
        stream.close()
    expect(served <= STREAMS_MAX, f"at most {STREAMS_MAX} served, but {served}")
    expect(served >= STREAMS_MAX - 8, f"most of {STREAMS_MAX} served, but {served}")
    expect(len(ask(data)) > 0, "one is served after them")
    print(f"{served} of 200 served")


def greedy():
    """100 MiB in 100 streams: they may hold 64 together, and some are refused."""
    before = stats("gossip_lan")["streams_over_limit"]
    streams = [dial() for _ in range(100)]
    head = b"\x06\x83\xa4Join\xc2\xa5Nodes\x00\xacUserStateLen\xce\x01\x30\x00\x00"
    for stream in streams:
        try:
            stream.sendall(head + bytes(1 << 20))
        except ConnectionError:
            pass
    end = time.time() + 20
    while stats("gossip_lan")["streams_over_limit"] == before:
        expect(time.time() < end, "one stream at least is over the limit")
        time.sleep(0.1)
    for stream in streams:
        stream.close()
    expect(len(ask(push_pull())) > 0, "one is served after them")


def slow():
    """A byte now and then keeps no stream for longer than tcp_timeout, 10 s."""
    stream, data, begun = dial(), push_pull(), time.time()
    try:
        for at in range(len(data) - 1):
            stream.sendall(data[at:at + 1])
            if select.select([stream], [], [], 0.5)[0]:
                break
            expect(time.time() - begun < 30, "a slow stream is closed")
    except ConnectionError:
        pass
    expect(time.time() - begun > 5, "and not before its time")
    expect(len(ask(data)) > 0, "one is served after it")


# --- Keys. ---


def event(name):
    payload = (b"\x83\xa2ID\xd9\x24" + str(uuid.uuid4()).encode() + b"\xa1n" + pack(name) +
               b"\xa1v\x01")
    return bytes([USER, 3]) + pack({"CC": False, "LTime": stats("serf_lan")["event_time"],
                                    "Name": "consul:event:" + name, "Payload": payload})


def events_heard(name):
    url = f"http://{host}:8500/v1/event/list?name={name}"
    with urllib.request.urlopen(url, timeout=20) as reply:
        return len(json.load(reply))


def replayed():
    packet = event("again")
    if key:
        packet = seal(key, packet)
    send(packet)
    end = time.time() + 20
    while events_heard("again") < 1:
        expect(time.time() < end, "the event is heard")
        time.sleep(0.05)
    for _ in range(50):
        send(packet)
    expect(ping(6, (lambda p: seal(key, p)) if key else (lambda p: p)),
           "a ping is answered after them")
    expect(events_heard("again") == 1, "and heard once")


def unsealed():
    before = stats("gossip_lan")["refused"]
    expect(not ping(7), "a ping that is not sealed is not answered")
    send(event("clear"))
    answer = ask(push_pull(is_join=True))
    expect(answer[:1] == bytes([ENCRYPT]) and len(answer) < 200,
           f"a stream that is not sealed gets an error, and sealed, but {answer!r}")
    expect(stats("gossip_lan")["refused"] - before >= 3, "all three are counted")
    expect(events_heard("clear") == 0, "its event is not heard")


def wrong_key():
    before = stats("gossip_lan")["refused"]
    wrong = bytes(16)
    expect(not ping(8, lambda p: seal(wrong, p)), "a ping by another key is not answered")
    data = push_pull(is_join=True)
    head = bytes([ENCRYPT]) + struct.pack(">I", len(data) + 29)
    answer = ask(head + seal(wrong, data, head))
    expect(answer[:1] in (bytes([ENCRYPT]), bytes([ERROR])),
           f"a stream by another key is refused, but {answer[:200]!r}")
    for size in (0, 1, 12, 13, 28, 29, 40):  # cut envelopes, by the right key
        send(seal(key, b"x" * 40)[:size])
    sealed = bytearray(seal(key, message(PING, {"Node": "", "SeqNo": 9})))
    sealed[20] ^= 1
    send(bytes(sealed))
    expect(ping(10, lambda p: seal(key, p)), "a ping by the right key is answered")
    expect(stats("gossip_lan")["refused"] - before >= 8, "all are counted")


globals()[attack]()
print(f"{attack}: {sent} packets")
