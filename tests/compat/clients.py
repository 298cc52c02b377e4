#!/usr/bin/env python3
"""Client libraries that users bring, run against the real Consul and ours.

Debian's python3-consul and python3-consul2 (which is unpacked, as only one of
them can be installed), and the npm client `consul`: the same steps with each,
the results compared. A library that cannot be had is told, and left out.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))

from alike import Alike
from pair import Pair, plain

PYTHON = "/usr/bin/python3"  # Debian's, which Debian's libraries are for
STEPS = os.path.join(HERE, "clients")


def run(*command, **kwargs):
    return subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, check=False,
                          **kwargs)


def python_consul(_):
    """The command that takes the address, and what it needs around it."""
    if run(PYTHON, "-c", "import consul").returncode != 0:
        return None
    return [PYTHON, os.path.join(STEPS, "python_consul.py")], {}


def python_consul2(folder):
    unpacked = os.path.join(folder, "consul2")
    got = run("apt-get", "-q", "download", "python3-consul2", cwd=folder)
    packages = [name for name in os.listdir(folder) if name.endswith(".deb")]
    if got.returncode != 0 or not packages:
        return None
    run("dpkg-deb", "-x", os.path.join(folder, packages[0]), unpacked)
    return ([PYTHON, os.path.join(STEPS, "python_consul.py")],
            {"PYTHONPATH": os.path.join(unpacked,
                                        "usr/lib/python3/dist-packages")})


def npm_consul(folder):
    if shutil.which("npm") is None:
        return None
    run("npm", "install", "--no-package-lock", "--no-save", "--no-audit",
        "--no-fund", "--prefix", folder, "consul@1")
    module = os.path.join(folder, "node_modules", "consul")
    if not os.path.isdir(module):
        return None
    return ["node", os.path.join(STEPS, "npm_consul.js"), module], {}


CLIENTS = (("python3-consul", python_consul),
           ("python3-consul2", python_consul2),
           ("npm consul", npm_consul))


def steps(command, environment, agent):
    """What each step gave, in their order."""
    done = run(*command, agent.address,
               env=dict(os.environ, **environment))
    lines = done.stdout.decode().splitlines()
    if done.returncode != 0:
        return [["ended badly", lines]]
    return [json.loads(line) for line in lines]


def compare(alike, pair, name, client):
    real, ours = (steps(*client, agent) for agent in pair)
    alike.same(name + ": steps", [step[0] for step in real],
               [step[0] for step in ours])
    alike.holds(name + ": there are steps", len(real) > 20,
                json.dumps(real)[:600])
    for (step, theirs), (_, mine) in zip(real, ours):
        values = [plain(value, agent)
                  for value, agent in zip((theirs, mine), pair)]
        alike.same("%s: %s" % (name, step), *values)


def main():
    alike = Alike("http")
    folder = tempfile.mkdtemp(prefix="clients.")
    try:
        with Pair("clients") as pair:
            for name, find in CLIENTS:
                client = find(folder)
                if client is None:
                    print("# %s cannot be had here: left out" % name)
                else:
                    compare(alike, pair, name, client)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return alike.done()


if __name__ == "__main__":
    sys.exit(main())
