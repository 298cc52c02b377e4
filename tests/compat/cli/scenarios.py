"""Command lines at an agent, in order: what one leaves is what the next finds.
Each scenario gets a world (cli.py) and cleans up behind itself."""

import re
import shlex

KEY = "cg8StVXbQJ0gPvMd9o7yrg=="
NEW_KEY = "nNkVcCNBnWQhzNW7lZ9aHrlqtRrsXmUoLDrHSWTXAhM="


def many(world, text):
    """A command line each line."""
    for line in text.strip().split("\n"):
        world.same(*shlex.split(line))


def sorted_lines(text):
    """For what Go prints in any order."""
    return "\n".join(sorted(text.split("\n")))


def kv(world):
    many(world, """
kv put a/b c
kv put a/empty
kv put a/file @file
kv put a/none @nofile
kv put /lead x
kv put '' x
kv put -cas a/b x
kv put -modify-index=3 a/b x
kv put -cas -modify-index=0 a/b x
kv put -cas -modify-index=0 a/new x
kv put -cas -modify-index=1 a/b x
kv put -acquire -session=zz a/l x
kv put -base64 a/b64 aGVsbG8=
kv put -base64 a/bad !!
kv get a/bad
kv put -base64 a/bad aGVs!!
kv get a/bad
kv put -base64 a/bad aGVsbG
kv put -base64 a/bad aGVsbG8=x
kv put -base64 a/bad aGVsbG8===
kv put -base64 a/bad aGVsbA==
kv get a/bad
kv put -flags=42 'a/sp ace+ü?&#%;' v
kv get a/b
kv get /a/b
kv get //a/b
kv get 'a/sp ace+ü?&#%;'
kv get -detailed 'a/sp ace+ü?&#%;'
kv get -base64 a/file
kv get -base64 -detailed a/file
kv get -keys a
kv get -keys a/
kv get -keys
kv get ''
kv get nope
kv get -detailed nope
kv get -base64 nope
kv get -stale -datacenter=dc1 a/b
kv get -datacenter=nodc a/b
kv get -namespace=foo a/b
kv put -namespace=foo a/b c
kv get a/empty
kv get -detailed a/empty
kv get -keys -separator=b a
kv get -keys -separator=// a
""")
    world.same("kv", "put", "a/stdin", "-", text=b"from stdin\n")
    world.same("kv", "get", "a/stdin")
    world.same("kv", "put", "-base64", "a/lines", "-", text=b"aGVs\nbG8=\n")
    world.same("kv", "get", "a/lines")
    world.same("kv", "put", "a/-", "--", "-x")
    world.same("kv", "put", "--", "a/-", "-x")
    world.same("kv", "get", "a/-")
    for flags in ("", "-detailed", "-base64", "-base64 -detailed", "-keys",
                  "-keys -detailed", "-keys -separator=", "-stale"):
        for prefix in (["a"], [], ["nothing"]):
            world.same("kv", "get", "-recurse", *flags.split(), *prefix)
    index = world.get("/v1/kv/a/b")[0]["ModifyIndex"]
    world.same("kv", "put", "-cas", "-modify-index=%d" % index, "a/b", "y",
               named="kv put -cas, and it is so")
    world.same("kv", "delete", "-cas", "-modify-index=%d" % index, "a/b",
               named="kv delete -cas, and it is no more so")
    index = world.get("/v1/kv/a/b")[0]["ModifyIndex"]
    world.same("kv", "delete", "-cas", "-modify-index=%d" % index, "a/b",
               named="kv delete -cas, and it is so")
    for key in ("d/1", "d/2", "e/1", "e/2"):
        world.put("/v1/kv/" + key, "x")
    many(world, """
kv delete d/1
kv delete /d/1
kv delete -cas d/2
kv delete -modify-index=5 d/2
kv delete -cas -recurse -modify-index=5 d/2
kv delete -cas -modify-index=5 d/2
kv delete -recurse e
kv get -recurse e
kv delete -recurse nothing
kv delete nothing
kv delete -namespace=foo d/2
kv delete -datacenter=nodc d/2
kv delete -recurse ''
kv get -recurse
""")


def kv_import(world):
    many(world, """
kv import '[{"key":"imp/a","flags":1,"value":"aGk="}]'
kv import '[{"key":"imp/b","value":"!!"}]'
kv import '[{"key":"","value":""}]'
kv import '[{"key":"/a","value":""}]'
kv import '[{"Key":"imp/A<b>","Flags":7}]'
kv import '[{"key":"imp/1","value":""},{"key":"imp/2","value":"!"},{"key":"imp/3","value":""}]'
kv import @import.json
kv import @nofile
kv import '[{"key":"imp/x","foo":1,"value":null}]'
kv import -datacenter=nodc '[{"key":"imp/x","value":""}]'
""")
    world.same("kv", "import", "-", text=(
        b'[{"key":"imp/std","flags":18446744073709551615,"value":"aGk="}]'))
    many(world, """
kv export imp
kv export /imp
kv export nothing
kv export
kv export -datacenter=nodc imp
kv delete -recurse imp
""")


def kv_sessions(world):
    one, two = (re.search("[0-9a-f-]{36}", world.put(
        "/v1/session/create"))[0] for _ in range(2))
    for flag, session, what in (
            ("-acquire", one, "one"), ("-acquire", two, "other's"),
            ("-release", two, "other's"), ("-release", one, "one"),
            ("-release", one, "not held"), ("-release", "nope", "nope"),
            ("-acquire", "nope", "nope")):
        world.same("kv", "put", flag, "-session=" + session, "s/l", "x",
                   named="kv put %s, %s" % (flag, what))
        world.same("kv", "get", "-detailed", "s/l")
    for session in (one, two):
        world.put("/v1/session/destroy/" + session)
    world.same("kv", "delete", "-recurse", "s")


def cluster(world):
    many(world, """
members
members -detailed
members -status=nothing
members -status=^al
members -status=left
members -wan
members -wan -detailed
members -segment=
members -segment=foo
members -segment=<all>
members extra
operator raft list-peers
operator raft list-peers -stale extra
operator raft list-peers -datacenter=nodc
operator raft remove-peer
operator raft remove-peer -id=x -address=y
operator raft remove-peer -id=x
operator raft remove-peer -address=x
operator raft remove-peer -address=x:1
force-leave nope
force-leave -prune nope
force-leave ''
join 127.0.0.1:1
join {address}
join {address} 127.0.0.1:1
join -wan {address}
reload
reload extra
monitor -log-level=zz
snapshot save -datacenter=nodc saved
""")
    for expression in ('(', 'a)', '[a', '[b-a]', 'a**', '+a', 'a{3,2}',
                       'a{1001}', '\\', '\\k', '(?<a', '(?z)', '[[:foo:]]',
                       'x*{2}', '(?i)ALIVE', '^(alive|left)$', 'l[^a]v',
                       '\\d', '', 'alive$', '\\balive', '[[:alpha:]]+'):
        world.same("members", "-status=" + expression)
    # There are no goroutines here, and what gossip dropped is told besides.
    out = re.sub(r"gossip_[a-z]+:\n(\t.*\n)+", "", world.run("info")[1])
    world.keep("info, its keys", [
        line.split(" = ")[0] for line in out.split("\n")
        if "goroutines" not in line])


def autopilot(world):
    many(world, """
operator autopilot get-config
operator autopilot get-config -stale extra
operator autopilot get-config -datacenter=nodc
operator autopilot set-config
operator autopilot set-config -cleanup-dead-servers=false -last-contact-threshold=1500ms -max-trailing-logs=7 -min-quorum=3 -server-stabilization-time=90s
operator autopilot get-config
operator autopilot set-config -redundancy-zone-tag='a"b' -disable-upgrade-migration -upgrade-version-tag=v extra
operator autopilot get-config
operator autopilot set-config -datacenter=nodc
operator autopilot set-config -last-contact-threshold=-1s
operator autopilot get-config
operator autopilot set-config -cleanup-dead-servers=true -last-contact-threshold=200ms -max-trailing-logs=250 -min-quorum=0 -server-stabilization-time=10s -redundancy-zone-tag= -disable-upgrade-migration=false -upgrade-version-tag=
operator autopilot get-config
""")


def event(world):
    def fired(text):
        return re.sub("Event ID: .*", "fired", text)
    for words in ("-name=x", "-name=x payload", "-name=x -node=.",
                  "-name=x -service=a -tag=b", "-name=a/b c",
                  "-name=x -node=(", "-name=x -node=a++",
                  "-name=x -service=( -tag=[", "-name=x -tag=a",
                  "-name=x -tag=(", "-name=x -datacenter=nodc"):
        world.same("event", *words.split(), key=fired)
    world.same("event", "-name=x", "%01000d" % 1)
    world.same("event", "-name=meant", "-node=^n1$", "payload", key=fired)
    world.until(lambda: world.get("/v1/event/list?name=meant"), "an event")
    world.keep("what was fired", [
        (each["Payload"], each["NodeFilter"])
        for each in world.get("/v1/event/list?name=meant")])
    world.same("watch", "-type=event", "-name=meant", key=lambda text:
               re.sub('"LTime": [0-9]+', '"LTime": N', text))


def keyring(world):
    many(world, """
keyring -list
keyring -list-primary
keyring -list extra
keyring -list -local-only
keyring -list -relay-factor=2
keyring -list -relay-factor=6
keyring -list -relay-factor=-1
keyring -install=zz
keyring -install=%(key)s -local-only
keyring -install=YQ==
keyring -use=%(new)s
keyring -install=%(new)s
""" % {"key": KEY, "new": NEW_KEY})
    world.same("keyring", "-list", key=sorted_lines)
    many(world, """
keyring -remove=%(key)s
keyring -use=%(new)s
keyring -list-primary
keyring -remove=%(key)s
keyring -remove=%(key)s
keyring -list
""" % {"key": KEY, "new": NEW_KEY})


def coordinates(world):
    world.put("/v1/catalog/register", {"Node": "far", "Address": "9.9.9.9"})
    world.put("/v1/catalog/register", {"Node": "near", "Address": "9.9.9.8"})
    world.put("/v1/coordinate/update", {"Node": "near", "Coord": {
        "Vec": [0.01, -0.002, 0, 0, 0, 0, 0, 0.5], "Error": 1.5,
        "Adjustment": -0.0001, "Height": 0.00003}})
    world.put("/v1/coordinate/update", {"Node": "far", "Coord": {
        "Vec": [0.02, 0.003, 0, 0, 0, 0, 0, -0.2], "Error": 1.5,
        "Adjustment": 0.0005, "Height": 0.0000123}})
    world.until(lambda: {"far", "near"} <= {
        each["Node"] for each in world.get("/v1/coordinate/nodes") or []},
        "coordinates")
    many(world, """
rtt far near
rtt near far
rtt near near
rtt NEAR far
rtt zz
rtt far zz
rtt zz far
rtt -wan n1
rtt -wan n1.dc1
rtt -wan n1.dc1 n1.dc9
rtt -wan n1.dc1 N1.dc1
rtt -wan n1.dc1 zz.dc1
rtt -wan zz.dc1 n1.dc1
rtt -wan .dc1 n1.
catalog nodes -near=far
catalog nodes -near=near
catalog nodes -near=zz
""")
    for name in ("far", "near"):
        world.put("/v1/catalog/deregister", {"Node": name})


def catalog(world):
    register = "/v1/catalog/register"
    world.put(register, {"Node": "ext-\u00fc", "Address": "9.9.9.9"})
    ext2 = {"Node": "ext2", "Address": "9.9.9.8",
            "TaggedAddresses": {"wan": "1.1.1.1"},
            "NodeMeta": {"b": "2", "a": "1"}}
    world.put(register, dict(ext2, Service={
        "Service": "db", "ID": "db1", "Port": 5, "Tags": ["q", "p"]}))
    world.put(register, dict(ext2, Service={
        "Service": "web", "ID": "w", "Tags": []}))
    world.put(register, {"Node": "zz", "Address": "9.9.9.7", "Service": {
        "Service": "zero", "Tags": []}})
    many(world, """
catalog datacenters
catalog datacenters -stale
catalog datacenters extra
catalog nodes
catalog nodes -detailed
catalog nodes -service=db
catalog nodes -service=db -detailed
catalog nodes -service=nope
catalog nodes -node-meta=a=1
catalog nodes -node-meta=a=1 -node-meta=b=2
catalog nodes -node-meta=a=2
catalog nodes -node-meta=a=1 -service=db
catalog nodes -near=_agent
catalog nodes -datacenter=nodc
catalog nodes extra
catalog nodes -filter='Node == ext2'
catalog nodes -filter='Meta.a == 1'
catalog nodes -filter='Node matches "^e"' -detailed
catalog nodes -filter='Node == '
catalog nodes -filter='Foo == 1'
catalog nodes -filter='ServiceName == db' -service=db
catalog nodes -filter='Node != n1' -service=db
catalog nodes -near=n1
catalog services
catalog services -tags
catalog services -node=ext2
catalog services -node=ext2 -tags
catalog services -node=nope
catalog services -node-meta=a=1
catalog services -node-meta=a=9
catalog services -node-meta=a=1 -tags
catalog services -datacenter=nodc
catalog services extra
""")
    for name in ("ext2", "ext-\u00fc", "zz"):
        world.put("/v1/catalog/deregister", {"Node": name})


def services(world):
    many(world, """
services register web.json
services register web.json none.json
services register web.hcl
services deregister web.hcl
services register web.hcl web.json
services register none.json
services register nofile web.json
services register dir
services register noname.json
""")
    world.until(lambda: "w2" in world.get("/v1/agent/services"), "w2")
    world.same("services", "register", "-", text=b"{}")
    many(world, """
services deregister web.json
services deregister web.json
services deregister noname.json
services register -name=x -id=y -port=80 -address=1.2.3.4 -tag=a -tag=b -meta=k=v -meta=z=y -tagged-address=lan=1.2.3.4:80 -tagged-address='wan=[::1]:90'
services register -name=x -tagged-address=lan=bad
services register -name=x -tagged-address=lan=bad:zz
services register -name=x -kind=foo
services register -name=x -kind=connect-proxy
services register -name=x -address=0.0.0.0
services register -name=z
maint
maint -enable -reason=why
maint
maint -enable -service=y -reason='b a'
maint -enable
""")
    registered = world.get("/v1/agent/service/y")
    world.keep("what was registered", {
        name: value for name, value in registered.items()
        if name != "ContentHash"})
    world.same("maint", key=sorted_lines)
    many(world, """
maint -disable -service=y
maint -disable
maint -disable
maint
maint -enable -service=nope
maint -disable -service=nope
services deregister -id=y
services deregister -id=x
services deregister -id=z
services deregister -id=nope
""")


def watch(world):
    world.put("/v1/kv/w/k", "value")
    world.put("/v1/catalog/register", {
        "Node": "ext2", "Address": "9.9.9.8", "Service": {
            "Service": "db", "ID": "db1", "Port": 5, "Tags": ["q"],
            "TaggedAddresses": {"lan": {"address": "1.2.3.4", "port": 3}}},
        "Check": {"Name": "c1", "Status": "warning", "ServiceID": "db1",
                  "Definition": {"HTTP": "http://x", "Interval": "10s"}}})
    world.put("/v1/agent/service/register", {"Name": "own", "Port": 4})
    world.until(lambda: "own" in world.get("/v1/catalog/services"), "own")
    for words in (
            "key -key=w/k", "key -key=/w/k", "key -key=none",
            "keyprefix -prefix=w", "keyprefix -prefix=none", "services",
            "service -service=db", "service -service=none",
            "service -service=db -tag=q",
            "service -service=db -tag=p -tag=q",
            "service -service=db -passingonly=true",
            "service -service=db -passingonly=false",
            "checks -state=warning", "checks -service=db",
            "checks -state=zz", "checks -service=none",
            "checks -service=db -state=any", "zz", "key", "keyprefix",
            "service", "service -service=db -passingonly=zz",
            "connect_roots", "connect_leaf", "connect_leaf -service=own",
            "agent_service", "agent_service -service=own",
            "key -key=x -prefix=y", "nodes -service=x", "nodes exit 3",
            "nodes -shell=false false", "nodes -shell=false /nonexistent",
            "nodes -shell=false nonexistent", "nodes kill -9 $$",
            "services -stale", "services -namespace=foo",
            "event -name=nothing"):
        world.same("watch", *("-type=" + words).split())
    world.same("watch", "-type=key", "-key=w/k", "cat; exit 1")
    world.same("watch", "-type=key", "-key=none", "cat; exit 1")
    world.same("watch", "-type=services", "cat; exit 1")
    world.same("watch", "-type=key", "-key=w/k", "-shell=false",
               "sh", "-c", "cat >&2; exit 7")
    for kind in ("key -key=w/k", "services"):
        process = world.start("watch", "-datacenter=nodc",
                              *("-type=" + kind).split())
        world.until(lambda: "\n" in process.seen(), "an error")
        process.terminate()
        world.keep("watch %s, which fails" % kind, (process.wait(20), re.sub(
            r"^\S+", "<time>", process.seen())))
    for kind in ("nodes", "checks", "service -service=consul"):
        world.same("watch", *("-type=" + kind).split(), key=agents_own)
    world.put("/v1/catalog/deregister", {"Node": "ext2"})
    world.put("/v1/agent/service/deregister/own")
    world.same("kv", "delete", "-recurse", "w")


def agents_own(text):
    """What each agent says of itself in its own words."""
    text = re.sub(r'"(version|build|Output)": "[^"]*"', r'"\1": "..."', text)
    return text


def watch_changes(world):
    """What a program sees while a key changes."""
    world.put("/v1/kv/w/c", "1")
    process = world.start(
        "watch", "-type=key", "-key=w/c",
        'cat; [ "$CONSUL_INDEX" -gt 0 ] && echo ran')

    def ran(times):
        world.until(lambda: process.seen().count("ran\n") >= times,
                    "run %d of a program" % times)
    ran(1)
    world.put("/v1/kv/w/c", "2")
    ran(2)
    world.put("/v1/kv/w/d", "2")
    world.put("/v1/kv/w/c", "2")
    world.http("DELETE", "/v1/kv/w?recurse")
    ran(3)
    process.terminate()
    world.keep("status when ended", process.wait(20))
    seen = re.sub(r'("(?:Create|Modify)Index"):[0-9]+', r"\1:N",
                  process.seen())
    world.keep("what it saw", seen)


def lock(world):
    many(world, """
lock -verbose lk 'echo $CONSUL_LOCK_HELD; exit 0'
lock -verbose lk exit 3
lock -n=2 -verbose lk2 true
lock -n=2 -verbose -child-exit-code lk2 exit 4
lock -child-exit-code lk exit 3
lock -shell=false lk echo a '$b'
lock -shell=false -child-exit-code lk false
lock -shell=false -child-exit-code lk /nonexistent
lock -verbose -name=foo /lk/ true
lock -verbose a//b/../c/./ true
lock / true
lock lk kill -9 '$$'
lock -child-exit-code lk kill -TERM '$$'
lock -try=1s lk true
lock -timeout=5s -n=2 lk2 true
lock -monitor-retry=0 -verbose lk true
lock -datacenter=nodc lk true
lock -namespace=foo lk true
""")
    world.put("/v1/kv/taken/.lock", "x")
    many(world, """
lock taken true
lock -n=3 taken true
""")
    world.same("lock", "lk", "cat", text=b"input\n")
    world.same("lock", "-verbose", "-pass-stdin", "lk", "cat",
               text=b"input\n")
    world.same("kv", "delete", "-recurse", "taken")


def lock_ends(world):
    """Told to end, and lost."""
    for name in ("TERM", "INT"):
        process = world.start(
            "lock", "-verbose", "lk/ends",
            'trap "exit 5" INT TERM; echo up; sleep 9 & wait')
        world.until(lambda: "up\n" in process.seen(), "a lock")
        world.until(lambda: world.get("/v1/kv/lk/ends/.lock"), "its key")
        process.send_signal({"TERM": 15, "INT": 2}[name])
        status = process.wait(20)
        # Go forwards the signal too, and may come too late.
        world.keep("told to end by " + name, (status, [
            re.sub("pid [0-9]+", "pid N", line)
            for line in process.seen().split("\n")
            if "could not forward signal" not in line]))
    for flags in ((), ("-n=2",)):
        process = world.start(
            "lock", "-verbose", *flags, "lk/lost",
            'trap "exit 6" TERM; echo up; sleep 30 & wait')
        world.until(lambda: "up\n" in process.seen(), "a lock")
        world.http("DELETE", "/v1/kv/lk/lost?recurse")
        status = process.wait(30)
        world.keep("lost %s" % " ".join(flags), (status, re.sub(
            "pid [0-9]+", "pid N", process.seen())))


def lock_session_lost(world):
    """Its session is taken away."""
    for flags in ((), ("-n=3",)):
        process = world.start(
            "lock", "-verbose", "-name=mine", *flags, "lk/gone",
            'trap "exit 6" TERM; echo up; sleep 30 & wait')
        world.until(lambda: "up\n" in process.seen(), "a lock")
        for session in world.get("/v1/session/list"):
            world.put("/v1/session/destroy/" + session["ID"])
        status = process.wait(40)
        world.keep("lost its session %s" % " ".join(flags), (status, re.sub(
            "pid [0-9]+", "pid N", process.seen())))
        world.http("DELETE", "/v1/kv/lk/gone?recurse")


def lock_waits(world):
    """Somebody else holds it."""
    session = re.search("[0-9a-f-]{36}", world.put(
        "/v1/session/create", {"Name": "other"}))[0]
    world.put("/v1/kv/held/.lock?flags=3304740253564472344&acquire=" +
              session, "x")
    many(world, """
lock -try=500ms -verbose held true
lock -timeout=500ms held true
lock -n=2 held true
""")
    world.put("/v1/session/destroy/" + session)
    world.same("lock", "-n=2", "held", "true")
    world.same("kv", "delete", "-recurse", "held")


def snapshot(world):
    world.put("/v1/kv/snap", "x")

    def numbers(text):
        return re.sub(r"(index|ID|Size|Index|Term)( +)[0-9-]+", r"\1\2N",
                      text)
    world.same("snapshot", "save", "saved", key=numbers)
    world.same("snapshot", "save", "-stale", "saved", key=numbers)
    world.same("snapshot", "inspect", "saved", key=numbers)
    world.same("snapshot", "save", "nodir/saved")
    world.same("snapshot", "restore", "snapshot.bad")
    world.same("snapshot", "restore", "empty")
    world.same("snapshot", "restore", "dir")
    world.same("snapshot", "restore", "-datacenter=nodc", "saved")
    world.same("kv", "delete", "snap")
    world.same("snapshot", "restore", "saved")
    world.same("kv", "get", "snap")
    world.same("kv", "delete", "snap")


def monitor(world):
    """Lines come, in the form that was asked for.

    The real agent sends plain text under a header that says gzip, which the
    real program asks for: that pair ends at once, and is no measure.
    """
    for flags, form in ((["-log-level=debug"],
                         r"\A[0-9T:.-]+Z? \[[A-Z]+\] "),
                        (["-log-level=trace", "-log-json"],
                         r'\A\{"@level":"[a-z]+",')):
        name = "monitor %s, interrupted" % " ".join(flags)
        if world.is_measure:
            world.keep(name, (0, True))
            continue
        process = world.start("monitor", *flags)
        tries = iter(range(1000))

        def said():
            world.put("/v1/agent/service/register", {
                "Name": "noted", "Tags": [str(next(tries))]})
            return process.seen()
        world.until(said, "a line")
        process.send_signal(2)
        status = process.wait(20)
        world.keep(name, (status, bool(re.match(form, process.seen()))))
        world.put("/v1/agent/service/deregister/noted")


def garbage(world):
    """Values of a size that is refused, and odd keys."""
    world.same("kv", "put", "big", "-", text=b"x" * 524288)
    world.same("kv", "put", "big", "-", text=b"x" * 524289)
    world.same("kv", "put", "big", "-", text=b"x" * 2097152)
    world.same("kv", "get", "-keys", "big")
    world.same("kv", "delete", "big")
    world.same("kv", "put", "b/" + "k" * 600, "x")
    world.same("kv", "get", "b/" + "k" * 600)
    world.same("kv", "put", "b/\n\t\"\\", "x")
    world.same("kv", "get", "-recurse", "b/")
    world.same("kv", "export", "b/")
    world.same("kv", "delete", "-recurse", "b/")


def leave(world):
    """The last: the agent is gone after it."""
    world.same("leave", "extra", "-foo")


ALL = (kv, kv_import, kv_sessions, cluster, autopilot, coordinates, catalog,
       services, watch, watch_changes, lock, lock_ends, lock_session_lost, lock_waits,
       monitor, garbage, event, keyring, snapshot, leave)
