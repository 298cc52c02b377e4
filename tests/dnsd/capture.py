#!/usr/bin/env python3
"""Record what the real Consul answers, for answer_test.c.

  tests/dnsd/capture.py CONSUL ADDRESS

Starts CONSUL on ADDRESS (of 127/8) with the configuration and catalog of
tests/compat/dns.py, asks it that script's questions, and writes into data/
configurations and, in consul-1.8.7.json.gz, what the catalog says (as /v1/health
and /v1/catalog show it) and every answer: [what, is_tcp, question, reply, is
whole], in hexadecimal; reply "" where there was none. Of answers that are a
random choice only the header, with its counts, is kept. Serials of SOA records
are replaced by zero.
"""
import gzip
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
LEFT_OUT = re.compile("^(lots|huge)")


def without_serial(reply):
    """The serial is behind hostmaster.<domain>, a name or a pointer."""
    at = reply.find(b"\x0ahostmaster")
    if at < 0:
        return reply
    at = dns.read_name(reply, at)[1]
    return reply[:at] + b"\0\0\0\0" + reply[at + 4:]


def ask_often(address, wire, via):
    """The reply, and whether it is more than the header; or None, None."""
    seen = set()
    for _ in range(TIMES if wire[2:3] < b"\x80" else 1):
        try:
            reply = dns.ask(address, 8600, wire, via, 0.2)
        except ConnectionError:
            reply = None
        seen.add(without_serial(reply or b""))
    # Metadata comes in an order that Go's maps choose.
    if len(seen) == 1 and min(seen).count(b"\0\x10\0\x01\0\0") < 2:
        return seen.pop(), True
    heads = {reply[:12] for reply in seen}
    return (heads.pop(), False) if len(heads) == 1 else (None, None)


def record(address, questions):
    rows, seen = [], set()
    for question in questions:
        wire = question.raw
        if wire is None:
            wire = dns.encode(question.name, question.type, question.size)
        if LEFT_OUT.match(question.name) or (wire, question.via) in seen:
            continue
        seen.add((wire, question.via))
        reply, is_whole = ask_often(address, wire, question.via)
        if reply is not None:
            rows.append(["%s %s %s %d" % question[:4], question.via == "tcp",
                         wire.hex(), reply.hex(), is_whole])
    return rows


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


def write(name, content):
    with open(os.path.join(HERE, "data", name), "w",
              encoding="utf-8") as file:
        file.write(json.dumps(content, indent=1) + "\n")


def main():
    binary, address = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        agent = dns.Agent(binary, address, folder)
        try:
            agent.wait()
            for row in dns.catalog():
                agent.http("PUT", "/v1/catalog/register", row)
            book = catalog_of(agent)
            base = record(address, dns.questions() + dns.strange())
            book["runs"] = [{"config": "config.json", "answers": base}]
            write("config.json", dns.CONFIG)
            for number, name in enumerate(dns.VARIANTS):
                config = "config-%d.json" % number
                agent.reload(dns.variant(name))
                write(config, dns.variant(name))
                book["runs"].append({"config": config, "answers": record(
                    address, dns.variant_questions())})
        finally:
            agent.stop()
    # The same answers give the same file.
    with open(os.path.join(HERE, "data", "consul-1.8.7.json.gz"),
              "wb") as file:
        file.write(gzip.compress(json.dumps(book).encode(), mtime=0))
    print(*(len(run["answers"]) for run in book["runs"]), "answers")


main()
