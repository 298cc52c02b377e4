#!/usr/bin/env python3
"""proconsul beside the real Consul: the same load on both, interleaved.

    tests/bench/bench.py [--rounds 5] [--seconds 2] [--clients 100] [ROW...]

Each system gets a loopback address of its own and a data directory on disk,
both stay up, and samples alternate, so that a noisy machine hits both alike.
The table gives medians [least-most] and the ratio of the medians; trust CPU
per request (of the agent's whole process tree) over rates. A sample with
errors fails its row. Loads come from wrk and dnsperf.

Rows: start memory put get health filter near query cached dns, and of clusters
(cluster.py): c3-start c3-put c3-get c3-kill c3-stop client clients. The real Consul is CONSUL_REAL,
ours that of PROCONSUL_BUILD, or of build/.
"""
import argparse
import http.client
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import cluster
from agents import binary, have

TICKS = os.sysconf("SC_CLK_TCK")
CONNECTIONS = 64
INSTANCES = 10
HEALTH = "/v1/health/service/web"
# name, title, path; a path with %d is another one each time (of 1,000).
HTTP_READS = [
    ("get", "KV GET", "/v1/kv/bench/%d"),
    ("health", "health/service, 10 inst.", HEALTH + "?passing"),
    ("filter", "health, 1,000 filters", HEALTH +
     "?filter=Service.Port+!=+%d+and+Node.Node+matches+%%22n%%5B0-9%%5D%%22"),
    ("near", "health, near", HEALTH + "?near=n3"),
    ("query", "prepared query", "/v1/query/web/execute"),
    ("cached", "health, ?cached", HEALTH + "?cached"),
]
ALONE = ["start", "memory", "put", *(row[0] for row in HTTP_READS), "dns"]


class System:
    """One binary, running as a server with a data directory."""

    def __init__(self, name, binary, address, folder):
        self.name, self.binary, self.address = name, binary, address
        self.folder = os.path.join(folder, name)
        self.process = None
        os.makedirs(self.folder)
        self.config = os.path.join(folder, name + ".json")
        with open(self.config, "w") as file:
            json.dump({"limits": {"http_max_conns_per_client": 15000},
                       "disable_update_check": True}, file)

    def start(self):
        """Start afresh; return the seconds from exec to the first accepted PUT."""
        shutil.rmtree(self.folder)
        os.makedirs(self.folder)
        log = open(self.folder + ".log", "w")
        begun = time.monotonic()
        self.process = subprocess.Popen(
            [self.binary, "agent", "-server", "-bootstrap-expect=1", "-data-dir=" + self.folder,
             "-bind=" + self.address, "-client=" + self.address, "-node=" + self.name,
             "-config-file=" + self.config], stdout=log, stderr=log, start_new_session=True)
        while time.monotonic() - begun < 30:
            try:
                if self.call("PUT", "/v1/kv/started", b"1") == b"true":
                    return time.monotonic() - begun
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.002)
        sys.exit(f"{self.name} accepted no PUT within 30 s: see {self.folder}.log")

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.address, 8500, timeout=10)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            data = answer.read()
            return data if answer.status == 200 else b""
        finally:
            connection.close()

    def processes(self):
        """Pids of the tree below the process that was started."""
        children = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat") as file:
                    parent = int(file.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(pid))
        found, queue = [], [self.process.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            queue += children.get(pid, [])
        return found

    def cpu_seconds(self):
        total = 0.0
        for pid in self.processes():
            try:
                with open(f"/proc/{pid}/stat") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            total += (int(fields[11]) + int(fields[12])) / TICKS
        return total

    def memory_mib(self):
        """As if alone on the host: anonymous memory, and every file once."""
        anonymous, files = 0, {}
        for pid in self.processes():
            with open(f"/proc/{pid}/smaps") as file:
                region, resident = None, 0
                for line in file:
                    head = re.match(r"[0-9a-f]+-[0-9a-f]+ \S+ ([0-9a-f]+) (\S+) (\d+)", line)
                    if head:
                        region = head.groups() if head.group(3) != "0" else None
                        continue
                    key, value = line.split(":", 1)
                    if key == "Anonymous":
                        anonymous += int(value.split()[0])
                        private = int(value.split()[0])
                        if region:
                            files[region] = max(files.get(region, 0), resident - private)
                    elif key == "Rss":
                        resident = int(value.split()[0])
        return (anonymous + sum(files.values())) / 1024


def wrk(system, seconds, script=None, path="/"):
    """(requests a second, CPU microseconds a request, p99 ms), or an error text."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    if script:
        command += ["-s", script]
    before = system.cpu_seconds()
    output = subprocess.run(command + [f"http://{system.address}:8500{path}"],
                            capture_output=True, text=True).stdout
    cpu = system.cpu_seconds() - before
    if "Non-2xx" in output or "Socket errors" in output:
        return re.search(r"(Non-2xx.*|Socket errors.*)", output).group(1)
    count = int(re.search(r"(\d+) requests in", output).group(1))
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", output)
    scale = {"us": 0.001, "ms": 1, "s": 1000}[p99.group(2)]
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1))
    return rate, cpu / count * 1e6, float(p99.group(1)) * scale


def dnsperf(system, seconds, questions):
    before = system.cpu_seconds()
    output = subprocess.run(["dnsperf", "-s", system.address, "-p", "8600", "-d", questions,
                             "-l", str(seconds), "-c", "8", "-q", "100", "-T", "1"],
                            capture_output=True, text=True).stdout
    cpu = system.cpu_seconds() - before
    lost = re.search(r"Queries lost:\s+(\d+)", output)
    done = int(re.search(r"Queries completed:\s+(\d+)", output).group(1))
    if lost and int(lost.group(1)) > done / 1000:
        return f"lost {lost.group(1)} of {done}"
    rate = float(re.search(r"Queries per second:\s+([\d.]+)", output).group(1))
    mean = float(re.search(r"Average Latency \(s\):\s+([\d.]+)", output).group(1)) * 1000
    return rate, cpu / done * 1e6, mean


PUT_SCRIPT = """
math.randomseed(os.time())
wrk.method = "PUT"
wrk.body = string.rep("v", 100)
request = function() return wrk.format(nil, "/v1/kv/bench/" .. math.random(1, 1000)) end
"""
GET_SCRIPT = """
math.randomseed(os.time())
request = function() return wrk.format(nil, string.format("%s", math.random(1, 1000))) end
"""


def fill(system):
    for number in range(1, 1001):
        system.call("PUT", f"/v1/kv/bench/{number}", b"v" * 100)
    for number in range(INSTANCES):
        system.call("PUT", "/v1/catalog/register", json.dumps({
            "Node": f"n{number}", "Address": f"10.1.0.{number}",
            "Service": {"Service": "web", "Port": 8000 + number},
            "Check": {"Name": "web", "Status": "passing", "ServiceID": "web"}}).encode())
    system.call("POST", "/v1/query", json.dumps(
        {"Name": "web", "Service": {"Service": "web", "OnlyPassing": True}}).encode())


def cell(values, digits):
    spread = f"[{min(values):.{digits}f}-{max(values):.{digits}f}]"
    return f"{statistics.median(values):.{digits}f} {spread}"


def report(title, samples, units):
    """samples: by system, a list of tuples as wide as units."""
    names = list(samples)
    failed = [f"{n}: {s}" for n in names for s in samples[n] if isinstance(s, str)]
    if failed:
        print(f"{title:24} FAILED {failed[0]}")
        return False
    for column, (unit, digits) in enumerate(units):
        values = {n: [s[column] for s in samples[n]] for n in names}
        line = f"{title:24} {unit:12}"
        for name in names:
            line += f" {name} {cell(values[name], digits):30}"
        if len(names) == 2:
            base = statistics.median(values[names[0]])
            line += f" ratio {statistics.median(values[names[1]]) / base:.3f}" if base else ""
        print(line, flush=True)
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("rows", nargs="*")
    options = parser.parse_args()
    rows = options.rows or [*ALONE, *cluster.ROWS]
    unknown = [row for row in rows if row not in ALONE and row not in cluster.ROWS]
    if unknown:
        parser.error("no such row: " + ", ".join(unknown))
    kinds = [kind for kind in ("real", "ours") if have(kind)]
    if "real" not in kinds:
        print(f"no real Consul at {binary('real')}: no ratios")
    fine = True
    if any(row in ALONE for row in rows):
        fine = alone(kinds, options, rows)
    return 0 if cluster.run([row for row in cluster.ROWS if row in rows], kinds, options,
                            report) and fine else 1


def alone(kinds, options, rows):
    """The rows of one agent alone; whether none failed."""
    folder = tempfile.mkdtemp(prefix="proconsul-bench-")
    os.chmod(folder, 0o755)  # daemons with users of their own must get in
    systems = [System(cluster.NAMES[kind], binary(kind), f"127.60.0.{number}", folder)
               for number, kind in enumerate(kinds, 1)]
    scripts = {}
    texts = {"put": PUT_SCRIPT, "dns": "web.service.consul A\n"}
    texts.update((name, GET_SCRIPT % path) for name, _, path in HTTP_READS if "%" in path)
    for name, text in texts.items():
        scripts[name] = os.path.join(folder, name)
        with open(scripts[name], "w") as file:
            file.write(text)

    def sampled(title, units, take):
        samples = {s.name: [] for s in systems}
        for s in systems:
            take(s, 1)  # warm up
        for _ in range(options.rounds):
            for s in systems:
                samples[s.name].append(take(s, options.seconds))
        return report(title, samples, units)

    rates = [("req/s", 0), ("CPU us/req", 1), ("p99 ms", 2)]
    fine = True
    try:
        if "start" in rows:
            samples = {s.name: [] for s in systems}
            for _ in range(options.rounds):
                for s in systems:
                    samples[s.name].append((s.start(),))
                    s.stop()
            fine &= report("start to first PUT", samples, [("s", 3)])
        for s in systems:
            s.start()
        if "memory" in rows:
            time.sleep(5)
            fine &= report("idle memory, alone", {s.name: [(s.memory_mib(),)] for s in systems},
                           [("MiB", 1)])
        for s in systems:
            fill(s)
        if "put" in rows:
            fine &= sampled("KV PUT, durable", rates, lambda s, t: wrk(s, t, scripts["put"]))
        for name, title, path in HTTP_READS:
            if name in rows:
                fine &= sampled(title, rates, lambda s, t, name=name, path=path:
                                wrk(s, t, scripts.get(name), path))
        if "dns" in rows:
            fine &= sampled("DNS A, 10 instances",
                            [("queries/s", 0), ("CPU us/query", 1), ("mean ms", 2)],
                            lambda s, t: dnsperf(s, t, scripts["dns"]))
    finally:
        for s in systems:
            s.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return fine


if __name__ == "__main__":
    sys.exit(main())
