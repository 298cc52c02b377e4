#!/usr/bin/env python3
"""A web server for health checks to look at.

usage: health_server.py ADDRESS PORT

Paths: /echo the request as it came; /code/N an answer with that status;
/redirect, /redirect307 to /echo; /loop to itself; /elsewhere to ftp;
/to/CODE?URL to that URL, /to/CODE to nowhere; /big many lines; /slow after
3 s; /slowbody hangs in the body; /close no answer; /gzip compressed; /reason
with words of its own. On PORT + 1 a queue that is full, so that connecting to
it takes for ever; on PORT + 2 the same as on PORT.
"""

import gzip
import http.server
import socket
import sys
import threading
import time
import urllib.parse

REDIRECTS = {"/redirect": (302, "/echo"), "/redirect307": (307, "/echo"),
             "/loop": (302, "/loop"), "/elsewhere": (301, "ftp://x/")}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code, body, **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def echo(self, body):
        lines = [self.requestline]
        lines += ["%s: %s" % pair for pair in self.headers.items()
                  if pair[0] != "Host" or pair[1] == "foo.bar"]
        self.answer(200, "\n".join(lines + ["", ""]).encode() + body)

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path
        if path == "/echo":
            self.echo(body)
        elif path.startswith("/code/"):
            self.answer(int(path[6:]), b"body of " + path.encode())
        elif path in REDIRECTS:
            self.answer(REDIRECTS[path][0], b"", Location=REDIRECTS[path][1])
        elif path.startswith("/to/"):
            code, _, url = path[4:].partition("?")
            self.answer(int(code), b"body of " + code.encode(),
                        **({"Location": urllib.parse.unquote(url)}
                           if url else {}))
        elif path == "/big":
            self.answer(200, b"".join(b"%d\n" % i for i in range(3000)))
        elif path == "/slow":
            time.sleep(3)
            self.close_connection = True
        elif path == "/slowbody":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"first")
            self.wfile.flush()
            time.sleep(3)
            self.close_connection = True
        elif path == "/close":
            self.close_connection = True
        elif path == "/gzip":
            self.answer(200, gzip.compress(b"zipped text"),
                        Content_Encoding="gzip")
        elif path == "/reason":
            self.send_response(299, "My Reason")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.answer(404, b"not here")

    do_GET = do_PUT = do_POST = do_HEAD = do_Get = do_DELETE = handle_any


def full_queue(address, port):
    """A socket that nobody accepts from, and what fills its queue."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(0)
    kept = [listener]
    for _ in range(3):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex((address, port))
        kept.append(client)
    return kept


def main():
    address, port = sys.argv[1], int(sys.argv[2])
    kept = full_queue(address, port + 1)
    http.server.ThreadingHTTPServer.allow_reuse_address = True
    servers = [http.server.ThreadingHTTPServer((address, port + i), Handler)
               for i in (0, 2)]
    threading.Thread(target=servers[1].serve_forever, daemon=True).start()
    servers[0].serve_forever()
    return kept


main()
