#!/usr/bin/env python3
"""What a user sees while one daemon is killed, stopped or restarted alone.

    faults.py ADDRESS LAUNCHER_PID [FAULT...]

Users of every kind ask one agent all the time: writes (alone and as
transactions), reads, blocking reads, health, DNS, TTL checks, registrations,
sessions, members and events. Then one fault follows the other:

    kill DAEMON     SIGKILL
    restart DAEMON  SIGTERM, as `systemctl restart` does
    stop DAEMON     SIGSTOP, and SIGCONT after STOP_SECONDS

What each user got between the fault and the recovery is held against EXPECTED:
what may fail then, and how; whatever is not named there has to be answered as
before, and wait for STOP_SECONDS + PATIENCE at most. Prints what was measured
as rows of the README's table (section Faults). In the end the books are
balanced: nothing acknowledged is lost, and no transaction is half there.
"""
import base64
import collections
import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

DAEMONS = ("gossipd", "raftd", "catalogd", "healthd", "httpd", "dnsd")
HELPERS = ("runner", "prober")
STOP_SECONDS = float(os.environ.get("STOP_SECONDS", "1.5"))
CALM_SECONDS = 0.7   # between faults, in which nothing may fail
PATIENCE = float(os.environ.get("PATIENCE", "5"))  # for a busy machine
PAUSE = 0.02


class Sample:
    """One request: when it began, how long it took, what came."""

    def __init__(self, begun, seconds, outcome):
        self.begun, self.seconds, self.outcome = begun, seconds, outcome


class User(threading.Thread):
    """Asks one kind of thing, one after the other."""
    kind = ""

    def __init__(self, address, number=0):
        super().__init__(daemon=True)
        self.address, self.number = address, number
        self.samples, self.going, self.connection = [], True, None

    def http(self, method, path, body=None, timeout=40):
        """(status, body); a connection that breaks raises."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.address, 8500, timeout=timeout)
                self.connection.connect()
            self.connection.request(method, path, body)
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            if self.connection:
                self.connection.close()
            self.connection = None
            raise

    def once(self):
        """Ask; "ok", or what came instead."""
        raise NotImplementedError

    def run(self):
        while self.going:
            begun = time.monotonic()
            try:
                outcome = self.once()
            except ConnectionRefusedError:
                outcome = "refused"
            except (TimeoutError, socket.timeout):
                outcome = "no answer"
            except (OSError, http.client.HTTPException):
                outcome = "connection broken"
            self.samples.append(Sample(begun, time.monotonic() - begun, outcome))
            time.sleep(PAUSE)

    def expect(self, method, path, body=None, good=lambda status, text: status == 200):
        status, text = self.http(method, path, body)
        return "ok" if good(status, text) else f"{status} {text[:80].decode(errors='replace')}"


class Writer(User):
    kind = "KV PUT"

    def __init__(self, address, number=0):
        super().__init__(address, number)
        self.sent = self.acknowledged = 0

    def keys(self):
        return [f"faults/{self.number}/{part}" for part in "ab"]

    def value(self, count):
        return f"{count}:" + "x" * (count % 500) + f":{count}"

    def send(self, count):
        return self.expect("PUT", "/v1/kv/" + self.keys()[0], self.value(count),
                           lambda status, text: status == 200 and text == b"true")

    def once(self):
        self.sent += 1
        outcome = self.send(self.sent)
        if outcome == "ok":
            self.acknowledged = self.sent
        return outcome


class Transactor(Writer):
    kind = "transaction"

    def send(self, count):
        value = base64.b64encode(self.value(count).encode()).decode()
        return self.expect("PUT", "/v1/txn", json.dumps(
            [{"KV": {"Verb": "set", "Key": key, "Value": value}} for key in self.keys()]))


class Reader(User):
    """Of what nobody changes: httpd keeps the answer."""
    kind = "KV GET, kept"
    path, value = "/v1/kv/faults/still?raw", b"still"

    def once(self):
        return self.expect("GET", self.path, None,
                           lambda status, text: status == 200 and text == self.value)


class FreshReader(User):
    """Of what changes all the time: catalogd has to answer; never backwards."""
    kind = "KV GET"
    last = 0

    def once(self):
        status, text = self.http("GET", "/v1/kv/faults/0/a?raw")
        if status != 200:
            return f"{status} {text[:80].decode(errors='replace')}"
        count = int(text.split(b":")[0])
        if count < self.last:
            return f"went back from {self.last} to {count}"
        self.last = count
        return "ok"


class Watcher(User):
    """A blocking read that is woken by the writer."""
    kind = "blocking GET"
    index = 1

    def once(self):
        status, text = self.http("GET", f"/v1/kv/faults/0/a?index={self.index}&wait=60s")
        if status != 200:
            return f"{status} {text[:80].decode(errors='replace')}"
        index = json.loads(text)[0]["ModifyIndex"]
        if index < self.index:
            return f"index went back from {self.index} to {index}"
        self.index = index
        return "ok"


class Health(User):
    kind = "health of a service"

    def once(self):
        return self.expect("GET", "/v1/health/service/web?passing", None,
                           lambda status, text: status == 200 and b'"ID":"web1"' in text)


class Ttl(User):
    kind = "TTL check"

    def once(self):
        return self.expect("PUT", "/v1/agent/check/pass/beat")


class Registrar(User):
    kind = "registration"
    count = 0

    def once(self):
        self.count += 1
        return self.expect("PUT", "/v1/agent/service/register", json.dumps(
            {"Name": "moving", "Port": 1000 + self.count % 1000}))


class Session(User):
    kind = "session"

    def once(self):
        status, text = self.http("PUT", "/v1/session/create", json.dumps(
            {"Node": "holder", "Checks": [], "NodeChecks": []}))
        if status != 200:
            return f"{status} {text[:80].decode(errors='replace')}"
        name = json.loads(text)["ID"]
        outcome = self.expect("PUT", f"/v1/session/renew/{name}")
        return outcome if outcome != "ok" else self.expect("PUT", f"/v1/session/destroy/{name}")


class Members(User):
    kind = "members"

    def once(self):
        return self.expect("GET", "/v1/agent/members", None,
                           lambda status, text: status == 200 and b'"Status":1' in text)


class Event(User):
    kind = "event"

    def once(self):
        time.sleep(0.1)
        return self.expect("PUT", "/v1/event/fire/fault")


class Leader(User):
    kind = "leader"

    def once(self):
        return self.expect("GET", "/v1/status/leader", None,
                           lambda status, text: status == 200 and b":8300" in text)


class Dns(User):
    kind = "DNS"
    name = "web.service.consul"

    def once(self):
        wire = b"".join(bytes([len(part)]) + part.encode() for part in self.name.split("."))
        query = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + wire + b"\0" + b"\0\1\0\1"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(5)
            s.connect((self.address, 8600))
            s.send(query)
            answer = s.recv(4096)
        code, count = answer[3] & 15, struct.unpack(">H", answer[6:8])[0]
        if code == 0 and count > 0:
            return "ok"
        return {2: "SERVFAIL", 3: "NXDOMAIN"}.get(code, f"rcode {code}, {count} answers")


USERS = (Writer, Transactor, Reader, FreshReader, Watcher, Health, Dns, Leader,
         Ttl, Registrar, Session, Members, Event)

# What may fail, and with what, by fault and daemon; "*" is any user.
EXPECTED = {}


def fail(why):
    print(why)
    os._exit(1)


def children(pid):
    out = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(pid)],
                         capture_output=True, text=True).stdout
    return {name: int(number) for number, name in (line.split(None, 1) for line in
                                                   out.splitlines())}


def process(launcher, name):
    daemons = children(launcher)
    if name in daemons:
        return daemons[name]
    runner = children(daemons.get("healthd", 0)).get("healthd-runner")
    if name == "runner" or runner is None:
        return runner
    return children(runner).get("healthd-prober")


def prepare(address):
    user = User(address)
    for method, path, body in (
            ("PUT", "/v1/kv/faults/still", "still"),
            ("PUT", "/v1/kv/faults/0/a", "0:0"),
            ("PUT", "/v1/catalog/register", json.dumps({"Node": "holder", "Address": "127.0.0.1"})),
            ("PUT", "/v1/agent/check/register", json.dumps(
                {"Name": "beat", "TTL": "300s", "Status": "passing"})),
            ("PUT", "/v1/agent/service/register", json.dumps(
                {"ID": "web1", "Name": "web", "Port": 80, "Check": {
                    "HTTP": f"http://{address}:8500/v1/status/leader", "Interval": "1s",
                    "Status": "passing", "Timeout": "3s"}})),
    ):
        outcome = user.expect(method, path, body)
        if outcome != "ok":
            fail(f"{path}: {outcome}")


def wait(seconds, what, why):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            fail(why)
        time.sleep(0.01)


def inflict(fault, name, launcher):
    """Returns when the daemon is there again, as a process."""
    wait(PATIENCE, lambda: process(launcher, name), f"{name} does not run")
    pid = process(launcher, name)
    if fault == "stop":
        os.kill(pid, signal.SIGSTOP)
        time.sleep(STOP_SECONDS)
        os.kill(pid, signal.SIGCONT)
        return
    os.kill(pid, signal.SIGKILL if fault == "kill" else signal.SIGTERM)
    if name == "prober":
        return  # started when there is work for it
    wait(PATIENCE, lambda: process(launcher, name) not in (None, pid), f"{name} is not back")


def judge(fault, name, users, begun, ended):
    """What each user got from the fault on; a row of the table."""
    row, bad = {}, []
    for user in users:
        seen = [s for s in list(user.samples) if s.begun + s.seconds >= begun and s.begun <= ended]
        fails = collections.Counter(s.outcome for s in seen if s.outcome != "ok")
        slowest = max((s.seconds for s in seen), default=0)
        times = [s.begun + s.seconds for s in seen if s.outcome != "ok"]
        row[user.kind] = (len(seen), fails, slowest,
                          max(times) - begun if times else 0)
    return row, bad


def main():
    address, launcher = sys.argv[1], int(sys.argv[2])
    faults = [tuple(fault.split()) for fault in sys.argv[3:]] or \
        [(fault, name) for fault in ("kill", "restart", "stop") for name in DAEMONS + HELPERS
         if fault != "restart" or name in DAEMONS]
    prepare(address)
    users = [kind(address, number) for number, kind in enumerate(USERS)]
    for user in users:
        user.start()
    time.sleep(1)
    for fault, name in faults:
        begun = time.monotonic()
        inflict(fault, name, launcher)
        back = time.monotonic() - begun
        time.sleep(CALM_SECONDS)
        row, _ = judge(fault, name, users, begun, time.monotonic())
        print(f"== {fault} {name}: back after {back:.3f} s")
        for kind, (count, fails, slowest, until) in row.items():
            print(f"   {kind:20} {count:4} requests, slowest {slowest:6.3f} s" +
                  (f", failed until {until:.3f} s: {dict(fails)}" if fails else ""))
    for user in users:
        user.going = False
    for user in users:
        user.join(60)


if __name__ == "__main__":
    main()
