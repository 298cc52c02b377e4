"""What a user does with python3-consul or python3-consul2: each step's name
and result, as a line of JSON. Arguments: the agent's address.
"""

import json
import sys

import consul

HOST = sys.argv[1]
client = consul.Consul(host=HOST)


def data_of(value):
    """Bytes as text; the index that comes with lists is the agent's own."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, dict):
        return {str(key): data_of(item) for key, item in value.items()}
    if isinstance(value, tuple) and len(value) == 2 and (
            isinstance(value[0], str) and value[0].isdigit()):
        return ["<index>", data_of(value[1])]
    if isinstance(value, (list, tuple)):
        return [data_of(item) for item in value]
    return value


def step(name, function, *args, **kwargs):
    """Do it, tell it; what the library raises is a result too."""
    result = None
    try:
        result = function(*args, **kwargs)
        told = data_of(result)
    except Exception as error:
        told = "%s: %s" % (type(error).__name__, error)
    print(json.dumps([name, told], sort_keys=True))
    return result


def kv():
    kv = client.kv
    step("kv.get none", kv.get, "app/none")
    step("kv.put", kv.put, "app/a", "one")
    step("kv.put flags", kv.put, "app/b", b"\x00\xff", flags=42)
    step("kv.put unicode", kv.put, "app/\u00e4 b", "\u20ac")
    step("kv.get", kv.get, "app/a")
    step("kv.get recurse", kv.get, "app/", recurse=True)
    step("kv.get keys", kv.get, "app/", keys=True)
    step("kv.get separator", kv.get, "", keys=True, separator="/")
    for consistency in ("default", "consistent", "stale"):
        step("kv.get " + consistency, kv.get, "app/a",
             consistency=consistency)
    step("kv.put cas 0", kv.put, "app/a", "two", cas=0)
    index, row = kv.get("app/a")
    step("kv.put cas", kv.put, "app/a", "two", cas=row["ModifyIndex"])
    step("kv.put cas old", kv.put, "app/a", "three", cas=row["ModifyIndex"])
    step("kv.get blocks", kv.get, "app/a", index=index, wait="10s")
    step("kv.get waits", kv.get, "app/none",
         index=kv.get("app/none")[0], wait="100ms")
    step("kv.delete cas", kv.delete, "app/b", cas=1)
    step("kv.delete", kv.delete, "app/b")
    step("kv.delete recurse", kv.delete, "app/", recurse=True)
    step("kv.get empty", kv.get, "app/", recurse=True)
    step("kv.put /", kv.put, "/app/a", "x")
    step("kv.get dc", kv.get, "app/a", dc="nowhere")


def agent():
    agent = client.agent
    service = agent.service
    step("agent.self", lambda: sorted(agent.self()))
    step("agent.members", lambda: [m["Name"] for m in agent.members()])
    step("service.register", service.register, "web", service_id="web1",
         address="127.0.0.9", port=80, tags=["a", "b"],
         check=consul.Check.ttl("30s"))
    step("service.register tcp", service.register, "db", port=5432,
         check=consul.Check.tcp("127.0.0.9", 1, "1h"))
    step("agent.services", lambda: agent.services()["web1"])
    step("check.register", agent.check.register, "alone",
         check=consul.Check.ttl("1m"), notes="of the node")
    step("check.ttl_pass", agent.check.ttl_pass, "service:web1", "fine")
    step("check.ttl_warn", agent.check.ttl_warn, "alone", "so so")
    step("check.ttl_fail", agent.check.ttl_fail, "nothing")
    step("agent.checks", agent.checks)
    step("service.maintenance", service.maintenance, "web1", "true", "work")
    step("agent.checks with maintenance", lambda: sorted(agent.checks()))
    step("service.maintenance off", service.maintenance, "web1", "false")
    step("agent.maintenance", agent.maintenance, "true", "work")
    step("agent.maintenance off", agent.maintenance, "false")
    step("service.register none", service.register, "")
    step("check.deregister", agent.check.deregister, "alone")
    step("agent.force_leave", agent.force_leave, "nobody")
    step("agent.join", agent.join, "127.0.0.1:1")


def catalog():
    catalog, health = client.catalog, client.health
    step("catalog.register", catalog.register, "ext", "10.0.0.1",
         service={"Service": "web", "ID": "web2", "Port": 81, "Tags": ["c"]},
         check={"Name": "up", "Status": "passing", "ServiceID": "web2"})
    step("catalog.register bad", catalog.register, "", "10.0.0.1")
    step("catalog.datacenters", catalog.datacenters)
    step("catalog.nodes", catalog.nodes)
    step("catalog.nodes near", catalog.nodes, near="_agent")
    step("catalog.services", lambda: sorted(catalog.services()[1]))
    step("catalog.node", catalog.node, "ext")
    step("catalog.node none", catalog.node, "nobody")
    step("catalog.service", catalog.service, "web")
    step("catalog.service tag", catalog.service, "web", tag="c")
    step("catalog.service none", catalog.service, "none")
    step("health.service", health.service, "web")
    step("health.service passing", health.service, "web", passing=True)
    step("health.checks", health.checks, "web")
    for state in ("any", "passing", "warning", "critical"):
        step("health.state " + state, lambda: sorted(
            [row["Node"], row["CheckID"]] for row in health.state(state)[1]))
    step("health.node", health.node, "ext")
    index = health.service("web")[0]
    step("health.service waits", lambda: len(
        health.service("web", index=index, wait="100ms")[1]))
    step("catalog.deregister", catalog.deregister, "ext", service_id="web2")
    step("catalog.deregister node", catalog.deregister, "ext")


def sessions():
    session, kv = client.session, client.kv
    one = step("session.create", session.create, "s", ttl=60, lock_delay=0,
               behavior="delete")
    step("session.info", session.info, one)
    step("session.list", session.list)
    step("session.node", session.node, "n1")
    step("session.renew", session.renew, one)
    step("kv.put acquire", kv.put, "lock", "me", acquire=one)
    two = step("session.create two", session.create, lock_delay=0)
    step("kv.put acquire again", kv.put, "lock", "you", acquire=two)
    step("kv.get lock", kv.get, "lock")
    step("kv.put release", kv.put, "lock", "me", release=one)
    step("session.destroy", session.destroy, one)
    step("session.destroy two", session.destroy, two)
    step("session.renew gone", session.renew, one)
    step("session.info bad", session.info, "bad")
    step("session.create bad", session.create, "s", checks=["nope"])


def rest():
    step("event.fire", client.event.fire, "deploy", "v2")
    step("event.list", lambda: [
        [event["Name"], event["Payload"]]
        for event in client.event.list("deploy")[1]] or "none yet")
    step("status.leader", client.status.leader)
    step("status.peers", client.status.peers)
    step("coordinate.datacenters", client.coordinate.datacenters)
    step("operator.raft_config", lambda: [
        [row["Node"], row["Leader"], row["Voter"]]
        for row in client.operator.raft_config()["Servers"]])
    step("acl.list", client.acl.list)


def queries():
    query = client.query
    made = step("query.create", query.create, "consul", "q", onlypassing=True,
                nearestn=1, ttl="10s")
    step("query.list", query.list)
    step("query.get", lambda: query.get(made["ID"]))
    step("query.execute", lambda: [
        row["Node"]["Node"] for row in query.execute("q")["Nodes"]])
    step("query.explain", lambda: query.explain("q")["Query"]["Name"])
    step("query.update", lambda: query.update(made["ID"], name="r",
                                              service="consul"))
    step("query.delete", lambda: query.delete(made["ID"]))
    step("query.execute none", query.execute, "q")


for part in (kv, queries, agent, catalog, sessions, rest):
    part()
