"""An agent that answers badly: a port each way of it, from PORT on.

    cli_answers.py ADDRESS PORT

Prints the names of the ways, one a line, when it listens on all of them.
"""
import json
import socket
import sys
import threading

OK = b"HTTP/1.1 200 OK\r\nX-Consul-Index: 7\r\n"


def whole(body):
    return OK + b"Content-Length: %d\r\n\r\n" % len(body) + body


# What is said to any request, then the connection is closed.
WAYS = {
    "closes": b"",
    "garbage": b"\x00\xff\x80garbage\r\n\r\n" * 50,
    "half_a_head": b"HTTP/1.1 200 O",
    "no_json": whole(b"this is not JSON"),
    "empty": whole(b""),
    "cut": OK + b"Content-Length: 5000\r\n\r\n[{\"Node\": \"a",
    "bad_chunk": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n[]",
    "null": whole(b"null"),
    "number": whole(b"12"),
    "text": whole(b'"text"'),
    "object": whole(b'{"a": {"b": [1, null, {}]}}'),
    "list": whole(b'[{"a": 1}, 2, "x", null, [[]]]'),
    "wrong_kinds": whole(json.dumps([{name: [{}] for name in (
        "Node", "Key", "Value", "Name", "Addr", "Port", "Tags", "ID",
        "Service", "Checks", "Status", "Coord", "Keys")}]).encode()),
    "deep": whole(b"[" * 100000 + b"]" * 100000),
    "deep_objects": whole(b'{"a":' * 100000 + b"1" + b"}" * 100000),
    "many": whole(json.dumps([{"Node": "n%d" % i, "Key": "k%d" % i,
                               "Name": "n%d" % i, "Tags": {}}
                              for i in range(20000)]).encode()),
    "long_texts": whole(json.dumps([{
        "Node": "x" * 2000000, "Name": "y" * 2000000,
        "Addr": "z" * 2000000, "Key": "k" * 2000000}]).encode()),
    "bad_utf8": whole(b'[{"Node": "\xff\xfe", "Key": "\\ud800"}]'),
    "long_header": OK + b"X-Long: " + b"x" * 400000 + b"\r\n\r\n[]",
    "bad_index": b"HTTP/1.1 200 OK\r\nX-Consul-Index: " + b"9" * 60 +
                 b"\r\nContent-Length: 2\r\n\r\n[]",
    "error_500": b"HTTP/1.1 500 Broken\r\nContent-Length: 300000\r\n\r\n" +
                 b"e" * 300000,
    "status_999": b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
    "redirect": b"HTTP/1.1 301 Go\r\nLocation: /\r\n"
                b"Content-Length: 0\r\n\r\n",
}


def answer(connection, reply):
    with connection:
        connection.settimeout(5)
        try:
            seen = b""
            while b"\r\n\r\n" not in seen:
                part = connection.recv(65536)
                if not part:
                    return
                seen += part
            connection.sendall(reply)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        except OSError:
            pass  # the other side had enough


def serve(listener, reply):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection, reply),
                         daemon=True).start()


def main():
    for number, reply in enumerate(WAYS.values()):
        listener = socket.create_server(
            (sys.argv[1], int(sys.argv[2]) + number), backlog=64)
        threading.Thread(target=serve, args=(listener, reply),
                         daemon=True).start()
    print("\n".join(WAYS), flush=True)
    threading.Event().wait()


main()
