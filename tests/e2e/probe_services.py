#!/usr/bin/env python3
"""What gRPC and docker checks talk to: probe_services.py ADDRESS DOCKER_SOCKET

On ADDRESS:7001 gRPC's health service, in just so much HTTP/2 as it takes, and
on ADDRESS:7002 something that speaks neither; on the socket the part of
Docker's API that runs a command in a container. What a service or a container
is called says how it fares."""

import http.server
import json
import os
import socket
import socketserver
import struct
import sys
import threading
import time

DATA, HEADERS, SETTINGS, PING, GOAWAY = 0, 1, 4, 6, 7
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def read_exactly(conn, size):
    data = b""
    while len(data) < size:
        piece = conn.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def headers(*pairs):
    """HPACK, each a literal that is not kept (RFC 7541 6.2.2)."""
    out = b""
    for name, value in pairs:
        out += b"\0" + bytes([len(name)]) + name.encode()
        out += bytes([len(value)]) + value.encode()
    return out


def service_of(message):
    """HealthCheckRequest: field 1, a text."""
    return message[7:].decode() if len(message) > 7 else ""


ANSWERS = {
    "": (1, "0", ""),
    "good": (1, "0", ""),
    "down": (2, "0", ""),
    "unset": (None, "0", ""),
    "strange": (None, "5", "unknown%20service"),
    "broken": (None, "13", "it broke"),
}


class Grpc(socketserver.BaseRequestHandler):
    def answer(self, stream, service):
        if service == "silent":
            return
        if service == "http":
            self.request.sendall(frame(HEADERS, END_HEADERS, stream, headers(
                (":status", "404"), ("content-type", "text/plain"))) +
                frame(DATA, END_STREAM, stream, b"nothing here"))
            return
        status, code, message = ANSWERS[service]
        out = b""
        if code == "0":
            body = b"" if status is None else b"\x08" + bytes([status])
            out += frame(HEADERS, END_HEADERS, stream, headers(
                (":status", "200"), ("content-type", "application/grpc")))
            out += frame(DATA, 0, stream, b"\0" + struct.pack(">I", len(body)) + body)
            out += frame(HEADERS, END_HEADERS | END_STREAM, stream, headers(
                ("grpc-status", code), ("grpc-message", message)))
        else:
            out += frame(HEADERS, END_HEADERS | END_STREAM, stream, headers(
                (":status", "200"), ("content-type", "application/grpc"),
                ("grpc-status", code), ("grpc-message", message)))
        self.request.sendall(out)

    def handle(self):
        try:
            read_exactly(self.request, 24)  # the preface
            self.request.sendall(frame(SETTINGS, 0, 0))
            bodies = {}
            while True:
                head = read_exactly(self.request, 9)
                size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
                stream = int.from_bytes(head[5:], "big")
                payload = read_exactly(self.request, size)
                if kind == SETTINGS and not flags & ACK:
                    self.request.sendall(frame(SETTINGS, ACK, 0))
                elif kind == PING and not flags & ACK:
                    self.request.sendall(frame(PING, ACK, 0, payload))
                elif kind == DATA:
                    bodies[stream] = bodies.get(stream, b"") + payload
                    if flags & END_STREAM:
                        self.answer(stream, service_of(bodies.pop(stream)))
                elif kind == GOAWAY:
                    return
        except (EOFError, ConnectionError):
            pass


class Nonsense(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"220 this is not what you think\r\n")
        time.sleep(0.2)


class Docker(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, code, body):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0))
                           if self.headers.get("Content-Length") else self.chunks())
        part = self.path.strip("/").split("/")
        if part[0] == "containers":
            name = part[1]
            if name == "gone":
                self.reply(404, b"no such container")
            elif name == "paused":
                self.reply(409, b"paused")
            elif name == "sick":
                self.reply(500, b"server error\n")
            elif name == "garbled":
                self.reply(201, b"not json")
            elif name == "stuck":
                time.sleep(60)
            else:
                self.server.commands[name] = asked
                self.reply(201, {"Id": name + "-x"})
        elif part[1] == "nostart-x":
            self.reply(404, b"no")
        elif part[1] == "startsick-x":
            self.reply(500, b"cannot")
        elif part[1] == "long-x":
            self.reply(200, b"0123456789" * 1000)
        else:
            command = self.server.commands[part[1][:-2]]
            self.reply(200, ("ran %s %s\n" % (json.dumps(command), json.dumps(asked))).encode())

    def chunks(self):
        body = b""
        while True:
            size = int(self.rfile.readline(), 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                return body

    def do_GET(self):
        name = self.path.strip("/").split("/")[1][:-2]
        if name == "noinspect":
            self.reply(404, b"no")
        elif name == "badinspect":
            self.reply(200, b"{")
        else:
            codes = {"warns": 1, "fails": 2}
            self.reply(200, {"ExitCode": codes.get(name, 0)})

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass


class TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64


class UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    # A local connection does not wait: beyond this it is refused.
    request_queue_size = 64
    commands = {}


def main():
    address, path = sys.argv[1], sys.argv[2]
    servers = [TcpServer((address, 7001), Grpc), TcpServer((address, 7002), Nonsense),
               UnixServer(path, Docker)]
    os.chmod(path, 0o666)
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    threading.Event().wait()


main()
