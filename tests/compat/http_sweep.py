#!/usr/bin/env python3
"""Every endpoint, swept with odd and malformed requests, beside the real one.

The table of routes (httpd/route.c) is read, and for each row requests are made
up: all methods, odd arguments, wrong values of every parameter, bodies that are
empty, cut, of the wrong type, too deep. They go over keep-alive connections to
the real Consul and to ours at once; status, headers and body are compared when
ids, indexes, addresses and times have been made alike. No daemon may die.
Prints a TAP line a route. Arguments are parts of patterns to sweep alone.
"""

import json
import os
import re
import socket
import sys
import time

from alike import Alike
from http_api import (HERE, PORT, UUID, Pair, Server, alike, is_whole,
                      request)

ROUTES = os.path.join(HERE, "../../httpd/route.c")

# Answers that hold the machine or the moment: status and headers alone.
BODY_VARIES = {"/v1/agent/self", "/v1/agent/host", "/v1/agent/metrics",
               "/v1/snapshot", "/v1/coordinate/nodes", "/v1/coordinate/node/",
               "/v1/coordinate/datacenters", "/v1/event/list",
               "/v1/operator/autopilot/health"}

METHODS = ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "get"]

ARGUMENTS = ["", "x", "n1", "consul", "a%2Fb", "%C3%A4%E2%82%AC", "%00", "%7F",
             "%20", "+", "a%20b", ".", "%2E%2E", "%2F", "a/b", "a/", "%zz",
             "%", "%ff%fe", "%E2%80%A8", "a;b", "a:b", "a'b\"c", "<b>&",
             "~!$()*,=@", UUID, UUID.upper(), UUID[:8], "x" * 300,
             "x" * 5000]

QUERIES = [
    "stale", "stale=false", "consistent", "stale&consistent", "leader",
    "cached", "cached&consistent", "cached&stale",
    "index=x", "index=-1", "index=1.5", "index=1e3", "index=%201", "index=",
    "index=0", "index=0x10", "index=18446744073709551616", "index=0&index=x",
    "index=x&index=0", "index=999999&wait=1ms", "wait=x", "wait=10",
    "wait=-1s", "wait=1h1", "wait=", "wait=.5s", "wait=1e3s",
    "wait=9999999999h", "max_stale=x", "max_stale=1s", "max_stale=-1s",
    "max_stale=", "max_stale=1s&consistent", "dc=", "dc=zz", "dc=dc1",
    "dc=DC1", "dc=" + "z" * 300, "near=", "near=zz", "near=_agent",
    "node-meta=", "node-meta=a", "node-meta=a:b", "node-meta=:",
    "node-meta=a:b&node-meta=c:d", "filter=", "ns=", "ns=x", "ns=default",
    "NS=x", "token=", "token=x", "token=" + UUID, "pretty", "pretty=false",
    "a=%zz", "%zz", "a=%00", "a&b&&c=&=d", "a;b", "passing", "passing=",
    "passing=x", "tag=", "tag=x", "tag=x&tag=y", "format=text", "raw",
    "keys", "recurse", "recurse=false", "separator=", "separator=/",
    "flags=x", "flags=-1", "cas=x", "cas=-1", "cas=", "acquire=", "acquire=x",
    "release=x", "hash=x&wait=1ms", "enable=x", "enable=", "enable=false",
    "reason=x", "segment=x", "wan", "wan=1", "prune", "policy=x",
    "relay-factor=x", "relay-factor=6", "relay-factor=-1", "local-only=x",
    "local-only=true", "limit=x", "connect=x", "name=x", "node=(",
    "service=(", "tag=(&service=x", "id=x", "address=x", "id=x&address=x",
    "loglevel=x", "connect=true", "by=x", "source=x&destination=y",
    "format=prometheus", "replace-existing-checks", "verbose=x"]

HEADERS = [{"X-Consul-Namespace": "x"}, {"X-Consul-Token": "x"},
           {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"},
           {"Cache-Control": "max-age=x"}, {"Cache-Control": "no-cache"},
           {"Accept-Encoding": "gzip"}, {"Accept": "text/plain"},
           {"Accept-Encoding": "deflate"}, {"Content-Type": "text/xml"}]

BODIES = [
    b"", b"null", b"[]", b"{}", b"true", b"5", b'"x"', b"{", b"[", b"[{}]",
    b"[null]", b"nul", b"{}{}", b"{} trailing", b" \t\r\n{}", b"\xef\xbb\xbf{}",
    b'{"Foo":1}', b'{"Foo":{"Bar":[1,2]}}', b'{"":1}', b'{"a"}', b'{"a":}',
    b'{a:1}', b"{'a':1}", b'{"a":1,}', b"[1,]", b"\xff\xfe", b"\x00",
    b'{"Name":5}', b'{"Name":null}', b'{"Name":["x"]}', b'{"Name":{}}',
    b'{"Name":"\xff\xfe"}', b'{"Zz":"\\ud800"}', b'{"Name":"\\u00"}',
    b'{"Name":"a\nb"}', b'{"Name":"\\x"}', b'{"Node":5}', b'{"Node":""}',
    b'{"Node":{}}', b'{"node":"zz","NODE":"yy"}', b'{"ID":5}', b'{"ID":"x"}',
    b'{"Token":5}', b'{"Key":5}', b'{"Key":"x"}', b'{"Service":5}',
    b'{"Service":{}}', b'{"Service":[]}', b'{"Check":5}', b'{"Checks":{}}',
    b'{"Checks":[5]}', b'{"Checks":[null]}', b'{"Tags":"x"}', b'{"Tags":[5]}',
    b'{"Meta":[]}', b'{"Meta":{"a":5}}', b'{"Port":"x"}', b'{"Port":1.5}',
    b'{"Port":1e2}', b'{"Port":99999999999999999999}', b'{"Port":-1}',
    b'{"Namespace":"x"}', b'{"Namespace":""}', b'{"TTL":"x"}', b'{"TTL":5}',
    b'{"TTL":1e400}', b'{"Interval":"x"}', b'{"Status":"x"}',
    b'{"Weights":5}', b'{"Proxy":5}', b'{"Connect":5}', b'{"Datacenter":"zz"}',
    b'{"Datacenter":5}', b'{"LockDelay":"x"}', b'{"LockDelay":1e3}',
    b'{"SkipNodeUpdate":"true"}', b'{"Coord":{}}', b'{"Coord":null}',
    b'{"Coord":{"Vec":["x"]}}', b'{"MaxTrailingLogs":"x"}',
    b'{"LastContactThreshold":"x"}', b'{"CleanupDeadServers":"x"}',
    b'{"Template":{"Type":"x"}}', b'{"Name":"q","Service":{"Service":5}}',
    b"[" * 3000 + b"]" * 3000, b'{"a":' * 3000 + b"1" + b"}" * 3000,
    # With a field that nobody knows, lest it stays at the real one alone.
    b'{"Name":"' + b"x" * 70000 + b'","Zz":1}', b"9" * 5000, b"-", b"-0", b"01",
    b"1.", b"1e", b"Infinity", b"NaN"]

# Sweeping these would end an agent, stream for ever, or reach out.
SILENT = {("PUT", "/v1/agent/leave"), ("PUT", "/v1/agent/join/"),
          ("GET", "/v1/agent/monitor")}


def routes():
    """(pattern, methods, is it built?) of each row."""
    with open(ROUTES) as file:
        text = file.read()
    for pattern, methods, handler in re.findall(
            r'X\("(/v1/[^"]*)",\s*([A-Z_]+),\s*(\w+),', text):
        yield pattern, methods.split("_"), handler != "api_not_built"


def calls(pattern, methods, is_built):
    """(name, method, bytes) of every request of one route."""
    def call(method, target, body=None, headers=None):
        name = "%s %s" % (method, target if len(target) < 120 else
                          "%s...(%d bytes)" % (target[:50], len(target)))
        if headers:
            name += " %s" % headers
        if body is not None:
            name += " %s" % (body if len(body) < 80 else
                             b"%s...(%d bytes)" % (body[:20], len(body)))
        return name, method, request(method, target, body, headers)

    argument = "x" if pattern.endswith("/") else ""
    if pattern == "/v1/query/":
        yield call("POST", "/v1/query", b'{"Name":"swept","Service":'
                   b'{"Service":"consul"},"DNS":{"TTL":"7s"}}')
        for name in ("swept", "none", "", UUID, "a%2Fb"):
            for part in ("/execute", "/explain", "/nothing", "/execute/"):
                for method in METHODS:
                    yield call(method, pattern + name + part)
        for query in QUERIES + ["cached", "limit=0", "limit=-1", "limit=1"]:
            yield call("GET", pattern + "swept/execute?" + query)
            yield call("GET", pattern + "swept/explain?" + query)
        for headers in HEADERS:
            yield call("GET", pattern + "swept/execute?cached", None, headers)
    for method in METHODS:
        if (method, pattern) not in SILENT:
            yield call(method, pattern + argument)
    for target in (pattern.rstrip("/"), pattern + "/", pattern + "//x"):
        yield call("OPTIONS", target)
        if (methods[0], pattern) not in SILENT:
            yield call(methods[0], target)
    if not is_built:
        return  # refused by name, whatever else is said
    queries, bodies = QUERIES, BODIES
    if pattern == "/v1/operator/keyring":
        # Each that is no error asks all members, for seconds.
        queries = [q for q in QUERIES if "relay" in q or "local" in q]
        bodies = [b for b in BODIES if not b.startswith((b"{}", b"null"))]
    for method in methods:
        if (method, pattern) in SILENT:
            continue
        has_body = method in ("PUT", "POST")
        if pattern.endswith("/"):
            for odd in ARGUMENTS:
                yield call(method, pattern + odd, b"" if has_body else None)
        for query in queries:
            yield call(method, pattern + argument + "?" + query,
                       b"{}" if has_body else None)
        for headers in HEADERS if queries is QUERIES else HEADERS[:1]:
            yield call(method, pattern + argument, b"{}" if has_body else None,
                       headers)
        for body in bodies if has_body else bodies[:4]:
            yield call(method, pattern + argument, body)


class Line:
    """A keep-alive connection to one agent."""

    def __init__(self, server):
        self.server = server
        self.sock = None
        self.sent = b""

    def send(self, data):
        if self.sock is None:
            self.sock = socket.create_connection((self.server.address, PORT), 5)
            self.sock.settimeout(10)
        try:
            self.sock.sendall(data)
        except OSError:
            pass  # what it says is read yet

    def read(self, is_head):
        got = b""
        try:
            while not (is_head and b"\r\n\r\n" in got) and not is_whole(got):
                more = self.sock.recv(262144)
                if not more:
                    self.close()
                    return got + b"<closed>"
                got += more
        except socket.timeout:
            got += b"<silent>"
            self.close()
        except OSError:
            got += b"<closed>"
            self.close()
        if self.sock is not None and b"\r\nConnection: close\r\n" in got:
            self.close()
        return got

    def close(self):
        self.sock.close()
        self.sock = None


def by_content(body):
    """Sessions come in the order of their ids, and those are chance. One whose
    name is beyond our limits is only there."""
    try:
        rows = json.loads(body.replace(b":N", b":0"))
    except ValueError:
        return body
    if not isinstance(rows, list):
        return body
    kept = {json.dumps(row) for row in rows if len(row.get("Name", "")) < 4096}
    return "\n".join(sorted(kept)).encode()


def made_alike(pattern, answer):
    lines = alike(answer)
    if pattern in BODY_VARIES and lines[0] == b"HTTP/1.1 200 OK":
        lines[-1] = b""
    if pattern.startswith("/v1/session/"):
        lines[-1] = by_content(lines[-1])
    return [line.decode("latin-1") for line in lines]


def sweep(result, ours, real, only):
    lines = [Line(real), Line(ours)]
    total = 0
    for pattern, methods, is_built in routes():
        if only and not any(part in pattern for part in only):
            continue
        for name, method, data in calls(pattern, methods, is_built):
            for line in lines:
                line.send(data)
            total += 1
            rows = []
            for line in lines:
                started = time.monotonic()
                answer = line.read(method == "HEAD")
                if time.monotonic() - started > 2:
                    print("# %s took %.1f s: %s" % (
                        line.server.name, time.monotonic() - started, name))
                rows.append(made_alike(pattern, answer))
            result.same("sweep " + name, rows[0], rows[1],
                        group="sweep " + pattern)
    print("# %d requests" % total)


def main():
    result = Alike("http")
    with Pair("sweep", ["-ui"], Server) as pair:
        real, ours = pair
        sweep(result, ours, real, sys.argv[1:])
    return result.done()


if __name__ == "__main__":
    sys.exit(main())
