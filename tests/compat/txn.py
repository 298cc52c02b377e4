#!/usr/bin/env python3
"""Transactions, and sizes above the defaults, to the real Consul and to ours.

Every verb of every kind of operation, right, odd and malformed; bodies with
and without their size; values and transactions around limits that are set, so
large that they go into the log in pieces.
"""

import base64
import itertools
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import filter as filters  # noqa: E402  (it says where pair.py is)
from alike import Alike   # noqa: E402
from pair import Pair     # noqa: E402

VALUE_MAX = 900000
TXN_MAX = 1000000
NOBODY = "adf4238a-882b-9ddc-4a9d-5b6758e4159e"

KV_VERBS = ["set", "cas", "lock", "unlock", "get", "get-tree", "check-index",
            "check-session", "check-not-exists", "delete", "delete-tree",
            "delete-cas", "zzz", "", "SET"]
KV_BODIES = [
    {"Key": "t/a", "Value": "eA=="}, {"Key": "t/none"}, {"Key": ""},
    {"Key": "t/a", "Index": 1}, {"Key": "t/a", "Index": 0, "Flags": 7},
    {"Key": "t/a", "Session": NOBODY}, {"Key": "t/a", "Session": "bad"},
    {"Key": "t/a", "Session": ""}, {"Key": "t/", "Value": None},
    {"Key": "t/b", "Value": "", "Flags": 18446744073709551615},
    {"Key": "t/c", "Namespace": "x"}, {"Key": "t/c", "Foo": 1},
    {"Key": "t/c", "Value": "!!"}, {"Key": 5}, {"Key": "t/c", "Flags": -1},
    {"Key": "t/c", "Index": "1"}, {"key": "t/d", "value": "eQ=="},
]
OTHER_VERBS = ["set", "cas", "get", "delete", "delete-cas", "zzz", ""]
NODES = [
    {"Node": "tn", "Address": "1.2.3.4"}, {"Node": "none"}, {},
    {"Node": "tn", "Address": "1.2.3.4", "ModifyIndex": 1},
    {"Node": "tn", "ID": "bad", "Address": "1.2.3.4"},
    {"Node": "tn2", "ID": NOBODY, "Address": "1.2.3.4",
     "Meta": {"a": "b"}, "TaggedAddresses": {"lan": "1.2.3.4"}},
    {"ID": NOBODY}, {"Node": "tn", "Address": "1.2.3.4", "Foo": 1},
    {"Node": "tn", "Address": "1.2.3.4", "Meta": {"": "x"}},
    {"Node": "tn", "Datacenter": "dc9", "Address": "1.2.3.4"},
]
SERVICES = [
    {"Node": "tn", "Service": {"ID": "ts1", "Service": "ts", "Port": 1}},
    {"Node": "tn", "Service": {"Service": "ts2"}},
    {"Node": "none", "Service": {"ID": "x", "Service": "x"}},
    {"Node": "", "Service": {"ID": "x", "Service": "x"}},
    {"Node": "tn", "Service": {"ID": "ts1"}}, {"Node": "tn"},
    {"Node": "tn", "Service": {}},
    {"Node": "tn", "Service": {"ID": "ts1", "Service": "ts",
                               "ModifyIndex": 1}},
    {"Node": "tn", "Service": {"Service": "m", "Meta": {"": "x"}}},
    {"Node": "tn", "Service": {"Service": "w", "Tags": ["a"], "Weights":
                               {"Passing": 3, "Warning": 2},
                               "Address": "9.9.9.9"}},
    {"Node": "tn", "Service": {"Service": "b", "Address": "0.0.0.0"}},
    {"Node": "tn", "Service": {"Service": "b", "Foo": 1}},
]
CHECKS = [
    {"Node": "tn", "CheckID": "tc", "Name": "n", "Status": "passing"},
    {"Node": "tn", "CheckID": "tc", "Status": "zz"},
    {"Node": "none", "CheckID": "tc"}, {"CheckID": "tc"},
    {"Node": "tn", "Name": "onlyname"}, {"Node": "tn"}, {},
    {"Node": "tn", "CheckID": "tc", "ServiceID": "ts1"},
    {"Node": "tn", "CheckID": "tc", "ServiceID": "nope"},
    {"Node": "tn", "CheckID": "tc", "ModifyIndex": 1},
    {"Node": "tn", "CheckID": "td", "Type": "zz", "Definition":
     {"HTTP": "http://x", "Interval": "10s", "Timeout": "1s"}},
    {"Node": "tn", "CheckID": "te", "Definition": {"Interval": "x"}},
    {"Node": "tn", "CheckID": "te", "Definition": {"Foo": "x"}},
]
RAW = ["", "{", "[", "null", "[]", "[{}]", "{}", "5", '"x"', "[5]", "[[]]",
       '[{"KV":null}]', '[{"KV":5}]', '[{"Foo":{}}]', '[{"KV":{}}]',
       '[{"KV":{"Verb":"get","Key":"a"},"Node":{"Verb":"get"}}]',
       '[{"Session":{}}]', '[{"Intention":{}}]', "[] x", "[{},{},{}]"]
SIZES = [0, 1, 524288, 524289, 700000, VALUE_MAX - 1, VALUE_MAX,
         VALUE_MAX + 1, VALUE_MAX + 500000]


def transactions():
    """(name, body) of each."""
    for verb, body in itertools.product(KV_VERBS, KV_BODIES):
        op = {"KV": dict(body, Verb=verb)}
        yield "kv %s %s" % (verb, json.dumps(body)), [op]
    for verb, node in itertools.product(OTHER_VERBS, NODES):
        op = {"Node": {"Verb": verb, "Node": node}}
        yield "node %s %s" % (verb, json.dumps(node)), [op]
    for verb, service in itertools.product(OTHER_VERBS, SERVICES):
        op = {"Service": dict(service, Verb=verb)}
        yield "service %s %s" % (verb, json.dumps(service)), [op]
    for verb, check in itertools.product(OTHER_VERBS, CHECKS):
        op = {"Check": {"Verb": verb, "Check": check}}
        yield "check %s %s" % (verb, json.dumps(check)), [op]
    for count in (63, 64, 65, 200):
        yield "%d operations" % count, [
            {"KV": {"Verb": "set", "Key": "many/%d" % i}}
            for i in range(count)]
    yield "two that fail", [
        {"KV": {"Verb": "set", "Key": "t/x", "Value": "eA=="}},
        {"KV": {"Verb": "check-not-exists", "Key": "t/x"}},
        {"KV": {"Verb": "get", "Key": "t/nope"}}]
    yield "what failed did nothing", [{"KV": {"Verb": "get", "Key": "t/x"}}]
    yield "one sees the other", [
        {"KV": {"Verb": "set", "Key": "t/y", "Value": "eA=="}},
        {"KV": {"Verb": "get", "Key": "t/y"}},
        {"KV": {"Verb": "delete", "Key": "t/y"}},
        {"KV": {"Verb": "check-not-exists", "Key": "t/y"}},
        {"Node": {"Verb": "get", "Node": {"Node": "tn"}}}]


def plain(agent, answer):
    status, headers, body = filters.plain(agent, answer)
    headers.pop("X-Consul-Index", None)
    body = re.sub(r"(index|modify index) \d+ !=", r"\1 N !=", body)
    body = re.sub(r'"LockIndex":\d+', '"LockIndex":N', body)
    return status, headers, body


def chunks(text, size=100000):
    for at in range(0, len(text), size):
        yield text[at:at + size]


def both(alike, agents, name, group, *request):
    answers = []
    for agent in agents:
        method, target, body = request
        if callable(body):
            body = body()
        answers.append(plain(agent, agent.ask(method, target, body)))
    alike.same("txn " + name[:200], answers[0], answers[1], group)


def sizes(alike, agents):
    for size in SIZES:
        key = "/v1/kv/size/%d" % size
        both(alike, agents, "PUT of %d bytes" % size, "sizes", "PUT", key,
             b"x" * size)
        both(alike, agents, "GET of %d bytes" % size, "sizes", "GET",
             key + "?raw", None)
        both(alike, agents, "PUT of %d bytes in chunks" % size, "sizes",
             "PUT", key + "c", lambda n=size: chunks(b"y" * n))
        both(alike, agents, "GET of %d bytes in chunks" % size, "sizes",
             "GET", key + "c?raw", None)
    for size in (390000, 600000, 670000, 749000, 760000, 1200000):
        value = base64.b64encode(b"z" * size).decode()
        body = json.dumps([{"KV": {"Verb": "set", "Key": "size/t",
                                   "Value": value}}]).encode()
        both(alike, agents, "a transaction of %d bytes" % len(body), "sizes",
             "PUT", "/v1/txn", body)
        both(alike, agents, "one of %d in chunks" % len(body), "sizes", "PUT",
             "/v1/txn", lambda b=body: chunks(b))
        both(alike, agents, "its value, of %d" % size, "sizes", "GET",
             "/v1/kv/size/t?raw", None)


def compare(alike, agents):
    for body in RAW:
        both(alike, agents, "body " + body, "bodies", "PUT", "/v1/txn",
             body.encode())
    for name, ops in transactions():
        both(alike, agents, name, name.split()[0] + " operations", "PUT",
             "/v1/txn", json.dumps(ops).encode())
    for query in ("?stale", "?consistent", "?stale&consistent", "?dc=zz",
                  "?index=x", "?ns=x", "?pretty"):
        for ops in ([{"KV": {"Verb": "get", "Key": "t/d"}}],
                    [{"KV": {"Verb": "set", "Key": "t/e"}}]):
            both(alike, agents, query + json.dumps(ops), "queries", "PUT",
                 "/v1/txn" + query, json.dumps(ops).encode())
    sizes(alike, agents)


class Limited(filters.Filled):
    """With room for larger values, and an end to it."""

    def config(self):
        return {**filters.CONFIG, "limits": {
            "kv_max_value_size": VALUE_MAX, "txn_max_req_len": TXN_MAX}}


def main():
    alike = Alike("http")
    with Pair("txn", agent=Limited) as pair:
        compare(alike, list(pair))
    return alike.done()


if __name__ == "__main__":
    sys.exit(main())
