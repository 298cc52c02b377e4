#!/usr/bin/env python3
"""statsd, statsite and dogstatsd: writes what comes to FOLDER/NAME.

    metrics_sink.py ADDRESS FOLDER

statsd and dogstatsd listen on UDP ports 8125 and 8126 of the address, statsite
on TCP port 8127. Runs until it is killed.
"""
import os
import selectors
import socket
import sys

address, folder = sys.argv[1:]
selector = selectors.DefaultSelector()


def out(name):
    return open(os.path.join(folder, name), "ab", buffering=0)


def packets(sock, file):
    data = sock.recv(65536)
    file.write(data if data.endswith(b"\n") else data + b"\n")


def stream(sock, file):
    data = sock.recv(65536)
    if data:
        file.write(data)
    else:
        selector.unregister(sock)
        sock.close()


def accepted(sock, file):
    selector.register(sock.accept()[0], selectors.EVENT_READ, (stream, file))


for port, name in ((8125, "statsd"), (8126, "dogstatsd")):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((address, port))
    selector.register(udp, selectors.EVENT_READ, (packets, out(name)))
tcp = socket.socket()
tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
tcp.bind((address, 8127))
tcp.listen()
selector.register(tcp, selectors.EVENT_READ, (accepted, out("statsite")))
print("ready", flush=True)
while True:
    for key, _ in selector.select():
        handle, target = key.data
        handle(key.fileobj, target)
