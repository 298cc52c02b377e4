#!/usr/bin/env python3
"""Record what the real Consul answers, for answer_test.c.

  tests/dnsd/capture.py CONSUL ADDRESS

Starts CONSUL on ADDRESS (of 127/8) with the configuration and catalog of
tests/compat/dns.py, asks it that script's questions, and writes into data/
the configuration and, in consul-1.8.7.json, what
the catalog says (as /v1/health and /v1/catalog show it) and every answer that
was the same, byte for byte, each time it was asked: [what, is_tcp, question,
reply], in hexadecimal; reply "" where there was none. Serials of SOA records
are replaced by zero.
"""
import importlib.util
import json
import os
import re
import sys
import tempfile
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location(
    "dns_compat", os.path.join(HERE, "..", "compat", "dns.py"))
dns = importlib.util.module_from_spec(spec)
spec.loader.exec_module(dns)

TIMES = 16
# Large answers are compared by tests/compat/dns.py.
LEFT_OUT = re.compile("^(lots|huge|many|tomany)")


def without_serial(reply):
    """The serial is behind hostmaster.<domain>, a name or a pointer."""
    at = reply.find(b"\x0ahostmaster")
    if at < 0:
        return reply
    at = dns.read_name(reply, at)[1]
    return reply[:at] + b"\0\0\0\0" + reply[at + 4:]


def ask_often(address, wire, via):
    seen = set()
    for _ in range(TIMES if wire[2:3] < b"\x80" else 1):
        try:
            reply = dns.ask(address, 8600, wire, via, 0.2)
        except ConnectionError:
            reply = None
        seen.add(without_serial(reply or b""))
        if len(seen) > 1:
            return None
    return seen.pop()


def catalog_of(agent):
    def get(path):
        return json.loads(agent.http("GET", path))

    services, nodes = {}, {}
    for name in get("/v1/catalog/services"):
        if LEFT_OUT.match(name):
            continue
        path = "/v1/health/service/" + urllib.parse.quote(name)
        rows = services[name.lower() + "|"] = get(path)
        for tag in {tag.lower() for row in rows
                    for tag in row["Service"]["Tags"] or []}:
            services["%s|%s" % (name.lower(), tag)] = get(path + "?tag=" + tag)
    for row in get("/v1/catalog/nodes"):
        if not LEFT_OUT.match(row["Node"]):
            nodes[row["Node"].lower()] = get(
                "/v1/catalog/node/" + urllib.parse.quote(row["Node"]))
    return {"services": services, "nodes": nodes,
            "addresses": [row for name in ("db-main", "sixsvc")
                          for row in get("/v1/catalog/service/" + name)]}


def main():
    binary, address = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        agent = dns.Agent(binary, address, folder)
        try:
            agent.wait()
            for row in dns.catalog():
                agent.http("PUT", "/v1/catalog/register", row)
            book = catalog_of(agent)
            book["answers"] = []
            seen = set()
            for question in dns.questions() + dns.strange():
                wire = question.raw
                if wire is None:
                    wire = dns.encode(question.name, question.type,
                                      question.size)
                if LEFT_OUT.match(question.name) or (
                        wire, question.via) in seen:
                    continue
                seen.add((wire, question.via))
                reply = ask_often(address, wire, question.via)
                if reply is not None:
                    book["answers"].append(
                        ["%s %s %s %d" % question[:4], question.via == "tcp",
                         wire.hex(), reply.hex()])
        finally:
            agent.stop()
    data = os.path.join(HERE, "data")
    with open(os.path.join(data, "config.json"), "w",
              encoding="utf-8") as file:
        json.dump(dns.CONFIG, file, indent=1)
    with open(os.path.join(data, "consul-1.8.7.json"), "w",
              encoding="utf-8") as file:
        # A line a row, so that differences can be read.
        text = json.dumps(book, separators=(",", ":"))
        file.write(re.sub(r'(\],|:\[)(\[)', r'\1\n\2', text) + "\n")
    print(len(book["answers"]), "answers")


main()
