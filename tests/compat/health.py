#!/usr/bin/env python3
"""The same services and checks for the real Consul and for ours.

Starts both agents, and a web server beside them. Sends both the same
registrations, right and wrong, and compares every answer; then lets the checks
run and compares their statuses and outputs, the agent's services, and what the
catalog has of the node. Prints TAP.
"""

import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from alike import Alike       # noqa: E402  (beside this file)
from pair import Agent, Pair  # noqa: E402

SERVER = os.path.join(HERE, "..", "e2e", "health_server.py")

SERVICE = "/v1/agent/service/register"
CHECK = "/v1/agent/check/register"
CONFIG = {"enable_script_checks": True, "check_update_interval": "0s"}

# What is said in words of its own, or by chance, or not at all.
LOOSE = {
    "service:web1:5": "an alias of several that fail names one by chance",
    "http full": "Go says one of two things, by chance",
}

SERVICES = [
    {"Name": "a"},
    {"ID": "web1", "Name": "web", "Tags": ["x", "y"], "Meta": {"k": "v"},
     "Address": "127.0.0.1", "Port": 8012, "Check": {"TTL": "100s"},
     "Checks": [{"HTTP": "http://127.0.0.1:1/", "Interval": "5s"},
                {"TCP": "127.0.0.1:1", "Interval": "100ms",
                 "Timeout": "200ms"},
                {"Args": ["/no/such"], "Interval": "1s"},
                {"AliasService": "a"}]},
    {"Name": "b", "TaggedAddresses": {"lan_ipv4": {"Address": "::1"}}},
    {"Name": "b", "TaggedAddresses": {"wan_ipv6": {"Address": "1.2.3.4"}}},
    {"Name": "b", "TaggedAddresses": {"lan_ipv6": {"Address": "foo"}}},
    {"Name": "b", "Address": "0.0.0.0"},
    {"Name": "b", "Address": "::"},
    {"Name": "b", "Address": "[::]"},
    {"Name": "b", "Weights": {"Passing": 0}},
    {"Name": "b", "Weights": {"Passing": 1, "Warning": -1}},
    {"Name": "b", "Weights": {"Passing": 70000, "Warning": 1}},
    {"Name": "b", "Weights": {}},
    {"Name": "b", "Meta": {"consul-a": "x"}},
    {"Name": "b", "Meta": {"a b": "x"}},
    {"Name": "b", "Meta": {"": "x"}},
    {"Name": "b", "Meta": {"k": "v" * 513}},
    {"Name": "b", "Meta": {"k" * 129: "v"}},
    {"Name": "b", "Meta": {"k%d" % i: "v" for i in range(65)}},
    {"Name": "b", "Checks": [{}]},
    {"Name": "b", "Check": {}},
    {"Name": "b", "Check": {"HTTP": "x"}},
    {"Name": "b", "Check": {"TTL": "1s", "Status": "foo"}},
    {"Name": "b", "Check": {"TTL": "1s"}, "Checks": [{"HTTP": "x"}]},
    {"Port": 3},
    {"Name": "b", "Port": "x"},
    {"Name": "b", "Foo": 1},
    {"ID": "idonly"},
    {"name": "lower", "enable_tag_override": True,
     "tagged_addresses": {"lan": {"address": "1.2.3.4", "port": 3}}},
    {"Name": "b", "Connect": {"Native": True}},
    {"Name": "b", "Address": "::1", "Port": 4,
     "TaggedAddresses": {"lan": {"Address": "1.2.3.4", "Port": 2}}},
    {"Name": "c", "Address": "host.x", "Port": 4},
    {"Name": "d", "Address": "::ffff:1.2.3.4", "Port": 4},
    {"Name": "e e", "Tags": ["a b"]},
    {"Name": "f", "Tags": None, "Meta": None},
    {"Name": "g", "Port": -1},
    {"Name": "h\u00fc"},
    {"Name": "i", "Check": {"TTL": "1h", "Notes": "n", "Name": "own name"}},
]

CHECKS = [
    {"Name": "nn", "TTL": "500s", "Notes": "hello", "ServiceID": "a"},
    {"Name": "x"},
    {"Name": "x", "TTL": "1s", "Interval": "1s"},
    {"Name": "x", "HTTP": "x", "Interval": "1s", "AliasNode": "x"},
    {"Name": "x", "TTL": "1s", "AliasNode": "x"},
    {"Name": "x", "TTL": "1s", "OutputMaxSize": -1},
    {"Name": "x", "TTL": "1s", "Status": "foo"},
    {"TTL": "1s", "Status": "foo"},
    {"ID": "x", "TTL": "1s"},
    {"ID": "x", "Name": "xx", "TTL": "1s", "ServiceID": "zz"},
    {"ID": "x", "Name": "xx", "Interval": "1s"},
    {"ID": "x", "Name": "xx", "GRPC": "a"},
    {"ID": "x", "Name": "xx", "Shell": "a"},
    {"Name": "x", "TTL": "-1s"},
    {"Name": "x", "CheckID": "w", "TTL": "1h"},
    {"ID": "y", "Name": "yy", "TTL": "1h", "Notes": "n", "Status": "passing"},
    {"Name": "x", "script": "true", "Interval": "1s"},
    {"Name": "x", "TTL": "1"},
    {"name": "low", "ttl": "1h", "service_id": "a",
     "deregister_critical_service_after": "5m"},
]

OTHERS = [
    "service/maintenance/nn?enable=true", "service/maintenance/?enable=true",
    "service/maintenance/a", "service/maintenance/a?enable=q",
    "service/maintenance/c?enable=true&reason=broken%20thing",
    "service/maintenance/c?enable=true", "maintenance",
    "maintenance?enable=x", "service/deregister/none",
    "service/deregister/", "check/deregister/none", "check/deregister/",
    "check/pass/", "check/pass/zz", "check/warn/nn?note=abc",
    "check/fail/service:i", "check/pass/service:web1:1?note=" + "n" * 5000,
]

UPDATES = [
    ("nn", {"Status": "zz"}), ("nn", {"Output": "x"}),
    ("none", {"Status": "passing"}),
    ("service:i", {"Status": "passing", "Output": "x" * 5000}),
]


def redirected(server):
    """What becomes of method, body and headers at each kind of redirect."""
    web, other = "http://%s:8080" % server, "http://%s:8082" % server
    headers = {"Authorization": ["a"], "Cookie": ["c=1"], "Cookie2": ["d"],
               "Www-Authenticate": ["w"], "X-A": ["1"], "Host": ["foo.bar"],
               "Referer": ["http://me/"], "Content-Type": ["t/u"]}
    full = {"Header": headers, "Body": "bb"}
    rows = {}
    for code in (300, 301, 302, 303, 304, 305, 307, 308, 399):
        for method in ("GET", "POST", "HEAD", "PATCH", "delete"):
            rows["to %d %s" % (code, method)] = dict(
                full, HTTP="%s/to/%d?/echo" % (web, code), Method=method)
        rows["to %d nowhere" % code] = {"HTTP": "%s/to/%d" % (web, code)}
    for name, path in (
            ("elsewhere", "/to/302?" + other + "/echo"),
            ("and back", "/to/302?" + other + "/to/302?" + web + "/echo"),
            ("and back, and on", "/to/302?" + other + "/to/302?" + web +
             "/to/302?/echo"),
            ("the same in full", "/to/302?" + web + "/echo"),
            ("without scheme", "/to/302?//%s:8082/echo" % server),
            ("beside", "/to/to/../302?x"), ("a question", "/to/301??q=1"),
            ("kept, lost, kept", "/to/307?/to/302?/to/308?/echo"),
            ("nine times", "/to/302?" * 9 + "/echo"),
            ("ten times", "/to/302?" * 10 + "/echo"),
            ("a fragment", "/to/302?/echo#here"),
            ("spaces", "/to/302?/echo%20a"), ("a bad port", "/to/302?http://h:x/"),
            ("a colon", "/to/302?:x"), ("no host", "/to/302?http:///x")):
        rows["to " + name] = dict(full, HTTP=web + path, Method="PUT")
    rows["to with user"] = {"HTTP": "http://u:p@%s:8080/to/302?/echo" % server}
    rows["to without user"] = {
        "HTTP": "http://u:p@%s:8080/to/302?%s/echo" % (server, web)}
    rows["to another's user"] = {
        "HTTP": "%s/to/302?http://u:p@%s:8082/echo" % (web, server)}
    return rows


def running(server):
    """Checks that run each second, by id."""
    web = "http://%s:8080" % server
    rows = {"http " + path: {"HTTP": web + path} for path in (
        "/echo", "/code/204", "/code/429", "/code/500", "/redirect",
        "/redirect307", "/loop", "/elsewhere", "/big", "/close", "/gzip",
        "/reason", "/none")}
    rows.update({
        "http put": {"HTTP": web + "/echo", "Method": "PUT"},
        "http put body": {"HTTP": web + "/echo", "Method": "PUT",
                          "Body": "some body"},
        "http Get": {"HTTP": web + "/echo", "Method": "Get"},
        "http head": {"HTTP": web + "/echo", "Method": "HEAD"},
        "http post redirect": {"HTTP": web + "/redirect", "Method": "POST",
                               "Body": "bb"},
        "http post 307": {"HTTP": web + "/redirect307", "Method": "POST",
                          "Body": "bb"},
        "http headers": {"HTTP": web + "/echo", "Header": {
            "X-A": ["1", "2"], "User-Agent": ["me"], "Accept": ["a/b"],
            "Host": ["foo.bar"], "Accept-Encoding": ["x"],
            "Content-Type": ["t/u"]}},
        "http empty": {"HTTP": web + "/echo", "Header": {"X-E": [""]}},
        "http tail": {"HTTP": web + "/big", "OutputMaxSize": 10},
        "http slow": {"HTTP": web + "/slow", "Timeout": "500ms"},
        "http slow body": {"HTTP": web + "/slowbody", "Timeout": "500ms"},
        "http user": {"HTTP": "http://u:p@%s:8080/echo" % server},
        "http password": {"HTTP": "http://u:p@127.0.0.1:1/"},
        "http full": {"HTTP": "http://%s:8081/" % server,
                      "Timeout": "500ms"},
        "http six": {"HTTP": "http://[::1]:1/"},
        "http bracket": {"HTTP": "http://[::1"},
        "http ftp": {"HTTP": "ftp://127.0.0.1/"},
        "http no scheme": {"HTTP": "127.0.0.1:80/"},
        "http no url": {"HTTP": "foo"},
        "http port": {"HTTP": "http://h:xx/"},
        "http no host": {"HTTP": "http:///x"},
        "http method": {"HTTP": web, "Method": "A B"},
        "tcp open": {"TCP": server + ":8080"},
        "tcp closed": {"TCP": "127.0.0.1:1"},
        "tcp six": {"TCP": "[::1]:1"},
        "tcp full": {"TCP": server + ":8081", "Timeout": "500ms"},
        "tcp no port": {"TCP": "localhost"},
        "tcp colons": {"TCP": "a:b:c"},
        "tcp name": {"TCP": "localhost:1"},
        "sh timeout": {"Args": ["sh", "-c", "echo hi; sleep 5"],
                       "Timeout": "500ms"},
        "sh long": {"Args": ["sh", "-c", "seq 2000; exit 1"]},
        "sh killed": {"Args": ["sh", "-c", "kill -9 $$"]},
        "sh none": {"Args": ["nosuchcmd"]},
        "sh true": {"Args": ["true"]},
        "sh not exec": {"Args": ["/etc/passwd"]},
        "sh both": {"Args": ["sh", "-c", "echo out; echo err >&2; exit 2"]},
        "sh small": {"Args": ["sh", "-c", "seq 100"], "OutputMaxSize": 10},
        "sh background": {"Args": ["sh", "-c", "sleep 20 & echo bg"],
                          "Timeout": "700ms"},
    })
    return rows


class Checking(Agent):
    """An agent that runs checks."""

    def config(self):
        return CONFIG


class Comparison:
    """Asks both."""

    def __init__(self, real, ours):
        self.real, self.ours = real, ours
        self.tally = Alike("http")

    def check(self, name, real, ours):
        """One comparison."""
        self.tally.same("checks " + name, real, ours)

    def same(self, method, path, body=None):
        """The same question to both: status and text must be the same."""
        name = "%s %s %s" % (method, path, json.dumps(body) if body else "")
        self.check(name[:100], self.real.call(method, path, body),
                   self.ours.call(method, path, body))

    def rows(self, path, key, loose=()):
        """A table of both, row by row."""
        tables = [key(json.loads(agent.call("GET", path)[1]))
                  for agent in (self.real, self.ours)]
        for row in sorted(set(tables[0]) | set(tables[1])):
            if row not in loose:
                self.check("%s: %s" % (path, row), tables[0].get(row),
                           tables[1].get(row))


def without_indexes(row):
    """Of a row of the catalog."""
    return {name: value for name, value in row.items()
            if name not in ("CreateIndex", "ModifyIndex")}


def compare(both, server):
    """All of it."""
    for body in SERVICES:
        both.same("PUT", SERVICE, body)
    for body in CHECKS:
        both.same("PUT", CHECK, body)
    for name, body in (running(server) | redirected(server)).items():
        both.same("PUT", CHECK, dict(body, Name=name, Interval="1s"))
    for path in OTHERS:
        both.same("PUT", "/v1/agent/" + path)
    for name, body in UPDATES:
        both.same("PUT", "/v1/agent/check/update/" + name, body)
    # Registered again: what they were stays.
    both.same("PUT", SERVICE, {"Name": "i", "Port": 3, "Check": {
        "TTL": "1h", "Status": "warning"}})
    both.same("PUT", CHECK, {"Name": "nn", "TTL": "2h", "ServiceID": "a"})
    time.sleep(4)
    both.rows("/v1/agent/checks", lambda table: table, LOOSE)
    both.rows("/v1/agent/services", lambda table: table)
    both.rows("/v1/health/node/n1", lambda rows: {
        row["CheckID"]: without_indexes(row) for row in rows}, LOOSE)
    both.rows("/v1/catalog/node-services/n1", lambda reply: {
        row["ID"]: without_indexes(row) for row in reply["Services"]})
    both.same("PUT", SERVICE + "?replace-existing-checks",
              {"Name": "a", "Port": 3})
    both.same("PUT", "/v1/agent/service/maintenance/c?enable=false")
    both.same("PUT", "/v1/agent/service/deregister/web1")
    both.same("PUT", "/v1/agent/check/deregister/y")
    both.rows("/v1/agent/checks", lambda table: table, LOOSE)


def main():
    """Start, compare, stop."""
    with Pair("health", ["-dev"], Checking) as pair:
        server = pair.network + "9"
        with subprocess.Popen([sys.executable, SERVER, server, "8080"],
                              stderr=subprocess.DEVNULL) as web:
            try:
                both = Comparison(*pair)
                compare(both, server)
            finally:
                web.terminate()
    return both.tally.done()


if __name__ == "__main__":
    sys.exit(main())
