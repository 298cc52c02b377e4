#!/usr/bin/env python3
"""Shows each POST, headers and body, on one line; answers that it is a teapot.
hook_server.py ADDRESS PORT"""

import http.server
import sys


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        print(self.requestline, self.headers.items(), body, flush=True)
        self.send_response(418, "I'm a teapot")
        self.end_headers()
        self.wfile.write(b"short and stout")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Hook)
print("ready", flush=True)
server.serve_forever()
