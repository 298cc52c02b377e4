#!/usr/bin/env python3
"""The same writes and reads for the real Consul and for ours, answers compared.

usage: catalog.py [SEED...]

Starts both on addresses of their own, sends both one seeded mixture of writes
(tests/catalogd/mixture.py), and after each write asks both some of the
questions below. Status, body and X-Consul-Index must agree. Indexes are not the
same numbers on both sides: each stands for the write that made it, and these
are compared. Without the real Consul (CONSUL_REAL) it is skipped. Prints TAP.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "catalogd"))

# pylint: disable=wrong-import-position
import json
import random
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from alike import Alike, real_or_skip
from mixture import Mixture

REAL = os.environ.get("CONSUL_REAL") or os.path.expanduser(
    "~/.cache/real-consul/root/usr/bin/consul")
OURS = os.path.join(os.environ.get("PROCONSUL_BUILD") or os.path.join(
    HERE, "..", "..", "build"), "proconsul")
NET = 3 + os.getpid() % 90
WRITES = 80
READS = 8  # after each write
FAR = 10**9

QUESTIONS = [
    "kv/a", "kv/nope", "kv/dir?recurse", "kv/dir/?keys", "kv/?keys",
    "kv/?recurse", "kv/dir?keys&separator=/", "kv/lock/1", "kv/lock?recurse",
    "kv/nothing?recurse", "catalog/nodes", "catalog/nodes?node-meta=m:1",
    "catalog/services", "catalog/services?node-meta=m:1",
    "catalog/service/web", "catalog/service/WEB?tag=A",
    "catalog/service/none", "catalog/service/db?node-meta=m:1",
    "catalog/node/n2", "catalog/node/n1x", "catalog/node/zz",
    "catalog/node-services/db", "catalog/node-services/zz",
    "catalog/node/00", "catalog/node/000000", "catalog/node/00000001-1",
    "catalog/node/0000000", "health/node/n2", "health/node/zz",
    "health/checks/web", "health/checks/none",
    "health/checks/web?node-meta=m:1", "health/service/web",
    "health/service/web?passing", "health/service/api?tag=a&tag=b",
    "health/service/none", "health/service/db?node-meta=m:1",
    "health/state/any", "health/state/critical",
    "health/state/passing?node-meta=m:1", "session/list",
    "session/node/n2", "session/node/n1", "session/info/bad",
    "session/info/00000000-1111-2222-3333-000000000000",
]
# Of the agents' own node: each fills these in when it likes.
OWN = ("TaggedAddresses", "Meta", "NodeMeta", "ID", "Address")


class Side:
    """One agent."""

    def __init__(self, program, address):
        self.address = address
        self.folder = tempfile.mkdtemp()
        os.chmod(self.folder, 0o755)  # our daemons have users of their own
        self.marks = []  # the index after each write
        self.process = subprocess.Popen(
            [program, "agent", "-server", "-bootstrap-expect=1", "-node=n1",
             "-data-dir=" + self.folder, "-bind=" + address,
             "-client=" + address, "-log-level=err"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(self, method, path, data=None):
        request = urllib.request.Request(
            "http://%s:8500%s" % (self.address, path), data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers

    def wait(self):
        """Until the agent has put its own node into the catalog."""
        for _ in range(300):
            try:
                node = json.loads(self.ask("GET", "/v1/catalog/node/n1")[1])
                if node and node["Node"]["TaggedAddresses"]:
                    return
            except (OSError, ValueError, KeyError, TypeError):
                pass
            time.sleep(.2)
        raise RuntimeError("%s does not start" % self.address)

    def mark(self, number):
        self.ask("PUT", "/v1/kv/zz/mark", str(number).encode())
        row = json.loads(self.ask("GET", "/v1/kv/zz/mark")[1])[0]
        self.marks.append(row["ModifyIndex"])

    def write_of(self, index):
        """The number of the write that made this index."""
        for number, mark in enumerate(self.marks):
            if index <= mark:
                return number
        return len(self.marks)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Pair:
    """Both, asked the same; real first."""

    def __init__(self, real, ours, tally, group):
        self.sides = (real, ours)
        self.tally = tally
        self.group = group
        self.sessions = {}  # ids of the real one to ours
        self.is_alike = True

    def to_ours(self, text):
        for real, ours in self.sessions.items():
            text = text.replace(real, ours)
        return text

    def plain(self, side, value):
        """A value with what may differ taken out or made the same."""
        if isinstance(value, dict):
            own = value.get("Node") == "n1"
            return {k: ("write", side.write_of(v))
                    if k in ("CreateIndex", "ModifyIndex") and v else
                    self.plain(side, v) for k, v in value.items()
                    if not (own and k in OWN)}
        if isinstance(value, list):
            return [self.plain(side, v) for v in value]
        if isinstance(value, str):
            if side is self.sides[0]:
                value = self.to_ours(value)
            return re.sub(r"current modify index \d+", "current modify index",
                          value)
        return value

    def shown(self, side, path, answer):
        try:
            value = self.plain(side, json.loads(answer[1]))
        except ValueError:
            value = self.plain(side, answer[1].decode("latin1"))
        if path.startswith("/v1/session/") and isinstance(value, list):
            value.sort(key=str)  # by ids, which are random
        if path.startswith("/v1/catalog/services") and \
                isinstance(value, dict):
            value = {k: sorted(v) for k, v in value.items()}
        index = answer[2].get("X-Consul-Index")
        return (answer[0], value, index and side.write_of(int(index)))

    def ask(self, method, path, body=None):
        data = body if isinstance(body, bytes) or body is None else \
            json.dumps(body).encode()
        real, ours = self.sides
        first = real.ask(method, path, data)
        second = ours.ask(method, self.to_ours(path), data and self.to_ours(
            data.decode()).encode())
        if path == "/v1/session/create" and first[0] == second[0] == 200:
            self.sessions[json.loads(first[1])["ID"]] = \
                json.loads(second[1])["ID"]
        a = self.shown(real, path, first)
        b = self.shown(ours, path, second)
        self.is_alike &= self.tally.same("mixture %s %s %s" % (
            method, path, (data or b"")[:200].decode()), a, b, self.group)
        return first


def compare(tally, seed, net):
    sides = []
    try:
        sides.append(Side(REAL, "127.%d.%d.1" % (NET, net)))
        sides.append(Side(OURS, "127.%d.%d.2" % (NET, net)))
        for side in sides:
            side.wait()
        pair = Pair(*sides, tally, "a mixture of %d writes, seed %d" % (
            WRITES, seed))
        rng = random.Random(seed)
        mixture = Mixture(seed, pair.ask, ["n1x", "n2", "N1x", "n3", "db",
                                           "Web-4"], "n1", FAR)
        for number in range(WRITES):
            for side in sides:
                side.mark(number)
            mixture.step()
            for side in sides:
                side.mark(number)
            questions = rng.sample(QUESTIONS, READS)
            if mixture.sessions:
                questions.append(
                    "session/info/" + rng.choice(mixture.sessions))
            for question in questions:
                pair.ask("GET", "/v1/" + question)
            if not pair.is_alike:
                break  # what follows from it would differ too
    finally:
        for side in sides:
            side.stop()


def main():
    seeds = [int(seed) for seed in sys.argv[1:]] or [1, 2]
    real_or_skip()
    tally = Alike("http")
    for number, seed in enumerate(seeds, 1):
        compare(tally, seed, number)
    return tally.done()


sys.exit(main())
