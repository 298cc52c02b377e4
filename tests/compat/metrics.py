#!/usr/bin/env python3
"""What is measured by the real Consul and by ours, after the same traffic.

Both are started with the same telemetry stanza and asked the same questions;
then Prometheus' text of each is taken apart. Compared are the metrics' names,
kinds and labels, how often something was counted where that is the same for
both, and the shape of the JSON form.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from alike import BUILD, Alike, real_or_skip

SPAN = os.getpid() % 200 + 20
CONFIG = {"node_name": "n1", "telemetry": {
    "prometheus_retention_time": "60s", "disable_hostname": True,
    "prefix_filter": ["-consul.session.apply", "+consul.session"]}}

TRAFFIC = [
    ("PUT", "/v1/kv/a", "x"), ("GET", "/v1/kv/a", None),
    ("GET", "/v1/kv/a?consistent", None), ("GET", "/v1/kv/none", None),
    ("DELETE", "/v1/kv/a", None), ("PUT", "/v1/kv/c?cas=0", "x"),
    ("DELETE", "/v1/kv/c?recurse", None),
    ("PUT", "/v1/agent/service/register", '{"Name":"web","Port":80}'),
    ("GET", "/v1/catalog/nodes", None), ("GET", "/v1/catalog/services", None),
    ("GET", "/v1/catalog/datacenters", None),
    ("GET", "/v1/catalog/service/web", None),
    ("GET", "/v1/catalog/service/web?tag=a", None),
    ("GET", "/v1/catalog/service/none", None),
    ("GET", "/v1/catalog/node/n1", None),
    ("GET", "/v1/catalog/node-services/n1", None),
    ("GET", "/v1/catalog/nodes?index=x", None),
    ("PUT", "/v1/catalog/nodes", None), ("OPTIONS", "/v1/catalog/nodes", None),
    ("PUT", "/v1/catalog/register", '{"Node":"x","Address":"1.2.3.4"}'),
    ("PUT", "/v1/catalog/register", '{"Node":"x"}'),
    ("PUT", "/v1/catalog/deregister", '{"Node":"x"}'),
    ("GET", "/v1/health/service/web", None),
    ("GET", "/v1/health/service/web?tag=a", None),
    ("GET", "/v1/health/service/none", None),
    ("PUT", "/v1/txn", '[{"KV":{"Verb":"get","Key":"c"}}]'),
    ("PUT", "/v1/txn", '[{"KV":{"Verb":"set","Key":"t","Value":"eA=="}}]'),
    ("PUT", "/v1/session/renew/adf4238a-882b-9ddc-4a9d-5b6758e4159e", None),
    ("POST", "/v1/query", '{"Name":"q","Service":{"Service":"web"}}'),
    ("GET", "/v1/query/q/execute", None), ("GET", "/v1/query/q/explain", None),
    ("PUT", "/v1/event/fire/deploy", None),
    ("PUT", "/v1/agent/check/pass/none", None),
    ("GET", "/v1/agent/self", None), ("GET", "/v1/status/leader", None),
    ("BREW", "/v1/kv/a", None), ("HEAD", "/v1/kv/a", None),
    ("GET", "/v1/kv//a", None), ("GET", "/nothing", None),
    ("PUT", "/v1/session/create", '{"TTL":"20s"}'),
]

# What is counted of these is the same, whoever answers.
COUNTED = re.compile(
    r"consul_(http_|client_api_|kvs_|txn_|fsm_(kvs|txn|prepared)|"
    r"prepared_query|(health|catalog)_service_(query|not))")


class Agent:
    def __init__(self, name, program, address, folder):
        self.address = address
        config = os.path.join(folder, "telemetry.json")
        self.log = open(os.path.join(folder, name + ".log"), "w")
        self.process = subprocess.Popen(
            [program, "agent", "-dev", "-bind=" + address,
             "-client=" + address, "-config-file=" + config],
            stdout=self.log, stderr=self.log)

    def ask(self, method, path, body=None):
        request = urllib.request.Request(
            "http://%s:8500%s" % (self.address, path), method=method,
            data=body.encode() if body is not None else None)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def wait(self):
        for _ in range(300):
            try:
                # serfHealth is there: the leader has done its first duties
                if "serfHealth" in self.ask("GET", "/v1/health/node/n1"):
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise SystemExit("Bail out! no leader at " + self.address)

    def traffic(self):
        for method, path, body in TRAFFIC:
            self.ask(method, path, body)
        for question in (["web.service.consul"], ["n1.node.consul"],
                         ["-x", self.address], ["example.com"]):
            subprocess.run(["dig", "+short", "+tries=1", "+time=2", "-p",
                            "8600", "@" + self.address] + question,
                           stdout=subprocess.DEVNULL, check=False)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def take_apart(text):
    """Names to (kind, sets of labels) and to counts by labels."""
    kinds, labels, counts = {}, {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            kinds[name] = kind
        elif not line.startswith("#"):
            match = re.fullmatch(r"([\w:]+?)(?:\{(.*)\})? (\S+)", line)
            name, inside, value = match.groups()
            pairs = tuple(p for p in re.findall(
                r'(\w+)="([^"]*)"', inside or "") if p[0] != "quantile")
            family = name if name in kinds else re.sub(
                r"_(sum|count)$", "", name)
            labels.setdefault(family, set()).add(pairs)
            if kinds[family] == "counter" or name.endswith("_count"):
                counts[family, pairs] = float(value)
    return {name: (kind, labels[name]) for name, kind in kinds.items()
            if name.startswith("consul_")}, counts


def shape(value):
    """The form of JSON: kinds in the place of values, a list's first."""
    if isinstance(value, dict):
        return {key: "labels" if key == "Labels" else shape(inner)
                for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, (int, float)) else (
        type(value).__name__)


def label_names(kind_and_labels):
    kind, sets = kind_and_labels
    return kind, sorted({tuple(name for name, _ in one) for one in sets})


def compare(alike, real, ours):
    (theirs, their_counts), (own, own_counts) = (
        take_apart(agent.ask("GET", "/v1/agent/metrics?format=prometheus"))
        for agent in (real, ours))
    for name in sorted(set(theirs) | set(own)):
        alike.same("metric " + name,
                   label_names(theirs[name]) if name in theirs else None,
                   label_names(own[name]) if name in own else None,
                   group="names, kinds and labels of metrics")
    for key in sorted(set(their_counts) | set(own_counts)):
        if COUNTED.match(key[0]) and "health_node" not in key[0]:
            alike.same("counted %s%s" % (key[0], dict(key[1]) or ""),
                       their_counts.get(key), own_counts.get(key),
                       group="how often")
    shapes = [shape(json.loads(agent.ask("GET", "/v1/agent/metrics")))
              for agent in (real, ours)]
    alike.same("shape of /v1/agent/metrics", *shapes)
    for agent in (real, ours):
        pretty = agent.ask("GET", "/v1/agent/metrics?pretty")
        names = [one["Name"] for one in json.loads(pretty)["Gauges"]]
        alike.holds("gauges are sorted at " + agent.address,
                    names == sorted(names), str(names))


def main():
    real_program = real_or_skip()
    folder = tempfile.mkdtemp(prefix="proconsul-metrics-")
    os.chmod(folder, 0o755)
    with open(os.path.join(folder, "telemetry.json"), "w") as config:
        json.dump(CONFIG, config)
    os.chmod(os.path.join(folder, "telemetry.json"), 0o644)
    alike = Alike("http")
    agents = []
    try:
        agents.append(Agent("real", real_program, "127.211.%d.1" % SPAN,
                            folder))
        agents.append(Agent("ours", os.path.join(BUILD, "proconsul"),
                            "127.211.%d.2" % SPAN, folder))
        for agent in agents:
            agent.wait()
        for agent in agents:
            agent.traffic()
        compare(alike, *agents)
    finally:
        for agent in agents:
            agent.stop()
        shutil.rmtree(folder)
    return alike.done()


if __name__ == "__main__":
    sys.exit(main())
