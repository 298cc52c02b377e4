#!/usr/bin/env python3
"""Writes and reads without a pause while units are restarted.

    systemd_load.py ADDRESS:PORT

Each line of standard input names what is done from then on. At its end every
write that was acknowledged is looked for, and a line is printed for each name:

    NAME writes=N unknown=N lost=N reads=N refused=N longest_ms=N

unknown: writes without an answer, which may or may not have been done; refused:
requests that nobody took (no connection); longest_ms: between two reads that
were answered.
"""
import collections
import http.client
import sys
import threading
import time

WRITERS = 2
phases = ["start"]
going = True
lock = threading.Lock()
figures = collections.defaultdict(lambda: collections.defaultdict(int))
acknowledged = []


def count(phase, what, more=1):
    with lock:
        figures[phase][what] += more


class Client:
    def __init__(self, address):
        self.address = address
        self.connection = None

    def ask(self, method, path, body=None):
        """The body of a 200, or None."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.address, timeout=20)
            self.connection.request(method, path, body)
            answer = self.connection.getresponse()
            text = answer.read()
            return text if answer.status == 200 else None
        except ConnectionRefusedError:
            self.connection = None
            count(phases[-1], "refused")
            time.sleep(0.01)
        except (OSError, http.client.HTTPException):
            self.connection = None
        return None


def write(address, number):
    client, n = Client(address), 0
    while going:
        phase, n = phases[-1], n + 1
        key = f"load/{number}/{n}"
        if client.ask("PUT", "/v1/kv/" + key, str(n)) in (b"true", b"true\n"):
            with lock:
                acknowledged.append((phase, key, str(n)))
            count(phase, "writes")
        else:
            count(phase, "unknown")
        time.sleep(0.002)


def read(address):
    client, last = Client(address), time.monotonic()
    while going:
        phase = phases[-1]
        if client.ask("GET", "/v1/kv/seen?raw") == b"seen":
            now = time.monotonic()
            count(phase, "reads")
            with lock:
                ms = int(1000 * (now - last))
                figures[phase]["longest_ms"] = max(figures[phase]["longest_ms"], ms)
            last = now
        time.sleep(0.002)


def main():
    global going
    address = sys.argv[1]
    if Client(address).ask("PUT", "/v1/kv/seen", "seen") is None:
        sys.exit("no write before anything was done")
    threads = [threading.Thread(target=write, args=(address, n)) for n in range(WRITERS)]
    threads.append(threading.Thread(target=read, args=(address,)))
    for thread in threads:
        thread.start()
    for line in sys.stdin:
        phases.append(line.strip())
    going = False
    for thread in threads:
        thread.join()
    client = Client(address)
    for phase, key, value in acknowledged:
        if client.ask("GET", f"/v1/kv/{key}?raw") != value.encode():
            count(phase, "lost")
    for phase in phases[1:]:
        row = figures[phase]
        print(phase, " ".join(f"{what}={row[what]}" for what in (
            "writes", "unknown", "lost", "reads", "refused", "longest_ms")))


main()
