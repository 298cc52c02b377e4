#!/usr/bin/env python3
"""A web server to be checked: web.py ADDRESS PORT. It answers 200 to GET however
the method is spelled, as the article's Flask does (its check says "Get")."""
import http.server
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    do_Get = do_GET

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
