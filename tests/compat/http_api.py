#!/usr/bin/env python3
"""The same requests to the real Consul and to ours, and the answers compared.

Both are started here, each on a loopback address of its own; without a real
Consul (CONSUL_REAL, see tests/e2e/helpers.bash) the test is skipped. Compared
are status, headers and body, after ids, indexes, addresses and times have been
made alike. Each request is one TAP line.
"""

import gzip
import json
import os
import re
import socket
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))

from alike import Alike             # noqa: E402  (beside this file)
from pair import PORT, Agent, Pair  # noqa: E402

UUID = "adf4238a-882b-9ddc-4a9d-5b6758e4159e"  # of nothing
TEXT = {"Content-Type": "text/plain"}


# --- Talking. ---

def send(address, data, patience):
    """One connection: send, read until the answer is whole or it ends."""
    with socket.create_connection((address, PORT), 5) as sock:
        sock.settimeout(patience)
        sock.sendall(data)
        got = b""
        try:
            while not is_whole(got):
                if data.startswith(b"HEAD ") and b"\r\n\r\n" in got:
                    sock.settimeout(0.3)  # no body may follow
                more = sock.recv(65536)
                if not more:
                    return got + b"<closed>"
                got += more
        except (socket.timeout, ConnectionResetError):
            return got + b"<silent>"
        return got


class Server(Agent):
    """One agent, and what it calls its things."""

    session = None

    def send(self, data, patience=5.0):
        return send(self.address, data, patience)


def is_whole(data):
    """Is this a complete answer, by its own framing?"""
    head, mark, body = data.partition(b"\r\n\r\n")
    if not mark:
        return False
    if head.startswith(b"HTTP/1.1 100"):
        return is_whole(body)
    length = re.search(rb"(?i)content-length: (\d+)", head)
    if re.search(rb"(?i)transfer-encoding: chunked", head):
        return body.endswith(b"0\r\n\r\n")
    if re.search(rb"(?i)connection: close", head):
        return False
    return length is not None and len(body) >= int(length.group(1))


def request(method, target, body=None, headers=None):
    lines = ["%s %s HTTP/1.1" % (method, target), "Host: x"]
    if body is not None:
        lines.append("Content-Length: %d" % len(body))
    for name, value in (headers or {}).items():
        lines.append("%s: %s" % (name, value))
    data = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return data + (body.encode() if isinstance(body, str) else body or b"")


# --- Making alike. ---

ALIKE = [
    (rb"127\.\d+\.\d+\.\d+", b"ADDRESS"),
    (rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
     b"UUID"),
    (rb'"(Create|Modify)Index": ?\d+', b'"\\1Index":N'),
    (rb'"ContentHash": ?"[0-9a-f]+"', b'"ContentHash":"H"'),
    (rb"\d{4}-\d\d-\d\d[T ][0-9:.]+( \+0000 UTC|Z)", b"TIME"),
    (rb"Go value of type .*", b"Go value of type T"),  # Go's names for types
    (rb"(Go struct field \.\w+ of type) struct.*", b"\\1 T"),
    (rb"current modify index \d+", b"current modify index N"),
]
IGNORED = (b"date", b"content-length", b"transfer-encoding")
NUMBERED = (b"x-consul-index", b"x-consul-contenthash", b"last-modified")


def unchunk(body):
    out = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        count = int(size, 16)
        if count == 0:
            return out
        out += body[:count]
        body = body[count + 2:]
    return out


def sort_checks(body):
    """Checks of a service and tags come in Go's order of maps: none."""
    try:
        tree = json.loads(body)
    except ValueError:
        return body
    if isinstance(tree, dict) and tree and all(
            isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)
            for tags in tree.values()):  # services and their tags
        return json.dumps({name: sorted(tags)
                           for name, tags in tree.items()}).encode()
    for row in tree if isinstance(tree, list) else [tree]:
        if isinstance(row, dict) and "AggregatedStatus" in row:
            row["Checks"] = sorted(row["Checks"] or [],
                                   key=lambda check: check["CheckID"])
            body = json.dumps(tree).encode()
    return body


def alike(answer):
    """The answer as a list of lines that two servers should share."""
    # RFC 7231 5.1.1: it may be left out where the body is there already.
    prefix = b"HTTP/1.1 100 Continue\r\n\r\n"
    if answer.startswith(prefix):
        answer = answer[len(prefix):]
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    headers = []
    for line in lines[1:]:
        name, _, value = line.partition(b": ")
        if name.lower() in IGNORED:
            continue
        if name.lower() in NUMBERED:
            value = b"N"
        headers.append(name + b": " + value)
    closed = body.endswith(b"<closed>")
    if closed:
        body = body[:-len(b"<closed>")]
    if re.search(rb"(?i)transfer-encoding: chunked", head):
        body = unchunk(body)
    if b"Content-Encoding: gzip" in head:
        body = gzip.decompress(body)
    body = sort_checks(body)
    for pattern, replacement in ALIKE:
        body = re.sub(pattern, replacement, body)
    result = [lines[0]] + sorted(headers) + [body]
    return result + ([b"<closed>"] if closed else [])


# --- What is sent. ---

def cases():
    """(name, data): data is bytes, or a function of the server."""
    yield from kv_cases()
    yield from txn_cases()
    yield from session_cases()
    yield from catalog_cases()
    yield from agent_cases()
    yield from namespace_cases()
    yield from route_cases()
    yield from raw_cases()


def get(target, headers=None):
    return ("GET " + target, request("GET", target, headers=headers))


def put(target, body="", headers=None):
    return ("PUT %s %s" % (target, body[:60]),
            request("PUT", target, body, headers))


def delete(target):
    return ("DELETE " + target, request("DELETE", target))


def kv_cases():
    for key, value in [("a", "hello"), ("dir/", ""), ("dir/x/1", "<&>"),
                       ("dir/y", "\u2028 \xe4"), ("empty", ""),
                       ("locked", "1")]:
        yield put("/v1/kv/" + key, value)
    for target in ["a", "a?raw", "empty", "empty?raw", "zz", "zz?raw", "",
                   "?keys", "?recurse", "dir?keys", "dir/?keys&separator=/",
                   "dir/?keys&seperator=/", "dir/?keys&separator=x&seperator=/",
                   "zz?keys", "zz?recurse", "dir/?recurse&raw", "a?pretty",
                   "a?pretty=1&raw", "a?stale", "a?consistent", "a?cached",
                   "a?leader", "a?stale&consistent", "a?cached&consistent",
                   "a?index=x", "a?index=-1", "a?index=1", "a?index=0",
                   "a?index=18446744073709551616", "a?wait=x", "a?wait=10",
                   "a?index=1&wait=-5s", "a?max_stale=x", "a?max_stale=1s",
                   "a?dc=dc1", "a?dc=zz", "a?ns=x", "a?ns=", "a?token=",
                   "a?filter=x", "dir%2Fx%2F1", "dir/x/1?%zz", "a?a=%zz",
                   "a?a;b", "%C3%A4", "a%20b", "a+b"]:
        yield get("/v1/kv/" + target)
    yield get("/v1/kv/a", {"X-Consul-Namespace": "x"})
    yield get("/v1/kv/a", {"X-Consul-Token": "anything"})
    yield get("/v1/kv/a", {"Accept-Encoding": "gzip"})
    yield get("/v1/kv/a?raw", {"Accept-Encoding": "gzip"})
    yield get("/v1/kv/zz", {"Accept-Encoding": "gzip"})
    yield get("/v1/kv/a?index=x", {"Accept-Encoding": "gzip"})
    yield get("/v1/kv/a", {"Cache-Control": "max-age=x"})
    for target in ["f?flags=42", "f?flags=x", "f?flags=-1", "f?flags=",
                   "f?flags=18446744073709551616", "c?cas=0", "c?cas=0",
                   "c?cas=1", "c?cas=x", "", "a?cas=1&acquire=x",
                   "a?acquire=x&release=y&b=c d".replace(" ", "%20"),
                   "l?acquire=", "l?acquire=x", "l?acquire=" + UUID,
                   "l?release=", "l?release=x", "l?release=" + UUID,
                   "a?dc=zz", "a%20b"]:
        yield put("/v1/kv/" + target, "v")
    yield get("/v1/kv/f")
    yield get("/v1/kv/c")
    yield get("/v1/kv/a%20b")
    for target in ["c?cas=1", "c?cas=0", "c?cas=x", "c", "c", "",
                   "a?recurse&cas=1", "dir/?recurse", "zz"]:
        yield delete("/v1/kv/" + target)
    yield get("/v1/kv/dir/?recurse")
    yield ("POST /v1/kv/a", request("POST", "/v1/kv/a", "x"))
    yield ("PATCH /v1/kv/a", request("PATCH", "/v1/kv/a", "x"))
    yield put("/v1/kv/big", "x" * 524288)
    yield put("/v1/kv/big", "x" * 524289)
    yield ("GET big", request("GET", "/v1/kv/big?raw"))


def txn_cases():
    yield put("/v1/txn", "")
    for body in [
            "{", "{}", "[]", "null", "[{}]", '[{"Foo":{}}]', "[1]", '"x"',
            '[{"KV":{"Verb":"get","Key":"a"}}]',
            '[{"KV":{"Verb":"get","Key":"nope"}}]',
            '[{"KV":{"Verb":"get","Key":"a","Foo":1}}]',
            '[{"KV":{"Verb":"set","Key":"t/a","Value":"aGk=","Flags":7}}]',
            '[{"KV":{"Verb":"set","Key":"t/a","Value":"$$"}}]',
            '[{"KV":{"Verb":"set","Key":"t/n","Value":null}}]',
            '[{"KV":{"Verb":"set","Key":""}}]',
            '[{"KV":{"Verb":"zzz","Key":"a"}}]',
            '[{"KV":{"Verb":"cas","Key":"t/a","Index":1}}]',
            '[{"KV":{"Verb":"check-index","Key":"t/a","Index":3}}]',
            '[{"KV":{"Verb":"check-index","Key":"t/zz","Index":3}}]',
            '[{"KV":{"Verb":"check-not-exists","Key":"t/a"}}]',
            '[{"KV":{"Verb":"check-not-exists","Key":"t/zz"}}]',
            '[{"KV":{"Verb":"check-session","Key":"t/a","Session":"%s"}}]'
            % UUID,
            '[{"KV":{"Verb":"lock","Key":"t/l","Session":"%s"}}]' % UUID,
            '[{"KV":{"Verb":"lock","Key":"t/l","Session":"x"}}]',
            '[{"KV":{"Verb":"lock","Key":"t/l"}}]',
            '[{"KV":{"Verb":"unlock","Key":"t/a","Session":"x"}}]',
            '[{"KV":{"Verb":"get-tree","Key":"t/"}}]',
            '[{"KV":{"Verb":"set","Key":"t/b","Value":"Yg=="}},'
            '{"KV":{"Verb":"get","Key":"t/b"}},'
            '{"KV":{"Verb":"delete","Key":"t/b"}}]',
            '[{"KV":{"Verb":"get","Key":"t/b"}},'
            '{"KV":{"Verb":"delete-tree","Key":"t/"}}]',
            '[{"KV":{"Verb":"delete-cas","Key":"t/a","Index":1}}]',
            '[{"KV":{"Verb":"delete-tree","Key":"t/"}}]',
            '[{"Node":{"Verb":"set","Node":'
            '{"Node":"tn","Address":"1.1.1.1"}}}]',
            '[{"Node":{"Verb":"get","Node":{"Node":"tn"}}}]',
            '[{"Node":{"Verb":"get","Node":{"Node":"zz"}}}]',
            '[{"Node":{"Verb":"zzz","Node":{"Node":"tn"}}}]',
            '[{"Node":{"Verb":"cas","Node":{"Node":"tn","Address":"2.2.2.2",'
            '"ModifyIndex":1}}}]',
            '[{"Service":{"Verb":"set","Node":"tn",'
            '"Service":{"ID":"ts1","Service":"ts"}}}]',
            '[{"Service":{"Verb":"get","Node":"tn","Service":{"ID":"ts1"}}}]',
            '[{"Service":{"Verb":"get","Node":"tn","Service":{"ID":"zz"}}}]',
            '[{"Service":{"Verb":"set","Node":"zz",'
            '"Service":{"ID":"ts1","Service":"ts"}}}]',
            '[{"Check":{"Verb":"set","Check":{"Node":"tn","CheckID":"c",'
            '"Name":"c","Status":"passing","Definition":'
            '{"HTTP":"http://x","Interval":"10s"}}}}]',
            '[{"Check":{"Verb":"get","Check":{"Node":"tn","CheckID":"c"}}}]',
            '[{"Check":{"Verb":"get","Check":{"Node":"tn","CheckID":"zz"}}}]',
            '[{"Check":{"Verb":"delete","Check":'
            '{"Node":"tn","CheckID":"c"}}}]',
            '[{"Service":{"Verb":"delete","Node":"tn",'
            '"Service":{"ID":"ts1"}}}]',
            '[{"Node":{"Verb":"delete","Node":{"Node":"tn"}}}]',
            "[" + ",".join(['{"KV":{"Verb":"get","Key":"a"}}'] * 65) + "]"]:
        yield put("/v1/txn", body)
    yield put("/v1/txn?dc=zz", '[{"KV":{"Verb":"get","Key":"a"}}]')
    yield put("/v1/txn", "[" + " " * 524288 + "]")


def session_cases():
    def remember(server):
        answer = server.send(request("PUT", "/v1/session/create",
                                     '{"Name":"s","TTL":"60s"}'))
        found = re.search(rb'"ID":"([^"]+)"', answer)
        server.session = found.group(1).decode() if found else "none"
        return answer

    def of_session(method, target):
        return ("%s %s" % (method, target % "ID"),
                lambda server: server.send(request(
                    method, target % server.session,
                    "v" if method == "PUT" else None)))

    yield ("a session", remember)
    yield of_session("GET", "/v1/session/info/%s")
    yield of_session("GET", "/v1/session/list?x=%s")
    yield of_session("GET", "/v1/session/node/n1?x=%s")
    yield of_session("PUT", "/v1/session/renew/%s")
    yield of_session("PUT", "/v1/kv/locked?acquire=%s")
    yield of_session("PUT", "/v1/kv/locked?acquire=%s")
    yield get("/v1/kv/locked")
    yield put("/v1/kv/locked?acquire=" + UUID, "v")
    yield of_session("PUT", "/v1/kv/locked?release=%s")
    yield of_session("PUT", "/v1/kv/locked?release=%s")
    yield get("/v1/kv/locked")
    yield of_session("PUT", "/v1/session/destroy/%s")
    yield of_session("PUT", "/v1/session/destroy/%s")
    yield of_session("PUT", "/v1/session/renew/%s")
    yield of_session("GET", "/v1/session/info/%s")
    for body in ['{"LockDelay":"x"}', '{"TTL":5}', '{"TTL":"x"}',
                 '{"TTL":"5s"}', '{"TTL":"25h"}', '{"Behavior":"x"}',
                 '{"Node":"zz"}', '{"NodeChecks":["nope"]}',
                 '{"Checks":["nope"]}', '{"Name":5}', "{bad", "{",
                 '{"Node":""}']:
        yield put("/v1/session/create", body)
    for target in ["info/", "info/x", "info/" + UUID, "node/", "node/zz",
                   "list?index=x", "list?dc=zz", "list?ns=x"]:
        yield get("/v1/session/" + target)
    for target in ["destroy/", "destroy/x", "destroy/" + UUID, "renew/",
                   "renew/x", "renew/" + UUID]:
        yield put("/v1/session/" + target)


def catalog_cases():
    yield put("/v1/catalog/register", "")
    for body in [
            '{"Node":"x"}', '{"Node":""}', "{", "[]", '{"Foo":1}',
            '{"Node":"x","Address":"1.2.3.4","ID":"zz"}',
            '{"Node":"x","Address":"1.2.3.4","Service":{"ID":"s"}}',
            '{"Node":"x","Address":"1.2.3.4","Service":'
            '{"Service":"s","Address":"0.0.0.0"}}',
            '{"Node":"x","Address":"1.2.3.4","Service":{"Port":"80"}}',
            '{"Node":"x","Address":"1.2.3.4","TaggedAddresses":{"lan":"1.1.1.1"'
            '},"NodeMeta":{"m":"v"},"Service":{"ID":"y1","Service":"y","Tags":'
            '["T1","b"],"Port":80,"Meta":{"a":"b"},"Weights":'
            '{"Passing":5,"Warning":2},"TaggedAddresses":'
            '{"lan":{"Address":"1.1.1.1","Port":9}}},"Check":'
            '{"Name":"c1","Status":"passing","Notes":"n","Output":"o",'
            '"ServiceID":"y1","Definition":{"HTTP":"http://x",'
            '"Interval":"10s","Timeout":"1h30m"}}}',
            '{"Node":"x","SkipNodeUpdate":true,"Service":{"ID":"y2",'
            '"Service":"y"},"Checks":[{"CheckID":"c2","ServiceID":"y2"},'
            '{"CheckID":"n1","Status":"warning"}]}',
            '{"Node":"x","Address":"1.2.3.4","Check":'
            '{"CheckID":"q","ServiceID":"none"}}',
            '{"Node":"x","Address":"1.2.3.4","Check":'
            '{"CheckID":"q","Node":"other"}}',
            '{"Node":"x","Address":"1.2.3.4","Service":{"ID":"bm","Service":'
            '"bm","Meta":{"":"b"}}}',
            '{"Node":"x","Address":"1.2.3.4","Service":{"ID":"bm","Service":'
            '"bm","Meta":{"consul-a":"b"}}}',
            '{"node":"lower","ADDRESS":"1.2.3.5","service":{"service":"lcs",'
            '"enabletagoverride":true,"tags":["q"]}}']:
        yield put("/v1/catalog/register", body)
    for target in [
            "catalog/datacenters", "catalog/nodes", "catalog/services",
            "catalog/service/y", "catalog/service/Y", "catalog/service/none",
            "catalog/service/", "catalog/service/y?tag=t1",
            "catalog/service/y?tag=t1&tag=B", "catalog/service/y?tag=zz",
            "catalog/service/y?near=x", "catalog/service/y?node-meta=m:v",
            "catalog/service/y?node-meta=m:w", "catalog/node/x",
            "catalog/node/X", "catalog/node/none", "catalog/node/",
            "catalog/node-services/x", "catalog/node-services/none",
            "catalog/node-services/", "catalog/nodes?node-meta=m:v",
            "catalog/nodes?near=_agent", "catalog/nodes?dc=zz",
            "catalog/nodes?index=x", "catalog/nodes?stale",
            "catalog/nodes?consistent", "catalog/nodes?pretty",
            "catalog/nodes?ns=x", "catalog/nodes/",
            "catalog/services?node-meta=m:v", "catalog/services?cached",
            "catalog/services?stale&consistent", "health/node/x",
            "health/node/none", "health/node/", "health/checks/y",
            "health/checks/none", "health/checks/", "health/service/y",
            "health/service/y?passing", "health/service/y?passing=0",
            "health/service/y?passing=zz", "health/service/y?tag=b",
            "health/service/none", "health/service/", "health/service/consul",
            "health/state/any", "health/state/passing",
            "health/state/warning", "health/state/critical",
            "health/state/zz", "health/state/", "health/service/y?dc=zz",
            "status/leader", "status/peers", "status/peers?pretty",
            "operator/raft/configuration"]:
        yield get("/v1/" + target)
    yield put("/v1/catalog/deregister", "")
    for body in ['{"Node":""}', '{"Node":"zz"}', '{"Foo":1}',
                 '{"Node":"x","CheckID":"c2"}',
                 '{"Node":"x","ServiceID":"y1"}']:
        yield put("/v1/catalog/deregister", body)
    yield get("/v1/catalog/node/x")
    yield get("/v1/health/node/x")
    yield put("/v1/catalog/deregister", '{"Node":"x"}')
    yield put("/v1/catalog/deregister", '{"Node":"lower"}')
    yield get("/v1/catalog/services")


def agent_cases():
    yield put("/v1/agent/service/register", "")
    for body in [
            "{}", '{"Name":"w","Foo":1}', '{"Name":5}',
            '{"Name":"w","Port":"80"}',
            '{"Name":"w","Address":"0.0.0.0"}',
            '{"Name":"w","Weights":{"Passing":0,"Warning":1}}',
            '{"Name":"w","Meta":{"consul-a":"x"}}',
            '{"Name":"w","Check":{"HTTP":"http://x"}}',
            '{"Name":"w","Check":{"TTL":"10s","Interval":"10s"}}',
            '{"Name":"w","Check":{"ID":"x","TTL":"10s"}}',
            '{"Name":"w","Check":{"Args":["/bin/true"],"Interval":"10s"}}',
            '{"Name":"web","ID":"w1","Port":80,"Tags":["a"],'
            '"Address":"10.0.0.1","Meta":{"k":"v"},"Check":{"TTL":"600s"}}',
            '{"name":"low","port":81,"tags":["q"],"check":{"ttl":"10m",'
            '"status":"passing"},"enabletagoverride":true}']:
        yield put("/v1/agent/service/register", body)
    for target in [
            "services", "service/w1", "service/zz", "service/",
            "service/w1?hash=zz&wait=1s", "checks",
            "health/service/id/w1", "health/service/id/zz",
            "health/service/id/", "health/service/id/w1?format=text",
            "health/service/id/zz?format=text", "health/service/name/web",
            "health/service/name/zz", "health/service/name/",
            "health/service/name/zz?format=text",
            "health/service/name/low?format=text", "services?ns=x",
            "members", "members?wan=1", "members?segment=x",
            "members?segment=_all", "members?segment=x&wan=1",
            "members?wan", "monitor?loglevel=zz"]:
        yield get("/v1/agent/" + target)
    for target in ["check/pass/service:w1?note=fine", "check/pass/zz",
                   "check/warn/service:low", "check/fail/zz",
                   "maintenance", "maintenance?enable=zz",
                   "service/maintenance/", "service/maintenance/w1",
                   "service/maintenance/w1?enable=q",
                   "service/maintenance/zz?enable=true",
                   "service/maintenance/w1?enable=true&reason=tired"]:
        yield put("/v1/agent/" + target)
    yield get("/v1/agent/checks")
    yield get("/v1/agent/health/service/id/w1")
    yield get("/v1/health/service/web")
    yield put("/v1/agent/service/maintenance/w1?enable=false")
    yield put("/v1/agent/maintenance?enable=true")
    yield get("/v1/agent/health/service/id/w1?format=text")
    yield put("/v1/agent/maintenance?enable=false")
    yield get("/v1/agent/health/service/id/w1?format=text")
    for body in ['{"Status":"zz"}', '{"Status":"passing","Output":"o"}',
                 '{"Foo":1}', "{"]:
        yield put("/v1/agent/check/update/service:w1", body)
    for body in ["{}", '{"Name":"c"}', '{"Name":"c","TTL":"600s",'
                 '"ServiceID":"none"}', '{"Name":"c","Status":"zz",'
                 '"TTL":"600s"}', '{"CheckID":"c","Name":"c"}',
                 '{"Name":"c","Notes":"nn","TTL":"600s"}']:
        yield put("/v1/agent/check/register", body)
    yield get("/v1/agent/checks")
    yield get("/v1/health/service/web")
    yield get("/v1/catalog/service/web")
    for target in ["check/deregister/c", "check/deregister/none",
                   "check/deregister/", "service/deregister/",
                   "service/deregister/none", "service/deregister/w1",
                   "service/deregister/low"]:
        yield put("/v1/agent/" + target)
    yield get("/v1/agent/services")
    yield get("/v1/agent/checks")
    yield get("/v1/agent/metrics?format=prometheus")


def namespace_cases():
    for target in ["catalog/nodes", "catalog/datacenters", "catalog/services",
                   "health/state/any", "session/list", "agent/services",
                   "agent/checks", "agent/service/zz", "status/leader",
                   "operator/raft/configuration", "kv/a"]:
        yield get("/v1/%s?ns=x" % target)
    for target in ["kv/q", "session/create", "catalog/deregister",
                   "agent/check/pass/zz", "agent/maintenance", "txn"]:
        yield put("/v1/%s?ns=x" % target, "{}")


def route_cases():
    for target in ["/", "/ui", "/nope", "/v1", "/v1/", "/v1/kv",
                   "/v1/kv?a=b", "/v1//kv/a", "/v1/kv//a?q=1",
                   "/v1/kv/a/./b", "/v1/kv/a/../b", "/v1/kv/a%2F%2Fb",
                   "/v1/catalog/service", "/v1/kv/a%01", "/v1/kv/%zz",
                   "/v1/kv/%", "/v1/acl/list", "/v1/acl/token/self",
                   "/v1/acl/policies", "/v1/connect/ca/roots",
                   "/v1/connect/ca/configuration",
                   "/v1/agent/connect/ca/roots",
                   "/v1/agent/connect/ca/leaf/x", "/v1/discovery-chain/x"]:
        yield get(target)
    yield put("/v1/kv//a")
    yield put("/")
    yield put("/v1/agent/token/default", '{"Token":"x"}')
    yield put("/v1/acl/bootstrap")
    yield put("/v1/acl/token")
    for path in ["/v1/kv/a", "/v1/txn", "/v1/query", "/v1/query/x",
                 "/v1/agent/service/register", "/v1/acl/token/x",
                 "/v1/operator/keyring", "/v1/config/a/b", "/nope"]:
        for method in ["OPTIONS", "PATCH", "HEAD"]:
            yield ("%s %s" % (method, path), request(method, path))


def raw_cases():
    for text in [
            "GET / HTTP/1.0\r\n\r\n",
            "GET /v1/kv/a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            "GET /v1/kv/a HTTP/1.1\r\n\r\n",
            "GET /v1/kv/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "GET /v1/kv/a HTTP/1.2\r\nHost: x\r\n\r\n",
            "GET /v1/kv/a HTTP/2.0\r\nHost: x\r\n\r\n",
            "GET /v1/kv/a HTTP/1\r\nHost: x\r\n\r\n",
            "GET /v1/kv/a HTTP/1.1\nHost: x\n\n",
            "GET http://h/v1/kv/a HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET v1/kv/a HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /v1/kv/a b HTTP/1.1\r\nHost: x\r\n\r\n",
            "FOO\r\n\r\n", "\r\n\r\n", "G@T / HTTP/1.1\r\nHost: x\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nbad header: 1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\na: \x01\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
            "Content-Length: 2\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: foo\r\n\r\n",
            "PUT /v1/kv/ch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked"
            "\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: x\r\n\r\n",
            "PUT /v1/kv/ch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked"
            "\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
            "PUT /v1/kv/ex HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            "Content-Length: 2\r\n\r\nhi",
            "PUT /v1/kv/ex HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n"
            "Content-Length: 2\r\n\r\nhi",
            "GET /v1/status/peers HTTP/1.1\r\nHost: x\r\nUser-Agent: "
            + "u" * 5000 + "\r\n\r\n"]:
        yield (repr(text)[:100], text.encode("latin-1"))
    yield get("/v1/kv/ch?raw")


# --- The test. ---

def main():
    result = Alike("http")
    with Pair("http", ["-ui"], Server) as pair:
        for name, data in cases():
            answers = [
                [line.decode("latin-1") for line in alike(
                    data(server) if callable(data) else server.send(data))]
                for server in pair]
            result.same(name, *answers)
    return result.done()


if __name__ == "__main__":
    sys.exit(main())
