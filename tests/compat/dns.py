#!/usr/bin/env python3
"""The same catalog and the same DNS questions for the real Consul and for ours.

usage: dns.py [--only REGEX]

Starts both agents, registers one catalog in each through
/v1/catalog/register, asks both a few hundred questions (forms x types
x UDP, TCP and EDNS sizes, and malformed messages) and compares the answers:
header, question and records, without regard to order, message id and the
serial of the SOA. Where an answer is a random choice, the number of records
and where they come from are compared. Recursors are lib/recursor.py, on addresses
3 and 4, and both agents ask the same. Prints TAP. Needs nothing but Python.
"""

import argparse
import collections
import concurrent.futures
import os
import random
import re
import socket
import struct
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from alike import Alike         # noqa: E402  (beside this file)
from pair import Agent, Pair    # noqa: E402
from recursor import Recursor   # noqa: E402

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16,
         "AAAA": 28, "SRV": 33, "OPT": 41, "DS": 43, "AXFR": 252, "ANY": 255}
TYPE_NAMES = {number: name for name, number in TYPES.items()}

CONFIG = {
    "alt_domain": "alt.test",
    "node_meta": {"m1": "v1"},
    "dns_config": {
        "node_ttl": "5s",
        "service_ttl": {"web": "10s", "db*": "20s", "db-m*": "21s",
                        "*": "30s"},
        "soa": {"refresh": 1, "retry": 2, "expire": 3, "min_ttl": 7},
    },
}

# The same with other settings, each asked about a few names only.
VARIANTS = {
    "none over udp": {"udp_answer_limit": 0},
    "none over udp, truncated": {"udp_answer_limit": 0,
                                 "enable_truncate": True},
    "truncated": {"enable_truncate": True, "udp_answer_limit": 5},
    "one over udp": {"udp_answer_limit": 1},
    "few addresses": {"a_record_limit": 2},
    "only passing": {"only_passing": True},
    "not compressed": {"disable_compression": True},
    "no metadata": {"enable_additional_node_meta_txt": False},
}


RECURSOR_PORT = 5353
# Recursors by the last number of the address, and 0 for one that is not there.
RECURSORS = {
    "one recursor": [3],
    "three recursors": [0, 3, 4],
    "no recursor there": [0],
}


def variant(name):
    """The configuration of a variant."""
    return dict(CONFIG, dns_config=dict(CONFIG["dns_config"],
                                        **VARIANTS[name]))


def with_recursors(name, network):
    return dict(CONFIG, dns_config=dict(CONFIG["dns_config"],
                                        recursor_timeout="700ms"),
                recursors=["%s%d:%d" % (
                    network, number or 3, RECURSOR_PORT if number else 1)
                    for number in RECURSORS[name]])


# --- The catalog. ---

# Of these names, addresses of services and of nodes: see lib/recursor.py.
OUTSIDE = ["chain", "dname", "six", "ten", "nx", "servfail", "tc", "cut",
           "silent"]


def service(name, node, address, **more):
    """One instance; `more` are members of the service but check and meta."""
    body = {"Node": node, "Address": address,
            "Service": {"ID": more.pop("ID", name), "Service": name}}
    for key in ("NodeMeta", "TaggedAddresses"):
        if "Node" + key in more:
            body[key] = more.pop("Node" + key)
    if "NodeMeta" in more:
        body["NodeMeta"] = more.pop("NodeMeta")
    if "Status" in more:
        body["Checks"] = [{
            "CheckID": "c-" + body["Service"]["ID"], "Name": "c",
            "Status": more.pop("Status"),
            "ServiceID": body["Service"]["ID"]}]
    body["Service"].update(more)
    return body


def catalog():
    """Every body for /v1/catalog/register."""
    rows = []
    for i in range(1, 11):
        rows.append(service("web", "w%d" % i, "10.1.0.%d" % i, Port=8000 + i,
                            Tags=["v%d" % (i % 2), "A.b", "udp", "Prod"],
                            Weights={"Passing": i, "Warning": 1}))
    rows.append(service("five", "w1", "10.1.0.1", Port=1))
    for i in range(2, 6):
        rows.append(service("five", "w%d" % i, "10.1.0.%d" % i, Port=i,
                            Weights={"Passing": 5, "Warning": 2},
                            Status="warning" if i == 3 else "passing"))
    rows += [
        service("db", "d2", "10.1.1.2", Address="10.2.0.2", Port=1),
        service("twice", "d1", "10.1.1.1", ID="t1", Port=1),
        service("twice", "d1", "10.1.1.1", ID="t2", Port=1),
        service("twice", "d1", "10.1.1.1", ID="t3", Port=2),
        service("db-main", "d1", "10.1.1.1", Address="10.2.0.1", Port=5432,
                NodeMeta={"rack": "r1", "rfc1035-txt": "hello",
                          "RFC1035-b": "b=`b", "empty": ""}),
        service("six", "n6", "fd00::6", Port=6),
        service("sixsvc", "w1", "10.1.0.1", Address="fd00::7", Port=6),
        service("mixed", "n6", "fd00::6", Port=6),
        service("mixed", "w1", "10.1.0.1", Port=6),
        service("down", "w1", "10.1.0.1", Port=6, Status="critical"),
        service("warned", "w1", "10.1.0.1", Port=6, Status="warning"),
        service("odd", "w1", "10.1.0.1", Port=6, Status="passing",
                Weights={"Passing": 1, "Warning": 0}),
        service("half", "w1", "10.1.0.1", Port=6, Status="critical"),
        service("half", "w2", "10.1.0.2", Port=6, Status="passing"),
        service("extsvc", "ext", "ext.example.com", Port=80),
        service("extaddr", "w1", "10.1.0.1", Address="svc.example.com",
                Port=80),
        service("extdot", "w1", "10.1.0.1", Address="svc.example.com.",
                Port=80),
        service("extmix", "w1", "10.1.0.1", Address="svc.example.com",
                Port=80),
        service("extmix", "w2", "10.1.0.2", Port=80),
        service("inside", "w1", "10.1.0.1", Port=80,
                Address="d1.node.consul"),
        service("toservice", "w1", "10.1.0.1", Port=80,
                Address="twice.service.consul"),
        service("toaddr", "w1", "10.1.0.1", Port=80,
                Address="0a020001.addr.consul"),
        service("tomany", "w1", "10.1.0.1", Port=80,
                Address="many.service.consul"),
        service("tonothing", "w1", "10.1.0.1", Port=80,
                Address="nothing.service.consul"),
        service("toalt", "w1", "10.1.0.1", Port=80,
                Address="D1.node.alt.test"),
        service("chain1", "w1", "10.1.0.1", Port=80,
                Address="chain2.service.consul"),
        service("chain2", "w1", "10.1.0.1", Port=80,
                Address="chain3.service.consul"),
        service("chain3", "w1", "10.1.0.1", Port=80,
                Address="chain4.service.consul"),
        service("chain4", "w1", "10.1.0.1", Port=80,
                Address="d1.node.consul"),
        service("loop", "w1", "10.1.0.1", Port=80,
                Address="loop2.service.consul"),
        service("loop2", "w1", "10.1.0.1", Port=80,
                Address="loop.service.consul"),
        service("myself", "w1", "10.1.0.1", Port=80,
                Address="myself.service.consul"),
        service("innode", "namednode", "d1.node.consul", Port=80),
        service("UpSvc", "Node-Up", "10.1.2.1", Port=80, Tags=["Tag.One"]),
        service("under_svc", "under_score", "10.1.2.2", Port=80),
        service("dotnode", "my.dotted", "10.1.2.3", Port=80),
        service("tcptag", "w1", "10.1.0.1", Port=80, Tags=["tcp", "udp"]),
        service("dual", "dual", "10.1.3.1", Port=80,
                NodeTaggedAddresses={
                    "lan": "10.1.3.1", "wan": "10.9.3.1",
                    "lan_ipv4": "10.1.3.2", "lan_ipv6": "fd00::3:2",
                    "wan_ipv4": "10.9.3.2"}),
        service("dualsvc", "w1", "10.1.0.1", Port=80, Address="10.1.4.1",
                TaggedAddresses={
                    "lan_ipv4": {"Address": "10.1.4.2", "Port": 81},
                    "lan_ipv6": {"Address": "fd00::4:2", "Port": 82}}),
        service("nowhere", "noaddr", "10.1.5.1", Port=1),
        service("toout", "w1", "10.1.0.1", Port=80,
                Address="outchain.service.consul"),
        service("twoout", "w1", "10.1.0.1", Port=80,
                Address="www.example.com"),
        service("twoout", "w2", "10.1.0.2", Port=81,
                Address="www.example.com"),
        service("mixout", "w1", "10.1.0.1", Port=80,
                Address="chain.example.com"),
        service("mixout", "w2", "10.1.0.2", Port=81),
        service("bad name", "bad node", "10.1.5.2", Port=1),
    ]
    for word in OUTSIDE:
        rows += [service("out" + word, "out" + word, word + ".example.com",
                         Port=80),
                 service("svc" + word, "w1", "10.1.0.1", Port=81,
                         Address=word + ".example.com.")]
    for i in range(60):
        rows.append(service("many", "many-node-number-%d" % i,
                            "10.3.%d.%d" % (i // 10, i), Port=9000 + i))
    for i in range(4):
        rows.append(service(
            "meta", "meta%d" % i, "10.4.0.%d" % i, Port=9000 + i,
            NodeMeta={"alpha": "x" * 60, "beta%d" % i: "y" * 30}))
    for i in range(400):
        rows.append(service("lots", "lots-of-instances-here-%04d" % i,
                            "10.5.%d.%d" % (i % 200 // 100, i % 200),
                            Port=1000 + i))
    for i in range(300):
        rows.append(service("huge", "huge" + "%04d" % i + "x" * 50,
                            "10.6.%d.%d" % (i // 100, i % 100), Port=i + 1,
                            Address="fd00:6::%x" % (i + 1)))
    rows.append({"Node": "sick", "Address": "10.1.6.1",
                 "Service": {"ID": "onsick", "Service": "onsick"},
                 "Checks": [{"CheckID": "n", "Name": "n",
                             "Status": "critical"}]})
    for i, meta in enumerate(({"k`e=y": "v`a=l"}, {"  a b ": " c "},
                              {"RFC1035-x": "a=`b"}, {"": "none"},
                              {"long": "z" * 240})):
        rows.append({"Node": "odd%d" % i, "Address": "10.1.7.%d" % i,
                     "NodeMeta": meta})
    rows.append({"Node": "strange", "Address": "10.1.6.2",
                 "NodeMeta": {"k`e=y": "v`a=l", "plain": "p q\"r"}})
    return rows


# --- The questions. ---

Question = collections.namedtuple("Question", "name type via size raw")

NAMES = """
web.service.consul v1.web.service.consul v9.web.service.consul
a.b.web.service.consul prod.web.service.consul WEB.Service.CONSUL
web.service.dc1.consul web.service.dc9.consul web.service.a.b.consul
_web._tcp.service.consul _web._udp.service.consul _web._v1.service.consul
_web._tcp.consul _web._v1.dc1.consul _web._nope._x.service.consul
_web._tcp.dc9.consul _web.service.consul _web.consul
five.service.consul db-main.service.consul db.service.consul
twice.service.consul six.service.consul sixsvc.service.consul
mixed.service.consul down.service.consul warned.service.consul
odd.service.consul half.service.consul extsvc.service.consul
extaddr.service.consul extdot.service.consul extmix.service.consul
inside.service.consul toservice.service.consul toaddr.service.consul
tomany.service.consul tonothing.service.consul toalt.service.consul
chain1.service.consul chain2.service.consul chain3.service.consul
loop.service.consul myself.service.consul innode.service.consul
upsvc.service.consul UPSVC.service.consul tag.one.upsvc.service.consul
under_svc.service.consul dotnode.service.consul
_tcptag._tcp.service.consul _tcptag._udp.service.consul
tcp.tcptag.service.consul dual.service.consul dualsvc.service.consul
onsick.service.consul nope.service.consul many.service.consul
meta.service.consul lots.service.consul huge.service.consul
consul.service.consul
w1.node.consul W1.NODE.consul w1.node.dc1.consul w1.node.dc9.consul
n6.node.consul d1.node.consul ext.node.consul namednode.node.consul
node-up.node.consul under_score.node.consul my.dotted.node.consul
dual.node.consul sick.node.consul strange.node.consul meta1.node.consul
odd0.node.consul odd1.node.consul odd2.node.consul odd3.node.consul
odd4.node.consul
nope.node.consul w1.node.alt.test web.service.alt.test
_web._tcp.service.alt.test db-main.service.alt.test
0a020001.addr.consul 0A020001.addr.consul 0a020001.addr.dc9.consul
0a020001.addr.alt.test 0a02000g.addr.consul 0a0200011.addr.consul
0a02.addr.consul x.0a020001.addr.consul
fd000000000000000000000000000007.addr.consul
fd00000000000000000000000000000g.addr.consul
nope.query.consul web.query.consul a.b.query.dc1.consul
web.connect.consul web.ingress.consul
consul service.consul node.consul addr.consul query.consul x.y.consul
foo.consul foo.alt.test alt.test
_web._v1.alt.test a.b.web.service.dc1.alt.test nope.service.alt.test
web.service.dc9.alt.test nope.node.alt.test 0a02.addr.alt.test x.y.alt.test
fd000000000000000000000000000007.addr.dc1.ALT.test WEB.service.Alt.Test
twice.service.alt.test toservice.service.alt.test n6.node.alt.test
d1.node.alt.test nope.query.alt.test web.connect.alt.test service.alt.test
consul.service.alt.test innode.service.alt.test extsvc.service.alt.test
3.0.1.10.in-addr.arpa 1.0.2.10.in-addr.arpa 9.9.9.10.in-addr.arpa
6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa
7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.D.F.ip6.arpa
1.10.in-addr.arpa arpa foo.arpa
example.com consul.example.com notconsul com .
""".split()

NAME_TYPES = ["A", "AAAA", "SRV", "TXT", "ANY", "MX", "NS", "SOA", "PTR"]
SIZE_NAMES = ["web", "five", "many", "lots", "huge", "meta", "tomany",
              "extmix", "twice", "mixed", "toservice", "nope"]


def questions():
    """Every well-formed question."""
    rows = []
    for name in NAMES:
        for rtype in NAME_TYPES:
            rows.append(Question(name, rtype, "udp", 0, None))
        rows.append(Question(name, "A", "tcp", 0, None))
        rows.append(Question(name, "SRV", "udp", 4096, None))
    for name in ("consul", "web.service.consul", "x.arpa", "example.com"):
        rows.append(Question(name, "AXFR", "tcp", 0, None))
        rows.append(Question(name, "DS", "udp", 0, None))
    for name in SIZE_NAMES:
        for rtype in ("A", "AAAA", "SRV", "TXT"):
            for size in (100, 512, 513, 600, 700, 900, 1232, 2000, 4096,
                         65535):
                rows.append(Question(name + ".service.consul", rtype, "udp",
                                     size, None))
            rows.append(Question(name + ".service.consul", rtype, "tcp", 0,
                                 None))
            rows.append(Question(name + ".service.consul", rtype, "tcp", 600,
                                 None))
    return rows


def variant_questions():
    """What is asked of each variant."""
    rows = []
    for name in ("web.service", "five.service", "many.service",
                 "mixed.service", "warned.service", "half.service",
                 "odd.service", "meta.service", "twice.service",
                 "extmix.service", "toservice.service", "tomany.service",
                 "nope.service", "consul.service", "meta1.node", "d1.node",
                 "namednode.node", "0a020001.addr", "x"):
        for rtype in ("A", "SRV", "TXT", "ANY", "SOA", "NS"):
            for via, size in (("udp", 0), ("udp", 600), ("tcp", 0)):
                rows.append(Question(name + ".consul", rtype, via, size, None))
    rows.append(Question("3.0.1.10.in-addr.arpa", "PTR", "udp", 0, None))
    return rows


def recursor_questions():
    """What is asked where there are recursors."""
    rows = []
    for word in ("www chain dname six ten big empty nx servfail refused "
                 "formerr bare authority tc cut header short garbage noise "
                 "loop badaddress lie tail query wrongid wrongname "
                 "wrongtype upper opt closes silent none").split():
        for rtype, via, size in (("A", "udp", 0), ("A", "udp", 1232),
                                 ("A", "udp", 4096), ("A", "tcp", 0),
                                 ("AAAA", "udp", 0)):
            rows.append(Question(word + ".example.com", rtype, via, size,
                                 None))
    for rtype in NAME_TYPES + ["DS", "AXFR"]:
        for name in ("WWW.Example.com", "example.com", "com", "."):
            rows.append(Question(name, rtype, "tcp" if rtype == "AXFR"
                                 else "udp", 0, None))
    for name in ["out" + word + ".service.consul" for word in OUTSIDE] + [
            "svc" + word + ".service.consul" for word in OUTSIDE] + [
            "out" + word + ".node.consul" for word in OUTSIDE] + """
            toout.service.consul twoout.service.consul mixout.service.consul
            extdot.service.consul inside.service.consul loop.service.consul
            svcchain.service.alt.test outchain.node.alt.test
            """.split():
        for rtype, via, size in (("A", "udp", 0), ("A", "udp", 1232),
                                 ("A", "tcp", 0), ("AAAA", "udp", 0),
                                 ("SRV", "udp", 0), ("SRV", "udp", 1232),
                                 ("SRV", "tcp", 0), ("ANY", "udp", 0),
                                 ("TXT", "udp", 0), ("MX", "udp", 0)):
            rows.append(Question(name, rtype, via, size, None))
    for name in """3.0.1.10.in-addr.arpa 9.9.9.10.in-addr.arpa
            1.0.2.10.in-addr.arpa 1.10.in-addr.arpa foo.arpa arpa
            half.service.consul nope.service.consul w1.node.consul
            nope.node.consul 0a020001.addr.consul 0a02.addr.consul
            x.y.consul nope.query.consul consul alt.test""".split():
        for rtype in ("A", "PTR", "SRV", "SOA", "ANY"):
            for via, size in (("udp", 0), ("udp", 1232), ("tcp", 0)):
                rows.append(Question(name, rtype, via, size, None))
    return rows


def encode_name(name):
    wire = b""
    for label in name.strip(".").split("."):
        if label:
            wire += bytes([len(label)]) + label.encode("latin-1")
    return wire + b"\0"


def encode(name, rtype, size=0, flags=0x0100, options=b"", ident=0x1234,
           counts=None, qclass=1):
    """A query; `size` 0 is without EDNS."""
    counts = counts or (1, 0, 0, 1 if size else 0)
    wire = struct.pack(">HHHHHH", ident, flags, *counts)
    wire += encode_name(name) + struct.pack(">HH", TYPES[rtype], qclass)
    if size:
        wire += b"\0" + struct.pack(">HHIH", 41, size, 0, len(options))
        wire += options
    return wire


def subnet(family, source, scope, address):
    body = struct.pack(">HBB", family, source, scope) + address
    return struct.pack(">HH", 8, len(body)) + body


def strange():
    """(what, message) of unusual and malformed messages."""
    # One instance, so that nothing is left to chance.
    web = encode("half.service.consul", "A")
    name = encode_name("half.service.consul")
    head = struct.Struct(">HHHHHH").pack
    tail = struct.pack(">HH", 1, 1)
    opt = b"\0" + struct.pack(">HHIH", 41, 1232, 0, 0)
    rows = [("empty", b""), ("one byte", b"\x12"), ("eleven bytes", web[:11]),
            ("header only", web[:12]),
            ("header only, no question", head(0x1234, 0x100, 0, 0, 0, 0))]
    rows += [("cut at %d" % n, web[:n]) for n in range(13, len(web))]
    rows += [("opcode %d" % n,
              encode("w1.node.consul", "A", flags=0x100 | n << 11))
             for n in range(16)]
    rows += [("flags %04x" % flags,
              encode("w1.node.consul", "A", flags=flags))
             for flags in (0, 0x8000, 0x0400, 0x0200, 0x0080, 0x0040, 0x0020,
                           0x0010, 0x0001, 0x000f, 0x07ff)]
    rows += [("opcode 5 flags", encode("w1.node.consul", "A", flags=0x2fff)),
             ("class CH", encode("w1.node.consul", "A", qclass=3)),
             ("class ANY", encode("w1.node.consul", "A", qclass=255)),
             ("class NONE", encode("w1.node.consul", "A", qclass=254)),
             ("two questions", head(0x1234, 0x100, 2, 0, 0, 0)
              + name + tail + name + tail),
             ("no question, flags", head(0x1234, 0x7ff, 0, 0, 0, 0)),
             ("answer count 1, none there", head(0x1234, 0x100, 1, 1, 0, 0)
              + name + tail),
             ("answer count 2", head(0x1234, 0x100, 1, 2, 0, 0)
              + name + tail),
             ("authority count 2", head(0x1234, 0x100, 1, 0, 2, 0)
              + name + tail),
             ("additional count 3", head(0x1234, 0x100, 1, 0, 0, 3)
              + name + tail),
             ("additional count 2, one there",
              head(0x1234, 0x100, 1, 0, 0, 2) + name + tail + opt),
             ("two OPT", head(0x1234, 0x100, 1, 0, 0, 2) + name + tail
              + opt + b"\0" + struct.pack(">HHIH", 41, 4096, 0, 0)),
             ("additional record cut", head(0x1234, 0x100, 1, 0, 0, 1)
              + name + tail + opt[:-3]),
             ("additional record data cut", head(0x1234, 0x100, 1, 0, 0, 1)
              + name + tail + opt[:-2] + b"\0\4"),
             ("trailing bytes", web + b"xxxx"),
             ("OPT trailing byte", encode("five.service.consul", "A", 1232)
              + b"x"),
             ("label over 63", head(0x1234, 0x100, 1, 0, 0, 0)
              + b"\x40" + b"a" * 64 + b"\0" + tail),
             ("label type 10", head(0x1234, 0x100, 1, 0, 0, 0)
              + b"\x80\0" + tail),
             ("name points to itself", head(0x1234, 0x100, 1, 0, 0, 0)
              + b"\xc0\x0c" + tail),
             ("name points forward", head(0x1234, 0x100, 1, 0, 0, 0)
              + b"\xc0\x20" + tail + b"\0" * 32),
             ("name points into header", head(0x0177, 0x100, 1, 0, 0, 0)
              + b"\x01x\xc0\x00" + tail),
             ("name over 255", head(0x1234, 0x100, 1, 0, 0, 0)
              + b"\x3f" + b"a" * 63 + (b"\x3f" + b"b" * 63) * 3 + b"\0"
              + tail),
             ("long name", encode(".".join(["a" * 60] * 3)
                                  + ".service.consul", "A")),
             ("label with a dot", head(0x1234, 0x100, 1, 0, 0, 0)
              + b"\x09my.dotted\x04node\x06consul\0" + tail),
             ("label with a blank", head(0x1234, 0x100, 1, 0, 0, 0)
              + b"\x08bad node\x04node\x06consul\0" + tail),
             ("label with a zero", head(0x1234, 0x100, 1, 0, 0, 0)
              + b"\x03a\0b\x04node\x06consul\0" + tail),
             ("label with a high byte", head(0x1234, 0x100, 1, 0, 0, 0)
              + b"\x03a\xffb\x07service\x06consul\0" + tail),
             ("domain with a dot in a label", head(0x1234, 0x100, 1, 0, 0, 0)
              + b"\x02w1\x0bnode.consul\0" + tail)]
    for what, options in {
            "subnet v4": subnet(1, 24, 0, b"\x0a\x01\x02"),
            "subnet v4, all": subnet(1, 32, 0, b"\x0a\x01\x02\x03"),
            "subnet v4, unmasked": subnet(1, 20, 0, b"\x0a\x01\xff"),
            "subnet v4, long": subnet(1, 8, 0, b"\x0a\x01\x02\x03"),
            "subnet v4, short": subnet(1, 24, 0, b"\x0a"),
            "subnet v4, over-long": subnet(1, 24, 0, b"\x0a" * 9),
            "subnet v4, scope": subnet(1, 24, 16, b"\x0a\x01\x02"),
            "subnet v4, bits": subnet(1, 33, 0, b"\x0a\x01\x02\x03\x04"),
            "subnet v4, scope bits": subnet(1, 24, 33, b"\x0a\x01\x02"),
            "subnet v6": subnet(2, 56, 0, b"\xfd\0\0\1\2\3\4"),
            "subnet v6, bits": subnet(2, 129, 0, b"\xfd"),
            "subnet none": subnet(0, 0, 0, b""),
            "subnet none, bits": subnet(0, 8, 0, b"\x0a"),
            "subnet family 9": subnet(9, 0, 0, b""),
            "subnet cut": b"\0\x08\0\x03\0\1\0",
            "cookie": b"\0\x0a\0\x08abcdefgh",
            "option cut": b"\0\x0a\0\x09abcdefgh",
            "option header cut": b"\0\x0a\0",
            "two subnets": subnet(1, 8, 0, b"\x0a") + subnet(1, 16, 0, b"bb"),
            "NSID": b"\0\3\0\0"}.items():
        for name, rtype in (("five.service.consul", "A"),
                            ("nope.service.consul", "A"),
                            ("nope.query.consul", "A")):
            rows.append(("%s, %s" % (what, name),
                         encode(name, rtype, 1232, options=options)))
        rows.append((what + ", refused",
                     encode("example.com", "A", 1232, options=options)))
    soa = b"\0" + struct.pack(">HHIH", 6, 1, 0, 22) + b"\0\0" + b"\0" * 20
    bad_tsig = b"\1k\0" + struct.pack(">HHIH", 250, 255, 0, 4) + b"abcd"
    tsig = b"\1k\0" + struct.pack(">HHIH", 250, 255, 0, 25) + (
        b"\1h\0" + b"\0" * 6 + b"\0\5\0\6abcdef" + b"\0" * 6)
    for asked in ("half.service.consul", "w1.node.consul", "consul",
                  "nope.node.consul", "3.0.1.10.in-addr.arpa",
                  "example.com"):
        question = encode_name(asked)
        for what, flags, counts, rest in (
                ("IXFR", 0x100, (1, 0, 1, 0), struct.pack(">HH", 251, 1)
                 + soa),
                ("NOTIFY", 0x2500, (1, 1, 0, 0), struct.pack(">HH", 6, 1)
                 + soa),
                ("UPDATE", 0x2800, (1, 0, 1, 0), struct.pack(">HH", 6, 1)
                 + soa),
                ("STATUS", 0x1000, (1, 0, 0, 0), tail),
                ("inverse query", 0x0800, (1, 0, 0, 0), tail),
                ("TSIG", 0x100, (1, 0, 0, 1), tail + tsig),
                ("bad TSIG", 0x100, (1, 0, 0, 1), tail + bad_tsig),
                ("two questions", 0x100, (2, 0, 0, 0), tail + question
                 + struct.pack(">HH", 28, 1)),
                ("class CH, SOA", 0x100, (1, 0, 0, 0),
                 struct.pack(">HH", 6, 3)),
                ("class HS, TXT", 0x100, (1, 0, 0, 0),
                 struct.pack(">HH", 16, 4)),
                ("type 0", 0x100, (1, 0, 0, 0), struct.pack(">HH", 0, 1)),
                ("type OPT", 0x100, (1, 0, 0, 0), struct.pack(">HH", 41, 1)),
                ("type MAILB", 0x100, (1, 0, 0, 0),
                 struct.pack(">HH", 253, 1)),
                ("type 65535", 0x100, (1, 0, 0, 0),
                 struct.pack(">HH", 65535, 1)),
                ("class 0", 0x100, (1, 0, 0, 0), struct.pack(">HH", 1, 0))):
            rows.append(("%s of %s" % (what, asked),
                         head(0x1234, flags, *counts) + question + rest))
    rows.append(("EDNS version 1", web[:10] + b"\0\1" + web[12:] + b"\0"
                 + struct.pack(">HHIH", 41, 1232, 0x00010000, 0)))
    rows.append(("EDNS DO", web[:10] + b"\0\1" + web[12:] + b"\0"
                 + struct.pack(">HHIH", 41, 1232, 0x00008000, 0)))
    return [Question(what, "", "udp", 0, wire) for what, wire in rows]


# --- Asking, and reading answers. ---

def ask(address, port, wire, via, timeout=3.0):
    """The reply, or None."""
    if via == "udp":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(timeout)
            sock.connect((address, port))
            sock.send(wire)
            try:
                return sock.recv(65535)
            except OSError:
                return None
    with socket.create_connection((address, port), timeout) as sock:
        sock.sendall(struct.pack(">H", len(wire)) + wire)
        data = b""
        try:
            while len(data) < 2 or len(data) < 2 + int.from_bytes(
                    data[:2], "big"):
                more = sock.recv(65536)
                if not more:
                    return None
                data += more
        except OSError:
            return None
        return data[2:]


def read_name(wire, at):
    labels, end, hops = [], None, 0
    while True:
        size = wire[at]
        if size >= 0xc0:
            end = end if end is not None else at + 2
            at = (size & 0x3f) << 8 | wire[at + 1]
            hops += 1
            if hops > 64:
                raise ValueError("pointer loop")
        elif size == 0:
            return ".".join(labels) + ".", end if end is not None else at + 1
        else:
            labels.append(wire[at + 1:at + 1 + size].decode("latin-1"))
            at += 1 + size


def read_data(wire, rtype, at, size):
    if rtype in (2, 5, 12):
        return read_name(wire, at)[0]
    if rtype == 15:
        return struct.unpack(">H", wire[at:at + 2]) + (
            read_name(wire, at + 2)[0],)
    if rtype == 33:
        return struct.unpack(">HHH", wire[at:at + 6]) + (
            read_name(wire, at + 6)[0],)
    if rtype == 6:
        first, at = read_name(wire, at)
        second, at = read_name(wire, at)
        return (first, second) + struct.unpack(">IIIII", wire[at:at + 20])[1:]
    return wire[at:at + size].hex()


Answer = collections.namedtuple("Answer", "flags counts question sections size")


def decode(wire):
    """An Answer: sections are lists of (owner, type, class, ttl, data)."""
    if wire is None:
        return None
    _, flags, *counts = struct.unpack(">HHHHHH", wire[:12])
    at, question, sections = 12, [], []
    for _ in range(counts[0]):
        name, at = read_name(wire, at)
        question.append((name,) + struct.unpack(">HH", wire[at:at + 4]))
        at += 4
    for count in counts[1:]:
        rows = []
        for _ in range(count):
            name, at = read_name(wire, at)
            rtype, rclass, ttl, size = struct.unpack(
                ">HHIH", wire[at:at + 10])
            rows.append((name, TYPE_NAMES.get(rtype, rtype), rclass, ttl,
                         read_data(wire, rtype, at + 10, size)))
            at += 10 + size
        sections.append(rows)
    if at != len(wire):
        raise ValueError("bytes behind the message")
    return Answer(flags, counts, question, sections, len(wire))


def show(answer):
    if answer is None:
        return ["no answer"]
    lines = ["flags %04x counts %s size %d" % (answer.flags, answer.counts,
                                               answer.size)]
    for label, rows in zip(("answer", "authority", "additional"),
                           answer.sections):
        lines += ["%s %s" % (label, " ".join(map(str, row)))
                  for row in rows[:8]]
    return lines


def differs(real, ours, whole, is_relayed=False):
    """Why two answers are not the same, or None. `whole`: every record that
    the real one may choose from, or None where it is no choice. What recursors
    say ours passes on as it is, and the real one compresses it anew."""
    if real is None or ours is None:
        return None if real is ours else "only one answers"
    for member in ("flags", "counts", "question"):
        if getattr(real, member) != getattr(ours, member):
            return member
    for number, section in enumerate(("answer", "authority", "additional")):
        want = sorted(map(str, real.sections[number]))
        have = sorted(map(str, ours.sections[number]))
        if want == have:
            continue
        if whole is None:
            return section
        pool = {str(row) for row in whole.sections[number]}
        for row in real.sections[number] + ours.sections[number]:
            if row[1] != "OPT" and str(row) not in pool:
                return "%s: %s" % (section, row)
    if real.size != ours.size and not is_relayed and sorted(map(str, real.sections[0])) == \
            sorted(map(str, ours.sections[0])):
        return "size"
    return None


# --- Agents. ---

class Asked(Agent):
    """An agent with a file that changes, asked by DNS."""

    def config(self):
        return CONFIG

    def reload(self, config):
        self.configure(config)
        self.http("PUT", "/v1/agent/reload")

    def http(self, method, path, body=None):
        status, text = self.call(method, path, body)
        if status != 200:
            raise OSError("%s %s: %s" % (method, path, text))

    def wait_for(self, question, is_it):
        """Ask until the answer is what is waited for."""
        for _ in range(100):
            if is_it(self.ask(question)):
                return
            time.sleep(0.1)
        raise SystemExit("Bail out! %s: a reload had no effect" %
                         self.address)

    def ask(self, question):
        wire = question.raw
        if wire is None:
            wire = encode(question.name, question.type, question.size)
        try:
            return decode(ask(self.address, 8600, wire, question.via,
                              0.3 if question.raw is not None else 3.0))
        except ConnectionError:
            return None


def normal(answer, question, address):
    """Ours lives on another address, and has more metadata or less."""
    if answer is None or "consul.service" not in question.name and \
            question.type not in ("SOA", "NS", "ANY", ""):
        return answer
    text = socket.inet_aton(address).hex()
    sections = [[row[:4] + ("agent",) if row[4] == text else row
                 for row in rows] for rows in answer.sections]
    return answer._replace(sections=sections)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    with Pair("dns", ["-dev"], Asked) as pair:
        for agent in pair:
            for row in catalog():
                agent.http("PUT", "/v1/catalog/register", row)
        return Comparison(*pair, re.compile(args.only)).all(pair.network)


# Of a random choice the counts may differ once, but not always.
TRIES = 20


class Comparison:
    """Asks both, prints TAP."""

    def __init__(self, real, ours, only):
        self.real, self.ours, self.only = real, ours, only
        self.alike = Alike("dns")
        self.wholes = {}

    def whole(self, question):
        """Every record that the real one may choose from."""
        key = (question.name, question.type)
        if key not in self.wholes:
            whole = normal(self.real.ask(question._replace(
                via="tcp", size=0)), question, self.real.address)
            if question.name == "tomany.service.consul":
                many = self.real.ask(question._replace(
                    name="many.service.consul", type="A", via="tcp", size=0))
                for section in (0, 2):
                    whole.sections[section].extend(many.sections[0])
            self.wholes[key] = whole
        return self.wholes[key]

    def compare(self, question, tries):
        """What both say, as text: the same where it is as good as the same."""
        whole = None if question.raw or tries < TRIES else \
            self.whole(question)
        for _ in range(tries):
            real, ours = [normal(agent.ask(question), question, agent.address)
                          for agent in (self.real, self.ours)]
            why = differs(real, ours, whole, tries < TRIES)
            if not why:
                return ("", "")
        return ("\n".join(show(real)),
                "\n".join(["differs: " + why] + show(ours)))

    def group(self, rows, label, tries=TRIES, pool=None):
        """A line of TAP for each name asked."""
        rows = [q for q in rows if self.only.search(
            "%s%s %s %s %s" % ((label,) + q[:4]))]
        verdicts = (pool.map if pool else map)(
            lambda question: self.compare(question, tries), rows)
        groups = {}
        for question, verdict in zip(rows, verdicts):
            groups.setdefault(question.name, []).append((question, verdict))
        for name, members in groups.items():
            for question, (real, ours) in members:
                self.alike.same("%s%s %s %s %s" % ((label,) + question[:4]),
                                real, ours, group=label + name)

    def reload(self, config):
        for agent in (self.real, self.ours):
            agent.reload(config)

    def recursors(self, network):
        """Names that others know. Questions that nobody answers take time,
        so many are asked at once."""
        servers = [Recursor(network + "3", RECURSOR_PORT),
                   Recursor(network + "4", RECURSOR_PORT,
                            is_plain=True)]
        probe = Question("www.example.com", "A", "udp", 0, None)
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            for name in RECURSORS:
                self.reload(with_recursors(name, network))
                for agent in (self.real, self.ours):
                    agent.wait_for(probe, lambda a: a and a.flags & 0x80)
                self.group(recursor_questions(), name + ": ", 2, pool)
                if name == "one recursor":
                    self.what_recursors_see(servers[0])
        self.reload(CONFIG)
        for agent in (self.real, self.ours):
            agent.wait_for(probe, lambda a: a and a.flags & 0xf == 5)
        self.group([probe], "no recursor again: ")
        for server in servers:
            server.close()

    def what_recursors_see(self, server):
        """A question goes on as it came."""
        opt = subnet(1, 24, 0, b"\x0a\x01\x02")
        for what, wire, via in (
                ("plain", encode("www.example.com", "A"), "udp"),
                ("no RD", encode("www.example.com", "A", flags=0), "udp"),
                ("CD", encode("www.example.com", "A", flags=0x0110), "udp"),
                ("capitals", encode("WWW.eXample.com", "A"), "udp"),
                ("EDNS", encode("www.example.com", "TXT", 1232), "udp"),
                ("subnet", encode("www.example.com", "A", 4096, options=opt),
                 "udp"),
                ("reverse", encode("9.9.9.10.in-addr.arpa", "PTR", 512),
                 "udp"),
                ("TCP", encode("www.example.com", "A", 1232), "tcp"),
                ("a service's address", encode("svcchain.service.consul",
                                               "A"), "udp"),
                ("the same, over TCP", encode("svcchain.service.consul",
                                              "SRV", 1232), "tcp"),
                ("a node's address", encode("outsix.node.consul", "AAAA"),
                 "udp")):
            seen = []
            for agent in (self.real, self.ours):
                server.asked.clear()
                agent.ask(Question(what, "", via, 0, wire))
                seen.append(sorted(set(server.asked)))
            self.alike.same("recursors see: " + what, *seen,
                            group="recursors see")

    def all(self, network):
        self.group(questions() + strange(), "")
        for question in variant_questions():
            self.whole(question)  # while there is no limit
        for name in VARIANTS:
            self.reload(variant(name))
            self.group(variant_questions(), name + ": ")
        self.recursors(network)
        return self.alike.done()


if __name__ == "__main__":
    random.seed(1)
    sys.exit(main())
