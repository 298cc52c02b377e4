#!/usr/bin/env python3
# Takes long.
"""Mixed clusters: a real client agent under three servers of ours, and a client
of ours under three real servers. The same is asked of both.

NEIGHBOUR_SECONDS (10) is how long they live together before the client leaves;
nobody may suspect anybody in that time.
"""
import json
import os
import re
import subprocess
import sys
import threading
import time

import network
from agents import Cluster, binary, have, wait_for
from tap import Skip, Tap

SECONDS = float(os.environ.get("NEIGHBOUR_SECONDS", "10"))
DOUBTS = re.compile(r"Suspect |as failed|Refuting|Failed (UDP )?ping|fallback TCP|panic")


class Mixed:
    """Servers of one kind, a client of the other."""

    def __init__(self, servers, client, net):
        self.cluster = Cluster(servers, net, 3, 1, client_kind=client)
        self.client, self.server = self.cluster.clients[0], self.cluster.servers[1]
        self.index = 0

    def joins(self):
        self.cluster.start()
        self.cluster.wait_for_leader()
        self.cluster.wait_for_write()
        for agent in self.cluster.agents:
            wait_for(f"{agent.name} sees all alive", lambda a=agent: [
                member["Status"] for member in a.get("/v1/agent/members") or []] == [1] * 4)
        wait_for("the client's serfHealth", lambda: self.health("c1", "serfHealth") == "passing")

    def health(self, node, check):
        rows = self.server.get("/v1/health/node/" + node) or []
        return next((row["Status"] for row in rows if row["CheckID"] == check), None)

    def service(self):
        """Registered at the client with checks, seen at a server, in its changes too."""
        assert self.client.put("/v1/agent/service/register", json.dumps({
            "Name": "web", "Port": 80, "Tags": ["v1"], "Meta": {"a": "b"}, "Checks": [
                {"CheckID": "web-ttl", "TTL": "10m"},
                {"CheckID": "web-http", "Interval": "1s",
                 "HTTP": f"http://{self.client.address}:8500/v1/agent/self"}]}))
        wait_for("the service at a server", lambda: [
            row["ServiceTags"] for row in
            self.server.get("/v1/catalog/service/web") or []] == [["v1"]])
        assert self.health("c1", "web-ttl") == "critical"
        assert self.client.put("/v1/agent/check/pass/web-ttl")
        for agent in self.server, self.client:
            wait_for(f"web passes, asked of {agent.name}", lambda a=agent: [
                row["Node"]["Node"] for row in a.get("/v1/health/service/web?passing") or []
            ] == ["c1"])
        assert self.client.put("/v1/agent/service/maintenance/web?enable=true&reason=rest")
        wait_for("maintenance", lambda: self.server.get("/v1/health/service/web?passing") == [])
        assert self.client.put("/v1/agent/service/maintenance/web?enable=false")
        wait_for("the end of it", lambda: self.server.get("/v1/health/service/web?passing"))

    def kv(self):
        client, server = self.client, self.server
        assert client.put("/v1/kv/a/b?flags=7", b"one")
        row = server.get("/v1/kv/a/b")[0]
        assert (row["Value"], row["Flags"]) == ("b25l", 7), row
        index = client.get("/v1/kv/a/b?consistent")[0]["ModifyIndex"]
        assert index == row["ModifyIndex"]
        assert client.put(f"/v1/kv/a/b?cas={index}", b"two")
        assert not client.put(f"/v1/kv/a/b?cas={index}", b"three")
        answer = client.ask("PUT", "/v1/txn", json.dumps([
            {"KV": {"Verb": "get", "Key": "a/b"}},
            {"KV": {"Verb": "set", "Key": "a/c", "Value": "eA=="}}]))
        assert answer.status == 200 and len(answer.json()["Results"]) == 2, answer.body
        assert client.get("/v1/kv/?keys") == server.get("/v1/kv/?keys")
        assert client.get("/v1/kv/a/?recurse&stale"), "a stale read"
        assert client.ask("DELETE", "/v1/kv/a?recurse").body.strip() == b"true"
        assert client.get("/v1/kv/a/b") is None
        assert client.ask("GET", "/v1/kv/a/b").status == 404

    def lock(self):
        """With a session on the client's own node and its serfHealth."""
        session = self.client.ask("PUT", "/v1/session/create", b'{"TTL":"60s"}').json()["ID"]
        assert self.client.put(f"/v1/kv/lock?acquire={session}", b"mine")
        assert self.server.get("/v1/kv/lock")[0]["Session"] == session
        assert not self.server.put("/v1/kv/lock?acquire=" + self.server.ask(
            "PUT", "/v1/session/create").json()["ID"], b"theirs")
        assert self.client.put(f"/v1/session/renew/{session}")
        assert self.client.put(f"/v1/session/destroy/{session}")
        assert "Session" not in self.server.get("/v1/kv/lock")[0]

    def blocking(self):
        """Asked of the client, woken by a write at a server; and the other way about."""
        for asked, written in (self.client, self.server), (self.server, self.client):
            assert written.put("/v1/kv/watched", b"1")
            first = wait_for("the key", lambda a=asked: a.get("/v1/kv/watched"))
            index, said = first[0]["ModifyIndex"], []
            thread = threading.Thread(target=lambda a=asked, i=index, s=said: s.append(
                a.ask("GET", f"/v1/kv/watched?index={i}&wait=60s", timeout=70)))
            begun = time.monotonic()
            thread.start()
            time.sleep(0.5)
            assert not said, "it did not block"
            assert written.put("/v1/kv/watched", f"of {written.name}".encode())
            thread.join(70)
            assert said[0].json()[0]["ModifyIndex"] > index
            assert time.monotonic() - begun < 20
            assert int(said[0].headers["X-Consul-Index"]) > index

    def dns(self):
        for agent in self.client, self.server:
            for words, wanted in ((("web.service.consul", "A"), self.client.address),
                                  (("c1.node.consul", "A"), self.client.address),
                                  (("_web._tcp.service.consul", "SRV"),
                                   "1 1 80 c1.node.dc1.consul.")):
                wait_for(f"{words} of {agent.name}", lambda a=agent, w=words, x=wanted:
                         dig(a.address, *w) == [x])

    def event(self):
        for source, target in (self.client, self.server), (self.server, self.client):
            name = "from-" + source.name
            assert source.put("/v1/event/fire/" + name, b"hello")
            wait_for(name, lambda t=target, n=name: [
                event["Payload"] for event in t.get("/v1/event/list?name=" + n) or []
            ] == ["aGVsbG8="])

    def told_by_cli(self):
        """The client's own command line, through its own agent."""
        environment = {**os.environ, "CONSUL_HTTP_ADDR": self.client.address + ":8500"}
        for words, wanted in ((["members"], "c1 "), (["kv", "put", "cli", "x"], "Success!"),
                              (["kv", "get", "cli"], "x"), (["catalog", "services"], "web"),
                              (["operator", "raft", "list-peers"], "leader")):
            done = subprocess.run([binary(self.client.kind), *words], env=environment,
                                  capture_output=True, text=True, timeout=60)
            assert wanted in done.stdout, (words, done)

    def fails_over(self):
        """The servers' leader goes, and the client's requests reach the next one."""
        leader = self.cluster.wait_for_leader()
        leader.kill()
        wait_for("a write", lambda: self.client.put("/v1/kv/over", b"1", 10), 60)
        wait_for("the service", lambda: self.client.get("/v1/health/service/web?passing"))
        leader.start()
        self.cluster.wait_for_write()
        for agent in self.cluster.agents:
            wait_for(f"{agent.name} sees all alive", lambda a=agent: [
                member["Status"] for member in a.get("/v1/agent/members") or []] == [1] * 4)

    def live_together(self):
        marks = {agent: os.path.getsize(agent.log) for agent in self.cluster.agents}
        time.sleep(SECONDS)
        for agent, mark in marks.items():
            with open(agent.log, errors="replace") as log:
                log.seek(mark)
                doubts = [line.strip() for line in log
                          if DOUBTS.search(line) and "memberlist.wan" not in line]
            assert not doubts, f"{agent.name}: {doubts[:5]}"
            assert [member["Status"] for member in agent.get("/v1/agent/members")] == [1] * 4
        assert self.health("c1", "serfHealth") == "passing"

    def leaves(self):
        """A real client puts itself into the catalog again if it leaves within the
        three seconds in which it syncs with a server that is new to it."""
        time.sleep(4)
        assert self.client.put("/v1/agent/leave", timeout=30)
        wait_for("c1 out of the catalog", lambda: "c1" not in [
            node["Node"] for node in self.server.get("/v1/catalog/nodes") or [{"Node": "c1"}]])
        assert self.server.get("/v1/catalog/service/web") == []
        assert [member["Status"] for member in self.server.get("/v1/agent/members")
                if member["Name"] == "c1"] == [3]


def dig(server, *words):
    done = subprocess.run(["dig", "+short", "+time=2", "+tries=1", "-p", "8600", "@" + server,
                           *words], capture_output=True, text=True)
    return done.stdout.split("\n")[:-1]


STEPS = (("joins", "joins"), ("registers a service with checks", "service"),
         ("reads and writes keys", "kv"), ("holds a lock", "lock"),
         ("blocks until a key changes", "blocking"), ("answers DNS", "dns"),
         ("exchanges events", "event"), ("has a command line", "told_by_cli"),
         ("and nobody suspects anybody", "live_together"),
         ("goes on under the next leader", "fails_over"),
         ("leaves, and is gone from the catalog", "leaves"))
PAIRS = (("a real client under our servers", "ours", "real", 0),
         ("our client under real servers", "real", "ours", 1))


def main():
    network.private()
    wanted = os.environ.get("NEIGHBOURS", "ours real").split()
    with Tap() as tap:
        for title, servers, client, number in PAIRS:
            if servers not in wanted:
                continue
            if not have("real"):
                tap.test(title, need_real)
                continue
            net = network.Loopback()
            net.net += "" if network.is_private() else f"{number}"
            mixed = Mixed(servers, client, net)
            try:
                for name, step in STEPS:
                    if not tap.test(f"{title}: {name}", getattr(mixed, step)):
                        tap.note("\n".join(mixed.cluster.tails()))
            finally:
                mixed.cluster.end()


def need_real():
    raise Skip("no real Consul here (CONSUL_REAL)")


if __name__ == "__main__":
    sys.exit(main())
