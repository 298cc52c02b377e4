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
SPAN = os.getpid() % 200 + 20  # so that files may run at the same time


class Agent:
    """A server alone, ready when it leads and its own checks are there.

    A file's own kind of agent is made of this one: it says what its
    configuration is, and how it is asked."""

    def __init__(self, name, program, address, folder, flags):
        self.name = name
        self.program = program
        self.address = address
        self.folder = os.path.join(folder, name)
        os.mkdir(self.folder)
        os.chmod(self.folder, 0o755)  # our daemons do not stay root
        self.log_path = os.path.join(folder, name + ".log")
        words = [program, "agent", "-node=n1", "-bind=" + address,
                 "-client=" + address] + flags
        if "-dev" not in flags:
            words += ["-server", "-bootstrap-expect=1",
                      "-data-dir=" + os.path.join(self.folder, "data")]
        config = self.config()
        if config is not None:
            self.config_path = os.path.join(self.folder, "config.json")
            self.configure(config)
            words.append("-config-file=" + self.config_path)
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                words, stdout=log, stderr=log, cwd=self.folder,
                start_new_session=True)

    def config(self):
        """What its file says; None: it has none."""
        return None

    def configure(self, config):
        with open(self.config_path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        os.chmod(self.config_path, 0o644)

    def call(self, method, path, body=None):
        """The status and the text of an answer; a body is JSON, or a text."""
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        request = urllib.request.Request("http://%s:%d%s" % (
            self.address, PORT, path), body, {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def get(self, path):
        return self.call("GET", path)

    def json(self, path):
        return json.loads(self.get(path)[1])

    def is_ready(self):
        text = self.get("/v1/health/service/consul")[1]
        return '"serfHealth"' in text and '"lan_ipv4"' in text

    def wait(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.is_ready():
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

    def __init__(self, name, flags=(), agent=Agent):
        real = real_or_skip()
        self.folder = tempfile.mkdtemp(prefix="compat-%s." % name)
        os.chmod(self.folder, 0o755)  # our daemons do not stay root
        self.network = "127.%d.3." % SPAN
        self.agents = [
            agent("real", real, self.network + "2", self.folder,
                  list(flags)),
            agent("ours", os.path.join(os.path.abspath(BUILD), "proconsul"),
                  self.network + "1", self.folder, list(flags))]

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
