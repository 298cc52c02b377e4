#!/usr/bin/env python3
# Takes long.
"""The same command lines for the real Consul's program and for ours.

usage: cli.py [--net N] [--only TEXT]

What needs no agent is run once by each program. The rest are scenarios, each
run in four worlds: both programs at a real agent and both at one of ours, each
pair at an agent of its own, so that all four begin with the same state. What
the real program prints at the real agent is the measure for the other three.

Standard output, standard error and the exit status are compared; addresses,
indexes, ids and times are made alike before (normal). Usages are our own
words: of those the first line and the flags are compared. Prints TAP.
"""

import argparse
import concurrent.futures
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from alike import Alike, BUILD, REAL, real_or_skip

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "cli"))
import alone
import scenarios

OURS = os.path.join(os.path.abspath(BUILD), "proconsul")
KEY = "cg8StVXbQJ0gPvMd9o7yrg=="
NODE_ID = "11111111-2222-3333-4444-555555555555"
WAIT_MAX = 30  # seconds, for what has to come about
COMMAND_MAX = 60  # seconds a command may take

# What differs by its nature, and what stands for it.
NORMAL = [(re.compile(pattern, re.MULTILINE), new) for pattern, new in (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
     "<uuid>"),
    (r"^((?:Create|Modify|Lock)Index +)[0-9]+$", r"\1N"),
    (r'("(?:Create|Modify)Index": *)[0-9]+', r"\1N"),
    (r"CONSUL_INDEX=[0-9]+", "CONSUL_INDEX=N"),
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "<time>"),
    (r"\bpid [0-9]+", "pid N"),
    (r"^[A-Za-z0-9+/]{43}=$", "<key>"),
    (r"127\.[0-9.]+:[0-9]+->", "<own address>->"),
    (r"(\.unverified\.tmp)[A-Za-z0-9]+", r"\1N"),
)]


def normal(text, address=None):
    """`text` without what differs from run to run."""
    if address:
        text = text.replace(address, "<address>")
    for pattern, new in NORMAL:
        text = pattern.sub(new, text)
    return text


def usage_head(text):
    """Of a usage its first line and its flags, wherever it begins."""
    start = re.search(r"^Usage:", text, re.MULTILINE)
    if not start:
        return text
    usage = text[start.start():].split("\n")
    return text[:start.start()] + "\n".join(
        [usage[0]] + [line for line in usage
                      if re.fullmatch("  -[a-z0-9_-]+(=<[^>]*>| \\S+)?", line)])


def run(program, words, folder, environment=None, text=None):
    """Exit status, standard output and standard error of a command."""
    every = {"PATH": os.environ["PATH"], "HOME": folder, "SHELL": "/bin/sh"}
    every.update(environment or {})
    process = subprocess.Popen(
        [program] + list(words), cwd=folder, env=every,
        stdin=subprocess.PIPE if text is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = process.communicate(text, COMMAND_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        err += b"(killed: it took too long)"
    return (process.returncode, out.decode(errors="replace"),
            err.decode(errors="replace"))


def files_write(folder):
    """The files that command lines name."""
    os.makedirs(folder)
    for name, text in alone.FILES.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text.encode() if isinstance(text, str) else text)


class World:
    """A program, an agent to ask, and what came of it so far."""

    def __init__(self, program, address, folder, is_measure):
        self.program = program
        self.address = address
        self.folder = folder
        self.is_measure = is_measure  # the real program at a real agent
        self.environment = {"CONSUL_HTTP_ADDR": address + ":8500"}
        self.results = []  # name, result
        self.prefix = ""
        files_write(folder)

    def run(self, *words, text=None, **environment):
        """Run a command; nothing is compared."""
        words = [word.replace("{address}", self.address) for word in words]
        return run(self.program, words, self.folder,
                   dict(self.environment, **environment), text)

    def keep(self, name, result):
        """A result to compare, by what it is called in all worlds."""
        self.results.append((self.prefix + name, result))

    def same(self, *words, text=None, named=None, key=None, **environment):
        """Run a command whose result has to be the same in all worlds.

        `key` is applied to each of the two outputs before.
        """
        status, out, err = self.run(*words, text=text, **environment)
        texts = [usage_head(normal(part, self.address))
                 for part in (out, err)]
        if key:
            texts = [key(part) for part in texts]
        self.keep(named or " ".join(words)[:200], (status, *texts))
        return out

    def http(self, method, path, body=None):
        """Status and text of an answer of the agent."""
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        request = urllib.request.Request(
            "http://%s:8500%s" % (self.address, path),
            None if body is None else body.encode(), {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def get(self, path):
        """The JSON of a good answer; None for another."""
        status, text = self.http("GET", path)
        return json.loads(text) if status == 200 else None

    def put(self, path, body=None):
        """The text of an answer to PUT; it must be a good one."""
        status, text = self.http("PUT", path, body)
        if status != 200:
            raise RuntimeError("PUT %s: %d %s" % (path, status, text))
        return text

    def start(self, *words, **environment):
        """A command that goes on; its output is a file."""
        out = tempfile.NamedTemporaryFile(dir=self.folder, delete=False)
        every = {"PATH": os.environ["PATH"], "HOME": self.folder,
                 "SHELL": "/bin/sh"}
        every.update(self.environment)
        every.update(environment)
        process = subprocess.Popen(
            [self.program] + list(words), cwd=self.folder, env=every,
            stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        process.seen = lambda: open(out.name, errors="replace").read()
        return process

    def until(self, condition, what):
        """Wait for something to come about."""
        end = time.monotonic() + WAIT_MAX
        while not condition():
            if time.monotonic() > end:
                raise RuntimeError("waited for " + what)
            time.sleep(0.05)


class Agent:
    """An agent to ask."""

    def __init__(self, program, address, folder):
        self.address = address
        self.log = os.path.join(folder, address + ".log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [program, "agent", "-dev", "-bind=" + address, "-node=n1",
                 "-client=" + address, "-encrypt=" + KEY,
                 "-node-id=" + NODE_ID],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/")

    def wait(self, world):
        """Until it leads, and knows itself."""
        def ready():
            try:
                return (world.get("/v1/catalog/node/n1") is not None and
                        world.get("/v1/coordinate/nodes") is not None and
                        world.get("/v1/health/node/n1"))
            except OSError:
                return False
        world.until(ready, "an agent at " + self.address)

    def stop(self):
        """And wait until it has gone."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def name_of(words, environment, text):
    """What a command line without an agent is called."""
    name = "consul " + " ".join(words)
    if environment:
        name = " ".join("%s=%s" % pair for pair in sorted(
            environment.items())) + " " + name
    return (name + (" <" + repr(text) if text else ""))[:200]


def run_alone(program, folder, rows):
    """The results of command lines that need no agent."""
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    files_write(folder)
    results = []
    for group, words, environment, text in rows:
        status, out, err = run(program, words, folder, environment, text)
        if group == "completion":  # Go has them in any order
            out = "\n".join(sorted(out.split("\n")))
        results.append((group, name_of(words, environment, text), (
            status, usage_head(normal(out.replace(folder, "<folder>"))),
            usage_head(normal(err.replace(folder, "<folder>"))))))
    return results


def chosen(rows, only):
    return [row for row in rows if only is None or
            only in name_of(row[1], row[2], row[3]) or only == row[0]]


def compare_alone(alike, folder, only, pool):
    """What needs no agent."""
    rows = chosen(alone.rows(flags_of), only)
    parts = [rows[i::2] for i in range(2)]
    runs = [pool.submit(run_alone, program, "%s/%s%d" % (folder, kind, i),
                        part)
            for i, part in enumerate(parts)
            for kind, program in (("real", REAL), ("ours", OURS))]
    runs = [each.result() for each in runs]
    real = itertools.chain(runs[0], runs[2])
    ours = itertools.chain(runs[1], runs[3])
    both = sorted(zip(real, ours), key=lambda pair: pair[0][0])
    for (group, name, result), (_, _, other) in both:
        alike.same(name, result, other, group=group)


TLS = (  # flags, environment
    ("", {}), ("-ca-file={c}/cert", {}), ("-ca-file={c}/other", {}),
    ("-ca-file={c}/cert -tls-server-name=server.dc1.consul", {}),
    ("-ca-file={c}/other -tls-server-name=server.dc1.consul", {}),
    ("-ca-file={c}/cert -tls-server-name=wrong", {}),
    ("-ca-path={c}/both -tls-server-name=server.dc1.consul", {}),
    ("-tls-server-name=server.dc1.consul", {"CONSUL_CACERT": "{c}/cert"}),
    ("", {"CONSUL_CAPATH": "{c}/both",
          "CONSUL_TLS_SERVER_NAME": "server.dc1.consul"}),
    ("", {"CONSUL_HTTP_SSL_VERIFY": "false"}),
    ("", {"CONSUL_HTTP_SSL_VERIFY": "false", "CONSUL_HTTP_AUTH": "a:b"}),
    ("-http-addr={h}", {"CONSUL_HTTP_SSL": "true",
                        "CONSUL_HTTP_SSL_VERIFY": "false"}),
    ("-http-addr={h}", {}), ("-http-addr=http://{h}", {}),
    ("-client-cert={c}/cert -client-key={c}/other.key", {}),
    ("-client-cert={c}/cert -client-key={c}/key",
     {"CONSUL_HTTP_SSL_VERIFY": "false"}))


def certificates_make(folder):
    """A certificate of a server, and one of somebody else."""
    os.makedirs(folder + "/both")
    for name, who in (("cert", "server.dc1.consul"), ("other", "other")):
        key = folder + ("/key" if name == "cert" else "/other.key")
        subprocess.run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
            "%s/%s" % (folder, name), "-days", "2", "-subj", "/CN=" + who,
            "-addext", "subjectAltName=DNS:" + who],
            check=True, stderr=subprocess.DEVNULL)
        os.link("%s/%s" % (folder, name), "%s/both/%s" % (folder, name))


def compare_tls(alike, folder, address):
    """What a proxy in front of an agent asks of a client."""
    certificates_make(folder)
    host = address + ":8501"
    server = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                          "../e2e/cli_server.py")

    def fill(text):
        return text.replace("{c}", folder).replace("{h}", host)

    def log_line():
        with open(folder + "/log", encoding="utf-8") as log:
            return log.read().split("\n")[-2]

    with subprocess.Popen([sys.executable, server, "tls", address, "8501",
                           folder + "/cert", folder + "/key",
                           folder + "/log"]) as process:
        try:
            good = {"CONSUL_HTTP_ADDR": "https://" + host,
                    "CONSUL_HTTP_SSL_VERIFY": "false"}
            end = time.monotonic() + WAIT_MAX
            while run(REAL, ["members"], folder, good)[0] != 0:
                if time.monotonic() > end:
                    raise RuntimeError("waited for a TLS server")
            for flags, more in TLS:
                environment = {"CONSUL_HTTP_ADDR": "https://" + host}
                environment.update((k, fill(v)) for k, v in more.items())
                results = []
                for program in (REAL, OURS):
                    status, out, err = run(
                        program, ["members"] + fill(flags).split(), folder,
                        environment)
                    # Libraries have their own words for what is wrong.
                    err = re.sub(r"(x509|tls): .*|malformed HTTP.*|EOF", "...",
                                 normal(err))
                    results.append((status, out, err,
                                    log_line() if status == 0 else ""))
                alike.same("tls: %s %s" % (flags, sorted(more.items())),
                           *results, group="tls")
        finally:
            process.terminate()


def compare_unix(alike, folder):
    """An agent behind a socket of this machine."""
    os.makedirs(folder)
    server = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                          "../e2e/cli_server.py")
    with subprocess.Popen([sys.executable, server, "unix", folder + "/s",
                           folder + "/log"]) as process:
        try:
            end = time.monotonic() + WAIT_MAX
            while not os.path.exists(folder + "/s"):
                if time.monotonic() > end:
                    raise RuntimeError("waited for a socket")
            for words in (["members", "-token=x"], ["kv", "get", "a"],
                          ["kv", "put", "a", "b"]):
                results = []
                for program in (REAL, OURS):
                    result = run(program, words, folder, {
                        "CONSUL_HTTP_ADDR": "unix://" + folder + "/s"})
                    with open(folder + "/log", encoding="utf-8") as log:
                        asked = log.read().split("\n")[-2]
                    results.append((result, re.sub(
                        r"^(\S+) \S* ", r"\1 <host> ", asked)))
                alike.same("unix: " + " ".join(words), *results,
                           group="unix")
        finally:
            process.terminate()


def flags_of(words):
    """Names and kinds of the flags of a command, from the real one's help."""
    out = run(REAL, words + ["-h"], "/tmp")[1]
    common = True
    for line in out.split("\n"):
        common = common and line != "Command Options"
        match = re.match(r"  -([a-z0-9_-]+)(?:=<([^>]*)>)?$", line)
        if match and (not common or match[1] in ("datacenter", "stale")):
            yield match[1], match[2]


def play(world, only):
    """All scenarios in one world."""
    for scenario in scenarios.ALL:
        if only is not None and only not in scenario.__name__:
            continue
        world.prefix = scenario.__name__ + ": "
        try:
            scenario(world)
        except (RuntimeError, OSError, KeyError, TypeError, IndexError,
                ValueError) as error:
            world.keep("it goes through", repr(error).replace(
                world.address, "<address>"))
        else:
            world.keep("it goes through", "yes")


def compare_worlds(alike, worlds):
    """The real one at the real one, and all others."""
    real = worlds[0]
    for world, where in zip(worlds[1:], (
            "ours at ours", "ours at the real one", "the real one at ours")):
        others = dict()
        for name, result in world.results:
            others.setdefault(name, []).append(result)
        for name, result in real.results:
            other = others.get(name, [None]).pop(0) if others.get(
                name) else "never came to it"
            alike.same("%s (%s)" % (name, where), result, other,
                       group="%s, %s" % (name.split(":")[0], where))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--net", default="0.47")
    parser.add_argument("--only", help="what has this in its name")
    args = parser.parse_args()
    real_or_skip()
    net = "127.%s." % args.net
    alike = Alike("cli")
    with tempfile.TemporaryDirectory(prefix="cli-") as folder, \
            concurrent.futures.ThreadPoolExecutor(2) as pool:
        os.chmod(folder, 0o755)
        agents = [Agent(REAL, net + "1", folder),
                  Agent(OURS, net + "2", folder),
                  Agent(REAL, net + "3", folder),
                  Agent(OURS, net + "4", folder)]
        try:
            compare_alone(alike, folder + "/alone", args.only, pool)
            if args.only in (None, "tls"):
                compare_tls(alike, folder + "/tls", net + "5")
                compare_unix(alike, folder + "/unix")
            worlds = [World(program, agent.address, "%s/world%d" % (
                folder, number), number == 0) for number, (program, agent) in enumerate((
                    (REAL, agents[0]), (OURS, agents[1]),
                    (OURS, agents[2]), (REAL, agents[3])))]
            for agent, world in zip((agents[0], agents[1], agents[2],
                                     agents[3]), worlds):
                agent.wait(world)
            # The real program is the slow one: it runs in both threads.
            runs = [pool.submit(play, world, args.only)
                    for world in (worlds[0], worlds[3], worlds[1],
                                  worlds[2])]
            for each in runs:
                each.result()
            compare_worlds(alike, worlds)
        finally:
            for agent in agents:
                agent.stop()
    return alike.done()


if __name__ == "__main__":
    sys.exit(main())
