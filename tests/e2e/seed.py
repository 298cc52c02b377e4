#!/usr/bin/python3
"""The article's Python program, corrected where it has to be, as a check.

    seed.py ADDRESS PORT WEB_PORT STEP

Uses Debian's python3-consul as the article uses PyPI's. Steps: register, find,
config, watch, deregister. Exits 1 with a reason when one does not hold.
"""
import json
import sys
import threading
import time

import requests
import yaml
from consul import Check, Consul


class ConsulClient:
    def __init__(self, host, port):
        self.base = f"http://{host}:{port}/v1"
        self.consul = Consul(host=host, port=port)

    def register(self, name, service_id, address, port, health_path, tags=None):
        check = Check.http(f"http://{address}:{port}{health_path}", "1s")
        return self.consul.agent.service.register(
            name, service_id=service_id, address=address, port=port, check=check, tags=tags)

    def deregister(self, service_id):
        """The article's pit: python-consul of that age sends GET, which is 405."""
        refused = requests.get(f"{self.base}/agent/service/deregister/{service_id}")
        assert refused.status_code == 405, refused.status_code
        assert refused.headers["Allow"] == "OPTIONS,PUT", refused.headers
        for kind in ("service", "check"):
            answer = requests.put(f"{self.base}/agent/{kind}/deregister/{service_id}")
            assert answer.status_code == 200, (kind, answer.status_code, answer.text)

    def find(self, name):
        rows = requests.get(f"{self.base}/catalog/service/{name}")
        assert rows.status_code == 200
        found = []
        for dc in {row["Datacenter"] for row in rows.json()}:
            answer = requests.get(f"{self.base}/health/service/{name}?dc={dc}&token=")
            assert answer.status_code == 200
            for row in json.loads(answer.text):
                assert row["Checks"][0]["CheckID"] == "serfHealth"
                if row["Checks"][1]["Status"] == "passing":
                    found.append((row["Service"]["Address"], row["Service"]["Port"]))
        return found


def until(what, condition, seconds=15):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"not in {seconds} s: {what}")
        time.sleep(0.05)


def watch(client):
    """A blocking `index=` loop notices a change of the configuration at once."""
    index, data = client.consul.kv.get("SMARTOPS_API_URL")
    assert data["Value"]
    seen = []

    def loop():
        new_index, new_data = client.consul.kv.get("SMARTOPS_API_URL", index=index, wait="20s")
        seen.append((new_index, new_data["Value"], time.monotonic()))

    waiting = threading.Thread(target=loop)
    waiting.start()
    time.sleep(0.5)
    assert not seen, "returned before anything changed"
    begun = time.monotonic()
    client.consul.kv.put("SMARTOPS_API_URL", "url: http://new.example/\n")
    waiting.join(10)
    assert seen and int(seen[0][0]) > int(index), seen
    assert yaml.safe_load(seen[0][1].decode())["url"] == "http://new.example/"
    assert seen[0][2] - begun < 2, "noticed late"


def main():
    host, port, web_port, step = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    client = ConsulClient(host, port)
    service_id = f"myapp-{web_port}"
    if step == "register":
        assert client.register("myapp", service_id, host, web_port, "/", tags=["primary"])
        service = client.consul.agent.services()[service_id]
        assert service["Service"] == "myapp" and service["Port"] == web_port, service
        assert service["Tags"] == ["primary"], service
    elif step == "find":
        until("a passing instance", lambda: client.find("myapp") == [(host, web_port)])
    elif step == "lost":
        until("no passing instance", lambda: client.find("myapp") == [])
    elif step == "config":
        client.consul.kv.put("SMARTOPS_API_URL", "url: http://old.example/\n")
        _, data = client.consul.kv.get("SMARTOPS_API_URL", index=None)
        value = yaml.safe_load(data.get("Value").decode(encoding="utf-8"))
        assert value == {"url": "http://old.example/"}, value
    elif step == "watch":
        watch(client)
    elif step == "deregister":
        client.deregister(service_id)
        assert service_id not in client.consul.agent.services()
        assert requests.get(f"{client.base}/catalog/service/myapp").json() == []
    else:
        sys.exit(f"unknown step {step}")


if __name__ == "__main__":
    main()
