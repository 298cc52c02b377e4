"""Clients that read, write and lock a few keys through random agents, and note
what they were told (history.py); and a watcher that notes who leads in which
term.
"""
import base64
import json
import random
import re
import threading
import time

from agents import Http, Unanswered
from history import Op

EPOCH = 3.0   # seconds; then other keys, so that no key's history grows long
KEYS = 4      # at a time
KINDS = ("get", "consistent", "put", "cas", "acquire", "release", "delete", "alone")
WEIGHTS = (30, 15, 20, 20, 8, 4, 3, 5)


class Worker(threading.Thread):
    """One client; its operations follow each other."""

    def __init__(self, number, addresses, seed, reads=("default", "consistent"), pause=0.01):
        super().__init__(daemon=True)
        self.name = f"w{number}"
        self.chance = random.Random(f"{seed} {number}")
        self.links = [Http(address, timeout=12) for address in addresses]
        self.reads, self.pause = reads, pause
        self.ops, self.alone, self.count = [], {}, 0
        self.seen = {}  # of each key: value and index at the last read
        self.session, self.going, self.begun = None, True, time.monotonic()

    def value(self):
        self.count += 1
        return f"{self.name}.{self.count}"

    def run(self):
        while self.going:
            if self.session is None:
                self.session_create()
            kind = self.chance.choices(KINDS, WEIGHTS)[0]
            epoch = int((time.monotonic() - self.begun) / EPOCH)
            key = f"lin/{epoch}/{self.chance.randrange(KEYS)}"
            if kind in ("get", "consistent"):
                self.read(key, kind)
            elif kind == "alone":
                self.write_alone()
            else:
                self.write(key, kind)
            time.sleep(self.chance.uniform(0, 2 * self.pause))

    def session_create(self):
        """A session without checks: no failure detector takes its locks away."""
        link = self.chance.choice(self.links)
        try:
            answer = link.ask("PUT", "/v1/session/create", json.dumps(
                {"Node": "locks", "Checks": [], "NodeChecks": [], "LockDelay": "0s"}))
            if answer.status == 200:
                self.session = answer.json()["ID"]
        except Unanswered:
            time.sleep(0.1)

    def read(self, key, kind):
        mode = "default" if kind == "get" else kind
        if mode not in self.reads:
            mode = self.reads[-1]
        link = self.chance.choice(self.links)
        op = read(link, key, mode)
        if op:
            op.note = f"{self.name} {link.address} {mode}"
            self.seen[key] = op.answer[0], op.index
            self.ops.append(op)
        else:
            time.sleep(0.02)

    def write_alone(self):
        """A key of its own; if it was acknowledged it must be there at the end."""
        key, link = f"alone/{self.value()}", self.chance.choice(self.links)
        try:
            answer = link.ask("PUT", "/v1/kv/" + key, key)
            self.alone[key] = answer.status == 200 and answer.body == b"true"
        except Unanswered:
            self.alone[key] = False

    def write(self, key, kind):
        op = Op(kind, key, value=self.value(), session=self.session)
        method, query = "PUT", ""
        if kind == "cas":
            if key not in self.seen:
                return
            op.expected, index = self.seen[key]
            query = f"?cas={index}"
        elif kind in ("acquire", "release"):
            if self.session is None:
                return
            query = f"?{kind}={self.session}"
        elif kind == "delete":
            method, op.value = "DELETE", None
        self.send(op, method, f"/v1/kv/{key}{query}")

    def send(self, op, method, path):
        link = self.chance.choice(self.links)
        op.note = f"{self.name} {link.address}"
        op.invoked = time.monotonic()
        try:
            answer = link.ask(method, path, op.value if method == "PUT" else None)
            if answer.status == 200:
                op.returned, op.answer = time.monotonic(), answer.body.strip() == b"true"
            else:
                op.note += f" {answer.status} {answer.body[:60]!r}"
                time.sleep(0.02)
            self.ops.append(op)
        except Unanswered as error:
            if error.sent:
                op.note += f" {error}"
                self.ops.append(op)
            time.sleep(0.02)


def read(link, key, mode):
    """A get that was answered, as an Op, or None. Its .index is for a cas."""
    op = Op("get", key, invoked=time.monotonic())
    try:
        answer = link.ask("GET", f"/v1/kv/{key}" + ("" if mode == "default" else "?" + mode))
    except Unanswered:
        return None
    op.returned, op.index = time.monotonic(), 0
    if answer.status == 404 and not answer.body:
        op.answer = None, None
        return op
    if answer.status != 200:
        return None
    row = answer.json()[0]
    op.answer = base64.b64decode(row["Value"] or "").decode(), row.get("Session") or None
    op.index = row["ModifyIndex"]
    return op


class Registrar(threading.Thread):
    """Moves the catalog: services come and go on nodes that are no agents."""

    def __init__(self, addresses, seed):
        super().__init__(daemon=True)
        self.chance, self.going, self.done = random.Random(f"{seed} registrar"), True, 0
        self.links = [Http(address, timeout=12) for address in addresses]

    def run(self):
        while self.going:
            name = f"svc{self.chance.randrange(20)}"
            row = {"Node": f"ext{self.chance.randrange(5)}"}
            if self.chance.random() < 0.7:
                path = "/v1/catalog/register"
                row |= {"Address": "192.0.2.1",
                        "Service": {"Service": name, "Port": self.chance.randrange(1, 9999)}}
            else:
                path, row["ServiceID"] = "/v1/catalog/deregister", name
            try:
                answer = self.chance.choice(self.links).ask("PUT", path, json.dumps(row))
                self.done += answer.status == 200
            except Unanswered:
                pass
            time.sleep(0.03)


class Watcher(threading.Thread):
    """Asks every server again and again which term it is in, and whether it leads."""

    def __init__(self, servers):
        super().__init__(daemon=True)
        self.servers, self.going, self.leaders = servers, True, {}

    def run(self):
        while self.going:
            for server in self.servers:
                if not server.running() or server.paused:
                    continue
                said = server.get("/v1/agent/self", timeout=1)
                raft = (said or {}).get("Stats", {}).get("raft", {})
                if raft.get("state") == "Leader":
                    self.leaders.setdefault(int(raft["term"]), set()).add(server.name)
            time.sleep(0.1)


def leaders_logged(servers):
    """Of each term, who said in its log that it began to lead in it."""
    found = {}
    for server in servers:
        term = None
        with open(server.log, errors="replace") as log:
            for line in log:
                candidate = re.search(r"entering candidate state:.* term=(\d+)", line)
                if candidate:
                    term = int(candidate.group(1))
                elif "entering leader state" in line and term is not None:
                    found.setdefault(term, set()).add(server.name)
    return found


def leaders_logged_and_seen(servers, watcher):
    found = leaders_logged(servers)
    for term, names in watcher.leaders.items():
        found.setdefault(term, set()).update(names)
    return found


STATE = ("/v1/kv/?recurse", "/v1/catalog/nodes", "/v1/catalog/services", "/v1/session/list",
         "/v1/health/state/any")


def state_of(server):
    """What a server itself holds, or None."""
    found = {}
    for path in STATE:
        found[path] = server.get(path + ("&" if "?" in path else "?") + "stale")
    for service in found["/v1/catalog/services"] or []:
        path = "/v1/catalog/service/" + service
        found[path] = server.get(path + "?stale")
    return found


def differences(servers):
    """Words for what two servers hold differently; empty where all are equal."""
    states = [state_of(server) for server in servers]
    found = []
    for server, state in zip(servers[1:], states[1:]):
        for path in sorted(states[0].keys() | state.keys()):
            one, other = states[0].get(path), state.get(path)
            if one is None or one != other:
                found.append(f"{path}: {servers[0].name} {brief(one, other)}; "
                             f"{server.name} {brief(other, one)}")
    return found


def brief(rows, others):
    if not isinstance(rows, list) or not isinstance(others, list):
        return str(rows)[:200]
    return f"{len(rows)} rows, alone " + str([r for r in rows if r not in others])[:300]
