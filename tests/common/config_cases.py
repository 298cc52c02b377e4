#!/usr/bin/env python3
"""Ask the real Consul 1.8.7 again what it says to each case.

    tests/common/config_cases.py CONSUL json <config_cases.txt >new
    tests/common/config_cases.py CONSUL hcl <hcl_cases.txt >new

A case is a line "> TEXT": a file on one line, where HCL has %n for a newline
and %r for a carriage return. Below it stand what
`consul validate base.json case.json` (or case.hcl) answers, where base.json binds to
127.0.0.1 and puts the data into /tmp: "= TEXT", "OK" or the error behind
"Config validation failed: ", and a line "~ TEXT" for each warning. Newlines
in them are written \\n. Run with a limit of 1024 open files, as the test is.
"""

import os
import resource
import subprocess
import sys
import tempfile

FAILED = "Config validation failed: "
BASE = '{"bind_addr":"127.0.0.1","data_dir":"/tmp"}'


def ask(consul, name, case):
    if name == "case.hcl":
        case = case.replace("%n", "\n").replace("%r", "\r")
    for path, text in (("base.json", BASE), (name, case)):
        with open(path, "w", encoding="utf-8", newline="") as out:
            out.write(text)
    got = subprocess.run(
        [consul, "validate", "base.json", name],
        capture_output=True, text=True, check=False)
    if "panic: " in got.stderr:
        return "PANIC", []
    if got.returncode == 0:
        return "OK", got.stderr.splitlines()
    assert got.stderr.startswith(FAILED), got.stderr
    return got.stderr[len(FAILED):-1].replace("\n", "\\n"), []


def main():
    consul = os.path.abspath(sys.argv[1])
    name = "case." + sys.argv[2]
    lines = sys.stdin.read().splitlines()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, most))
    os.chdir(tempfile.mkdtemp())
    for line in lines:
        if line.startswith("#"):
            print(line)
        if not line.startswith("> "):
            continue
        error, warnings = ask(consul, name, line[2:])
        print("\n" + line)
        print("= " + error)
        for warning in sorted(warnings):
            print("~ " + warning)


main()
