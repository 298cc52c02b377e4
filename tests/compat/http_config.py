#!/usr/bin/env python3
"""What the configuration changes of HTTP, beside the real Consul.

Both get the same file: headers, blocked endpoints, who may write, a Unix
socket, limits, a web page of its own path. Compared are answers as in
http_api.py, the whole of DebugConfig, and the shapes of /v1/agent/host.
"""

import json
import os
import re
import socket
import stat
import subprocess
import sys

from alike import Alike
from http_api import Pair, Server, alike, is_whole, request, unchunk


def configuration(folder, address):
    return {
        "http_config": {
            "response_headers": {"x-one": "1", "X-Two": "a b",
                                 "Access-Control-Allow-Origin": "*"},
            "block_endpoints": ["/v1/agent/self/", "/v1/session",
                                "/v1/kv/blocked"],
            "allow_write_http_from": ["127.0.0.1/32", "::1/128"],
            "use_cache": False,
        },
        "addresses": {"http": "%s unix://%s/http.sock" % (address, folder)},
        "unix_sockets": {"mode": "0640", "group": "0"},
        "translate_wan_addrs": True,
        "discovery_max_stale": "10s",
        "disable_http_unprintable_char_filter": True,
        "ui_content_path": "consul/page",
        "limits": {"kv_max_value_size": 1000, "txn_max_req_len": 2000},
        "session_ttl_min": "20s",
        "node_meta": {"rack": "r1", "a": ""},
        "telemetry": {"prefix_filter": ["+consul.x", "-consul.y"],
                      "disable_hostname": True},
        "dns_config": {"service_ttl": {"*": "5s", "web": "1m"},
                       "a_record_limit": 3},
        "performance": {"raft_multiplier": 2},
        "raft_snapshot_interval": "10s",
        "encrypt": "cg8StVXbQJ0gPvMd9o7yrg==",
        "leave_on_terminate": True,
        "autopilot": {"min_quorum": 3},
        "gossip_lan": {"gossip_nodes": 4},
        "recursors": [],
        "enable_local_script_checks": True,
        "disable_remote_exec": False,
    }


class Configured(Server):
    """An agent with that file; reads are answered, writes come too."""

    def config(self):
        # One that was left behind is no obstacle.
        left = socket.socket(socket.AF_UNIX)
        left.bind(self.folder + "/http.sock")
        left.close()
        return configuration(self.folder, self.address)

    def by_socket(self, data):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(5)
            sock.connect(self.folder + "/http.sock")
            sock.sendall(data)
            got = b""
            while not is_whole(got):
                more = sock.recv(65536)
                if not more:
                    break
                got += more
            return got


def cases():
    for target in ["/v1/status/peers", "/v1/kv/none", "/v1/kv/blocked",
                   "/v1/kv/blocked/x", "/v1/kv/block", "/v1/kv/blocked?a=%zz",
                   "/v1/agent/self/", "/v1/session/list", "/v1/session/info/x",
                   "/v1/session", "/v1/nope", "/nope", "/", "/ui", "/ui/",
                   "/consul/page", "/robots.txt", "/v1/kv/a%01b",
                   "/v1/kv/a%7F", "/v1/kv//a", "/v1/kv",
                   "/v1/catalog/nodes", "/v1/catalog/nodes?consistent",
                   "/v1/catalog/nodes?leader", "/v1/catalog/nodes?stale",
                   "/v1/catalog/services", "/v1/catalog/service/x",
                   "/v1/catalog/service/x?cached", "/v1/health/state/zz",
                   "/v1/health/service/x?max_stale=1s", "/v1/health/node/zz",
                   "/v1/catalog/datacenters?cached", "/debug/pprof/",
                   "/debug/pprof/cmdline", "/debug/pprof/nope"]:
        yield "GET " + target, request("GET", target)
    yield ("GET gzip", request("GET", "/v1/catalog/nodes", None,
                               {"Accept-Encoding": "deflate, gzip;q=1.0"}))
    for method in ["OPTIONS", "HEAD", "PATCH"]:
        for target in ["/v1/kv/a", "/v1/kv/blocked", "/v1/nope"]:
            yield "%s %s" % (method, target), request(method, target)
    for target in ["/v1/kv/a", "/v1/kv/blocked", "/v1/catalog/register",
                   "/v1/txn", "/v1/agent/check/pass/x", "/v1/acl/token",
                   "/v1/session/create", "/v1/status/leader"]:
        yield "PUT " + target, request("PUT", target, "{}")
        yield ("PUT forwarded " + target, request(
            "PUT", target, "{}", {"X-Forwarded-For": "127.0.0.1"}))
    yield "DELETE /v1/kv/a", request("DELETE", "/v1/kv/a")
    yield "POST /v1/acl/login", request("POST", "/v1/acl/login", "{}")


def compare(result, real, ours):
    def same(name, answers):
        result.same("configured " + name, *[
            [line.decode("latin-1") for line in alike(answer)]
            for answer in answers])

    for name, data in cases():
        same(name, [server.send(data) for server in (real, ours)])
    for name, data in [
            ("GET", request("GET", "/v1/kv/none")),
            ("PUT", request("PUT", "/v1/kv/a", "x")),
            ("PUT big", request("PUT", "/v1/kv/a", "x" * 1001)),
            ("PUT txn", request("PUT", "/v1/txn", "[" + " " * 2000 + "]"))]:
        same("socket " + name,
             [server.by_socket(data) for server in (real, ours)])
    result.same("configured socket's mode and group", *[
        [oct(stat.S_IMODE(os.stat(server.folder + "/http.sock").st_mode)),
         os.stat(server.folder + "/http.sock").st_gid]
        for server in (real, ours)])
    result.same("configured CLI over the socket", *[
        subprocess.run([server.program, "kv", "get", "none"], capture_output=True,
                       env={"CONSUL_HTTP_ADDR":
                            "unix://%s/http.sock" % server.folder},
                       check=False).stderr.decode()
        for server in (real, ours)])


def tree_of(server, path):
    answer = server.send(request("GET", path))
    head, _, body = answer.partition(b"\r\n\r\n")
    return json.loads(unchunk(body) if b"chunked" in head else body)


def flat(tree, path=""):
    """{path: value} of all leaves."""
    if isinstance(tree, dict) and tree:
        rows = {}
        for key, value in tree.items():
            rows.update(flat(value, path + "." + key))
        return rows
    return {path: tree}


def shape(tree):
    """Keys and kinds, in order: what machines share."""
    if isinstance(tree, dict):
        return [(key, shape(value)) for key, value in tree.items()]
    if isinstance(tree, list):
        return [shape(tree[0])] if tree else []
    if isinstance(tree, (int, float)):
        return "number"
    return type(tree).__name__


def compare_self(result, real, ours):
    trees = [tree_of(server, "/v1/agent/self") for server in (real, ours)]
    rows = [flat(tree["DebugConfig"]) for tree in trees]
    result.same("DebugConfig: its keys", list(rows[0]), list(rows[1]))
    for key in rows[0]:
        values = []
        for server, row in ((real, rows[0]), (ours, rows[1])):
            text = json.dumps(row.get(key), sort_keys=True)
            for own in (server.folder, server.address):
                text = text.replace(own, "OWN")
            text = re.sub(r"/(real|ours)\b", "/OWN", text)
            values.append(re.sub(r"[0-9a-f-]{36}", "UUID", text))
        result.same("DebugConfig" + key, *values, group="DebugConfig")
    for part in ("Config", "Coord", "Member", "Meta"):
        result.same("self: shape of " + part, shape(trees[0][part]),
                    shape(trees[1][part]))
    stats = [{part: sorted(values) for part, values in tree["Stats"].items()}
             for tree in trees]
    for part in stats[0]:
        result.same("self: Stats of " + part, stats[0][part],
                    stats[1].get(part))
    hosts = [tree_of(server, "/v1/agent/host") for server in (real, ours)]
    result.same("host: its shape", shape(hosts[0]), shape(hosts[1]))
    for part, key in [("Memory", "total"), ("Host", "hostname"),
                      ("Host", "platform"), ("Host", "platformVersion"),
                      ("Host", "platformFamily"), ("Host", "kernelVersion"),
                      ("Host", "kernelArch"), ("Host", "hostid"),
                      ("Host", "virtualizationRole"), ("Disk", "total"),
                      ("Disk", "fstype"), ("Disk", "path")]:
        result.same("host: %s.%s" % (part, key), hosts[0][part][key],
                    hosts[1][part][key], group="host")
    result.same("host: CPU", hosts[0]["CPU"], hosts[1]["CPU"])


def main():
    result = Alike("http")
    with Pair("config", ["-ui"], Configured) as pair:
        compare(result, *pair)
        compare_self(result, *pair)
    return result.done()


if __name__ == "__main__":
    sys.exit(main())
