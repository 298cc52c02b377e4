#!/usr/bin/env python3
"""Filter expressions, to the real Consul and to ours.

Both agents get the same nodes, services and checks; then several hundred
expressions, right, odd and malformed, go to every endpoint that has a filter.
Compared are status, the headers that say something, and the body: also the
place and the expected set of what cannot be parsed. The web page's endpoints,
which show the same things, are compared here too.
"""

import http.client
import json
import os
import re
import sys
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
from alike import Alike             # noqa: E402  (beside this file)
from pair import PORT, Agent, Pair  # noqa: E402

CONFIG = {"log_level": "warn", "enable_script_checks": True,
          "ports": {"dns": -1}}

NODES = [
    {"Node": "a1", "ID": "11111111-2222-3333-4444-555555555555",
     "Address": "10.0.0.1", "TaggedAddresses":
     {"lan": "10.0.0.1", "wan": "1.1.1.1"},
     "NodeMeta": {"rack": "r1", "odd key": "v", "x.y": "z", "": "empty"},
     "Service": {"ID": "web1", "Service": "web", "Tags": ["v1", "prod"],
                 "Port": 80, "Address": "10.1.1.1",
                 "Meta": {"ver": "1", "env": "prod"},
                 "TaggedAddresses": {
                     "lan": {"Address": "10.1.1.1", "Port": 8080},
                     "wan": {"Address": "8.8.8.8", "Port": 443}},
                 "Weights": {"Passing": 10, "Warning": 2},
                 "EnableTagOverride": True},
     "Checks": [{"CheckID": "c1", "Name": "node check", "Status": "passing",
                 "Notes": "some notes", "Output": "fine"},
                {"CheckID": "c2", "Name": "web check", "ServiceID": "web1",
                 "Status": "warning", "Output": "hmm é",
                 "Definition": {"HTTP": "http://x", "Interval": "10s"}}]},
    {"Node": "a2", "Address": "10.0.0.2", "NodeMeta": {"rack": "r2"},
     "Service": {"ID": "web2", "Service": "web", "Tags": ["v2"], "Port": 81,
                 "Meta": {"external-source": "k8s"},
                 "Connect": {"Native": True}},
     "Check": {"CheckID": "c2", "Name": "web check", "ServiceID": "web2",
               "Status": "critical"}},
    {"Node": "a2", "Address": "10.0.0.2", "NodeMeta": {"rack": "r2"},
     "Service": {"ID": "web-proxy", "Kind": "connect-proxy",
                 "Service": "web-proxy", "Port": 8100,
                 "Proxy": {"DestinationServiceName": "web",
                           "DestinationServiceID": "web1",
                           "LocalServiceAddress": "127.0.0.1",
                           "LocalServicePort": 9090,
                           "MeshGateway": {"Mode": "local"}}}},
    {"Node": "a3", "Address": "10.0.0.3",
     "Service": {"ID": "web3", "Service": "web", "Port": 0}},
    {"Node": "bär", "Address": "10.0.0.4",
     "NodeMeta": {"e": "é日本", "n": "a\nb"}},
]
SERVICES = [
    {"ID": "loc1", "Name": "loc", "Tags": ["t1"], "Port": 9000,
     "Meta": {"m": "1"}, "Address": "10.9.9.9",
     "Check": {"TTL": "1h", "Notes": "nn"}},
    {"ID": "loc2", "Name": "loc", "Port": 9001,
     "Checks": [{"TTL": "1h", "Status": "passing"},
                {"TTL": "1h"}]},
]

# What cannot be parsed, or just so.
MALFORMED = [
    "Foo", "Foo ==", "Node ==", "Node == ", "Node = n1", "Node == n1 or",
    "Node == n1 or ", "Node == n1 and", "Node == n1 and ", "not", "not Node",
    "(Node == n1", "(Node == n1 ", "Node == n1)", 'Node == "n1',
    "Node == `n1", "Node == -1", "Node == 1.", "Node == 01", "Node == 1.5",
    "Node == 1x", "Node == n-1", "Node == n1-x", "n1 in", "n1 in ", "n1 not",
    "n1 not in", "n1 not in ", "Node is", "Node is ", "Node is not",
    "Node is not ", "Node is emptyx", "Meta[", 'Meta["a', 'Meta["a"',
    'Meta["a"]', "Meta[a] == 1", 'Meta["a" == 1', "Meta. == 1", "Meta.1 == 1",
    'Meta[ "rack" ] == r1', 'Meta["rack" ]== r1', 'Meta[`rack`] == r1',
    'Meta[""] == empty', 'Meta["ra\\x63k"] == r1', 'Meta["\\q"] == r1',
    'Node == "\\q"', 'Node == "a\nb"', 'Node == "a\\"b"', 'Node == "a" b',
    "Node == `a\nb`", "Node == `a\r1`", 'Node == "\\x61\\61"',
    'Node == "\\141\\061"', 'Node == "\\u0061\\U00000031"', 'Node == "\\u00"',
    'Node == "\\ud800"', 'Node == "\\U00110000"', 'Node == "\\400"',
    "Node == n1 & Node == n1", "Node == n1 or or", "Node == n1 xor Node == n1",
    " Node == n1 ", "\tNode\n==\rn1", "()", "(", ")", ",", "Node==n1",
    "Node==n1and Node==n1", "Node == n1 and(Node == n1)", "not(Node == n1)",
    "not not Node == n1", "not  (  Node == n1  )", "NOT Node == n1", '"x"',
    '"x" in', '"" in Node', "5 in Node", "5 not in Node", "-5.5 in Node",
    "-x in Node", "Node contains", "Node contains n", "Node not contains n",
    "Node not contains", "Node matches", "Node not matches", "Node matches n",
    "Node not matches n", "Node is not empty and", "Node == é", "é == n1",
    'Node == "é" é', "\t", "\udcff", "Node == \udcff", 'Node == "\udcff"',
    "Node\udcff", "((Node == n1)", "((Node == n1))", "(Node == n1))",
    "(Node == n1) or", "(Node == n1) or (", "( Node == n1 or Node == n2 ",
    "(Node == n1) or (Node == a1)", "(((((Node == n1)))))",
    "Node == n1 or Node == a1 and Node == a2", "Node == n1 or Node",
    "Node == n1\nor\nNode == n2 x", "Node == n1 or Node == ",
    "or == 1", "not == 1", "in in in", "contains contains contains",
    "not in Node", "is is empty", "Node == true", "Node == not",
    "Node == n1 not", "Node_ == 1", "_Node == 1", "Node == _x", "1 == Node",
    "Node == Node", "Node != n1", "Node!=n1", "Node !=n1", "Node ! = n1",
    "Node == " + "x" * 600, " or ".join(["Node == n%d" % i
                                         for i in range(60)]),
]
SELECTORS = [
    "Foo == 1", "Node.a == 1", "Meta == 1", "Meta is empty",
    "Meta is not empty", "Meta.x is empty", "Meta in x", "rack in Meta",
    "rack not in Meta", "Meta contains rack", "Meta.rack == r1",
    "Meta.rack != r1", "Meta.none == r1", 'Meta.none != ""',
    "Meta.none matches x", "Meta.none not matches x", "x in Meta.none",
    "x not in Meta.none", 'Meta["odd key"] == v', 'Meta["x.y"] == z',
    "Meta.x.y == z", "Meta.a.b.c == 1", "Meta matches x", "node == n1",
    "CreateIndex == 1", "RaftIndex == 1", "TaggedAddresses.lan == `10.0.0.1`",
    "TaggedAddresses.lan_ipv4 != `10.0.0.1`", "lan in TaggedAddresses",
    "Datacenter == dc1", "Address matches `^10[.]`", 'ID == ""', "ID is empty",
    "Address not in Meta", 'Node == "bär"', 'Node == "b\\u00e4r"',
    'Node == "b\\xc3\\xa4r"', "Meta.n matches `a.b`", "Meta.n == `a\nb`",
    "Meta.e contains `日`",
]
PATTERNS = [
    "^a", "1$", "^a1$", "a|n", "", ".", "^.{2}$", "a{1,2}", "a{2,1}",
    "a{1001}", "a{1000}", "[", "]", "[]", "[]a]", "[^a]1", "[a-c]1", "[c-a]",
    "(", ")", "(a", "a)", "a**", "a*?", "a+*", "*a", "+", "?", "(?i)A1",
    "(?i:A)1", "(?-i)a", "(?x)a", "(?P<n>a)1", "(?P<n", "(?P<n>a)(?P<n>b)",
    "(?<n>a)", "(?P<1-2>a)", "(?=a)", "(?", "\\d", "\\D", "\\w\\d", "\\s",
    "\\bn1\\b", "\\Bn", "\\A.1\\z", "\\Z", "\\q", "\\", "\\1", "\\8", "\\07",
    "\\x61", "\\x{61}", "\\x{110000}", "\\xzz", "\\Qa.\\E1", "\\Q.", "[[:alpha:]]1",
    "[[:foo:]]", "[[:^alpha:]]", "[\\d]", "[\\D]", "[a-\\d]", "\\pL1", "\\p{L}1",
    "\\p{Lu}", "\\PL", "\\p{^L}", "\\p{Greek}", "\\p{Foo}", "\\p", "[\\pL]",
    "b.r", "^b.r$", "b[ä]r", "b[^a]r", "B\\pLR", "(?i)BÄR", "b\\x{e4}r",
    "b\\x{E4}r", "[à-ï]", "b\\Cr", "(?s).", "(?m)^n1$", "(?U)a+", "(?i", "a||b",
    "(|a)*", "(a|b)+1", "a{,2}", "a{0}", "x{0}a", "^^n$$", "n{1}{1}", "a{a}",
    "(?:)", "(((((((((a)))))))))", "\\a", "\\cA", "\\e", "[a", "[a-", "[[:alpha:]",
    "(?i)[k]", "é", "ä{1}", "[ä", "a\\", "((a{100}){100}){100}", "(a{500}){2}",
    "(?isU-m)A1",
]
SERVICE_FILTERS = [
    "Service.Port == 80", "Service.Port != 80", 'Service.Port == "0b1010000"',
    'Service.Port == "0120"', 'Service.Port == "8_0"',
    'Service.Port == "0x_50"', "Service.Port == 80.0", 'Service.Port == ""',
    "Service.Port == x", "Service.Port == 0x50",
    'Service.Port == "99999999999999999999"',
    'Service.Port == "9223372036854775808"',
    'Service.Port == "-9223372036854775808"',
    'Service.Port == "-9223372036854775809"', 'Service.Port == "+80"',
    'Service.Port == " 80"', 'Service.Port == "_80"', 'Service.Port == "80_"',
    'Service.Port == "8__0"', 'Service.Port == "0_x50"',
    'Service.Port == "08"', 'Service.Port == "0o120"', 'Service.Port == "0"',
    'Service.Port == "0x"', 'Service.Port == "-"', 'Service.Port == "é\\n"',
    "Service.EnableTagOverride == true", "Service.EnableTagOverride == T",
    "Service.EnableTagOverride == tRue", "Service.EnableTagOverride != 1",
    "Service.EnableTagOverride == 0", 'Service.EnableTagOverride == ""',
    "Service.EnableTagOverride == 2", "true in Service.EnableTagOverride",
    "Checks.Status == passing", "Checks.Status != passing", "Checks is empty",
    "Checks is not empty", "Checks.ServiceTags is empty", "c in Checks",
    "prod in Checks.ServiceTags", "prod in Service.Tags",
    "prod not in Service.Tags", "Service.Tags is empty",
    "Service.Tags contains v", "Service.Tags == v1", "Service.Tags matches v",
    "Service.Tags.x == 1", "Checks.Output matches `.m`",
    "Checks.Output contains `é`", "Checks.Name == `web check`",
    "Checks.Notes == ``", "Checks.Type == http", "Checks.Definition == 1",
    "Checks.Definition.HTTP == x", "Service.Proxy.Upstreams is empty",
    "Service.Proxy.Upstreams.LocalBindPort == 7000",
    "Service.Proxy.Config is empty", "Service.Proxy.MeshGateway.Mode == local",
    "Service.Proxy.DestinationServiceName == web", "Service.Kind == ``",
    "Service.Connect.Native == true", "Service.Connect == 1",
    "Service.Proxy.Expose.Paths is empty", "Service.Proxy.Expose.Checks == 0",
    "Service.TaggedAddresses.lan.Port == 8080",
    "Service.TaggedAddresses.none.Port == 8080",
    "Service.TaggedAddresses.none.Port != 8080",
    "Service.TaggedAddresses.none.Address matches x",
    "Service.TaggedAddresses.lan == 1",
    "Service.TaggedAddresses is not empty", "lan in Service.TaggedAddresses",
    "Service.Weights.Passing == 10", "Service.Weights == 1",
    "Service.Meta.ver == 1", "Service matches x", "Node == x",
    "Node.Node == x or Foo", 'Foo.Bar["a b"] == 1', "Service.Port in Node",
    "Service.Port == Node.Node", "Node.Meta.a.b.c == 1",
    'Service["Port"] == 80', "Service.LocallyRegisteredAsSidecar == true",
    'Node.Node == "a1" and (Service.Port == 80 or Service.Port == 81) and '
    "not Service.Tags contains v2",
    "Foo == 1 or Service.Port == x", "Service.Port == x or Foo == 1",
]

READS = {
    "/v1/catalog/nodes": MALFORMED + SELECTORS +
    ["Node matches %s" % json.dumps(p, ensure_ascii=False)
     for p in PATTERNS] +
    ["Meta.e matches `%s`" % p for p in
     ("^.日", "^\\pL", "^..本$", "[一-龥]", "^\\W", "\\b")],
    "/v1/health/service/web": SERVICE_FILTERS + MALFORMED[:20],
    "/v1/catalog/service/web": [
        "ServicePort == 80", "ServicePort == x", "ServiceTags contains v1",
        "ServiceMeta.ver == 1", "ServiceMeta is empty", "NodeMeta.rack == r1",
        "ServiceConnect.Native == true", "ServiceProxy.Upstreams is empty",
        "ServiceWeights.Passing != 1", "ServiceEnableTagOverride == true",
        "ServiceTaggedAddresses.lan.Port == 8080", "ServiceName == web",
        "ServiceTaggedAddresses is empty", "ServiceKind == ``", "Node == a1",
        "ServiceProxy.DestinationServiceName == x", "Service == web",
        "ServiceID matches `2$`", "ServiceAddress == ``", "Address == x",
        "ServiceTags", "Meta == 1"],
    "/v1/catalog/node/a1": ["Port == 80", "Port == 81", "Service == web",
                            "Tags is empty", "Foo == 1", "Foo"],
    "/v1/catalog/node/nope": ["Port == 80", "Foo"],
    "/v1/catalog/node/b%C3%A4r": ["Port == 80"],
    "/v1/catalog/node-services/a2": ["Port == 81", "Kind == `connect-proxy`",
                                     "Foo == 1"],
    "/v1/catalog/node-services/a1": ["Port == 80", "Port == 1"],
    "/v1/catalog/node-services/nope": ["Port == 80", "Foo"],
    "/v1/catalog/node-services/b%C3%A4r": ["Port == 80"],
    "/v1/health/node/a1": ["Status == passing", "ServiceID == ``",
                           "ServiceTags is empty", "Definition.HTTP == x",
                           "Output matches `é$`", "Foo == 1", "Foo"],
    "/v1/health/checks/web": ["Status != passing", "Node == a1", "Foo"],
    "/v1/health/state/any": ["Type == http", "CheckID == serfHealth",
                             "ServiceName contains w", "Foo"],
    "/v1/health/state/critical": ["ServiceName == web", "Foo == 1"],
    "/v1/agent/services": ["Service == loc", "Tags is empty", "Port == 9000",
                           "Meta.m == 1", "Foo == 1", "Foo", "ID == loc1",
                           "TaggedAddresses.lan_ipv4.Port == 9000",
                           "Weights.Passing == 1", "Port == x"],
    "/v1/agent/checks": ["Status == passing", "ServiceTags contains t1",
                         "Foo == 1", "Foo", "Name matches `(`", "Type == ttl",
                         "Definition.TTL == 1", "Notes == nn"],
    "/v1/internal/ui/nodes": ["", "Services is empty", "Checks is not empty",
                              "Services.Port == 80", "Meta.rack == r1",
                              "Checks.Status == critical", "Foo", "Foo == 1",
                              "Datacenter == dc1"],
    "/v1/internal/ui/services": ["", "Service.Port == 80",
                                 "Node.Node == a2", "Foo",
                                 "Checks.Status == passing"],
    "/v1/internal/ui/node/a1": ["", "Foo"],
    "/v1/internal/ui/node/a2": [""],
    "/v1/internal/ui/node/nope": [""],
    "/v1/internal/ui/node/": [""],
    "/v1/kv/x": ["Foo"],
    "/v1/session/list": ["Foo"],
    "/v1/coordinate/nodes": ["Foo"],
}
PLAIN = ["/v1/internal/ui/nodes?dc=zz", "/v1/internal/ui/nodes?index=x",
         "/v1/internal/ui/nodes?stale&consistent", "/v1/internal/ui/nodes?ns=x",
         "/v1/internal/ui/nodes?index=1", "/v1/internal/ui/services?dc=zz",
         "/v1/internal/ui/services?index=1&wait=10ms",
         "/v1/internal/ui/node/a1?dc=zz", "/v1/internal/ui/node/A1?pretty",
         "/v1/internal/ui/node/1111", "/v1/internal/ui/nodes/",
         "/v1/internal/ui/node", "/v1/internal/ui/services?pretty&filter="
         "Service.Port==80", "/v1/catalog/nodes?filter=Node==a1&filter=Foo",
         "/v1/catalog/nodes?filter", "/v1/catalog/nodes?filter=Node==a1&stale",
         "/v1/catalog/nodes?filter=Node==a1&node-meta=rack:r2",
         "/v1/health/service/web?passing&filter=Service.Port==0",
         "/v1/health/service/web?filter=Foo&passing=x",
         "/v1/health/service/?filter=Foo", "/v1/health/node/?filter=Foo"]


class Filled(Agent):
    """With nodes, services and checks; one connection for all questions."""

    connection = None

    def config(self):
        return CONFIG

    def ask(self, method, target, body=None):
        for patience in (20, 20, 0):
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection(
                        self.address, PORT, timeout=20)
                self.connection.request(method, target, body=body)
                answer = self.connection.getresponse()
                return (answer.status,
                        {name: value for name, value in
                         answer.headers.items() if name.startswith("X-")},
                        answer.read().decode("utf-8", "backslashreplace"))
            except (OSError, http.client.HTTPException):
                self.connection = None
                if patience == 0:
                    raise

    def fill(self):
        for node in NODES:
            self.ask("PUT", "/v1/catalog/register", json.dumps(node))
        for service in SERVICES:
            self.ask("PUT", "/v1/agent/service/register", json.dumps(service))
        self.ask("PUT", "/v1/agent/check/register",
                 json.dumps({"Name": "nodettl", "TTL": "1h"}))
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if "nodettl" in self.ask("GET", "/v1/health/state/any")[2]:
                return
            time.sleep(0.1)


def plain(agent, answer):
    status, headers, body = answer
    headers = {name: value for name, value in headers.items()
               if name not in ("X-Consul-Index", "X-Consul-Lastcontact")
               or status != 200}
    body = body.replace(agent.address, "ADDRESS")
    body = re.sub(r'"(Create|Modify)Index":\s*\d+', r'"\1Index":N', body)
    body = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", body)
    return status, headers, body


def targets():
    for path, expressions in READS.items():
        for expression in expressions:
            text = expression.encode("utf-8", "surrogateescape")
            yield (path, "%s?filter=%s" % (path, urllib.parse.quote(text)),
                   "filter %s %s" % (path, expression[:100]))
    for target in PLAIN:
        yield "other questions", target, "filter GET " + target


def compare(alike, real, ours):
    for group, target, name in targets():
        answers = [plain(agent, agent.ask("GET", target))
                   for agent in (real, ours)]
        alike.same(name, answers[0], answers[1], group)


def main():
    alike = Alike("http")
    with Pair("filter", agent=Filled) as pair:
        for agent in pair:
            agent.fill()
        compare(alike, *pair)
    return alike.done()


if __name__ == "__main__":
    sys.exit(main())
