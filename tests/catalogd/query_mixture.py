"""A seeded mixture of prepared queries, created, changed and deleted, right and
wrong, over Consul's HTTP API. The queries are those of tests/compat/query.py."""
import json
import os
import random
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "compat"))
import query  # noqa: E402


class QueryMixture:
    """`ask(method, path, body)` gives (status, bytes)."""

    def __init__(self, seed, ask):
        self.rng = random.Random(seed)
        self.ask = ask
        self.ids = []
        self.sessions = []
        self.bodies = (query.GOOD * 4 + query.BAD_TEMPLATES +
                       [body for body, _ in query.TEMPLATES] * 2 +
                       [body for body in query.BAD if isinstance(body, dict)])
        self.writes = ([self.create] * 8 + [self.update] * 6 +
                       [self.delete] * 3 + [self.session] * 2 +
                       [self.session_end])

    def step(self):
        return self.rng.choice(self.writes)()

    def body(self):
        text = json.dumps(self.rng.choice(self.bodies))
        text = text.replace("{session}", self.some(self.sessions))
        return json.loads(re.sub(r"\{web-all\}", self.some(self.ids), text))

    def some(self, ids):
        return self.rng.choice(ids) if ids else query.NO_UUID

    def create(self):
        status, text = self.ask("POST", "/v1/query", self.body())
        if status == 200:
            self.ids.append(json.loads(text)["ID"])

    def update(self):
        uuid = self.some(self.ids)
        if self.rng.random() < .1:
            uuid = uuid.upper()
        self.ask("PUT", "/v1/query/" + uuid, self.body())

    def delete(self):
        self.ask("DELETE", "/v1/query/" + self.some(self.ids))

    def session(self):
        _, text = self.ask("PUT", "/v1/session/create", {"TTL": "24h"})
        self.sessions.append(json.loads(text)["ID"])

    def session_end(self):
        self.ask("PUT", "/v1/session/destroy/" + self.some(self.sessions))
