#!/usr/bin/env python3
"""What a user sees while one daemon is killed, stopped or restarted alone.

    faults.py ADDRESS LAUNCHER_PID [FAULT...]

Users of every kind ask one agent all the time: writes (alone and as
transactions), reads, blocking reads, health, DNS, TTL checks, registrations,
sessions, members and events. Then one fault follows the other:

    kill DAEMON     SIGKILL
    restart DAEMON  SIGTERM, as `systemctl restart` does
    stop DAEMON     SIGSTOP, and SIGCONT after STOP_SECONDS
    replace DAEMON  its program by another build of it, then SIGTERM

What each user got between the fault and the recovery is held against WAITS and
FAILS, which are the README's table (section Faults): who waits for a stopped
daemon, and what fails when one dies, with which words; all others have to be
answered as before, at once. Prints what was measured. In the end the books are
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
STOP_SECONDS = float(os.environ.get("STOP_SECONDS", "1.0"))
CALM_SECONDS = 0.3   # between faults, in which nothing may fail
PATIENCE = float(os.environ.get("PATIENCE", "5"))  # for a busy machine
PAUSE = 0.01
NOTE = ".note.next"  # of a program that was replaced


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

    def check(self):
        """What is found is what was acknowledged last, or sent later, and whole."""
        found = [self.http("GET", f"/v1/kv/{key}?raw")[1].decode() for key in self.keys()]
        count = int(found[0].split(":")[0])
        if found[0] != self.value(count) or not self.acknowledged <= count <= self.sent:
            fail(f"{self.kind}: found {found[0][:20]!r}, acknowledged {self.acknowledged}, "
                 f"sent {self.sent}")
        return found

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


    def check(self):
        found = super().check()
        if found[0] != found[1]:
            fail(f"half a transaction: {found[0][:20]!r} and {found[1][:20]!r}")


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
    count = acknowledged = 0

    def once(self):
        self.count += 1
        outcome = self.expect("PUT", "/v1/agent/service/register", json.dumps(
            {"Name": "moving", "Port": 1000 + self.count}))
        if outcome == "ok":
            self.acknowledged = self.count
        return outcome

    def check(self):
        port = json.loads(self.http("GET", "/v1/catalog/service/moving")[1])[0]["ServicePort"]
        if not self.acknowledged <= port - 1000 <= self.count:
            fail(f"registration: found {port}, acknowledged {1000 + self.acknowledged}")


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
            s.settimeout(STOP_SECONDS + PATIENCE)
            s.connect((self.address, 8600))
            s.send(query)
            answer = s.recv(4096)
        code, count = answer[3] & 15, struct.unpack(">H", answer[6:8])[0]
        if code == 0 and count > 0:
            return "ok"
        return {2: "SERVFAIL", 3: "NXDOMAIN"}.get(code, f"rcode {code}, {count} answers")


USERS = (Writer, Transactor, Reader, FreshReader, Watcher, Health, Dns, Leader,
         Ttl, Registrar, Session, Members, Event)

HTTP = {user.kind for user in USERS} - {"DNS"}
WRITES = {"KV PUT", "transaction", "session"}
DIED = "500 the daemon asked has died: it may have done this, or not"

# Who waits while a daemon is stopped. (The blocking read waits for a write.)
WAITS = {
    "gossipd": {"members", "event"},
    "raftd": WRITES | {"blocking GET", "TTL check", "registration"},
    "catalogd": HTTP - {"KV GET, kept", "health of a service"},
    "healthd": {"TTL check", "registration"},
    "httpd": HTTP,
    "dnsd": {"DNS"},
    "runner": set(),
    "prober": set(),
}
LOST = "500 leadership lost while committing log"
NOBODY = '200 ""'  # what Consul, too, says while nobody leads


def each(kinds, *words):
    return {kind: set(words) for kind in kinds}


# Whose request may fail when a daemon is killed or restarted, and with what: the
# one that was under way, and, of httpd and dnsd, those until it is back.
FAILS = {
    "gossipd": each({"event"}, DIED),
    "raftd": {**each(WRITES, LOST), "leader": {NOBODY}},
    "catalogd": {**each(WRITES | {"event"}, DIED), "leader": {NOBODY}},
    "httpd": each(HTTP, "refused", "connection broken"),
    "dnsd": each({"DNS"}, "refused", "no answer"),
}


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


def replace(launcher, name):
    """Another build with the same tables: a program that differs, and no more."""
    path = os.path.join(os.path.dirname(os.readlink(f"/proc/{launcher}/exe")), name)
    subprocess.run(["objcopy", "--add-section", f"{NOTE}=/etc/hostname", path, path + ".new"],
                   check=True)
    os.rename(path + ".new", path)


def has_note(path):
    return NOTE in subprocess.run(["readelf", "-SW", path], capture_output=True, text=True).stdout


def inflict(fault, name, launcher):
    """Returns when the daemon is there again, as a process."""
    wait(PATIENCE, lambda: process(launcher, name), f"{name} does not run")
    pid = process(launcher, name)
    if fault == "stop":
        healthd = process(launcher, "healthd")
        os.kill(pid, signal.SIGSTOP)
        time.sleep(STOP_SECONDS)
        os.kill(pid, signal.SIGCONT)
        if process(launcher, "healthd") != healthd:
            fail(f"healthd died when {name} was stopped")
        return
    if fault == "replace":
        replace(launcher, name)
    os.kill(pid, signal.SIGKILL if fault == "kill" else signal.SIGTERM)
    if name == "prober":
        return  # started when there is work for it
    wait(PATIENCE, lambda: process(launcher, name) not in (None, pid), f"{name} is not back")
    if fault == "replace" and not has_note(f"/proc/{process(launcher, name)}/exe"):
        fail(f"{name} is of the old build")


class Seen:
    """What one user got from a fault until it was over."""

    def __init__(self, user, begun, ended):
        samples = [s for s in list(user.samples)
                   if s.begun + s.seconds >= begun and s.begun <= ended]
        self.kind, self.count = user.kind, len(samples)
        self.slowest = max((s.seconds for s in samples), default=0)
        bad = [s for s in samples if s.outcome != "ok"]
        self.outcomes = collections.Counter(s.outcome for s in bad)
        self.until = max((s.begun + s.seconds - begun for s in bad), default=0)

    def text(self):
        return (f"   {self.kind:20} {self.count:4} answers, slowest {self.slowest:6.3f} s" +
                (f", failed until {self.until:.3f} s: {dict(self.outcomes)}"
                 if self.outcomes else ""))

    def wrong(self, fault, name):
        """Why this is not what the table says, or None."""
        words = FAILS.get(name, {}).get(self.kind, set())
        many = name in ("httpd", "dnsd")
        if fault == "stop":
            if self.outcomes:
                return f"failed: {dict(self.outcomes)}"
            if self.kind not in WAITS[name] and self.slowest >= STOP_SECONDS - 0.1:
                return f"waited for {self.slowest:.3f} s"
        elif self.outcomes:
            if not set(self.outcomes) <= words:
                return f"failed: {dict(self.outcomes)}"
            if not many and self.kind != "leader" and sum(self.outcomes.values()) > 1:
                return f"more than what was under way failed: {dict(self.outcomes)}"
        return None


def suffer(fault, name, users, launcher):
    """One fault; what each user saw. The longest wait of those who did."""
    begun = time.monotonic()
    inflict(fault, name, launcher)
    back = time.monotonic()
    # Over when each user has asked once more, and been answered.
    for user in users:
        count = len(user.samples)
        wait(STOP_SECONDS + PATIENCE, lambda u=user, c=count: len(u.samples) > c + 1,
             f"{fault} {name}: {user.kind} waits for ever")
    time.sleep(CALM_SECONDS)
    ended = time.monotonic()
    seen = [Seen(user, begun, ended) for user in users]
    print(f"== {fault} {name}: back after {back - begun:.3f} s")
    for one in seen:
        if one.outcomes or one.slowest > 0.1 or "VERBOSE" in os.environ:
            print(one.text())
    bad = [(one, one.wrong(fault, name)) for one in seen]
    for one, why in bad:
        if why:
            print(f"   {one.kind}: {why}")
    return not any(why for _, why in bad)


def faults_named(arguments):
    every = [(fault, name) for fault in ("kill", "restart", "stop")
             for name in DAEMONS + HELPERS if fault != "restart" or name in DAEMONS]
    return [tuple(fault.split()) for fault in arguments] or every


def main():
    address, launcher = sys.argv[1], int(sys.argv[2])
    prepare(address)
    users = [kind(address, number) for number, kind in enumerate(USERS)]
    for user in users:
        user.start()
    for user in users:
        wait(PATIENCE, lambda u=user: len(u.samples) > 3, f"{user.kind}: no answers")
    good = True
    for fault, name in faults_named(sys.argv[3:]):
        good = suffer(fault, name, users, launcher) and good
    for user in users:
        user.going = False
    for user in users:
        user.join(60)
    for user in users:
        user.connection = None
        if hasattr(user, "check"):
            user.check()
    sys.stdout.flush()
    os._exit(0 if good else 1)


if __name__ == "__main__":
    main()
