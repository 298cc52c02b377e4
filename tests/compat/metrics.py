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
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from alike import Alike       # noqa: E402  (beside this file)
from pair import Agent, Pair  # noqa: E402

CONFIG = {"telemetry": {
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


class Measured(Agent):
    """With figures of what it has done."""

    def config(self):
        return CONFIG

    def ask(self, method, path, body=None):
        return self.call(method, path, body)[1]

    def is_ready(self):
        """The leader has done its first duties; this is asked too often for
        any of it to be compared."""
        return "serfHealth" in self.ask("GET", "/v1/health/node/n1")

    def traffic(self):
        for method, path, body in TRAFFIC:
            self.ask(method, path, body)
        for question in (["web.service.consul"], ["n1.node.consul"],
                         ["-x", self.address], ["example.com"]):
            subprocess.run(["dig", "+short", "+tries=1", "+time=2", "-p",
                            "8600", "@" + self.address] + question,
                           stdout=subprocess.DEVNULL, check=False)


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
    alike = Alike("http")
    with Pair("metrics", ["-dev"], Measured) as pair:
        for agent in pair:
            agent.traffic()
        compare(alike, *pair)
    return alike.done()


if __name__ == "__main__":
    sys.exit(main())
