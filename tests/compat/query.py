#!/usr/bin/env python3
"""Prepared queries, near= and coordinates, of the real Consul and of ours.

Starts both, registers the same catalog in each, and sends both the same calls:
queries created, changed, read, explained, executed and deleted; good, odd and
malformed; templates; and the same questions over DNS. Ids are each agent's own,
and instances that are shuffled are put in order. Prints TAP.

What kills the real one is not sent: `null` for a query, a sign other than "-"
in front of an operand in a template, a text where match() wants a number.
"""

import json
import os
import re
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import dns                         # noqa: E402  (beside this file)
from alike import Alike            # noqa: E402
from pair import PORT, Pair, UUID  # noqa: E402

NO_UUID = "11111111-2222-3333-4444-555555555555"
HEADERS = ("content-type", "x-consul-effective-consistency", "allow",
           "x-consul-knownleader", "x-consul-lastcontact", "x-cache")

# --- The catalog: nodes with a coordinate, and two without. ---

NODES = [("na", "10.9.0.1", 0.030), ("nb", "10.9.0.2", 0.010),
         ("nc", "10.9.0.3", 0.020), ("nd", "10.9.0.4", None),
         ("ne", "10.9.0.5", None)]


def registrations():
    for number, (node, address, _) in enumerate(NODES):
        status = ["passing", "passing", "warning", "passing", "critical"]
        yield {"Node": node, "Address": address,
               "NodeMeta": {"rack": "r%d" % (number % 2)},
               "Service": {"ID": "web", "Service": "web", "Port": 80 + number,
                           "Tags": [["Blue", "v1"], ["blue"], ["green", "v1"],
                                    None, ["blue"]][number],
                           "Meta": {"zone": "z%d" % (number % 3)}},
               "Check": {"CheckID": "up", "Name": "up", "ServiceID": "web",
                         "Status": status[number]}}
    yield {"Node": "nb", "Address": "10.9.0.2", "Service": {
        "ID": "db", "Service": "db-main", "Port": 5432,
        "Address": "10.9.1.1"}}
    yield {"Node": "na", "Address": "10.9.0.1", "Service": {
        "ID": "api", "Service": "api", "Connect": {"Native": True}}}
    yield {"Node": "nb", "Address": "10.9.0.2", "Service": {
        "ID": "px", "Service": "api-proxy", "Kind": "connect-proxy",
        "Port": 20000, "Proxy": {"DestinationServiceName": "api"}}}


def coordinates():
    # The agent's own is near the origin of itself, and of no matter.
    for node, _, at in NODES:
        if at is not None:
            yield {"Node": node, "Coord": {
                "Vec": [at] + [0.0] * 7, "Error": 0.5, "Adjustment": 0.0,
                "Height": 0.00001}}


# --- Queries. ---

def query(name, service="web", **more):
    """`more`: members of Service, but Template, Session, Token, DNS, ID."""
    body = {"Name": name, "Service": {"Service": service}}
    for key, value in more.items():
        if key in ("Template", "Session", "Token", "DNS", "ID"):
            body[key] = value
        else:
            body["Service"][key] = value
    return body


def template(name, service, regexp="", **more):
    return query(name, service, Template={
        "Type": "name_prefix_match", "Regexp": regexp,
        "RemoveEmptyTags": more.pop("RemoveEmptyTags", False)}, **more)


GOOD = [
    query("web-all"), query("web-pass", OnlyPassing=True),
    query("web-ignore", IgnoreCheckIDs=["up"]),
    query("web-blue", Tags=["blue"]), query("web-not", Tags=["!BLUE", "v1"]),
    query("web-two", Tags=["BLUE", "V1"]), query("web-none", Tags=["zz"]),
    query("web-bang", Tags=["!"]), query("web-empty-tag", Tags=[""]),
    query("web-rack", NodeMeta={"rack": "r1"}),
    query("web-zone", ServiceMeta={"zone": "z1"}),
    query("web-consul-meta", NodeMeta={"consul-network-segment": ""}),
    query("web-near", Near="nb"), query("web-near-none", Near="zz"),
    query("web-near-far", Near="na", IgnoreCheckIDs=["up"]),
    query("web-near-place", Near="nd"), query("web-near-ip", Near="_ip"),
    query("web-near-agent", Near="_agent"),
    query("web-ttl", DNS={"TTL": "10s"}),
    query("web-ttl-long", DNS={"TTL": "1h1m1.5s"}),
    query("web-ttl-zero", DNS={"TTL": "0s"}),
    query("Case.With.Dots", "db-main"), query("a/b/execute", "db-main"),
    query("sla/sh", "db-main"), query("\u00e4\u20ac", "db-main"),
    query("nothing", "nope"), query("upper", "WEB"),
    query("over", "nope", Failover={"NearestN": 3,
                                    "Datacenters": ["dc9", "dc1", "dc9"]}),
    query("over2", "web", Failover={"Datacenters": ["dc9"]}),
    query("conn", "api", Connect=True), query("conn-off", "api"),
    query("conn-none", "web", Connect=True),
    query("token", Token="some-token"),
    query("sess", "web", Session="{session}"),
    {"Service": {"Service": "web"}, "Session": "{session}"},
    {"name": "lower", "service": {"service": "web", "onlypassing": True,
                                  "ignorecheckids": ["a"]}},
    query("dots." * 12 + "end", "web"),
]

BAD = [
    {}, query(""), query("x", ""), query("x", None), {"Name": "x"},
    query("x", "web", Failover={"NearestN": -1}),
    query("x", "web", DNS={"TTL": "x"}), query("x", DNS={"TTL": "-1s"}),
    query("x", "web", DNS={"TTL": "10"}), query("x", DNS={"TTL": 10}),
    query("x", Token="<hidden>"), query("x", ID=NO_UUID), query("x", ID="x"),
    query("x", Session="zz"), query("x", Session=NO_UUID),
    query("x", NodeMeta={"a b": "c"}), query("x", NodeMeta={"": "c"}),
    query("x", NodeMeta={"k" * 129: "v"}), query("x", NodeMeta={"k": "v" * 513}),
    query("x", ServiceMeta={"a b": "c"}),
    query("x", ServiceMeta={"consul-a": "c"}),
    query("x", NodeMeta={"k%d" % n: "" for n in range(65)}),
    query("x", NodeMeta={"a": 1}), query("x", Tags="a"), query("x", Tags=[1]),
    query("web-all"), query("WEB-ALL"), query("{web-all}"),
    query("x", Failover={"Datacenters": "dc1"}), query("x", OnlyPassing="x"),
    query("x", Foo=1), {"Name": 1}, {"Name": "x", "Foo": 2},
    query("x", Template={"Type": "zz"}), query("", Template={"Type": "zz"}),
    query("x", Template={"Type": 1}), query("x", Template="x"),
    query("x", Connect="x"), query("x", Near=1),
    query("x", IgnoreCheckIDs=[1]),
    [], "x", 1, True, {"Service": []}, {"Service": None},
]

# Each is rendered for the names behind it.
TEMPLATES = [
    (template("full-", "${name.full}"), ["full-", "full-x", "FULL-Y", "full"]),
    (template("suf-", "${name.suffix}"), ["suf-web", "suf-WEB", "Suf-web"]),
    (template("pre-", "${name.prefix}web"), ["pre-", "pre-a"]),
    (template("esc-", "$${name.full} $$ $ $a"), ["esc-a"]),
    (template("mat-", "${match(1)}", "^mat-(.*?)-(.*)$",
              Tags=["${match(2)}", "!${match(0)}", "${match(3)}x"]),
     ["mat-web-v1", "mat-a-b-c", "mat-none"]),
    (template("alt-", "${match(1)}|${match(2)}|${match(3)}",
              "(a|ab)(c|bcd)(d*)"), ["alt-abcd", "alt-zz", "alt-acd"]),
    (template("opt-", "<${match(1)}${match(2)}>", "opt-(x)?(y)*$"),
     ["opt-", "opt-x", "opt-xyy", "opt-yy"]),
    (template("lazy-", "<${match(1)}|${match(2)}>", "lazy-(a+?)(a*)"),
     ["lazy-aaa"]),
    (template("named-", "${match(1)}", "named-(?P<n>[a-z]+)"), ["named-abc1"]),
    (template("fold-", "${match(1)}", "(?i)FOLD-(?:X)(Y)"), ["fold-xy"]),
    (template("neg-", "${match(-1)}${match(99)}.", "neg"), ["neg-a"]),
    (template("mod-", "${1 + 2 * 3 - 4 % 3} ${10 / 3} ${-3 + 5}"), ["mod-"]),
    (template("flt-", "${1.5 + 1} ${3 / 2.0} ${1 / 2} ${100000.0 * 10}"),
     ["flt-"]),
    (template("big-", "${010} ${9223372036854775807 + 1} ${-7 / 2} ${-7 % 3}"),
     ["big-"]),
    (template("nest-", "${\"a${name.suffix}b\"}"), ["nest-x"]),
    (template("join-", "${\"a\" \"b\"}c"), ["join-"]),
    (template("quo-", "${\"\\\"\\\\\\n\\z\"}"), ["quo-"]),
    (template("par-", "${(1 + 2) * (3)}"), ["par-"]),
    (template("conv-", "${__builtin_IntToFloat(3)}"
              "${__builtin_FloatToInt(2.9)}"), ["conv-"]),
    (template("seg-", "<${agent.segment}>"), ["seg-"]),
    (template("sp-", "${ name.full }|${\tname.suffix\n}"), ["sp-x"]),
    (template("all-fields-", "web", NodeMeta={"rack": "${name.suffix}"},
              ServiceMeta={"zone": "${match(0)}"}, Near="${name.suffix}",
              IgnoreCheckIDs=["${name.suffix}"],
              Failover={"Datacenters": ["${name.suffix}"]}),
     ["all-fields-r1", "all-fields-"]),
    (template("empty-", "web", Tags=["${match(1)}", "v1"],
              RemoveEmptyTags=True), ["empty-x"]),
    (template("empty2-", "web", Tags=["${match(1)}"], RemoveEmptyTags=True),
     ["empty2-x"]),
    (template("empty3-", "web", RemoveEmptyTags=True), ["empty3-x"]),
    (template("kept-", "web", Tags=["${match(1)}", "v1"]), ["kept-x"]),
    (template("run-", "${name.suffix}", OnlyPassing=True),
     ["run-web", "run-nope", "run-"]),
    (template("longer-run-", "db-main"), ["longer-run-x", "longer-x"]),
    (template("dollar-", "a$"), ["dollar-"]),
    (template("dollars-", "$"), ["dollars-"]),
    (template("", "catch-${name.full}"), ["anything", "full-z"]),
]

BAD_TEMPLATES = [
    template("t-", text) for text in [
        "${name.full", "${", "${}", "${nope}", "${a.b.c}", "${name}",
        "${match()}", "${match(1,2)}", "${nope(1)}", "${match(nope)}",
        "${name.full[0]}", "${nope[0]}", "${name.full[nope]}",
        "${name.full[f(1)]}", "${name.full[\"a\"]}", "a ${b} ${c}",
        "${1 +}", "${1 2}", "${(1}", "${1)}", "${\"a}", "${\"a${b\"}",
        "${1.5 % 2}", "${08}", "${99999999999999999999}", "${1.2.3}",
        "${!}", "${a b}", "${name.full name.full}", "${[}", "${f(1 2)}",
        "${f(,)}", "${1,2}", "\n\n ${nope}", "x\n${ nope}", "${a*b}",
        "${a.*b}", "\u00e4${nope}", "${\"x\" + \"${nope}\"}",
        "${@}", "${name.full == 1}", "${true ? 1 : 2}", "${true}",
        "${__builtin_IntToString(nope)}", "${name.full.}", "${-name}"]
] + [
    template("t-", "web", Tags=["a", "${nope}"]),
    template("t-", "web", Near="${nope}"),
    template("t-", "web", NodeMeta={"k": "${nope}"}),
    template("t-", "web", ServiceMeta={"k": "${x"}),
    template("t-", "web", IgnoreCheckIDs=["a", "${x"]),
    template("t-", "web", Failover={"Datacenters": ["${x}"]}),
    template("t-", "web", "("), template("t-", "web", "a**"),
    template("t-", "web", "[z-a]"), template("t-", "web", "\\"),
    template("t-", "web", "(?<n>a)"), template("t-", "web", "a{2,1}"),
    template("t-", "web", "a{1001}"), template("t-", "web", "x)"),
    template("t-", "web", "(?P<n>"), template("t-", "web", "[[:zz:]]"),
    template("t-", "${x", "("), template("full-", "web"),
    template("", "web"),
]

NEAR = ["/v1/catalog/nodes?near=nb", "/v1/catalog/nodes?near=zz",
        "/v1/catalog/nodes?near=na&node-meta=rack:r0",
        "/v1/catalog/service/web?near=nb", "/v1/catalog/service/web?near=NA",
        "/v1/catalog/service/web?near=nd", "/v1/health/service/web?near=nb",
        "/v1/health/service/web?near=nb&passing",
        "/v1/health/service/web?near=na&tag=blue",
        "/v1/health/checks/web?near=nb", "/v1/health/checks/web?near=nc",
        "/v1/health/state/any?near=nb", "/v1/health/state/passing?near=nc",
        "/v1/health/service/web?near=nb&stale", "/v1/catalog/nodes?near=",
        "/v1/health/service/web?near=_ip"]

VEC = [0.1] * 8
COORDINATES = [
    {"Node": "nd", "Coord": {"Vec": [0.1] * 7}},
    {"Node": "nd", "Coord": {"Vec": []}}, {"Node": "nd", "Coord": {}},
    {"Node": "nd", "Coord": {"Vec": [0.1] * 9}},
    {"Node": "nd", "Coord": {"Vec": None}},
    {"Node": "nd", "Coord": {"Vec": "x"}}, {"Node": "nd", "Coord": "x"},
    {"Node": "nd", "Coord": {"Vec": ["x"] * 8}}, {"Node": "nd", "Foo": 1},
    {"Node": "nd", "Coord": {"Vec": VEC, "Height": "x"}},
    {"Node": "zz", "Coord": {"Vec": VEC}}, {"Coord": {"Vec": VEC}},
    {"Node": "nd", "Datacenter": "dc9", "Coord": {"Vec": VEC}},
    {"Node": "nd", "Segment": "x", "Coord": {"Vec": VEC}},
]

DNS_NAMES = ["web-all", "WEB-ALL", "web-pass", "web-near", "web-near-far",
             "web-ttl", "web-ttl-long", "web-ignore", "web-none", "nothing",
             "Case.With.Dots", "conn", "nope.nope", "run-web", "run-db-main",
             "longer-run-x", "over", "web-all.query", "a.web-all", "sess",
             "web-near-ip", "dots." * 12 + "end"]


# --- Asking. ---

def call(agent, method, path, body=None, headers=None):
    data = None if body is None else body if isinstance(body, bytes) else \
        json.dumps(body).encode()
    request = urllib.request.Request(
        "http://%s:%d%s" % (agent.address, PORT, path), data,
        headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


def plain(value, agent, is_shuffled):
    """Without what is each agent's own."""
    if isinstance(value, dict):
        rows = {key: "<index>" if key in ("CreateIndex", "ModifyIndex")
                else plain(item, agent, is_shuffled)
                for key, item in value.items()}
        if is_shuffled and isinstance(rows.get("Nodes"), list):
            rows["Nodes"] = sorted(rows["Nodes"], key=json.dumps)
        return rows
    if isinstance(value, list):
        return [plain(item, agent, is_shuffled) for item in value]
    if isinstance(value, str):
        return own(value, agent)
    return value


def own(text, agent):
    text = text.replace(agent.address, "<address>")
    return UUID.sub(lambda found: found[0] if found[0] == NO_UUID else
                    agent.known.get(found[0], "<uuid>"), text)


class Both:
    """The same call to both, compared."""

    def __init__(self, agents, alike):
        self.agents = list(agents)
        self.alike = alike
        self.group = ""
        for agent in self.agents:
            agent.ids = {}    # name: id
            agent.known = {}  # id: "<name>"

    def learn(self, agent, name, uuid):
        agent.ids[name] = uuid
        agent.known[uuid] = "<%s>" % name

    def filled(self, agent, value):
        if isinstance(value, str):
            return re.sub(r"\{([^{}$]+)\}", lambda found: agent.ids.get(
                found[1], found[0]), value)
        if isinstance(value, dict):
            return {self.filled(agent, key): self.filled(agent, item)
                    for key, item in value.items()}
        if isinstance(value, list):
            return [self.filled(agent, item) for item in value]
        return value

    def ask(self, method, path, body=None, headers=None, shuffled=True):
        seen = []
        for agent in self.agents:
            status, head, text = call(agent, method, self.filled(agent, path),
                                      self.filled(agent, body), headers)
            try:
                value = plain(json.loads(text), agent, shuffled)
            except ValueError:
                value = own(text, agent)
            seen.append({"status": status, "body": value, "index":
                         "X-Consul-Index" in head, "headers": {
                             key: item for key, item in head.items()
                             if key.lower() in HEADERS}})
        name = "query %s %s %s" % (method, path, "" if body is None else body
                                   if isinstance(body, bytes) else
                                   json.dumps(body)[:150])
        self.alike.same(name.strip(), seen[0], seen[1], group=self.group)

    def create(self, body, name):
        """Created in both; the answer's id is kept by this name."""
        seen = []
        for agent in self.agents:
            status, _, text = call(agent, "POST", "/v1/query",
                                   self.filled(agent, body))
            if status == 200:
                self.learn(agent, name, json.loads(text)["ID"])
            seen.append((status, own(text, agent)))
        self.alike.same("query create %s" % name, *seen, group=self.group)

    def dns(self, name, kind, via, size, options=b""):
        seen = []
        for agent in self.agents:
            answer = dns.decode(dns.ask(
                agent.address, 8600, dns.encode(
                    name, kind, size, options=options), via))
            host = "".join("%02x" % int(part)
                           for part in agent.address.split("."))
            seen.append(answer and (
                "%04x" % answer.flags, answer.question,
                [sorted(str(row).replace(host, "<address>") for row in part)
                 for part in answer.sections]))
        self.alike.same("query dns %s %s %s %d %s" % (
            name, kind, via, size, options.hex()), *seen, group=self.group)

    def dns_order(self, name):
        seen = [[row[4] for row in dns.decode(dns.ask(
            agent.address, 8600, dns.encode(name, "SRV"), "tcp")).sections[0][:3]]
                for agent in self.agents]
        self.alike.same("query dns order of %s" % name, *seen,
                        group=self.group)


# --- The comparison, part by part. ---

def prepare(both):
    for agent in both.agents:
        for body in registrations():
            assert call(agent, "PUT", "/v1/catalog/register", body)[0] == 200
        for body in coordinates():
            assert call(agent, "PUT", "/v1/coordinate/update", body)[0] == 200
        _, _, text = call(agent, "PUT", "/v1/session/create",
                          {"Behavior": "delete"})
        both.learn(agent, "session", json.loads(text)["ID"])


def writes(both):
    both.group = "queries created"
    for number, body in enumerate(GOOD):
        both.create(body, body.get("Name") or body.get("name") or
                    "anonymous%d" % number)
    both.group = "queries refused"
    for body in BAD:
        both.ask("POST", "/v1/query", body)
    for raw in [b"", b"{", b"{}x", b"{\"Name\":}", b"[", b"\"", b"nul",
                b"{\"Name\":\"x\"", b"\xff"]:
        both.ask("POST", "/v1/query", raw)
    for body in BAD[:3] + BAD[5:9]:
        both.ask("PUT", "/v1/query/{web-all}", body)
    both.group = "queries changed"
    for path, body in [
            ("{web-all}", query("web-all", "web", OnlyPassing=False)),
            ("{web-all}", query("web-pass")), ("{web-all}", b""),
            ("{web-all}", b"{"), (NO_UUID, query("x")), ("x", query("x")),
            ("", query("x")), ("{web-all}", query("renamed")),
            ("{web-all}", query("web-all", ID="x")),
            ("{web-all}/", query("x"))]:
        both.ask("PUT", "/v1/query/" + path, body)


def reads(both):
    both.group = "queries read"
    for name in ["web-all", "token", "Case.With.Dots", "sess", "lower",
                 "web-near", "over", "\u00e4\u20ac"]:
        both.ask("GET", "/v1/query/{%s}" % name)
    for path in [NO_UUID, "x", "", "web-all", "{web-all}/", NO_UUID.upper(),
                 "x" * 36, "{web-all}?dc=dc9", "{web-all}?stale",
                 "{web-all}?consistent", "{web-all}?index=x",
                 "{web-all}?stale&consistent", "{web-all}?ns=x",
                 "{web-all}?index=999999&wait=10ms"]:
        both.ask("GET", "/v1/query/" + path)
    both.ask("GET", "/v1/query?index=x")
    both.ask("GET", "/v1/query?dc=dc9")
    both.group = "methods"
    for method in ["OPTIONS", "POST", "DELETE", "PATCH", "PUT", "HEAD"]:
        both.ask(method, "/v1/query/{web-all}/execute")
        both.ask(method, "/v1/query/x/explain")
    for method in ["OPTIONS", "POST", "HEAD", "PATCH"]:
        both.ask(method, "/v1/query/{web-all}")
    for method in ["OPTIONS", "PUT", "DELETE", "HEAD"]:
        both.ask(method, "/v1/query")


def executes(both):
    both.group = "queries executed"
    names = [body.get("Name") or body.get("name") for body in GOOD]
    for name in filter(None, names):
        path = "/v1/query/%s/" % urllib.request.quote(name, safe="/")
        both.ask("GET", path + "execute")
        both.ask("GET", path + "explain")
    for path in ["{web-all}/execute", "{anonymous34}/execute",
                 "WEB-ALL/execute", "/execute", "execute", "nope/execute",
                 "nope/explain", NO_UUID + "/execute", "/explain",
                 "web-all/execute/", "web-all%2Fexecute", "web-all//execute",
                 "web-near/execute?limit=2", "web-near/execute?limit=0",
                 "web-near/execute?limit=-1", "web-near/execute?limit=x",
                 "web-near/execute?limit=", "web-near/explain?limit=x",
                 "web-near/execute?limit=99999999999999999999",
                 "conn-off/execute?connect=true", "web-all/execute?connect=x",
                 "conn/execute?connect=false", "web-all/execute?connect=",
                 "web-all/execute?dc=dc9", "web-all/execute?stale",
                 "web-all/execute?consistent", "web-all/execute?index=5",
                 "web-all/execute?index=x", "web-all/execute?wait=x",
                 "web-all/execute?filter=x", "web-all/execute?ns=x",
                 "web-all/execute?stale&consistent", "web-all/explain?stale",
                 "web-all/execute?max_stale=x", "nope/execute?dc=dc9",
                 "web-ttl/execute?cached", "web-ttl/execute?cached",
                 "nope/execute?cached", "nope/explain?cached",
                 "web-all/execute?max_stale=1s", "web-all/execute?pretty"]:
        both.ask("GET", "/v1/query/" + path,
                 shuffled="web-near" not in path)
    both.group = "queries executed near"
    for near in ["na", "nb", "nc"]:
        both.ask("GET", "/v1/query/web-pass/execute?limit=2&near=" + near,
                 shuffled=False)
        both.ask("GET", "/v1/query/web-near/execute?near=" + near,
                 shuffled=False)
    # Of those without a coordinate, any may come first.
    both.ask("GET", "/v1/query/web-near-far/execute?limit=3", shuffled=False)
    both.ask("GET", "/v1/query/web-near-ip/execute?limit=1", headers={
        "X-Forwarded-For": "10.9.0.3, 1.2.3.4"}, shuffled=False)
    both.ask("GET", "/v1/query/web-near-ip/execute?limit=2", headers={
        "X-Forwarded-For": "::ffff:10.9.0.1"}, shuffled=False)
    both.ask("GET", "/v1/query/web-near-ip/execute", headers={
        "X-Forwarded-For": "zz"})


def templates(both):
    both.group = "templates"
    for body, names in TEMPLATES:
        label = body["Name"] or "empty"
        both.create(body, label)
        for name in names:
            path = "/v1/query/" + name
            both.ask("GET", path + "/explain")
        both.ask("GET", "/v1/query/{%s}/explain" % label)
    for name in ["run-web", "run-nope", "mat-web-v1", "longer-run-x",
                 "kept-x", "empty-x", "all-fields-r1"]:
        both.ask("GET", "/v1/query/%s/execute" % name)
    both.group = "templates refused"
    for body in BAD_TEMPLATES:
        both.ask("POST", "/v1/query", body)


def near(both):
    both.group = "near="
    for path in NEAR:
        both.ask("GET", path, shuffled=False)
    both.group = "coordinates"
    for path in ["node/nb", "node/NB", "node/nd", "node/", "node/nb?segment=x",
                 "node/nb?segment=", "nodes?dc=dc9", "nodes?index=x"]:
        both.ask("GET", "/v1/coordinate/" + path)
    for body in COORDINATES:
        both.ask("PUT", "/v1/coordinate/update", body)
    for raw in [b"", b"{", b"[]", b"{\"Node\":\"nd\",\"Coord\":{\"Vec\":[NaN]}}",
                b"{\"Node\":\"nd\",\"Coord\":{\"Height\":1e999}}"]:
        both.ask("PUT", "/v1/coordinate/update", raw)


def names(both):
    both.group = "DNS"
    for name in DNS_NAMES:
        for kind in ["A", "SRV", "ANY"]:
            both.dns(name + ".query.consul", kind, "tcp", 0)
    for kind in ["AAAA", "TXT", "MX", "SOA", "NS", "PTR", "CNAME"]:
        both.dns("web-all.query.consul", kind, "tcp", 0)
    for name in ["query.consul", "web-all.query.dc1.consul",
                 "web-all.query.dc9.consul", "web-all.query.a.b.consul",
                 "{web-pass}.query.consul", "nope.query.dc9.consul"]:
        for agent in both.agents:
            assert agent.ids["web-pass"]
        if "{" not in name:
            both.dns(name, "A", "tcp", 0)
    for address in [b"\x0a\x09\x00", b"\x0a\x09\x00\x03"]:
        option = dns.subnet(1, 8 * len(address), 0, address)
        for name in ["web-ttl", "nothing", "nope-nope"]:
            both.dns(name + ".query.consul", "SRV", "udp", 4096, option)
        both.dns("web-all.query.consul", "AAAA", "udp", 4096, option)
    for name in ["web-near", "web-near-far"]:
        both.dns_order(name + ".query.consul")


def ends(both):
    both.group = "queries deleted"
    for agent in both.agents:
        call(agent, "PUT", "/v1/session/destroy/" + agent.ids["session"])
    both.ask("GET", "/v1/query/{sess}")
    both.ask("GET", "/v1/query/sess/execute")
    for path in ["{web-all}", "{web-all}", NO_UUID, "x", ""]:
        both.ask("DELETE", "/v1/query/" + path)
    both.ask("GET", "/v1/query/{web-all}")
    both.ask("PUT", "/v1/query/{web-all}", query("web-all"))


def main():
    alike = Alike("http")
    with Pair("query") as pair:
        both = Both(pair, alike)
        prepare(both)
        writes(both)
        reads(both)
        end = time.monotonic() + 20  # coordinates go into the log in batches
        while time.monotonic() < end and not all(
                call(agent, "GET", "/v1/coordinate/node/nb")[0] == 200
                for agent in both.agents):
            time.sleep(0.2)
        executes(both)
        near(both)
        names(both)
        templates(both)
        ends(both)
    return alike.done()


if __name__ == "__main__":
    sys.exit(main())
