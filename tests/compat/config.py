#!/usr/bin/env python3
"""`validate` of the real Consul beside ours, and what stops an agent's start.

    tests/compat/config.py          a sample, the same each time
    tests/compat/config.py full     every key with every value, and all cases

Every key of the table (build/pages list) gets values of each type, in JSON and
in HCL; then come the texts of tests/common/{config,hcl}_cases.txt. Verdict and
text must be the same. What ours refuses by name is called `refused ...`.
"""

import concurrent.futures
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from alike import BUILD, HERE, Alike, real_or_skip  # noqa: E402

SEED = 187
SAMPLE = 240       # values of keys, and half as many texts
OPEN_FILES = 1024  # one check compares with it
BASE = '{"bind_addr":"127.0.0.1","data_dir":"data"}'
REFUSED = "is not supported by proconsul yet"
VALUES = [
    True, False, 0, 7, -1, 1.5, 70000, 2 ** 40, 10 ** 20, "", "x", "10s",
    "-1s", "10", "1.2.3.4", "::1", "127.0.0.0/8", "10.0.0.0/99",
    "unix:///tmp/x", "a b", "true", "{{ zz }}", "*", None, [], {}, [None],
    [True], ["x"], [7], [1.5], ["x", "y"], [["x"]], [[]], {"a": "b"},
    {"a": 1}, {"": ""}, {"a": {"b": 1}}, [{}], [{}, {}], [{"a": "b"}],
]
STARTS = [  # flags of an agent that does not come far
    ["-log-level=zz"], ["-node-id=zz"], ["-node-id=" + "g" * 36],
    ["-node-id=00000000-0000-0000-0000-00000000000g"],
    ["-bind=1.2.3.4.5"], ["-bind=unix:///x"], ["-bind=127.0.0.1 127.0.0.2"],
    ["-advertise=0.0.0.0"], ["-client=x"], ["-encrypt=zz"],
    ["-datacenter=a b"],
    ["-dns-port=70000"], ["-bootstrap"], ["-bootstrap-expect=3"],
    ["-hcl=a=1"], ["-hcl=server=1"], ["-hcl", "x {"],
    ["-hcl", "server = true server = 1"], ["-config-format=zz"],
    ["-config-file=nofile"], ["-config-dir=nodir"], ["extra"],
    ["-retry-interval=zz"],
    ["-ui-content-path=/a b/"], ["-node-meta=consul-x:1"],
    ["-hcl", 'serf_lan_allowed_cidrs = [ "10.0.0.0/99" ]'],
    ["-hcl", 'limits { http_max_conns_per_client = 99999999 }'],
]


def hcl(value):
    if isinstance(value, dict):
        return "{ %s }" % " ".join(
            "%s = %s" % (json.dumps(k), hcl(v)) for k, v in value.items())
    if isinstance(value, list):
        return "[ %s ]" % ", ".join(hcl(v) for v in value)
    return json.dumps(value)


def nested(path, value):
    """{"a": {"b": value}} of a.b; a[].b is in a list of one."""
    first, _, rest = path.partition(".")
    inner = nested(rest, value) if rest else value
    if not first.endswith("[]"):
        return {first: inner}
    inner.setdefault("name", "n")
    return {first[:-2]: [inner]}


def key_cases():
    rows = subprocess.run([os.path.join(BUILD, "pages"), "list"], check=True,
                          capture_output=True, text=True).stdout
    for path in (row.split("\t")[0] for row in rows.splitlines()):
        for value in VALUES:
            tree = nested(path, value)
            yield ("%s = %s" % (path, json.dumps(value)), "json",
                   json.dumps(tree))
            if "null" not in json.dumps(value):
                yield ("%s = %s in HCL" % (path, json.dumps(value)), "hcl",
                       " ".join("%s = %s" % (k, hcl(v))
                                for k, v in tree.items()))


def text_cases():
    for kind, name in (("json", "config_cases.txt"), ("hcl", "hcl_cases.txt")):
        path = os.path.join(HERE, "../common", name)
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                if not line.startswith("> "):
                    continue
                text = line[2:].rstrip("\n")
                if kind == "hcl":
                    text = text.replace("%n", "\n").replace("%r", "\r")
                yield "text " + line[2:].strip(), kind, text


def plain(got):
    """Lines in any order: Go's maps have none, and its log has a time."""
    text = re.sub(r"panic: .*", "panic", got.stderr + got.stdout, flags=re.S)
    return got.returncode != 0, sorted(text.splitlines())


def validate(program, folder, kind):
    return plain(subprocess.run(
        [program, "validate", "base.json", "case." + kind], cwd=folder,
        capture_output=True, text=True, errors="replace", timeout=30))


def start(program, folder, flags):
    """Up to where it ends by itself; what stands before "==>" is the log."""
    got = subprocess.run(
        [program, "agent", "-config-file=base.json"] + flags, cwd=folder,
        capture_output=True, text=True, errors="replace", timeout=30)
    text = got.stdout + got.stderr
    errors = re.findall(r"^(?:==> )?(.*(?:\n\t.*)*)", text, re.M)
    said = [e for e in errors if e.strip() and "Starting Consul" not in e and
            not re.match(r" +\S.*: |.*\[(INFO|WARN|DEBUG|ERROR)\]", e)]
    return got.returncode != 0, sorted(said)


class Ask:
    def __init__(self, real):
        self.programs = [real, os.path.join(BUILD, "proconsul")]
        self.folder = tempfile.mkdtemp(prefix="compat-config.")
        self.count = 0

    def case_folder(self, number):
        folder = os.path.join(self.folder, str(number))
        os.mkdir(folder)
        with open(os.path.join(folder, "base.json"), "w",
                  encoding="utf-8") as out:
            out.write(BASE)
        return folder

    def both(self, job):
        number, (name, kind, text) = job
        folder = self.case_folder(number)
        if kind != "start":
            with open(os.path.join(folder, "case." + kind), "w",
                      encoding="utf-8", newline="") as out:
                out.write(text)
        ask = start if kind == "start" else validate
        what = text if kind == "start" else kind
        answers = [ask(program, folder, what) for program in self.programs]
        shutil.rmtree(folder, ignore_errors=True)
        return name, answers

    def run(self, cases):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            yield from pool.map(self.both, enumerate(cases, self.count))
        self.count += len(cases)


def compare(alike, ask, cases, group):
    for name, (real, ours) in ask.run(cases):
        if any(REFUSED in line for line in ours[1]):
            name = "refused " + name
        elif "panic" in real[1]:
            name = "crash " + name
        alike.same(name, real, ours, group)


def main():
    alike = Alike("config")
    ask = Ask(real_or_skip())
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, most))
    keys, texts = list(key_cases()), list(text_cases())
    if sys.argv[1:] != ["full"]:
        chosen = random.Random(SEED)
        keys = chosen.sample(keys, SAMPLE)
        texts = chosen.sample(texts, SAMPLE // 2)
    try:
        compare(alike, ask, keys, "values of keys")
        compare(alike, ask, texts, "texts")
        compare(alike, ask, [("agent " + " ".join(f), "start", f)
                             for f in STARTS], "starts")
    finally:
        shutil.rmtree(ask.folder, ignore_errors=True)
    return alike.done()


if __name__ == "__main__":
    sys.exit(main())
