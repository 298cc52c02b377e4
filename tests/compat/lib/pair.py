"""A real Consul and one of ours, started alike, each on an address of its own.

    with Pair("clients", ["-ui"]) as pair:
        for agent in pair:              # the real one, then ours
            agent.name, agent.address
"""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from alike import BUILD, real_or_skip

PORT = 8500


class Agent:
    """A server alone, ready when it leads and its own checks are there."""

    def __init__(self, name, program, address, folder, flags):
        self.name = name
        self.address = address
        self.log_path = os.path.join(folder, name + ".log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [program, "agent", "-server", "-bootstrap-expect=1",
                 "-node=n1", "-data-dir=" + os.path.join(folder, name),
                 "-bind=" + address, "-client=" + address] + flags,
                stdout=log, stderr=log, start_new_session=True)

    def get(self, path):
        """The status and the text of an answer."""
        try:
            with urllib.request.urlopen("http://%s:%d%s" % (
                    self.address, PORT, path), timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def json(self, path):
        return json.loads(self.get(path)[1])

    def wait(self):
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            try:
                text = self.get("/v1/health/service/consul")[1]
                if '"serfHealth"' in text and '"lan_ipv4"' in text:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            for line in log.readlines()[-20:]:
                print("# " + line.rstrip())
        raise SystemExit("Bail out! %s does not lead" % self.name)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Pair:
    """Both; where there is no real Consul the test ends as skipped."""

    def __init__(self, name, flags=()):
        real = real_or_skip()
        span = os.getpid() % 200 + 20
        self.folder = tempfile.mkdtemp(prefix="compat-%s." % name)
        os.chmod(self.folder, 0o755)  # our daemons do not stay root
        self.agents = [
            Agent("real", real, "127.%d.3.2" % span, self.folder,
                  list(flags)),
            Agent("ours", os.path.join(BUILD, "proconsul"),
                  "127.%d.3.1" % span, self.folder, list(flags))]

    def __iter__(self):
        return iter(self.agents)

    def __enter__(self):
        try:
            for agent in self.agents:
                agent.wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for agent in self.agents:
            agent.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
COUNTED = {"CreateIndex", "ModifyIndex", "LTime", "LastContact"}


def plain(value, agent):
    """Without ids, indexes and addresses, which are each agent's own."""
    if isinstance(value, dict):
        return {plain(key, agent): "<index>" if key in COUNTED and item
                else plain(item, agent) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, agent) for item in value]
    if isinstance(value, str):
        return UUID.sub("<uuid>", value.replace(agent.address, "<address>"))
    return value
