"""A seeded mixture of writes to the catalog, KV, sessions and transactions,
right ones and wrong ones, over Consul's HTTP API."""
import json
import random

UUIDS = ["%08x-1111-2222-3333-%012x" % (i, i * 7919) for i in range(4)]
NAMES = ["web", "api", "db", "Web"]
KEYS = ["a", "b", "dir/", "dir/x", "dir/y/z", "dir2/k", "lock/1", "lock/2"]
CHECKS = ["c1", "c2", "C1", "serfHealth", "mem"]
WRITES = ["set", "set", "set", "cas", "get", "delete", "delete-cas"]
KV_VERBS = ["set", "set", "get", "get-tree", "cas", "delete", "delete-tree",
            "delete-cas", "lock", "unlock", "check-index", "check-session",
            "check-not-exists", "zzz"]


class Mixture:
    """`ask(method, path, body)` gives (status, bytes). `agent` is the node of
    the server asked; `far` is an index that no row has."""

    def __init__(self, seed, ask, nodes, agent, far=10**9):
        self.rng = random.Random(seed)
        self.ask = ask
        self.nodes = nodes
        self.agent = agent
        self.far = far
        self.sessions = []
        self.writes = ([self.register] * 8 + [self.deregister] * 4 +
                       [self.key_write] * 8 + [self.key_delete] * 3 +
                       [self.session] * 4 + [self.transaction] * 6)

    def step(self):
        return self.pick(self.writes)()

    def pick(self, choices):
        return self.rng.choice(choices)

    def maybe(self, chance):
        return self.rng.random() < chance

    def index(self):
        return self.pick([0, self.far])

    def service(self):
        s = {"Service": self.pick(NAMES)}
        for chance, name, choices in (
                (.7, "ID", ["web1", "web2", "api1", "WEB1"]),
                (.5, "Tags", [[], ["a"], ["a", "b"], ["b", "a"]]),
                (.5, "Port", [80, 8080, 0]),
                (.3, "Address", ["10.0.0.1", "10.0.0.2", "0.0.0.0", ""]),
                (.3, "Meta", [{}, {"a": "b"}, {"a": "b", "c": "d"}, {"": "x"},
                              {"consul-x": "1"}, {"a b": "c"}]),
                (.2, "Weights", [{"Passing": 5, "Warning": 2},
                                 {"Passing": 0, "Warning": 0},
                                 {"Passing": 1, "Warning": 1}]),
                (.2, "EnableTagOverride", [True]),
                (.2, "TaggedAddresses", [
                    {}, {"lan": {"Address": "1.1.1.1", "Port": 9}},
                    {"lan": {"Address": "1.1.1.1", "Port": 9},
                     "wan": {"Address": "2.2.2.2", "Port": 8}}]),
                (.1, "Connect", [{"Native": True}])):
            if self.maybe(chance):
                s[name] = self.pick(choices)
        if self.maybe(.1):
            s["Kind"] = "connect-proxy"
            s["Proxy"] = {"DestinationServiceName": "web", "Config": {"x": 1}}
        return s

    def check(self):
        c = {"Name": self.pick(CHECKS),
             "Status": self.pick(["passing", "passing", "warning", "critical",
                                  ""])}
        for chance, name, choices in (
                (.5, "CheckID", [c["Name"]]),
                (.4, "ServiceID", ["web1", "web2", "api1", "web"]),
                (.3, "Output", ["ok", "bad"]),
                (.2, "Notes", ["note"]),
                (.1, "Node", self.nodes),
                (.2, "Definition", [
                    {"HTTP": "http://x", "Interval": "10s"},
                    {"TCP": "1.1.1.1:1", "Interval": "5s", "Timeout": "1s"},
                    {"HTTP": "http://x", "Header": {"a": ["b", "c"]}}])):
            if self.maybe(chance):
                c[name] = self.pick(choices)
        return c

    def register(self):
        r = {"Node": self.pick(self.nodes),
             "Address": self.pick(["10.1.1.1", "10.1.1.2"])}
        for chance, name, choices in (
                (.3, "ID", UUIDS),
                (.2, "NodeMeta", [{}, {"m": "1"}, {"m": "1", "n": "2"}]),
                (.2, "TaggedAddresses", [
                    {}, {"wan": "9.9.9.9"},
                    {"wan": "9.9.9.9", "lan": "8.8.8.8"}]),
                (.3, "SkipNodeUpdate", [True])):
            if self.maybe(chance):
                r[name] = self.pick(choices)
        if self.maybe(.6):
            r["Service"] = self.service()
        if self.maybe(.3):
            r["Check"] = self.check()
        if self.maybe(.3):
            r["Checks"] = [self.check() for _ in range(self.pick([1, 2, 3]))]
        return self.ask("PUT", "/v1/catalog/register", r)

    def deregister(self):
        r = {"Node": self.pick(self.nodes)}
        if self.maybe(.5):
            r["ServiceID"] = self.pick(["web1", "web2", "api1", "web", "api"])
        elif self.maybe(.8):
            r["CheckID"] = self.pick(CHECKS)
        return self.ask("PUT", "/v1/catalog/deregister", r)

    def key_write(self):
        key, body = self.pick(KEYS), self.pick([b"", b"v1", b"v2", b"v3"])
        how = self.pick(["set", "set", "set", "cas", "acquire", "acquire",
                         "release"])
        if how == "set":
            return self.ask("PUT", "/v1/kv/%s%s" % (
                key, self.pick(["", "?flags=7", "?flags=x"])), body)
        if how == "cas":
            return self.ask(
                "PUT", "/v1/kv/%s?cas=%d" % (key, self.index()), body)
        session = self.pick(self.sessions + [
            "bad", "zzzzzzzz-1111-2222-3333-444444444444", UUIDS[0]])
        return self.ask("PUT", "/v1/kv/%s?%s=%s" % (
            self.pick(["lock/1", "lock/2", "a"]), how, session), body)

    def key_delete(self):
        if self.maybe(.2):
            return self.ask("DELETE", "/v1/kv/%s?recurse" % self.pick(
                ["dir", "dir/", "nothing", "lock"]))
        if self.maybe(.3):
            return self.ask("DELETE", "/v1/kv/%s?cas=%d" % (
                self.pick(KEYS), self.index()))
        return self.ask("DELETE", "/v1/kv/" + self.pick(KEYS))

    def session(self):
        if self.sessions and self.maybe(.4):
            session = self.pick(self.sessions)
            if self.maybe(.7):
                self.sessions.remove(session)
            return self.ask("PUT", "/v1/session/destroy/" + session)
        body = {"Node": self.pick(self.nodes + [self.agent]),
                "LockDelay": "0s",
                "Behavior": self.pick(["", "release", "delete", "zz"])}
        if body["Node"] != self.agent:
            body["NodeChecks"] = self.pick([[], ["c1"], ["mem", "c1"]])
            body["Checks"] = []
        if self.maybe(.2):
            body["ServiceChecks"] = [{"ID": "c2"}]
        if self.maybe(.4):
            body["TTL"] = self.pick(["3600s", "5s", "x", "0s", "25h"])
        if self.maybe(.3):
            body["Name"] = "job"
        answer = self.ask("PUT", "/v1/session/create", body)
        if answer[0] == 200:
            self.sessions.append(json.loads(answer[1])["ID"])
        return answer

    def kv_operation(self):
        op = {"Verb": self.pick(KV_VERBS if self.maybe(.5) else
                                ["set", "delete", "get-tree"]),
              "Key": self.pick(KEYS)}
        if self.maybe(.7):
            op["Value"] = "dmFs"
        if self.maybe(.3):
            op["Index"] = self.index()
        if self.sessions and self.maybe(.4):
            op["Session"] = self.pick(self.sessions)
        return {"KV": op}

    def operation(self):
        kind = self.rng.randint(0, 9)
        if kind <= 5:
            return self.kv_operation()
        verb = self.pick(WRITES) if self.maybe(.4) else "set"
        row = {"ModifyIndex": self.index()}
        if kind <= 7:
            row.update({"Node": self.pick(self.nodes), "Address": "10.2.2.2",
                        "ID": self.pick(UUIDS) if self.maybe(.2) else "",
                        "Datacenter": "dc1"})
            return {"Node": {"Verb": verb, "Node": row}}
        if kind == 8:
            row.update({"ID": self.pick(["web1", "api1"]),
                        "Service": self.pick(NAMES),
                        "Port": self.pick([1, 2])})
            return {"Service": {"Verb": verb, "Node": self.pick(self.nodes),
                                "Service": row}}
        row.update({"Node": self.pick(self.nodes),
                    "CheckID": self.pick(CHECKS), "Name": "x",
                    "Status": self.pick(["passing", "critical"]),
                    "ServiceID": self.pick(["", "", "web1"])})
        return {"Check": {"Verb": verb, "Check": row}}

    def transaction(self):
        return self.ask("PUT", "/v1/txn", [
            self.operation() for _ in range(self.rng.randint(1, 5))])
