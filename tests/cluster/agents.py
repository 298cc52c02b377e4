"""Clusters of agents for the tests: real processes, of ours or of the real Consul.

An Agent is one `agent` process with all that it starts; a Cluster is servers
and clients on addresses that follow each other, and a network between them
(network.py) that may be cut. Both binaries get the same flags, so that a test
written for one runs on the other. Times are seconds of the monotonic clock.
"""
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OURS = os.path.join(os.environ.get("PROCONSUL_BUILD", os.path.join(ROOT, "build")), "proconsul")
REAL = os.environ.get("CONSUL_REAL", os.path.expanduser("~/.cache/real-consul/root/usr/bin/consul"))
DAEMONS = ("gossipd", "raftd", "catalogd", "healthd", "httpd", "dnsd")
TICKS = os.sysconf("SC_CLK_TCK")


def binary(kind):
    """The path of "ours" or "real"."""
    return {"ours": OURS, "real": REAL}[kind]


def have(kind):
    return os.access(binary(kind), os.X_OK)


class Unanswered(Exception):
    """A request that got no answer; sent says whether it may have arrived."""

    def __init__(self, why, sent):
        super().__init__(why)
        self.sent = sent


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Http:
    """A connection to an agent that is kept, and made anew when it breaks."""

    def __init__(self, address, timeout=10.0):
        self.address, self.timeout, self.connection = address, timeout, None

    def ask(self, method, path, body=None):
        sent = False
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.address, 8500,
                                                             timeout=self.timeout)
                self.connection.connect()
            sent = True
            self.connection.request(method, path, body)
            answer = self.connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unanswered(f"{type(error).__name__}: {error}", sent) from None

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


def table():
    """Of every process: parent, name, CPU ticks."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as file:
                head, tail = file.read().rsplit(")", 1)
        except OSError:
            continue
        fields = tail.split()
        if fields[0] != "Z":
            found[int(pid)] = (int(fields[1]), head.split("(", 1)[1],
                               int(fields[11]) + int(fields[12]))
    return found


def tree(root, processes=None):
    """Pids of a process and of all below it, the oldest first."""
    processes = processes or table()
    children = {}
    for pid, (parent, _, _) in processes.items():
        children.setdefault(parent, []).append(pid)
    found, queue = [], [root] if root in processes else []
    while queue:
        pid = queue.pop(0)
        found.append(pid)
        queue += children.get(pid, [])
    return found


def reap(pids):
    """Take leave of the dead whom their parent's death made ours (we may be pid 1)."""
    for pid in pids:
        try:
            os.waitpid(pid, 0)
        except ChildProcessError:
            pass


class Agent:
    """One agent, running or not; its data and log stay when it stops."""

    def __init__(self, kind, name, address, folder, flags, prefix=(), environment=None):
        self.kind, self.name, self.address = kind, name, address
        self.data = os.path.join(folder, name)
        self.log = os.path.join(folder, name + ".log")
        self.flags, self.prefix, self.environment = list(flags), list(prefix), environment
        self.process, self.paused = None, []

    def command(self):
        return self.prefix + [
            binary(self.kind), "agent", "-node=" + self.name, "-bind=" + self.address,
            "-client=" + self.address, "-data-dir=" + self.data] + self.flags

    def start(self):
        os.makedirs(self.data, exist_ok=True)
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True, env={**os.environ, **(self.environment or {})})

    def running(self):
        return self.process is not None and self.process.poll() is None

    def pids(self):
        return tree(self.process.pid) if self.process else []

    def daemon(self, name):
        """The pid of one daemon of ours, or None."""
        processes = table()
        for pid in tree(self.process.pid, processes):
            if processes[pid][1] == name:
                return pid
        return None

    def send(self, number, pids):
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill(self):
        """kill -9 of all its processes at one time."""
        if not self.process:
            return
        self.send(signal.SIGSTOP, [self.process.pid])  # it restarts nobody now
        pids = self.pids()
        self.send(signal.SIGKILL, reversed(pids))
        self.process.wait()
        reap(pids[1:])
        self.process, self.paused = None, []

    def stop(self, how=signal.SIGTERM, limit=20):
        """Ask it to end, and see to it that it does; True if it did so itself."""
        if not self.process:
            return True
        self.resume()
        self.send(how, [self.process.pid])
        try:
            self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        self.process = None
        return True

    def pause(self):
        self.paused = self.pids()
        self.send(signal.SIGSTOP, self.paused)

    def resume(self):
        self.send(signal.SIGCONT, reversed(self.paused))
        self.paused = []

    def ask(self, method, path, body=None, timeout=10.0):
        connection = Http(self.address, timeout)
        try:
            return connection.ask(method, path, body)
        finally:
            connection.close()

    def get(self, path, timeout=10.0):
        """What a GET answers, decoded; None where there is no good answer."""
        try:
            answer = self.ask("GET", path, timeout=timeout)
            return answer.json() if answer.status == 200 else None
        except (Unanswered, ValueError):
            return None

    def put(self, path, body=b"", timeout=10.0):
        """Whether a PUT was accepted."""
        try:
            answer = self.ask("PUT", path, body, timeout)
            return answer.status == 200 and answer.body.strip() != b"false"
        except Unanswered:
            return False

    def cpu_seconds(self):
        processes = table()
        return sum(processes[p][2] for p in tree(self.process.pid, processes)) / TICKS

    def cpu_fine(self):
        """To the nanosecond, for trees that are nearly idle; from schedstat."""
        total = 0
        for pid in self.pids():
            try:
                for thread in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                        total += int(file.read().split()[0])
            except OSError:
                pass
        return total / 1e9

    def pss_mib(self):
        total = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/smaps_rollup") as file:
                    total += sum(int(line.split()[1]) for line in file
                                 if line.startswith("Pss:"))
            except OSError:
                pass
        return total / 1024

    def alone_mib(self):
        """As if alone on the host: anonymous memory, and every file once."""
        anonymous, files = 0, {}
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/smaps") as file:
                    lines = file.readlines()
            except OSError:
                continue
            region, resident = None, 0
            for line in lines:
                head = re.match(r"[0-9a-f]+-[0-9a-f]+ \S+ ([0-9a-f]+) (\S+) (\d+)", line)
                if head:
                    region = head.groups() if head.group(3) != "0" else None
                elif line.startswith("Rss:"):
                    resident = int(line.split()[1])
                elif line.startswith("Anonymous:"):
                    private = int(line.split()[1])
                    anonymous += private
                    if region:
                        files[region] = max(files.get(region, 0), resident - private)
        return (anonymous + sum(files.values())) / 1024


def wait_for(what, test, limit=30.0, every=0.05):
    """Poll until test() gives something true, and return that."""
    end = time.monotonic() + limit
    while True:
        got = test()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit:g} s: {what}")
        time.sleep(every)


class Cluster:
    """Servers s1.., clients c1.., all of a kind unless told otherwise.

    network.address(n) gives the address of the n-th agent, and
    network.prefix(n) the words before its command (network.py).
    """

    def __init__(self, kind, network, servers=3, clients=0, flags=(), client_kind=None,
                 folder=None, settings=None, environment=None):
        self.kind, self.network = kind, network
        self.folder = folder or tempfile.mkdtemp(prefix="proconsul-cluster-")
        os.makedirs(self.folder, exist_ok=True)
        os.chmod(self.folder, 0o755)  # daemons with users of their own must get in
        self.config = os.path.join(self.folder, "settings.json")
        with open(self.config, "w") as file:
            json.dump({"disable_update_check": True,
                       "limits": {"http_max_conns_per_client": 15000}, **(settings or {})}, file)
        joins = ["-retry-join=" + network.address(n) for n in range(1, servers + 1)]
        common = ["-config-file=" + self.config, "-retry-interval=1s", *joins, *flags]
        self.servers = [Agent(kind, f"s{n}", network.address(n), self.folder,
                              ["-server", f"-bootstrap-expect={servers}", *common],
                              network.prefix(n), environment)
                        for n in range(1, servers + 1)]
        self.clients = [Agent(client_kind or kind, f"c{n}", network.address(servers + n),
                              self.folder, common, network.prefix(servers + n), environment)
                        for n in range(1, clients + 1)]

    @property
    def agents(self):
        return self.servers + self.clients

    def start(self):
        for agent in self.agents:
            agent.start()

    def leader(self):
        """The server that most of those that answer take for the leader, or None."""
        votes = {}
        for server in self.servers:
            if server.running() and not server.paused:
                said = server.get("/v1/status/leader", timeout=2)
                if said:
                    votes[said] = votes.get(said, 0) + 1
        for said, count in votes.items():
            if count > len(self.servers) // 2:
                host = said.rsplit(":", 1)[0]
                return next((s for s in self.servers if s.address == host), None)
        return None

    def wait_for_leader(self, limit=60.0):
        return wait_for("a leader", self.leader, limit)

    def wait_for_write(self, limit=60.0):
        """Until every running agent brings a write through."""
        for agent in self.agents:
            if agent.running():
                wait_for(f"a write through {agent.name}",
                         lambda a=agent: a.put("/v1/kv/cluster/ready", b"1"), limit)

    def stop(self):
        for agent in self.agents:
            agent.kill()

    def end(self):
        """Stop all, and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def tails(self, lines=15):
        """The end of every log, for a test that failed."""
        for agent in self.agents:
            try:
                with open(agent.log, errors="replace") as log:
                    for line in log.readlines()[-lines:]:
                        yield f"{agent.name}: {line.rstrip()}"
            except OSError:
                pass
