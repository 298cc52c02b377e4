"""Networks between the agents of a test.

Loopback gives each agent an address of 127/8. Routed gives each a network
namespace of its own, joined to the test's by a veth pair, so that packets from
one agent to another pass the test's routing table and can be dropped there,
silently and in one direction, as a broken cable would: `ip rule`, blackhole.

private() puts the whole test into namespaces of its own first: its addresses
meet nobody's, its mounts and links vanish with it, and when it dies, however it
dies, every agent dies too.
"""
import hashlib
import os
import subprocess
import sys

MARK = "PROCONSUL_TEST_PRIVATE"


def can_unshare():
    """Whether namespaces can be made here, or the reason why not."""
    if os.geteuid() != 0:
        return "not root"
    done = subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc",
                           "ip", "link", "set", "lo", "up"], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stderr.strip() or "unshare failed"


def private():
    """Start this program again in namespaces of its own; where that cannot be, go on."""
    if os.environ.get(MARK) or can_unshare():
        return
    os.environ[MARK] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc",
                          "--kill-child", sys.executable, *sys.argv])


def is_private():
    return os.environ.get(MARK) == "1"


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: {done.stderr.strip()}")


class Loopback:
    """127.0.0.N where the test is alone, else a net that follows from its name."""

    def __init__(self, net=None):
        if net is None and is_private():
            run("ip", "link", "set", "lo", "up")
            net = "127.0.0"
        if net is None:
            sum_of = hashlib.sha256((os.path.abspath(sys.argv[0]) +
                                     os.environ.get("PROCONSUL_BUILD", "")).encode()).digest()
            net = f"127.{200 + sum_of[0] % 50}.{sum_of[1]}"
        self.net = net

    def address(self, number):
        return f"{self.net}.{number}"

    def prefix(self, _):
        return ()

    def cut(self, *_):
        raise AssertionError("loopback cannot be cut")

    def heal(self):
        pass


class Routed:
    """10.77.0.N, each alone in a namespace that a sleeping process holds."""

    GATE = "10.77.0.254"

    def __init__(self, count):
        assert is_private()
        run("ip", "link", "set", "lo", "up")
        with open("/proc/sys/net/ipv4/ip_forward", "w") as file:
            file.write("1")
        self.holders = {n: self.join(n) for n in range(1, count + 1)}
        self.rules = []

    def join(self, number):
        holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep infinity"],
                                  stdout=subprocess.PIPE)
        holder.stdout.readline()
        link, address = f"v{number}", self.address(number)
        inside = ["nsenter", "--net", "-t", str(holder.pid), "ip"]
        run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0",
            "netns", str(holder.pid))
        run("ip", "addr", "add", self.GATE + "/32", "dev", link)
        run("ip", "link", "set", link, "up")
        run("ip", "route", "add", address + "/32", "dev", link)
        run(*inside, "link", "set", "lo", "up")
        run(*inside, "addr", "add", address + "/32", "dev", "eth0")
        run(*inside, "link", "set", "eth0", "up")
        run(*inside, "route", "add", self.GATE + "/32", "dev", "eth0")
        run(*inside, "route", "add", "default", "via", self.GATE)
        return holder

    def address(self, number):
        return f"10.77.0.{number}"

    def prefix(self, number):
        return ("nsenter", "--net", "-t", str(self.holders[number].pid))

    def cut(self, source, target):
        """Packets from agent `source` to agent `target` are lost from now on."""
        rule = ("iif", f"v{source}", "to", self.address(target) + "/32", "blackhole")
        run("ip", "rule", "add", *rule)
        self.rules.append(rule)

    def isolate(self, number, others):
        for other in others:
            if other != number:
                self.cut(number, other)
                self.cut(other, number)

    def heal(self):
        for rule in self.rules:
            run("ip", "rule", "del", *rule)
        self.rules = []
