"""A stand-in for an agent where the real one cannot go yet: it answers
/v1/agent/members over TLS or a Unix socket, and notes what it was asked.

    cli_server.py unix PATH LOG
    cli_server.py tls ADDRESS PORT CERT KEY LOG [CLIENT_CA]
"""
import http.server
import json
import socketserver
import ssl
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(LOG, "a") as log:
            print(self.path, self.headers.get("Host"),
                  self.headers.get("X-Consul-Token"),
                  self.headers.get("Authorization"), file=log)
        body = json.dumps([{
            "Name": "m", "Addr": "::1", "Port": 1, "Status": 4,
            "Tags": {"role": "node", "build": "1.2.3:x", "vsn": "2",
                     "dc": "d"}}]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "-"

    def log_message(self, *args):
        pass


class UnixServer(socketserver.ThreadingUnixStreamServer):
    def get_request(self):
        request, _ = super().get_request()
        return request, ("unix", 0)


class TlsServer(http.server.ThreadingHTTPServer):
    def handle_error(self, request, address):
        pass  # handshakes that fail are what the test is about


if sys.argv[1] == "unix":
    LOG = sys.argv[3]
    server = UnixServer(sys.argv[2], Handler)
else:
    LOG = sys.argv[6]
    server = TlsServer((sys.argv[2], int(sys.argv[3])), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[4], sys.argv[5])
    if len(sys.argv) > 7:
        context.load_verify_locations(sys.argv[7])
        context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
