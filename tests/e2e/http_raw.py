"""Raw HTTP for http_*.bats: `http_raw.py ADDRESS CASE`, exit status 0 if the
server behaved. Each case is a function below and says what it expects."""

import socket
import sys
import threading
import time

PORT = 8500


def connect(address):
    sock = socket.create_connection((address, PORT), 10)
    sock.settimeout(20)
    return sock


def read_answer(sock, pending=b""):
    """One answer with a Content-Length; returns (status, head, body, rest)."""
    data = pending
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            raise SystemExit("closed in the head: %r" % data)
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(rest) < length:
        more = sock.recv(65536)
        if not more:
            raise SystemExit("closed in the body")
        rest += more
    return int(head.split()[1]), head, rest[:length], rest[length:]


def read_all(sock):
    data = b""
    while True:
        more = sock.recv(65536)
        if not more:
            return data
        data += more


def get(path, extra=""):
    return ("GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n" % (path, extra)).encode()


def put(path, body, extra=""):
    return ("PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n"
            % (path, len(body), extra)).encode() + body


def expect(condition, what):
    if not condition:
        raise SystemExit(what)


def case_pipelined(address):
    """Many requests at once: answered in order, each seeing those before."""
    sock = connect(address)
    data = b""
    for i in range(200):
        data += put("/v1/kv/pipe", b"%d" % i) + get("/v1/kv/pipe?raw")
    sock.sendall(data)
    rest = b""
    for i in range(200):
        status, _, body, rest = read_answer(sock, rest)
        expect((status, body) == (200, b"true"), "PUT %d: %r" % (i, body))
        status, _, body, rest = read_answer(sock, rest)
        expect((status, body) == (200, b"%d" % i), "GET %d: %r" % (i, body))


def case_bytewise(address):
    """A request that comes byte by byte is one request."""
    sock = connect(address)
    for byte in put("/v1/kv/slow", b"hello", "X-A: b\r\n"):
        sock.sendall(bytes([byte]))
        time.sleep(0.002)
    status, _, body, _ = read_answer(sock)
    expect((status, body) == (200, b"true"), repr(body))


def case_chunked(address):
    """A chunked body, cut at every place."""
    body = b"3\r\nabc\r\n10;x=y\r\n0123456789abcdef\r\n0\r\nT: v\r\n\r\n"
    data = (b"PUT /v1/kv/chunked HTTP/1.1\r\nHost: x\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n" + body)
    sock = connect(address)
    rest = b""
    for cut in range(1, len(data), 3):
        sock.sendall(data[:cut])
        time.sleep(0.001)
        sock.sendall(data[cut:] + get("/v1/kv/chunked?raw"))
        status, _, got, rest = read_answer(sock, rest)
        expect((status, got) == (200, b"true"), "cut %d: %r" % (cut, got))
        status, _, got, rest = read_answer(sock, rest)
        expect(got == b"abc0123456789abcdef", "cut %d: %r" % (cut, got))


def case_continue(address):
    """100 Continue comes before the body, and only if the body is wanted."""
    sock = connect(address)
    request = put("/v1/kv/expect", b"hello", "Expect: 100-continue\r\n")
    sock.sendall(request[:-5])
    status, head, _, rest = read_answer(sock)
    expect(status == 100, repr(head))
    sock.sendall(request[-5:])
    status, head, body, rest = read_answer(sock, rest)
    expect((status, body) == (200, b"true"), repr(head))
    sock.sendall(b"PUT /v1/kv/expect HTTP/1.1\r\nHost: x\r\n"
                 b"Expect: 100-continue\r\nContent-Length: 9000000\r\n\r\n")
    data = read_all(sock)
    expect(data.startswith(b"HTTP/1.1 413 "), repr(data[:100]))


def case_refused_body(address):
    """A refused request's small body is read over: the next one is served."""
    sock = connect(address)
    sock.sendall(b"POST /v1/kv/a HTTP/1.1\r\nHost: x\r\n"
                 b"Content-Length: 100000\r\n\r\n")
    status, _, _, rest = read_answer(sock)
    expect(status == 405, status)
    sock.sendall(b"GET " * 25000 + get("/v1/status/leader"))
    status, head, _, _ = read_answer(sock, rest)
    expect(status == 200, repr(head))


def case_large_head(address):
    """A head over the limit is refused, whether it ends or not."""
    for end in (b"\r\n\r\n", b""):
        sock = connect(address)
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 70000 + end)
        data = read_all(sock)
        expect(data.startswith(b"HTTP/1.1 431 "), repr(data[:100]))


def case_large_body(address):
    """Bodies over the limits are refused: with their size, and chunked."""
    sock = connect(address)
    sock.sendall(b"PUT /v1/catalog/register HTTP/1.1\r\nHost: x\r\n"
                 b"Content-Length: 99999999999\r\n\r\n")
    data = read_all(sock)
    expect(data.startswith(b"HTTP/1.1 413 "), repr(data[:100]))
    sock = connect(address)
    sock.sendall(b"PUT /v1/catalog/register HTTP/1.1\r\nHost: x\r\n"
                 b"Transfer-Encoding: chunked\r\n\r\n")
    try:
        for _ in range(200):
            sock.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
    except OSError:
        pass  # it may be closed under us
    try:
        data = read_all(sock)
        expect(data == b"" or b"too large" in data, repr(data[:200]))
    except ConnectionResetError:
        pass


def case_slow_head(address):
    """A head that does not end is cut off, however busily it comes."""
    sock = connect(address)
    begun = time.monotonic()
    sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
    data = b""
    sock.settimeout(0.5)
    while time.monotonic() - begun < 20:
        try:
            sock.sendall(b"A: b\r\n")
        except OSError:
            break
        try:
            more = sock.recv(65536)
            if not more:
                break
            data += more
        except socket.timeout:
            pass
    took = time.monotonic() - begun
    expect(data.startswith(b"HTTP/1.1 408 "), repr(data[:100]))
    expect(8 < took < 15, "cut off after %.1f s" % took)


def case_half_closed(address):
    """A client that closes its half early still gets its answer."""
    sock = connect(address)
    sock.sendall(put("/v1/kv/half", b"x"))
    sock.shutdown(socket.SHUT_WR)
    data = read_all(sock)
    expect(data.startswith(b"HTTP/1.1 200 "), repr(data[:100]))


def case_connections(address):
    """The 201st connection of a client is closed; others are served."""
    socks = [connect(address) for _ in range(200)]
    extra = connect(address)
    expect(extra.recv(1) == b"", "the 201st was served")
    socks[-1].sendall(get("/v1/status/leader"))
    expect(read_answer(socks[-1])[0] == 200, "the 200th was not served")
    socks.pop().close()
    time.sleep(0.2)
    again = connect(address)
    again.sendall(get("/v1/status/leader"))
    expect(read_answer(again)[0] == 200, "no room after one has gone")


def case_deaf(address):
    """Who does not read is not written to for ever, and hinders nobody."""
    sock = connect(address)
    sock.sendall(put("/v1/kv/large", b"x" * 500000))
    expect(read_answer(sock)[0] == 200, "PUT")
    deaf = connect(address)
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.settimeout(1)
    try:
        deaf.sendall(get("/v1/kv/large?raw") * 100000)
        raise SystemExit("all was read from a client that does not read")
    except socket.timeout:
        pass
    sock.sendall(get("/v1/kv/large?raw"))
    status, _, body, _ = read_answer(sock)
    expect((status, len(body)) == (200, 500000), "others are hindered")


def case_watchers(address):
    """150 blocking reads of one key wake on one write, with what it wrote."""
    sock = connect(address)
    sock.sendall(put("/v1/kv/watched", b"old"))
    read_answer(sock)
    sock.sendall(get("/v1/kv/watched"))
    _, head, _, _ = read_answer(sock)
    index = index_of(head)
    socks = [connect(address) for _ in range(150)]
    for each in socks:
        each.sendall(get("/v1/kv/watched?raw&index=%d" % index))
    time.sleep(0.5)
    sock.sendall(put("/v1/kv/watched", b"new"))
    read_answer(sock)
    for each in socks:
        status, head, body, _ = read_answer(each)
        expect((status, body) == (200, b"new"), repr(body))
        expect(index_of(head) > index, "index did not grow")


def index_of(head):
    for line in head.split(b"\r\n"):
        if line.startswith(b"X-Consul-Index: "):
            return int(line.split()[1])
    raise SystemExit("no index in %r" % head)


def case_waits(address):
    """Two blocking reads of one key keep their own times."""
    sock = connect(address)
    sock.sendall(put("/v1/kv/still", b"x"))
    read_answer(sock)
    sock.sendall(get("/v1/kv/still"))
    index = index_of(read_answer(sock)[1])
    took = {}

    def wait(seconds, delay):
        time.sleep(delay)
        own = connect(address)
        begun = time.monotonic()
        own.sendall(get("/v1/kv/still?index=%d&wait=%ds" % (index, seconds)))
        status, head, _, _ = read_answer(own)
        took[seconds] = (time.monotonic() - begun, status, index_of(head))

    threads = [threading.Thread(target=wait, args=args)
               for args in ((3, 0), (2, 0.3))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seconds, (spent, status, got) in took.items():
        expect(seconds <= spent < seconds * 17 / 16 + 0.5,
               "wait=%ds took %.2f s" % (seconds, spent))
        expect((status, got) == (200, index), "%s %s" % (status, got))


def main():
    address, case = sys.argv[1:]
    globals()["case_" + case](address)


if __name__ == "__main__":
    main()
