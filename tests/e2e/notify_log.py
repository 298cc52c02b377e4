#!/usr/bin/env python3
"""Stands in for systemd's end of NOTIFY_SOCKET: notify_log.py SOCKET LOG

Each datagram becomes a line `PID TEXT` of the log.
"""
import os
import socket
import struct
import sys

with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    s.bind(sys.argv[1])
    os.chmod(sys.argv[1], 0o777)
    with open(sys.argv[2], "a", buffering=1, encoding="utf-8") as log:
        while True:
            text, control, _, _ = s.recvmsg(256, socket.CMSG_SPACE(12))
            pid = struct.unpack("iii", control[0][2][:12])[0]
            log.write(f"{pid} {text.decode()}\n")
