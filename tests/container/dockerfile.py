#!/usr/bin/python3
"""The Dockerfile, read as far as can be without an engine.

    dockerfile.py check FILE             what is wrong with it, a line each
    dockerfile.py get FILE INSTRUCTION   its values in the last stage

Run in the top folder of the source, which is the build's context.
"""
import json
import os
import re
import subprocess
import sys

KNOWN = {"FROM", "WORKDIR", "COPY", "RUN", "LABEL", "ARG", "ENV", "VOLUME",
         "EXPOSE", "ENTRYPOINT", "CMD"}


def instructions_read(name):
    """(stage, instruction, value), comments and continued lines joined."""
    rows, stage, line = [], -1, ""
    for part in open(name):
        part = part.rstrip("\n")
        if part.lstrip().startswith("#"):
            continue
        line += part.rstrip("\\").strip() + " "
        if part.endswith("\\") or not line.strip():
            continue
        word, _, value = line.strip().partition(" ")
        if word == "FROM":
            stage += 1
        rows.append((stage, word, value.strip()))
        line = ""
    return rows


def shell_check(value):
    done = subprocess.run(
        ["shellcheck", "-s", "sh", "-e", "SC2086", "-"],
        input=value + "\n", text=True, stdout=subprocess.PIPE, check=False)
    return done.stdout.strip()


def copy_check(value, stages):
    words = value.split()
    if words[0].startswith("--from="):
        if words[0][len("--from="):] not in stages:
            yield "COPY from no stage: " + value
        return
    for source in words[:-1]:
        if not os.path.exists(source):
            yield "COPY of what is not there: " + source


def check(rows):
    stages = [value.split()[-1] for _, word, value in rows if word == "FROM"]
    for _, word, value in rows:
        if word not in KNOWN:
            yield "no instruction: " + word
        if re.search(r"https?://|deb\.debian", value):
            yield "names a host: " + value
        if word == "COPY":
            yield from copy_check(value, stages)
        if word == "RUN" and shell_check(value):
            yield shell_check(value)
        if word in ("ENTRYPOINT", "CMD") and not isinstance(
                json.loads(value), list):
            yield word + " is no list"


def main(argv):
    rows = instructions_read(argv[2])
    if argv[1] == "get":
        for stage, word, value in rows:
            if word == argv[3] and stage == rows[-1][0]:
                print(value)
        return 0
    errors = list(check(rows))
    print("\n".join(errors), end="\n" if errors else "")
    return 1 if errors else 0


sys.exit(main(sys.argv))
