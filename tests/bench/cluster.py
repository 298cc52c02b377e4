"""The cluster's rows of bench.py: three servers of each system, and clients.

Each row is a function of a Bench; it takes samples of the systems in turn, or,
where a sample is nearly all waiting, of both at the same time.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "cluster"))

from agents import Cluster, wait_for  # noqa: E402
from network import Loopback  # noqa: E402

NAMES = {"real": "consul", "ours": "proconsul"}
KEYS = 1000


class Bench:
    def __init__(self, kinds, options, report):
        self.kinds, self.rounds, self.seconds = kinds, options.rounds, options.seconds
        self.clients, self.report, self.fine = options.clients, report, True
        self.folder = tempfile.mkdtemp(prefix="proconsul-bench-")
        os.chmod(self.folder, 0o755)
        self.made, self.up, self.scripts = 0, {}, {}
        self.alive = []

    def cluster(self, kind, servers=3, clients=0):
        """A fresh one, not started; each kind has a net of its own."""
        self.made += 1
        net = Loopback(f"127.60.{10 + list(NAMES).index(kind)}")
        cluster = Cluster(kind, net, servers, clients,
                          folder=os.path.join(self.folder, str(self.made)))
        self.alive.append(cluster)
        return cluster

    def drop(self, cluster):
        cluster.stop()
        self.alive.remove(cluster)
        shutil.rmtree(cluster.folder, ignore_errors=True)

    def three(self):
        """Three servers of each kind that take writes; kept for the rows that follow."""
        for kind in self.kinds:
            if kind not in self.up:
                cluster = self.up[kind] = self.cluster(kind)
                cluster.start()
                cluster.wait_for_leader()
                cluster.wait_for_write()
                leader = cluster.wait_for_leader()
                for key in range(1, KEYS + 1):
                    leader.put(f"/v1/kv/bench/{key}", b"v" * 100)
        time.sleep(1)
        return self.up

    def end_three(self):
        for cluster in self.up.values():
            self.drop(cluster)
        self.up = {}

    def end(self):
        for cluster in list(self.alive):
            self.drop(cluster)
        shutil.rmtree(self.folder, ignore_errors=True)

    def tell(self, title, samples, units):
        self.fine &= self.report(title, {NAMES[k]: v for k, v in samples.items()}, units)

    def script(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def sampled(self, title, units, take):
        samples = {kind: [] for kind in self.kinds}
        for kind in self.kinds:
            take(self.up[kind], 1)  # warm up
        for _ in range(self.rounds):
            for kind in self.kinds:
                samples[kind].append(take(self.up[kind], self.seconds))
        self.tell(title, samples, units)

    def together(self, title, units, take):
        """take(cluster) of all kinds at the same time, round by round."""
        samples = {kind: [] for kind in self.kinds}
        for _ in range(self.rounds):
            threads = [threading.Thread(target=lambda k=kind: samples[k].append(
                guarded(take, self.up[k]))) for kind in self.kinds]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.tell(title, samples, units)


def guarded(take, *arguments):
    """A sample, or the words of what went wrong."""
    try:
        return take(*arguments)
    except AssertionError as error:
        return str(error)


def cpu_of(cluster):
    return sum(agent.cpu_seconds() for agent in cluster.agents if agent.running())


def wrk(cluster, agent, seconds, script):
    """(requests a second, CPU of all servers a request, p99), or an error text."""
    before = cpu_of(cluster)
    output = subprocess.run(["wrk", "-t1", "-c64", f"-d{seconds}s", "--timeout", "10s",
                             "--latency", "-s", script, f"http://{agent.address}:8500/"],
                            capture_output=True, text=True).stdout
    cpu = cpu_of(cluster) - before
    if "Non-2xx" in output or "Socket errors" in output:
        return re.search(r"(Non-2xx.*|Socket errors.*)", output).group(1)
    count = int(re.search(r"(\d+) requests in", output).group(1))
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", output)
    scale = {"us": 0.001, "ms": 1, "s": 1000}[p99.group(2)]
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1))
    return rate, cpu / count * 1e6, float(p99.group(1)) * scale


def load(method, query=""):
    body = 'wrk.body = string.rep("v", 100)\n' if method == "PUT" else ""
    return (f'math.randomseed(os.time())\nwrk.method = "{method}"\n{body}request = function() '
            f'return wrk.format(nil, "/v1/kv/bench/" .. math.random(1, {KEYS}) .. "{query}") end')


RATES = [("req/s", 0), ("CPU us/req", 1), ("p99 ms", 2)]


def follower(cluster):
    leader = cluster.wait_for_leader()
    return next(server for server in cluster.servers if server is not leader)


def row_start(bench):
    samples = {kind: [] for kind in bench.kinds}
    for _ in range(bench.rounds):
        for kind in bench.kinds:
            cluster = bench.cluster(kind)
            begun = time.monotonic()
            cluster.start()
            samples[kind].append(guarded(lambda c=cluster, b=begun: (accepted(
                c.servers, b, 60),)))
            bench.drop(cluster)
    bench.tell("3 servers, start to PUT", samples, [("s", 3)])


def accepted(servers, begun, limit):
    """Seconds until any of the servers has accepted a PUT. Each is asked again and
    again, and nobody waits long for an answer: it may be held by one that is stopped.
    """
    won, done = [], threading.Event()

    def ask(server):
        while not done.is_set() and time.monotonic() - begun < limit:
            if server.put("/v1/kv/accepted", b"1", 1):
                won.append(time.monotonic() - begun)
                done.set()
            time.sleep(0.005)
    threads = [threading.Thread(target=ask, args=(server,), daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    assert done.wait(limit), f"no PUT accepted within {limit} s"
    return won[0]


def row_put(bench):
    bench.three()
    script = bench.script("put.lua", load("PUT"))
    bench.sampled("3 servers, PUT, leader", RATES,
                  lambda c, t: wrk(c, c.wait_for_leader(), t, script))
    bench.sampled("3 servers, PUT, follower", RATES,
                  lambda c, t: wrk(c, follower(c), t, script))


def row_get(bench):
    bench.three()
    plain, stale = bench.script("get.lua", load("GET")), bench.script("stale.lua",
                                                                     load("GET", "?stale"))
    bench.sampled("3 servers, GET, leader", RATES,
                  lambda c, t: wrk(c, c.wait_for_leader(), t, plain))
    bench.sampled("3 servers, GET, follower", RATES,
                  lambda c, t: wrk(c, follower(c), t, plain))
    bench.sampled("GET ?stale, follower", RATES,
                  lambda c, t: wrk(c, follower(c), t, stale))


def failover(cluster, begin, end):
    """begin(leader), the seconds to a PUT at another, end(leader), and all well again."""
    leader = cluster.wait_for_leader()
    cluster.wait_for_write()
    time.sleep(2)
    begin(leader)
    took = accepted([s for s in cluster.servers if s is not leader], time.monotonic(), 90)
    end(leader)
    wait_for("the old leader back", lambda: leader.put("/v1/kv/back", b"1"), 60)
    return (took,)


def row_kill(bench):
    bench.three()
    bench.together("kill -9 leader to PUT", [("s", 3)], lambda c: failover(
        c, lambda leader: leader.kill(), lambda leader: leader.start()))


def row_stop(bench):
    bench.three()
    bench.together("SIGSTOP leader to PUT", [("s", 3)], lambda c: failover(
        c, lambda leader: leader.pause(), lambda leader: leader.resume()))


def sees(agent, count):
    return sum(member["Status"] == 1 for member in
               agent.get("/v1/agent/members", timeout=5) or []) == count


def all_see_all(cluster, limit):
    """Seconds from the first client's start until all see all, and from the last's."""
    count = len(cluster.agents)
    cluster.servers[0].start()
    cluster.wait_for_leader()
    begun = time.monotonic()
    for client in cluster.clients:
        client.start()
    started = time.monotonic()
    left = list(cluster.agents)
    while left:
        if time.monotonic() - begun > limit:
            return begun, started, None, len(left)
        if sees(left[0], count):  # one asks no more than it must: asking is a load
            left.pop(0)
        else:
            time.sleep(0.05)
    return begun, started, time.monotonic(), 0


def row_clients(bench):
    """One server and many clients, one system after the other: memory is short."""
    times, costs, short = {}, {}, {}
    for kind in bench.kinds:
        cluster = bench.cluster(kind, 1, bench.clients)
        begun, started, ended, missing = all_see_all(cluster, 75)
        short[kind] = missing
        times[kind] = [(75.0, 75.0) if ended is None else (ended - begun, ended - started)]
        time.sleep(10)
        before, at = sum(a.cpu_fine() for a in cluster.agents), time.monotonic()
        time.sleep(10)
        cpu = (sum(a.cpu_fine() for a in cluster.agents) - before) / (time.monotonic() - at) * 60
        costs[kind] = [(cpu, sum(a.pss_mib() for a in cluster.agents))]
        bench.drop(cluster)
    for kind, missing in short.items():
        if missing:
            print(f"{NAMES[kind]}: {missing} agents do not see all after 75 s")
    bench.tell(f"{bench.clients} clients, all see all", times,
               [("s from first", 2), ("s from last", 2)])
    bench.tell(f"{bench.clients} clients, idle", costs, [("CPU s/min", 2), ("PSS MiB", 1)])


def row_client(bench):
    """A client agent with nothing to do, joined to one server."""
    clusters = {kind: bench.cluster(kind, 1, 1) for kind in bench.kinds}
    samples = {kind: [] for kind in bench.kinds}
    for cluster in clusters.values():
        cluster.start()
        cluster.wait_for_leader()
        cluster.wait_for_write()
    time.sleep(20)
    before = {kind: cluster.clients[0].cpu_fine() for kind, cluster in clusters.items()}
    time.sleep(30)
    for kind, cluster in clusters.items():
        client = cluster.clients[0]
        samples[kind].append(((client.cpu_fine() - before[kind]) * 2, client.alone_mib()))
        bench.drop(cluster)
    bench.tell("idle client agent", samples, [("CPU s/min", 3), ("MiB alone", 1)])


ROWS = {"c3-start": row_start, "c3-put": row_put, "c3-get": row_get, "c3-kill": row_kill,
        "c3-stop": row_stop, "client": row_client, "clients": row_clients}


def run(rows, kinds, options, report):
    """All rows wanted, in ROWS' order; whether none failed."""
    bench = Bench(kinds, options, report)
    try:
        for name in rows:
            if name in ("client", "clients"):
                bench.end_three()
            ROWS[name](bench)
    finally:
        bench.end()
    return bench.fine
