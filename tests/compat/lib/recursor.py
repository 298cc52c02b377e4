#!/usr/bin/env python3
"""A DNS server that answers as the name asked for wants it: for tests.

usage: recursor.py ADDRESS[:PORT] [WORD]...

The first label of a name says what happens: see BEHAVIOURS. Of every other
name the address is 192.0.2.N, with N the last number of our own. With words,
only questions whose first label is one of them are answered, all others are
not. It prints a line "ready", and then each question: transport, name, type,
flags. Needs nothing but Python; imported, it is a class for a thread.
"""

import socket
import socketserver
import struct
import sys
import threading
import time

A, CNAME, SOA, MX, TXT, AAAA, DNAME = 1, 5, 6, 15, 16, 28, 39
TC, AA, AD, RA, QR = 0x0200, 0x0400, 0x0020, 0x0080, 0x8000
POINTER = b"\xc0\x0c"


def name(text):
    wire = b""
    for label in text.rstrip(".").split("."):
        if label:
            wire += bytes([len(label)]) + label.encode()
    return wire + b"\0"


def record(owner, rtype, data, ttl=300):
    return owner + struct.pack(">HHIH", rtype, 1, ttl, len(data)) + data


class Question:
    """What was asked, taken apart."""

    def __init__(self, wire):
        self.ident, self.flags = struct.unpack(">HH", wire[:4])
        at = 12
        labels = []
        while wire[at]:
            labels.append(wire[at + 1:at + 1 + wire[at]].decode("latin-1"))
            at += 1 + wire[at]
        self.labels = labels
        self.name = ".".join(labels)
        self.type, self.qclass = struct.unpack(">HH", wire[at + 1:at + 5])
        self.wire = wire[12:at + 5]
        self.rest = wire[at + 5:]
        self.word = labels[0].lower() if labels else ""

    def reply(self, answers=(), authority=(), extra=(), flags=0, ident=None,
              question=None, counts=None, tail=b""):
        head = struct.pack(
            ">HHHHHH", self.ident if ident is None else ident,
            QR | RA | self.flags & 0x0110 | flags,
            *(counts or (1, len(answers), len(authority), len(extra))))
        return head + (self.wire if question is None else question) + b"".join(
            list(answers) + list(authority) + list(extra)) + tail


def plain(q, address):
    if q.type in (A, 255):
        return q.reply([record(POINTER, A, socket.inet_aton(address))])
    if q.type == AAAA:
        return q.reply([record(POINTER, AAAA, b"\xfd" + b"\0" * 14 + b"\1")])
    if q.type == TXT:
        return q.reply([record(POINTER, TXT, b"\5hello")])
    if q.type == MX:
        return q.reply([record(POINTER, MX, b"\0\5\4mail" + POINTER)])
    if q.type == 12:
        return q.reply([record(POINTER, 12, name("host.example.com"))])
    return q.reply()


def chain(q, address):
    """A chain of names, compressed as a server would."""
    first, second = name("b.chained.example.com"), name("c.example.com")
    return q.reply([record(POINTER, CNAME, first, 60),
                    record(first, CNAME, second, 61),
                    record(second, A, socket.inet_aton(address), 62)])


def many(count):
    def behaviour(q, address):
        del address
        return q.reply([record(POINTER, A, bytes([198, 51, 100, i]))
                        for i in range(count)])
    return behaviour


BEHAVIOURS = {
    "chain": chain,
    "dname": lambda q, a: q.reply([
        record(POINTER, DNAME, name("other.example.com")),
        record(POINTER, CNAME, name("x.other.example.com")),
        record(name("x.other.example.com"), A, socket.inet_aton(a)),
        record(POINTER, TXT, b"\4text")]),
    "six": many(6), "ten": many(10), "big": many(60),
    "empty": lambda q, a: q.reply(),
    "nx": lambda q, a: q.reply(authority=[record(
        name("example.com"), SOA, name("ns.example.com") + b"\0" + b"\0" * 20,
        77)], flags=3),
    "servfail": lambda q, a: q.reply(flags=2),
    "refused": lambda q, a: q.reply(flags=5),
    "formerr": lambda q, a: q.reply(flags=1),
    "bare": lambda q, a: q.reply(flags=2, counts=(0, 0, 0, 0), question=b""),
    "authority": lambda q, a: q.reply([record(
        POINTER, A, socket.inet_aton(a))], flags=AA | AD),
    "tc": lambda q, a: q.reply([record(POINTER, A, socket.inet_aton(a))],
                               flags=TC),
    "tccut": lambda q, a: q.reply([record(POINTER, A, socket.inet_aton(a))],
                                  flags=TC)[:-3],
    "cut": lambda q, a: plain(q, a)[:-3],
    "header": lambda q, a: plain(q, a)[:12],
    "short": lambda q, a: plain(q, a)[:11],
    "none": lambda q, a: b"",
    "garbage": lambda q, a: bytes(range(7, 250)),
    "noise": lambda q, a: plain(q, a)[:12] + bytes(range(200, 256)),
    "loop": lambda q, a: q.reply([record(
        bytes([0xc0, 12 + len(q.wire)]), A, socket.inet_aton(a))]),
    "badaddress": lambda q, a: q.reply([record(POINTER, A, b"abc")]),
    "lie": lambda q, a: q.reply([record(POINTER, A, socket.inet_aton(a))],
                                counts=(1, 9, 0, 0)),
    "tail": lambda q, a: q.reply([record(POINTER, A, socket.inet_aton(a))],
                                 tail=b"behind it"),
    "query": lambda q, a: struct.pack(
        ">HHHHHH", q.ident, 0x0100, 1, 0, 0, 0) + q.wire,
    "wrongid": lambda q, a: q.reply([record(POINTER, A, socket.inet_aton(a))],
                                    ident=q.ident ^ 1),
    "wrongname": lambda q, a: q.reply(
        [record(POINTER, A, socket.inet_aton(a))],
        question=name("wrong.example.com") + q.wire[-4:]),
    "wrongtype": lambda q, a: q.reply(
        [record(POINTER, A, socket.inet_aton(a))],
        question=q.wire[:-4] + b"\0\x63\0\1"),
    "upper": lambda q, a: q.reply(
        [record(POINTER, A, socket.inet_aton(a))],
        question=q.wire[:-4].upper() + q.wire[-4:]),
    "opt": lambda q, a: q.reply(
        [record(POINTER, A, socket.inet_aton(a))],
        extra=[b"\0" + struct.pack(">HHIH", 41, 1232, 0, 0)]),
    "silent": None,
}


class Recursor:
    """Serves UDP and TCP until it is closed."""

    def __init__(self, address, port=53, words=(), told=None,
                 is_plain=False):
        self.address, self.port, self.words = address, port, words
        self.behaviours = {} if is_plain else BEHAVIOURS
        self.answer = "192.0.2.%s" % address.split(".")[-1]
        self.told = told
        self.asked = []
        owner = self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self):
                wire, sock = self.request
                for reply in owner.replies("udp", wire):
                    sock.sendto(reply, self.client_address)

        class Tcp(socketserver.BaseRequestHandler):
            def handle(self):
                data = b""
                while len(data) < 2 or len(data) < 2 + int.from_bytes(
                        data[:2], "big"):
                    more = self.request.recv(65536)
                    if not more:
                        return
                    data += more
                for reply in owner.replies("tcp", data[2:]):
                    self.request.sendall(struct.pack(">H", len(reply)) + reply)
                if owner.is_silent(data[2:]):
                    self.request.recv(1)

        class UdpServer(socketserver.ThreadingUDPServer):
            daemon_threads = True
            max_packet_size = 65535

        class TcpServer(socketserver.ThreadingTCPServer):
            daemon_threads = allow_reuse_address = True

        self.servers = [UdpServer((address, port), Udp),
                        TcpServer((address, port), Tcp)]
        for server in self.servers:
            threading.Thread(target=server.serve_forever, args=(0.05,),
                             daemon=True).start()

    def is_silent(self, wire):
        return self.behaviours.get(Question(wire).word, plain) is None

    def replies(self, via, wire):
        q = Question(wire)
        self.asked.append((via, q.name, q.type, q.flags, q.rest.hex()))
        if self.told:
            self.told("%s %s %d %04x" % self.asked[-1][:4])
        if self.words and q.word not in self.words:
            return []
        if self.behaviours and q.word == "slow":
            time.sleep(0.5)
        if self.behaviours and q.word == "late":  # a stranger's answer first
            return [plain(q, "192.0.2.99")[:1] + b"\0" + plain(
                q, "192.0.2.99")[2:], plain(q, self.answer)]
        if self.behaviours and q.word == "closes":
            return []
        behaviour = self.behaviours.get(q.word, plain)
        return [behaviour(q, self.answer)] if behaviour else []

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()


def main():
    address, _, port = sys.argv[1].partition(":")
    Recursor(address, int(port or 53), sys.argv[2:],
             lambda line: print(line, flush=True))
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
