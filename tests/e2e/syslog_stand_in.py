#!/usr/bin/env python3
"""A /dev of its own (in a namespace of mounts) with a log socket, and a program
that logs there: syslog_stand_in.py HEARD TEXT PROGRAM ARGUMENTS...

What is heard is written to the file HEARD, a message as it came. When TEXT has
been heard the program is told to end, and what it says until then is still
heard."""

import os
import socket
import subprocess
import sys
import tempfile


def dev_make():
    folder = tempfile.mkdtemp()
    subprocess.check_call(["mount", "-t", "tmpfs", "tmpfs", folder])
    for name in ("null", "zero", "urandom", "random"):
        open(f"{folder}/{name}", "w").close()
        subprocess.check_call(["mount", "--bind", f"/dev/{name}", f"{folder}/{name}"])
    os.mkdir(f"{folder}/shm")
    os.chmod(f"{folder}/shm", 0o1777)
    os.symlink("/proc/self/fd", f"{folder}/fd")
    subprocess.check_call(["mount", "--rbind", folder, "/dev"])


def main():
    heard, text, program = sys.argv[1], sys.argv[2].encode(), sys.argv[3:]
    dev_make()
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind("/dev/log")
    os.chmod("/dev/log", 0o666)
    log.settimeout(0.5)
    child = subprocess.Popen(program)
    waited = 0
    with open(heard, "wb") as out:
        while waited < 60:
            try:
                message = log.recv(1 << 16)
            except socket.timeout:
                if child.poll() is not None:
                    break
                waited += 1
                continue
            out.write(message)
            if text in message:
                child.terminate()
    child.kill()
    child.wait()


main()
