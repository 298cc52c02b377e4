#!/usr/bin/env python3
"""Faults under a load, and the books balanced afterwards.

    chaos.py [--kind ours|real] [--seed N] [--seconds N] [--faults NAME,...]
             [--servers 3] [--clients 1] [--multiplier 1] [--keep]

Three servers and a client in network namespaces of their own; clients read,
write and lock keys through all of them (load.py) while one fault after another
comes and goes, chosen by the seed. Then all is healed, and these must hold:

  every key's history is linearizable (history.py), default reads included;
  every write to a key of its own that was acknowledged is there;
  no term had two leaders; all servers hold the same.

The clock of the whole machine cannot be set for a test, and time namespaces
shift only the monotonic one; so `clock` is a library that is loaded into our
agents (clock.c). The real Consul does not load it, nor has it daemons to kill.
"""
import argparse
import collections
import os
import random
import shutil
import struct
import subprocess
import sys
import time

import network
from agents import DAEMONS, ROOT, Cluster, binary, wait_for
from history import check
from load import Registrar, Watcher, Worker, differences, leaders_logged_and_seen, read

WORKERS = 6
DISK_MIB = 96


class Chaos:
    def __init__(self, options, say=print):
        self.options, self.say = options, say
        self.chance = random.Random(options.seed)
        self.count = options.servers + options.clients
        self.net = network.Routed(self.count) if network.is_private() else network.Loopback()
        self.cluster = Cluster(
            options.kind, self.net, options.servers, options.clients,
            settings={"performance": {"raft_multiplier": options.multiplier}})
        self.begun = time.monotonic()
        self.done = collections.Counter()
        self.heals = []
        self.faults = self.possible()

    def possible(self):
        names = ["kill_leader", "kill_server", "kill_client", "stop_leader", "stop_server"]
        if self.options.kind == "ours":
            names += ["kill_daemon", "kill_daemon", "stop_daemon"]
        if network.is_private():
            names += ["partition_leader", "partition_server", "partition_one_way"]
            if self.mount_disk():
                names.append("disk_full")
            if self.options.kind == "ours" and self.load_clock():
                names.append("clock_jump")
        if self.options.faults:
            names = [name for name in self.options.faults.split(",") if name in names]
        return names

    def mount_disk(self):
        """The last server's data lies on a small file system."""
        agent = self.cluster.servers[-1]
        os.makedirs(agent.data, exist_ok=True)
        return subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=755",
                               "none", agent.data]).returncode == 0

    def load_clock(self):
        """The first server gets a wall clock that can be set (not under a sanitizer)."""
        agent, library = self.cluster.servers[0], os.path.join(self.cluster.folder, "clock.so")
        built = subprocess.run(["cc", "-D_GNU_SOURCE", "-O2", "-fPIC", "-shared", "-o", library,
                                os.path.join(ROOT, "tests/cluster/clock.c")])
        self.clock = os.path.join(self.cluster.folder, "clock")
        self.set_clock(0)
        environment = {"LD_PRELOAD": library, "TEST_CLOCK": self.clock}
        if built.returncode != 0 or subprocess.run(
                [binary("ours"), "version"], env={**os.environ, **environment},
                capture_output=True).returncode != 0:
            return False
        agent.environment = environment
        return True

    def set_clock(self, seconds):
        with open(self.clock, "r+b" if os.path.exists(self.clock) else "wb") as file:
            file.write(struct.pack("=q", seconds))

    # --- Faults: each begins one, and says how it ends. ---

    def leader(self):
        return self.cluster.leader() or self.chance.choice(self.cluster.servers)

    def kill(self, agent):
        agent.kill()
        return agent.start

    def kill_leader(self):
        return self.kill(self.leader())

    def kill_server(self):
        return self.kill(self.chance.choice(self.cluster.servers))

    def kill_client(self):
        return self.kill(self.chance.choice(self.cluster.clients or self.cluster.servers))

    def kill_daemon(self):
        agent, name = self.chance.choice(self.cluster.agents), self.chance.choice(DAEMONS)
        self.done[f"kill {name}"] += 1
        pid = agent.daemon(name)
        if pid:
            os.kill(pid, 9)
        return lambda: None

    def stop(self, agent):
        agent.pause()
        return agent.resume

    def stop_leader(self):
        return self.stop(self.leader())

    def stop_server(self):
        return self.stop(self.chance.choice(self.cluster.servers))

    def stop_daemon(self):
        agent, name = self.leader(), self.chance.choice(DAEMONS)
        self.done[f"stop {name}"] += 1
        pid = agent.daemon(name)
        if pid is None:
            return lambda: None
        agent.send(19, [pid])
        return lambda: agent.send(18, [pid])

    def isolate(self, agent):
        self.net.isolate(self.cluster.agents.index(agent) + 1, range(1, self.count + 1))
        return self.net.heal

    def partition_leader(self):
        return self.isolate(self.leader())

    def partition_server(self):
        return self.isolate(self.chance.choice(self.cluster.servers))

    def partition_one_way(self):
        one, other = self.chance.sample(range(1, self.options.servers + 1), 2)
        self.net.cut(one, other)
        return self.net.heal

    def disk_full(self):
        """Blocks are taken until none is left; the log wants more at once."""
        filler = os.path.join(self.cluster.servers[-1].data, "filler")
        with open(filler, "wb") as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
                    file.flush()
            except OSError:
                pass
        return lambda: os.unlink(filler)

    def clock_jump(self):
        self.set_clock(self.chance.choice([-86400, -3600, -30, 30, 3600, 86400]))
        return lambda: self.set_clock(0)

    # --- The run. ---

    def round(self):
        """One fault, for as long as the seed says, and some peace after it."""
        name = self.chance.choice(self.faults)
        lasting = self.chance.uniform(0.3, 6.0 * self.options.multiplier ** 0.5)
        peace = self.chance.uniform(0.2, 3.0)
        self.done[name] += 1
        begun = time.monotonic() - self.begun
        heal = getattr(self, name)()
        if name != "kill_daemon":
            time.sleep(lasting)
        heal()
        self.say(f"{begun:6.1f} s {name} {time.monotonic() - self.begun - begun:.1f} s")
        time.sleep(peace)

    def run(self):
        cluster = self.cluster
        cluster.start()
        cluster.wait_for_leader()
        cluster.wait_for_write()
        wait_for("a node for the locks", lambda: cluster.servers[0].put(
            "/v1/catalog/register", b'{"Node":"locks","Address":"192.0.2.1"}'))
        addresses = [agent.address for agent in cluster.agents]
        reads = tuple(self.options.reads.split(","))
        self.workers = [Worker(n, addresses, self.options.seed, reads)
                        for n in range(WORKERS)]
        self.watcher, registrar = Watcher(cluster.servers), Registrar(addresses,
                                                                    self.options.seed)
        threads = [*self.workers, self.watcher, registrar]
        self.begun = time.monotonic()
        for thread in threads:
            thread.start()
        while time.monotonic() - self.begun < self.options.seconds:
            self.round()
        time.sleep(1)
        for thread in threads:
            thread.going = False
        for thread in threads:
            thread.join(30)
        cluster.wait_for_leader()
        cluster.wait_for_write()

    def last_reads(self):
        """Every key once more; an acknowledged write that was lost shows here."""
        agent = self.cluster.servers[0]
        rows = wait_for("all keys", lambda: agent.get("/v1/kv/alone/?keys&consistent"), 20)
        known = set(rows)
        lost = [key for worker in self.workers for key, fine in worker.alone.items()
                if fine and key not in known]
        assert not lost, f"{len(lost)} acknowledged writes are lost: {lost[:10]}"
        link, ops = self.workers[0].links[0], []
        for key in sorted({op.key for worker in self.workers for op in worker.ops}):
            op = wait_for("a last read of " + key, lambda k=key: read(link, k, "consistent"), 20)
            op.note = "at the end"
            ops.append(op)
        return ops

    def check_history(self):
        ops = [op for worker in self.workers for op in worker.ops]
        unknown = sum(op.returned is None for op in ops)
        alone = sum(fine for worker in self.workers for fine in worker.alone.values())
        self.say(f"{len(ops)} operations, {unknown} of unknown outcome, "
                 f"{alone} acknowledged keys of their own; faults: "
                 + ", ".join(f"{name} {count}" for name, count in sorted(self.done.items())))
        ops += self.last_reads()
        bad = check(ops)
        assert not bad, "not linearizable:\n" + "\n".join(
            f"{key}: {verdict.why}" for key, verdict in list(bad.items())[:3])
        assert alone > self.options.seconds, "hardly anything was written"

    def check_leaders(self):
        leaders = leaders_logged_and_seen(self.cluster.servers, self.watcher)
        self.say(f"terms with a leader: {len(leaders)}")
        double = {term: names for term, names in leaders.items() if len(names) > 1}
        assert not double, f"two leaders in a term: {double}"
        assert leaders, "nobody was ever seen to lead"

    def check_equal(self):
        end, found = time.monotonic() + 30, ["not asked"]
        while found and time.monotonic() < end:
            time.sleep(0.5)
            found = differences(self.cluster.servers)
        assert not found, "\n".join(found[:5])

    def end(self):
        self.net.heal()
        self.cluster.stop()
        if network.is_private():
            subprocess.run(["umount", "-l", self.cluster.servers[-1].data],
                           stderr=subprocess.DEVNULL)
        if not self.options.keep:
            shutil.rmtree(self.cluster.folder, ignore_errors=True)


def arguments(words=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", default="ours", choices=["ours", "real"])
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--faults", default="")
    parser.add_argument("--reads", default="default,consistent")
    parser.add_argument("--servers", type=int, default=3)
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--multiplier", type=int, default=1)
    parser.add_argument("--keep", action="store_true")
    return parser.parse_args(words)


def main():
    if not os.environ.get(network.MARK) and "--seed" not in " ".join(sys.argv):
        sys.argv += ["--seed", str(random.randrange(1 << 31))]
    network.private()
    options = arguments()
    print(f"seed {options.seed}", flush=True)
    if not network.is_private():
        print(f"no partitions, full disks or clocks: {network.can_unshare()}")
    chaos = Chaos(options, lambda text: print(text, flush=True))
    try:
        chaos.run()
        chaos.check_history()
        chaos.check_leaders()
        chaos.check_equal()
        print("all is well")
        return 0
    except AssertionError as error:
        print(error)
        options.keep = True
        print("\n".join(chaos.cluster.tails()))
        print(f"kept: {chaos.cluster.folder}; again: --seed {options.seed}")
        return 1
    finally:
        chaos.end()


if __name__ == "__main__":
    sys.exit(main())
