#!/usr/bin/env python3
"""The cluster that a newcomer builds first: three servers and two clients.

Server one waits, two is told to join it by the command line, three joins by a
flag, the clients try until they are in. A service is registered at one client
by a file and a reload, and found from the other by HTTP and DNS; the leader is
killed, another takes over, and the look-up goes on. At the end all servers come
back at other addresses. KIND=real runs it with the real Consul.
"""
import json
import os
import subprocess
import sys

import network
from agents import Agent, Cluster, binary, wait_for
from tap import Tap

KIND = os.environ.get("KIND", "ours")


class Article:
    def __init__(self):
        self.net = network.Loopback()
        self.cluster = Cluster(KIND, self.net, 3, 2)
        for agent in self.cluster.servers:
            agent.flags = [flag for flag in agent.flags if not flag.startswith("-retry-join")]
        self.servers, self.clients = self.cluster.servers, self.cluster.clients
        self.servers[2].flags.append("-join=" + self.servers[0].address)
        self.services = os.path.join(self.cluster.folder, "services")
        os.mkdir(self.services, 0o755)
        self.clients[0].flags.append("-config-dir=" + self.services)

    def cli(self, agent, *words):
        return subprocess.run([binary(KIND), *words], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "CONSUL_HTTP_ADDR": agent.address + ":8500"})

    def forms(self):
        """One alone elects nobody; all three do."""
        one, two, three = self.servers
        one.start()
        two.start()
        for agent in one, two:
            wait_for(agent.name, lambda a=agent: a.get("/v1/agent/self"))
        assert one.get("/v1/status/leader") == "", "one server of three has a leader"
        done = self.cli(two, "join", one.address)
        assert "Successfully joined cluster by contacting 1 nodes." in done.stdout, done
        three.start()
        self.cluster.wait_for_leader()
        for client in self.clients:
            client.start()
        self.cluster.wait_for_write()
        for agent in self.cluster.agents:
            wait_for(f"{agent.name} sees five members", lambda a=agent: len(
                [m for m in a.get("/v1/agent/members") or [] if m["Status"] == 1]) == 5)

    def peers_are_told(self):
        leader = self.cluster.wait_for_leader()
        peers = sorted(server.address + ":8300" for server in self.servers)
        for agent in self.cluster.agents:
            assert sorted(agent.get("/v1/status/peers")) == peers, agent.name
            assert agent.get("/v1/status/leader") == leader.address + ":8300", agent.name
        rows = self.cli(self.clients[0], "operator", "raft", "list-peers").stdout.splitlines()
        assert sum("leader" in row for row in rows) == 1, rows
        assert sum("follower" in row for row in rows) == 2, rows
        rows = self.cli(self.clients[1], "members").stdout.splitlines()
        assert sum(" server " in row for row in rows) == 3, rows
        assert sum(" client " in row for row in rows) == 2, rows

    def nodes_are_in_the_catalog(self):
        for agent in self.cluster.agents:
            wait_for(f"serfHealth of {agent.name}", lambda a=agent: any(
                check["CheckID"] == "serfHealth" and check["Status"] == "passing"
                for check in self.clients[1].get("/v1/health/node/" + a.name) or []))

    def service_by_file(self):
        with open(os.path.join(self.services, "web.json"), "w") as file:
            json.dump({"service": {"name": "web", "tags": ["blue"], "port": 8080}}, file)
        done = self.cli(self.clients[0], "reload")
        assert done.returncode == 0, done
        self.found()

    def found(self, limit=30):
        """From the other client, by HTTP and by DNS."""
        reader, owner = self.clients[1], self.clients[0].address
        wait_for("web, by HTTP", lambda: [
            (row["Node"]["Address"], row["Service"]["Port"]) for row in
            reader.get("/v1/health/service/web?passing") or []] == [(owner, 8080)], limit)
        wait_for("web, by DNS", lambda: self.dig("web.service.consul", "A") == [owner], limit)
        wait_for("web's SRV", lambda: self.dig("blue.web.service.consul", "SRV") == [
            "1 1 8080 c1.node.dc1.consul."], limit)

    def dig(self, *words):
        done = subprocess.run(["dig", "+short", "+time=2", "+tries=1", "-p", "8600",
                               "@" + self.clients[1].address, *words],
                              capture_output=True, text=True)
        return done.stdout.split("\n")[:-1]

    def leader_dies(self):
        self.clients[0].put("/v1/kv/before", b"kept")
        old = self.cluster.wait_for_leader()
        old.kill()
        wait_for("a write after it", lambda: self.clients[0].put("/v1/kv/after", b"new", 3), 60)
        new = self.cluster.wait_for_leader()
        assert new is not old
        self.found()
        for agent in self.cluster.agents:
            if agent is not old:
                assert agent.get("/v1/kv/before"), agent.name
        old.start()
        self.cluster.wait_for_write()
        wait_for("the dead one has caught up", lambda: old.get("/v1/kv/after?stale"))

    def client_leaves(self):
        """Gone from the catalog, while a client that dies is critical there."""
        leaver = self.clients[1]
        done = self.cli(leaver, "leave")
        assert "Graceful leave complete" in done.stdout, done
        wait_for("c2 out of the catalog", lambda: "c2" not in [
            node["Node"] for node in self.servers[0].get("/v1/catalog/nodes") or [
                {"Node": "c2"}]])
        leaver.process.wait(20)
        leaver.start()
        wait_for("c2 is back", lambda: leaver.put("/v1/kv/back", b"1"))
        self.clients[0].kill()
        wait_for("c1 is critical", lambda: any(
            check["CheckID"] == "serfHealth" and check["Status"] == "critical"
            for check in self.servers[0].get("/v1/health/node/c1") or []), 60)
        assert leaver.get("/v1/health/service/web?passing") == []

    def new_addresses(self):
        """Stopped, and started elsewhere: who is who follows from the node ids."""
        for agent in self.cluster.agents:
            agent.kill()
        joins = [f"-retry-join={self.net.address(20 + n)}" for n in range(3)]
        moved = []
        for n, old in enumerate(self.servers):
            flags = [flag for flag in old.flags if not flag.startswith("-join")] + joins
            agent = Agent(KIND, old.name, self.net.address(20 + n), self.cluster.folder, flags)
            agent.start()
            moved.append(agent)
        self.servers[:] = moved
        self.cluster.clients.clear()
        self.cluster.wait_for_write()
        assert moved[0].get("/v1/kv/before"), "what was written is gone"
        wait_for("the new peers", lambda: sorted(moved[0].get("/v1/status/peers") or []) == sorted(
            agent.address + ":8300" for agent in moved), 60)


def main():
    network.private()
    article = Article()
    try:
        with Tap() as tap:
            steps = (("three servers join and elect, two clients join", article.forms),
                     ("every agent names the leader and the peers", article.peers_are_told),
                     ("members become nodes", article.nodes_are_in_the_catalog),
                     ("a service by file and reload is found from afar", article.service_by_file),
                     ("the leader is killed, and the look-up goes on", article.leader_dies),
                     ("a client leaves, another dies", article.client_leaves),
                     ("all servers come back at other addresses", article.new_addresses))
            for name, step in steps:
                if not tap.test(name, step):
                    tap.note("\n".join(article.cluster.tails()))
    finally:
        article.cluster.end()


if __name__ == "__main__":
    sys.exit(main())
