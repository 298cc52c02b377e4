#!/usr/bin/env python3
# Takes long.
"""The same calls to a cluster of the real Consul and to one of ours.

usage: cluster.py [--only REGEX]

Two clusters of three servers and a client, on loopback addresses of their own
and with gossip encrypted: one of the real Consul, one of ours. Each call goes
to the leader, to a follower and to the client of both, and the answers are
compared: status, headers and body, after ids, indexes, names, addresses and
times have been made alike. At the end the clusters lose servers, and what the
last one says is compared too. Prints TAP; without a real Consul (CONSUL_REAL,
see tests/e2e/helpers.bash) the test is skipped.
"""

import argparse
import base64
import concurrent.futures
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import dns
import http_api
from alike import BUILD, real_or_skip
from http_api import get, put, delete, request
from pair import SPAN

HOSTS = 4  # three servers, and n4, the client
KEY = base64.b64encode(bytes(range(32))).decode()
KEY2 = base64.b64encode(bytes(range(1, 33))).decode()
ROLES = ("leader", "follower", "client")

# What differs on purpose: call, and why.
ON_PURPOSE = {
    "GET /v1/agent/members?wan=1":
        "servers of ours join one another's WAN pool only when they are told",
    "GET /v1/agent/members?segment=_all&wan=1": "the same",
    "GET /v1/agent/members?wan=1&pretty": "the same",
    "PUT /v1/coordinate/update {}":
        "Consul's server dies of the missing Coord; ours says 400",
}


# --- Clusters. ---

class Agent:
    """One agent and its log."""

    def __init__(self, name, argv, address, folder):
        self.name = name
        self.address = address
        self.log = open(os.path.join(folder, name + ".log"), "w")
        self.argv = argv
        self.process = subprocess.Popen(
            argv, stdout=self.log, stderr=self.log, start_new_session=True)

    def send(self, data, patience=12.0):
        return http_api.send(self.address, data, patience)

    def json(self, target):
        """The body of a GET as JSON, or None."""
        try:
            body = body_of(self.send(request("GET", target)))
            return json.loads(body)
        except (OSError, ValueError):
            return None

    def kill(self):
        """All of its processes, at once."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        self.kill()


def body_of(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    if re.search(rb"(?i)transfer-encoding: chunked", head):
        return http_api.unchunk(body)
    return body


class Cluster:
    """Three servers and a client."""

    def __init__(self, name, argv0, net, folder):
        self.name = name
        self.net = net
        folder = os.path.join(folder, name)
        os.mkdir(folder, 0o755)
        for kind, more in (("server", {}),
                           ("client", {"discovery_max_stale": "1h"})):
            with open(os.path.join(folder, kind + ".json"), "w") as config:
                json.dump({"performance": {"raft_multiplier": 1},
                           "leave_on_terminate": False, **more}, config)
        self.argv0, self.folder = argv0, folder
        self.agents = [self.start(i) for i in range(1, HOSTS)]
        self.leader = self.follower = self.client = None

    def start(self, number):
        folder = self.folder
        address = "%s.%d" % (self.net, number)
        argv = self.argv0 + [
            "agent", "-node=n%d" % number, "-bind=" + address,
            "-client=" + address, "-encrypt=" + KEY,
            "-data-dir=" + os.path.join(folder, "data%d" % number),
            "-config-file=" + os.path.join(folder, "server.json" if number
                                           < HOSTS else "client.json"),
            "-retry-join=%s.1" % self.net]
        if number < HOSTS:
            argv += ["-server", "-bootstrap-expect=3"]
        return Agent("n%d" % number, argv, address, folder)

    def is_up(self):
        """All four have put themselves in the catalog, three are voters."""
        for agent in self.agents:
            rows = agent.json("/v1/health/state/passing")
            if not rows or sum(row["CheckID"] == "serfHealth"
                               for row in rows) < HOSTS:
                return False
        nodes = self.agents[-1].json("/v1/catalog/nodes") or []
        if sum(node["Meta"] is not None for node in nodes) < HOSTS:
            return False
        raft = self.agents[-1].json("/v1/operator/raft/configuration")
        return raft is not None and sum(
            server["Voter"] for server in raft["Servers"]) == 3

    def is_healthy(self):
        health = self.leader.json("/v1/operator/autopilot/health")
        return health is not None and health["Healthy"]

    def has_leader(self):
        return self.agents[0].json("/v1/kv/?keys") == []

    def add_client(self):
        """When there is a leader: its first words to the catalog succeed."""
        wait_for("a leader of %s" % self.name, self.has_leader, 45)
        self.agents.append(self.start(HOSTS))

    def wait(self):
        wait_for("%s to be a cluster" % self.name, self.is_up, 45)
        self.client = self.agents[-1]
        address = self.client.json("/v1/status/leader").partition(":")[0]
        servers = self.agents[:-1]
        self.leader = next(a for a in servers if a.address == address)
        followers = [a for a in servers if a is not self.leader]
        self.follower, self.other = followers

    def stop(self):
        for agent in self.agents:
            if agent.process.poll() is None:
                agent.process.send_signal(signal.SIGTERM)
        for agent in self.agents:
            agent.stop()


def wait_for(what, condition, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.2)
    raise SystemExit("Bail out! waited in vain for " + what)


# --- Making alike. ---

ALIKE = http_api.ALIKE + [
    (rb"\bn[1-4]\b", b"NAME"),
    (rb'"LastContact": ?"[^"]+"', b'"LastContact":"D"'),
    (rb'"Last(Term|Index)": ?\d+', b'"Last\\1":N'),
    (rb'"LTime": ?\d+', b'"LTime":N'),
    (rb'"LastContact": ?\d+', b'"LastContact":0'),
    # A client asks any server, which may be the leader or not.
    (rb"(rpc error making call: ){2,}", b"rpc error making call: "),
    (rb"ADDRESS:\d+->", b"ADDRESS:0->"),
    (rb" on [0-9.]+:53: ", b": "),  # the resolver that was asked
    (rb"of type uint\d*", b"of type uint"),
]


def canonical(tree):
    """Lists in an order of their own: Go's maps have none."""
    if isinstance(tree, dict):
        return {key: canonical(value) for key, value in tree.items()}
    if isinstance(tree, list):
        rows = [canonical(row) for row in tree]
        return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))
    return tree


def alike(answer):
    """The answer as a list of lines that two agents should share."""
    lines = http_api.alike(answer)
    result = []
    for line in lines:
        if line.lower().startswith(b"x-consul-lastcontact: "):
            line = b"X-Consul-Lastcontact: N"
        result.append(line)
    for i, line in enumerate(result):
        for pattern, replacement in ALIKE:
            line = re.sub(pattern, replacement, line)
        result[i] = line
    return [canonical_body(line) for line in result]


def canonical_body(line):
    if line[:1] in (b"{", b"["):
        try:
            tree = json.loads(re.sub(rb'Index":N', rb'Index":0', line)
                              .replace(b'Term":N', b'Term":0')
                              .replace(b'Time":N', b'Time":0'))
        except ValueError:
            return line
        # Keys stay in the order in which they came.
        return json.dumps(canonical(tree)).encode()
    if b" occurred:\n" in line:
        head, _, rest = line.partition(b"\n")
        return b"\n".join([head] + sorted(rest.split(b"\n")))
    return line


# --- What is sent to all roles. ---

def cases():
    """(name, data), or with a third: what is compared of the answer."""
    yield from status_cases()
    yield from raft_cases()
    yield from autopilot_cases()
    yield from keyring_cases()
    yield from coordinate_cases()
    yield from member_cases()
    yield from event_cases()
    yield from consistency_cases()
    yield from write_cases()


def body(method, target, text):
    return ("%s %s %s" % (method, target, text[:60]),
            request(method, target, text))


def status_cases():
    for target in ("leader", "peers", "leader?dc=zz", "peers?dc=zz",
                   "leader?pretty", "peers?stale&consistent", "leader?ns=x"):
        yield get("/v1/status/" + target)
    yield put("/v1/status/leader")


def raft_cases():
    for target in ("", "?stale", "?consistent", "?stale&consistent",
                   "?pretty", "?index=x", "?wait=x", "?dc=zz", "?dc=dc1",
                   "?ns=x", "?index=1"):
        yield get("/v1/operator/raft/configuration" + target)
    yield put("/v1/operator/raft/configuration")
    for target in ("", "?id=a&address=b", "?id=", "?id=a", "?address=",
                   "?address=1.2.3.4:1", "?address=zz&dc=zz",
                   "?address=x&pretty"):
        yield delete("/v1/operator/raft/peer" + target)
    for method in ("GET", "PUT", "OPTIONS"):
        yield ("%s raft/peer" % method,
               request(method, "/v1/operator/raft/peer"))


DEFAULT = ('{"CleanupDeadServers":true,"LastContactThreshold":"200ms",'
           '"MaxTrailingLogs":250,"ServerStabilizationTime":"10s"}')


def autopilot_cases():
    target = "/v1/operator/autopilot/configuration"
    default = DEFAULT
    yield get(target)
    yield get(target + "?stale&pretty")
    for text in ("", "{", "[]", '"x"', '{"Foo":1}',
                 '{"LastContactThreshold":"x"}', '{"MaxTrailingLogs":-1}',
                 '{"MaxTrailingLogs":"x"}', '{"CleanupDeadServers":"x"}',
                 '{"MinQuorum":1.5}', '{"last_contact_threshold":"200ms"}',
                 '{"UpgradeVersionTag":5}'):
        yield body("PUT", target, text)
    yield get(target)
    yield body("PUT", target, default.replace("250", "251").replace(
        '"Clean', '"cLEAN'))
    yield get(target)
    yield body("PUT", target, default[:-1] +
               ',"MinQuorum":3,"ModifyIndex":1,"CreateIndex":7,'
               '"UpgradeVersionTag":"u","RedundancyZoneTag":"z",'
               '"DisableUpgradeMigration":true,"LastContactThreshold":5000000000}')
    yield get(target)
    for query in ("?cas=x", "?cas=", "?cas=-1", "?cas=1", "?cas=0"):
        yield body("PUT", target + query, default)
    yield body("PUT", target, default)
    yield get(target)
    yield body("PUT", target + "?dc=zz", default)
    for query in ("?dc=zz", "?stale&consistent", "?consistent", "?index=x"):
        yield get(target + query)
    yield ("POST " + target, request("POST", target, "{}"))
    target = "/v1/operator/autopilot/health"
    for query in ("", "?stale", "?pretty", "?dc=zz", "?stale&consistent",
                  "?index=x", "?ns=x", "?dc=" + "x" * 3000):
        yield get(target + query)
    yield ("OPTIONS " + target, request("OPTIONS", target))
    yield put(target)


def without_wan(answer):
    """The LAN's part alone: see ON_PURPOSE, ?wan=1."""
    lines = alike(answer)
    body = lines[-1]
    if b" occurred:" in body:
        rows = [row for row in body.split(b"\n")[1:]
                if b"WAN" not in row and b"NAME.dc1" not in row]
        body = b"\n".join(rows)
    elif body.startswith(b"["):
        rows = json.loads(body)
        for row in rows:
            row["Coordinates"] = row.get("Coordinates", [])[:1]
        body = json.dumps([row for row in rows if not row.get("WAN")]).encode()
    return lines[:-1] + [body]


def keyring_cases():
    for case in keyring_calls():
        yield case + (without_wan,)


def keyring_calls():
    target = "/v1/operator/keyring"
    for query in ("", "?local-only=true", "?local-only=0", "?local-only=x",
                  "?local-only=", "?relay-factor=", "?relay-factor=2",
                  "?relay-factor=x", "?relay-factor=6", "?relay-factor=-1",
                  "?relay-factor=99999999999999999999",
                  "?stale&consistent", "?ns=x", "?pretty"):
        yield get(target + query)
    for method in ("POST", "PUT", "DELETE"):
        for text in ("", "{", "[]", '{"Key":5}', '{"Foo":1}',
                     '{"Key":"%%%"}', '{"Key":"AAAA"}', '{}',
                     '{"key":"%s","Token":"x"}' % KEY2,
                     '{"Key":"%s","RelayFactor":"x"}' % KEY,
                     '{"Key":"%s","RelayFactor":300}' % KEY,
                     '{"Key":"%s","LocalOnly":1}' % KEY):
            yield body(method, target, text)
        for query in ("?relay-factor=x", "?relay-factor=7",
                      "?local-only=true", "?local-only=zz"):
            yield body(method, target + query, '{"Key":"%s"}' % KEY)
        yield get(target)
        if method == "PUT":
            yield body("DELETE", target, '{"Key":"%s"}' % KEY2)
            yield body("PUT", target, '{"Key":"%s"}' % KEY)
    yield ("PATCH " + target, request("PATCH", target, "{}"))


def only_external(answer):
    """Of the coordinates those of our own making."""
    lines = alike(answer)
    if lines[0] == b"HTTP/1.1 200 OK":
        rows = json.loads(lines[-1])
        lines[-1] = json.dumps([row for row in rows
                                if row["Node"].startswith("ext")]).encode()
    return lines


def no_numbers(answer):
    """The shape of the coordinates."""
    lines = without_wan(answer)
    return lines[:-1] + [re.sub(rb"-?\d+\.?\d*(e-?\d+)?", b"0", lines[-1])]


def coordinate_cases():
    target = "/v1/coordinate/update"
    zeros = "[0,0,0,0,0,0,0,0]"
    for text in ("", "{", "[]", '{"Foo":1}',
                 '{"Node":"ext1","Coord":{"Vec":[0,0]}}',
                 '{"Node":"ext1","Coord":{}}',
                 '{"Node":5,"Coord":{"Vec":%s}}' % zeros,
                 '{"Node":"ext1","Coord":{"Vec":["x"]}}',
                 '{"Node":"ext1","Coord":{"Vec":[1e400]}}',
                 '{"Node":"ext1","Coord":{"Vec":%s,"Foo":1}}' % zeros,
                 '{"Node":"nobody","Coord":{"Vec":%s,"Height":1}}' % zeros,
                 '{"Node":"ext1","Datacenter":"zz","Coord":{"Vec":%s}}'
                 % zeros):
        yield body("PUT", target, text)
    yield body("PUT", target + "?dc=zz",
               '{"Node":"ext1","Coord":{"Vec":%s,"Height":1}}' % zeros)
    yield ("GET " + target, request("GET", target))
    for query in ("", "?stale", "?consistent", "?segment=", "?ns=x",
                  "?dc=dc1", "?filter=x", "?near=n1", "?pretty"):
        yield get("/v1/coordinate/nodes" + query) + (only_external,)
    for query in ("?segment=zz", "?dc=zz", "?stale&consistent", "?index=x",
                  "?wait=x", "?max_stale=x"):
        yield get("/v1/coordinate/nodes" + query)
    for name in ("ext1", "EXT1", "ext1?stale", "ext1?pretty", "ext1?index=1",
                 "ext1?segment=zz", "ext1?segment=", "ext1?dc=zz",
                 "ext1?index=x", "zz", "zz?stale", "", "ext2",
                 "ext1?stale&consistent"):
        yield get("/v1/coordinate/node/" + name)
    for query in ("", "?dc=zz", "?stale&consistent", "?pretty"):
        yield get("/v1/coordinate/datacenters" + query) + (no_numbers,)
    yield put("/v1/coordinate/nodes")


def member_cases():
    for query in ("", "?wan", "?wan=1", "?segment=zz", "?segment=_all",
                  "?segment=zz&wan=1", "?segment=_all&wan=1", "?ns=x",
                  "?stale&consistent", "?pretty", "?wan=1&pretty"):
        yield get("/v1/agent/members" + query)
    for name in ("", "127.0.0.1:1", "127.0.0.1:99999", "127.0.0.1:x",
                 "127.0.0.1:8301:3", "zz.invalid"):
        yield put("/v1/agent/join/" + name)
    for name in ("", "none", "none?prune", "none?prune=0", "none.dc1"):
        yield put("/v1/agent/force-leave/" + name)
    for name in ("join/x", "force-leave/x", "leave"):
        yield get("/v1/agent/" + name)
    yield put("/v1/agent/members")
    yield get("/v1/agent/self") + (self_shape,)


def self_shape(answer):
    """Of /v1/agent/self what does not depend on the machine."""
    lines = alike(answer)
    tree = json.loads(lines[-1])
    stats = tree["Stats"]
    shown = {
        "keys": sorted(set(tree) - {"xDS"}), "Config": tree["Config"],
        "Member": tree["Member"], "Meta": tree["Meta"],
        "Coord": sorted(tree["Coord"]), "Vec": len(tree["Coord"]["Vec"]),
        "stats": sorted(name for name in stats
                        if not name.startswith("gossip_")),  # ours alone
        "agent": stats["agent"], "build": sorted(stats["build"]),
        "consul": stats["consul"],
        "raft": sorted(stats.get("raft", {})),
        "state": stats.get("raft", {}).get("state"),
        "num_peers": stats.get("raft", {}).get("num_peers"),
        "members": [stats[pool]["members"] + stats[pool]["failed"] +
                    stats[pool]["encrypted"] + stats[pool]["left"]
                    for pool in ("serf_lan",)],
        "serf": sorted(stats["serf_lan"]),
    }
    return lines[:1] + [json.dumps(shown, sort_keys=True).encode()]


def event_cases():
    for name in ("", "dep", "dep?node=n1", "dep?service=web&tag=x",
                 "dep?tag=x", "dep?dc=zz", "dep?dc=dc1", "a/b", "%20",
                 "dep?ns=x", "dep?stale&consistent", "dep?pretty"):
        yield put("/v1/event/fire/" + name, "payload")
    for pattern in ("(", "%5B", "*", "%5C", "a**", ")", "%5Cq", "%5Bz-a%5D",
                    "a%7B2,1%7D", "a%7B1001%7D", "(%3Fz)", "a%2B%2B", "%3F",
                    "(a", "a)", "a%7C*", "%5B%5B:foo:%5D%5D", "(%3FP<n"):
        yield put("/v1/event/fire/dep?node=" + pattern, "x")
    yield put("/v1/event/fire/dep?service=(", "x")
    yield put("/v1/event/fire/dep?service=web&tag=(", "x")
    yield put("/v1/event/fire/dep", "x" * 600)
    yield put("/v1/event/fire/dep", "")
    yield get("/v1/event/fire/dep")
    for query in ("?name=zz", "?index=x", "?wait=x",
                  "?name=zz&index=5&wait=1s"):
        yield get("/v1/event/list" + query)
    yield put("/v1/event/list")


def any_server(answer):
    """At a client: the leader may have been asked, or a follower."""
    return [line for line in alike(answer)
            if b"effective-consistency" not in line.lower()]


def consistency_cases():
    modes = ("", "?stale", "?consistent", "?leader", "?stale&consistent",
             "?cached&consistent", "?max_stale=x", "?max_stale=1h",
             "?max_stale=1ns", "?max_stale=0s", "?stale&max_stale=1ns",
             "?max_stale=5s&consistent", "?stale&index=1", "?dc=zz",
             "?stale&dc=zz", "?consistent=0", "?stale=false")
    for mode in modes:
        for path in ("/v1/kv/k", "/v1/kv/none", "/v1/catalog/nodes",
                     "/v1/health/service/ext", "/v1/session/list",
                     "/v1/catalog/services"):
            if "index" in mode and "session" in path:
                continue  # there is none yet: it would wait
            yield get(path + mode) + (
                (any_server,) if "=1ns" in mode else (alike,))
    for path in ("/v1/catalog/datacenters", "/v1/catalog/service/ext",
                 "/v1/catalog/node/ext1", "/v1/catalog/node-services/ext1",
                 "/v1/health/node/ext1", "/v1/health/checks/ext",
                 "/v1/health/state/any", "/v1/session/node/none"):
        for mode in ("", "?stale", "?consistent", "?dc=zz"):
            yield get(path + mode)


def write_cases():
    for role in ("a", "b"):
        yield put("/v1/kv/w/" + role, "v")
        yield get("/v1/kv/w/" + role)
    yield put("/v1/kv/w?cas=x", "v")
    yield put("/v1/kv/w?acquire=" + http_api.UUID, "v")
    yield put("/v1/kv/w?acquire=x", "v")
    yield put("/v1/kv/w?dc=zz", "v")
    yield delete("/v1/kv/w/?recurse")
    for text in ('{"Node":"zz"}', '{"TTL":"5s"}', '{"Checks":["nope"]}',
                 '{"Behavior":"x"}', '{"Name":"s"}'):
        yield body("PUT", "/v1/session/create", text)
    for name in ("destroy/x", "renew/x", "renew/" + http_api.UUID):
        yield put("/v1/session/" + name)
    for text in ('{"Node":""}', '{"Node":"x"}', "{",
                 '{"Node":"x","Address":"1.2.3.4","ID":"zz"}',
                 '{"Node":"x","Address":"1.2.3.4","Check":{"Node":"y",'
                 '"CheckID":"c"}}',
                 '{"Node":"x","Address":"1.2.3.4","Datacenter":"zz"}'):
        yield body("PUT", "/v1/catalog/register", text)
    yield body("PUT", "/v1/catalog/deregister", '{"Node":""}')
    for text in ('[{"KV":{"Verb":"get","Key":"nope"}}]',
                 '[{"KV":{"Verb":"get","Key":"k"}}]',
                 '[{"KV":{"Verb":"cas","Key":"k","Index":1}}]',
                 '[{"KV":{"Verb":"zzz","Key":"k"}}]'):
        yield body("PUT", "/v1/txn", text)
        yield body("PUT", "/v1/txn?stale", text)
        yield body("PUT", "/v1/txn?stale&consistent", text)
    yield put("/v1/agent/service/maintenance/none?enable=true")


# --- The comparison. ---

class Comparison:
    """Counts, and prints what differs."""

    def __init__(self, real, ours, only):
        self.clusters = (real, ours)
        self.only = re.compile(only) if only else None
        self.count = self.failures = 0
        self.lock = threading.Lock()

    def report(self, name, answers):
        with self.lock:
            self.report_one(name, answers)

    def report_one(self, name, answers):
        self.count += 1
        purpose = ON_PURPOSE.get(name.partition(": ")[2])
        is_same = answers[0] == answers[1] or purpose is not None
        self.failures += not is_same
        print("%s %d - %s" % ("ok" if is_same else "not ok", self.count,
                              name.encode("ascii", "replace").decode()))
        if not is_same:
            for server, answer in zip(("real", "ours"), answers):
                for line in answer:
                    print("# %s: %s" % (server, line[:1500].decode("latin-1")
                                        .replace("\n", "\\n")))
        sys.stdout.flush()

    def call(self, role, name, data, normal=alike, patience=12.0):
        """One call to an agent of each cluster, at the same time."""
        def one(cluster):
            try:
                answer = getattr(cluster, role).send(data, patience)
            except OSError as error:
                answer = str(error).encode()
            try:
                return normal(answer)
            except (ValueError, KeyError, TypeError) as error:
                return [repr(error).encode(), answer]

        if self.only and not self.only.search(role + ": " + name):
            return
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            self.report("%s: %s" % (role, name),
                        list(pool.map(one, self.clusters)))

    def wanted(self, name):
        return not self.only or self.only.search(name)

    def all(self):
        slow = list(keyring_cases())[1:]
        self.prepare()
        for role in ROLES:
            for case in cases():
                # Consul takes half a second for each; servers do it alike.
                if role == "follower" and case in slow:
                    continue
                self.call(role, *case)
        self.call("client", "PUT /v1/agent/join/127.0.0.1?wan=1", request(
            "PUT", "/v1/agent/join/127.0.0.1?wan=1"))
        self.ages()
        self.events()
        self.names()
        self.leave()
        self.unhealthy()
        self.leaderless()

    def prepare(self):
        """A node of our own, its coordinate, a key: known everywhere."""
        for cluster in self.clusters:
            for i in (1, 2):
                cluster.leader.send(request(
                    "PUT", "/v1/catalog/register",
                    '{"Node":"ext%d","Address":"10.0.0.%d","Service":'
                    '{"Service":"ext","Port":80}}' % (i, i)))
            cluster.client.send(request("PUT", "/v1/kv/k", "value"))
            cluster.client.send(request(
                "PUT", "/v1/coordinate/update",
                '{"Node":"ext1","Coord":{"Vec":[0.5,0.25,0,-1,0,0,0,0.125],'
                '"Error":0.5,"Adjustment":0.001,"Height":0.002}}'))
        for cluster in self.clusters:
            if self.wanted("client: GET /v1/operator/autopilot/health"):
                wait_for("%s's health" % cluster.name, cluster.is_healthy, 20)
            for agent in cluster.agents[:3]:
                if self.wanted("client: GET /v1/coordinate/node/ext1"):
                    wait_for("%s's coordinate" % cluster.name,
                             lambda: agent.json(
                                 "/v1/coordinate/node/ext1?stale"), 20)

    def ages(self):
        """LastContact and KnownLeader, which the others read over."""
        for role in ROLES:
            for mode in ("", "?stale", "?consistent"):
                self.call(role, "age of /v1/catalog/nodes" + mode, request(
                    "GET", "/v1/catalog/nodes" + mode), age)

    def events(self):
        """Fired at one agent, seen at all, once."""
        if not self.wanted("events"):
            return
        for cluster in self.clusters:
            cluster.client.send(request("PUT", "/v1/event/fire/seen", "load"))
            cluster.client.send(request("PUT", "/v1/event/fire/none?node=zz"))
            cluster.follower.send(request(
                "PUT", "/v1/event/fire/seen?node=n[0-9]", "load2"))
            for agent in cluster.agents:
                wait_for("the events at " + agent.name, lambda: len(agent.json(
                    "/v1/event/list?name=seen") or []) == 2, 10)
        for role in ROLES:
            self.call(role, "events: listed", request(
                "GET", "/v1/event/list?name=seen"))
            self.call(role, "events: not for us", request(
                "GET", "/v1/event/list?name=none"))

    def names(self):
        """DNS at all roles: nodes, services, nothing."""
        questions = [("n%d.node.consul." % i, "A") for i in range(1, 5)]
        questions += [("ext1.node.consul.", "A"), ("zz.node.consul.", "A"),
                      ("ext.service.consul.", "SRV"),
                      ("consul.service.consul.", "A"),
                      ("consul.service.dc1.consul.", "SRV"),
                      ("zz.service.consul.", "A"),
                      ("ext.service.zz.consul.", "A")]
        for role in ROLES:
            for name, rtype in questions:
                label = "%s: DNS %s %s" % (role, name, rtype)
                if self.wanted(label):
                    self.report(label, [records(getattr(cluster, role),
                                                name, rtype)
                                        for cluster in self.clusters])

    def leave(self):
        """The client goes by itself, and is forgotten."""
        if not self.wanted("leave"):
            return
        self.call("client", "leave", request("PUT", "/v1/agent/leave"),
                  lambda answer: [answer.partition(b"\r\n")[0]])
        for cluster in self.clusters:
            cluster.client.process.wait(30)
            wait_for("%s to forget" % cluster.name, lambda: body_of(
                cluster.leader.send(request(
                    "GET", "/v1/catalog/node/n4"))) == b"null", 20)
        for what in ("members after leave", "members after prune"):
            for role in ROLES[:2]:
                self.call(role, what + " (leave)",
                          request("GET", "/v1/agent/members"))
            if "leave" in what:
                self.call("follower", "leave: pruned", request(
                    "PUT", "/v1/agent/force-leave/n4?prune"))
                for cluster in self.clusters:
                    wait_for("n4 to be gone", lambda: all(
                        len(agent.json("/v1/agent/members")) < HOSTS
                        for agent in cluster.agents[:3]), 20)
        for cluster in self.clusters:
            cluster.client = cluster.follower

    def unhealthy(self):
        """A server dies: 429, and the others go on."""
        if not self.wanted("unhealthy"):
            return
        for cluster in self.clusters:
            # Or autopilot puts the dead one away, when it next looks.
            cluster.leader.send(request(
                "PUT", "/v1/operator/autopilot/configuration",
                DEFAULT.replace("true", "false")))
            cluster.other.kill()
        for cluster in self.clusters:
            wait_for("%s to miss a member" % cluster.name, lambda: all(
                any(member["Status"] == 4 for member in
                    agent.json("/v1/agent/members"))
                for agent in (cluster.leader, cluster.follower)), 30)
            wait_for("%s to feel ill" % cluster.name, lambda: b'"failed"' in
                     cluster.leader.send(request(
                         "GET", "/v1/operator/autopilot/health")), 30)
        wait_for("serfHealth", lambda: all(
            cluster.leader.json("/v1/health/state/critical")
            for cluster in self.clusters), 30)
        for role in ROLES[:2]:
            for path in ("/v1/operator/autopilot/health",
                         "/v1/agent/members", "/v1/health/state/critical",
                         "/v1/operator/raft/configuration",
                         "/v1/status/peers", "/v1/health/service/consul"):
                self.call(role, "unhealthy: GET " + path,
                          request("GET", path))

    def leaderless(self):
        """Two of three are gone: what the last one still says."""
        if not self.wanted("leaderless"):
            return
        for cluster in self.clusters:
            cluster.other.kill()
            cluster.leader.kill()
        for cluster in self.clusters:
            wait_for("%s to miss its leader" % cluster.name,
                     lambda: cluster.follower.json("/v1/status/leader") == "",
                     20)
        calls = [("GET", path) for path in (
            "/v1/kv/k", "/v1/kv/k?stale", "/v1/kv/none?stale",
            "/v1/kv/k?consistent", "/v1/catalog/nodes?stale",
            "/v1/catalog/nodes", "/v1/health/service/ext?max_stale=1ns",
            "/v1/status/leader", "/v1/status/peers", "/v1/agent/services",
            "/v1/operator/raft/configuration",
            "/v1/operator/raft/configuration?stale",
            "/v1/operator/autopilot/health",
            "/v1/operator/autopilot/configuration?stale",
            "/v1/coordinate/node/ext1?stale", "/v1/coordinate/nodes",
            "/v1/session/list", "/v1/catalog/datacenters",
            "/v1/event/list?name=zz")]
        calls += [("PUT", "/v1/kv/k"), ("PUT", "/v1/session/create"),
                  ("PUT", "/v1/event/fire/x"), ("DELETE", "/v1/kv/k"),
                  ("DELETE", "/v1/operator/raft/peer?id=x")]
        with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
            for _ in pool.map(lambda call: self.call(
                    "follower", "leaderless: %s %s" % call,
                    request(*call), alike, 15.0), calls):
                pass
        for name in ("ext.service.consul.", "n1.node.consul.",
                     "zz.node.consul."):
            self.report("leaderless: DNS " + name, [
                records(cluster.follower, name, "A")
                for cluster in self.clusters])


def age(answer):
    head = answer.partition(b"\r\n\r\n")[0]
    contact = re.search(rb"X-Consul-Lastcontact: (\d+)", head)
    leader = re.search(rb"X-Consul-Knownleader: (\w+)", head)
    if contact is None or leader is None:
        return [b"no headers", head]
    return [leader.group(1),
            b"recent" if int(contact.group(1)) < 500 else b"old"]


def records(agent, name, rtype):
    """Code and records of an answer, as two clusters should share them."""
    wire = dns.encode(name, rtype)
    answer = dns.ask(agent.address, 8600, wire, "tcp", 10)
    if answer is None:
        return [b"no answer"]
    answer = dns.decode(answer)
    text = "%04x\n" % answer.flags + "\n".join(sorted(
        "%s %s" % (section, " ".join(map(str, row))) for section, rows in zip(
            ("answer", "authority", "additional"), answer.sections)
        for row in rows))
    text = re.sub(r"\b7f[0-9a-f]{6}\b", "ADDRESS", text)
    text = re.sub(r"\bn[1-4]\b", "NAME", text)
    text = re.sub(r"hostmaster\.consul\.', \d+", "hostmaster.consul.', N", text)
    return [line.encode() for line in text.split("\n")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", help="calls that match, as `role: METHOD "
                        "path`")
    args = parser.parse_args()
    real = real_or_skip()
    folder = tempfile.mkdtemp(prefix="compat-cluster.")
    os.chmod(folder, 0o755)  # our daemons do not stay root
    clusters = []
    status = 1
    try:
        for name, binary, third in (
                ("real", real, 35),
                ("ours", os.path.join(BUILD, "proconsul"), 36)):
            clusters.append(Cluster(name, [binary], "127.%d.%d" % (
                SPAN, third), folder))
        for cluster in clusters:
            cluster.add_client()
        for cluster in clusters:
            cluster.wait()
        comparison = Comparison(*clusters, args.only)
        comparison.all()
        print("1..%d" % comparison.count)
        status = 1 if comparison.failures else 0
    finally:
        for cluster in clusters:
            cluster.stop()
        if os.environ.get("CLUSTER_KEEP"):
            print("# logs in " + folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
