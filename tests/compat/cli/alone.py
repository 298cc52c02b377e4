"""Command lines that need no agent: usages, mistakes, files, and what is said
where no agent answers. A row is a group, the words, the environment and what
is on standard input."""

import shlex

NOBODY = "127.0.0.1:1"

FILES = {
    "token": "token\n",
    "empty": "",
    "broken.json": '{"service": [}',
    "other.txt": "x",
    "good.json": '{"data_dir": "/tmp/x", "server": true}',
    "unknown.json": '{"data_dir": "/tmp/x", "foo": 1}',
    "part.json": '{"service": {"name": "x"}}',
    "open.json": "{",
    "list.json": "[]",
    "port.json": '{"data_dir": "/tmp/x", "ports": {"http": 70000}}',
    "dir/a.json": '{"data_dir": "/tmp/x", "server": true}',
    "dir/b.json": '{"service": {"name": "x"}}',
    "dir/c.txt": "x",
    "conf.d/z.json": '{"data_dir": "/tmp/x", "log_level": "zz"}',
    "web.json": """
{"service": {"name": "web", "port": 80, "tags": ["a", "b"],
  "meta": {"x": "1"}, "enable_tag_override": true,
  "check": {"http": "http://127.0.0.1:1/", "interval": "10s"},
  "tagged_addresses": {"lan": {"address": "1.2.3.4", "port": 80}}},
 "services": [{"id": "w2", "name": "web", "weights": {"passing": 3},
  "checks": [{"id": "c", "ttl": "5s", "name": "ttl"},
   {"tcp": "127.0.0.1:1", "interval": "1m", "timeout": "3s"}]}]}
""",
    "web.hcl": """
# Two services, and more that is passed over.
service { name = "web" port = 80 tags = ["a", "b"] meta { x = "1" }
  check { http = "http://127.0.0.1:1/" interval = "10s" } }
services = [{ id = "w2" name = "web" }]
""",
    "good.hcl": 'data_dir = "/tmp/x"\nserver = true // one\n',
    "broken.hcl": 'data_dir = "/tmp/x\n',
    "open.hcl": "service {",
    "key.hcl": "data_dir",
    "unknown.hcl": 'data_dir = "/tmp/x"\nfoo = 1\n',
    "kind.hcl": 'data_dir = "/tmp/x"\nserver = "zz"\n',
    "noname.json": '{"service": {"port": 80}}',
    "none.json": "{}",
    "file": "file data\nsecond line\n",
    "snapshot.bad": "this is no snapshot",
    "snapshot.empty": "",
    "import.json": '[{"key":"imp/f","flags":2,"value":"aGk="}]',
}

# Every command that is built, with arguments that it takes.
COMMANDS = {
    "agent": "", "catalog datacenters": "", "catalog nodes": "",
    "catalog services": "", "event": "-name=x", "exec": "true",
    "force-leave": "n",
    "info": "", "join": "127.0.0.9", "keygen": "", "keyring": "-list",
    "kv delete": "k", "kv export": "", "kv get": "k", "kv import": "[]",
    "kv put": "k v", "leave": "", "lock": "k true", "maint": "",
    "members": "", "monitor": "", "operator autopilot get-config": "",
    "operator autopilot set-config": "", "operator raft list-peers": "",
    "operator raft remove-peer": "-id=x", "reload": "", "rtt": "a b",
    "services deregister": "-id=x", "services register": "-name=x",
    "snapshot inspect": "nofile", "snapshot restore": "file",
    "snapshot save": "saved", "validate": "good.json", "version": "",
    "watch": "-type=nodes",
}

GROUPS = ("catalog", "kv", "operator", "operator autopilot", "operator raft",
          "services", "snapshot")

GENERAL = """
version
version -format=json
version -format=pretty
version -format=xx
version -format
version extra
version -zz
-v
--version
-version
-version members
-v -h
members -v
members -version
''
-h
--help
-help
help
zz
zz -h
zz members
-foo
-foo members
-foo kv get
--help zz
--help members
-h kv
-h kv get
--help kv get x
kv
kv zz
kv -h
kv -foo
kv get -h
kv get -help
kv get --help
kv get x -h
kv get -- -h
kv -h get
catalog
catalog zz
catalog -h
operator
operator zz
operator -h
operator raft
operator raft zz
operator raft -h
operator autopilot
operator autopilot -h
services
services -h
snapshot
snapshot zz
snapshot -h
members -foo
members -=x
members ---x
members -
members --
members --status=x
members --detailed
members -status
members -status=
members -detailed=
members -detailed=zz
members -detailed=TRUE
members -detailed=tRUE
members -detailed true
members -status '('
members -datacenter=x
members -stale
members -namespace=default
keygen -foo
keygen extra -foo
-autocomplete-install -autocomplete-uninstall
-autocomplete-install -autocomplete-uninstall members
"""

MISTAKES = """
agent extra
agent -dev extra
agent -zz
agent -server=zz
agent -bootstrap-expect=zz
agent -node
catalog nodes -node-meta=ab
catalog nodes -node-meta=
catalog nodes -stale=zz
catalog nodes extra
catalog services -node-meta=ab
event
event -name=
event '-name= '
event -name=x a b
event -name=x -service=(
event -name=x -tag=a
event -name=x -node=[
exec
exec -node=( true
exec -service=[ true
exec -tag=( true
exec -tag=a true
exec -wait=zz true
exec -wait=-1s true
exec -wait-repl=zz true
exec -shell=zz true
exec -
force-leave
force-leave a b
force-leave -prune
force-leave -prune=zz a
join
join -wan
keyring
keyring -list -use=a
keyring -list -remove=a
keyring -install=a -use=b
keyring -relay-factor=x
keyring -list -relay-factor=6
keyring -list -relay-factor=-1
keyring -list extra
keyring -install=
keyring -local-only
keyring -list-primary -list
keyring -use=a -local-only
kv put -flags=-1 a b
kv put -flags=18446744073709551616 a b
kv put -flags=0x10 a b
kv put -modify-index=zz a b
kv put
kv put a b c
kv put -cas a b
kv put -cas -modify-index a b
kv put -acquire a b
kv put -release a b
kv put -acquire -release -session=x a b
kv put '' x
kv put /lead x
kv put a @nofile
kv put a @dir
kv put a @
kv put -base64 a @nofile
kv get
kv get a b
kv get -recurse a b
kv get -keys a b
kv get -stale=zz a
kv get x -foo y
kv get ''
kv get -separator
kv delete
kv delete a b
kv delete ''
kv delete -cas a
kv delete -modify-index=5 a
kv delete -cas -recurse -modify-index=5 a
kv delete -recurse
kv delete -modify-index=zz a
kv export a b
kv import
kv import a b
kv import @nofile
kv import @dir
kv import {
kv import {}
kv import []
kv import xx
kv import ''
kv import '[{"key":1}]'
kv import '[1]'
kv import '"x"'
kv import '[] x'
kv import null
kv import true
kv import '[null]'
kv import '[{"key":"a","flags":-1}]'
kv import '[{"key":"a","flags":1.5}]'
kv import '[{"key":"a","flags":18446744073709551616}]'
kv import '[{"key":"a","value":1}]'
kv import '[{"key":"a","value":"!!"}]'
kv import '[{"key":"a","value":"aGk"}]'
lock
lock a
lock -n=0 a true
lock -n=-1 a true
lock -n=zz a b
lock -try=zz a b
lock -try=-1s a b
lock -timeout=zz a b
lock -timeout=-1s a b
lock -timeout=1s -try=2s a b
lock -monitor-retry=-1 a b
lock -monitor-retry=zz a b
lock / true
lock '' true
maint -enable -disable
maint -reason=x
maint -disable -reason=x
maint -service=x
maint -enable=zz
maint extra
monitor -log-level
monitor extra
operator autopilot set-config -cleanup-dead-servers=zz
operator autopilot set-config -last-contact-threshold=zz
operator autopilot set-config -last-contact-threshold=3
operator autopilot set-config -max-trailing-logs=-1
operator autopilot set-config -min-quorum=99999999999999999999
operator autopilot set-config -server-stabilization-time=1x
operator raft remove-peer
operator raft remove-peer -id=x -address=y
operator raft remove-peer extra
rtt
rtt a b c
rtt -wan
rtt -wan a b c
rtt -wan a
rtt -wan a b
rtt -wan a.b.c d
services deregister
services deregister -id=x web.json
services deregister nofile
services deregister dir
services deregister broken.json
services deregister other.txt
services deregister empty
services register
services register -id=x
services register -name=x web.json
services register nofile.json
services register broken.json
services register other.txt
services register dir
services register none.json
services register noname.json
services register -meta=a
services register -meta==b -name=x
services register -port=zz
services register -name=x -port=99999999999999999999
services register -tagged-address=lan
services register -name=x -tagged-address=lan=bad
services register -name=x -tagged-address=lan=bad:zz
services register -name=x -tagged-address==1.1.1.1:5
snapshot inspect
snapshot inspect a b
snapshot inspect nofile
snapshot inspect snapshot.bad
snapshot inspect snapshot.empty
snapshot inspect dir
snapshot restore
snapshot restore a b
snapshot restore nofile
snapshot save
snapshot save a b
snapshot save -stale=zz a
validate
validate nofile
validate part.json
validate open.json
validate broken.json
validate list.json
validate good.json
validate dir
validate conf.d
validate other.txt
validate empty
validate -quiet good.json
validate -quiet part.json
validate -quiet=zz good.json
validate -config-format=json good.json
validate -config-format=json other.txt
validate -config-format=xx good.json
validate unknown.json
validate good.hcl
validate broken.hcl
validate open.hcl
validate key.hcl
validate unknown.hcl
validate kind.hcl
validate -config-format=hcl good.hcl
validate -config-format=hcl other.txt
services register broken.hcl
services register open.hcl
services register key.hcl
services deregister open.hcl
validate port.json
validate good.json nofile
validate good.json unknown.json
watch
watch -type
watch -type=
watch -type=zz
watch -type=key
watch -type=key -key=
watch -type=keyprefix
watch -type=service
watch -type=service -service=
watch -type=checks -service=a -state=b
watch -type=key -key=x -prefix=y
watch -type=nodes -service=x
watch -type=service -service=x -passingonly=zz
watch -type=event -name=
watch -type=nodes -name=x
watch -type=agent_service
watch -type=services -tag=x
watch -type=nodes -tag=x
watch -shell=zz -type=nodes
watch -type=zz true
watch -type=connect_leaf
watch -type=connect_leaf -service=x
"""

# What each says where nobody listens.
UNREACHED = """
members
kv put x y
watch -type=services
join -wan a b
"""
MORE_UNREACHED = """
info
kv get x
kv get -keys 'x y'
kv get -recurse -stale -datacenter=dc1 'a&b?c=d%'
kv delete x
kv import '[{"key":"a","value":""}]'
catalog services -node=x -node-meta=a=b
services register -name=x
services deregister -id=x
maint -enable -reason='a b'
monitor
lock x true
snapshot save saved
operator raft list-peers
kv put -cas -modify-index=1 x y
kv put -acquire -session=s x y
kv put -release -session=s x y
kv delete -recurse x
kv delete -cas -modify-index=1 x
kv export x
catalog datacenters
catalog nodes
catalog nodes -service=x
catalog nodes -filter='a == b' -near=_agent
catalog services
maint
maint -disable -service=x
leave
reload
force-leave -prune x
operator raft remove-peer -id=x
operator raft remove-peer -address=x
operator autopilot get-config
operator autopilot get-config -stale -datacenter=dc1
operator autopilot set-config
event -name=x -node=a y
keyring -list
keyring -list-primary -relay-factor=3 -local-only
keyring -install=x
keyring -use=x -relay-factor=5
keyring -remove=x
rtt a
rtt -wan a.b
rtt a b
rtt -wan a.b c.d
snapshot restore file
snapshot save -stale -datacenter=x saved
exec true
exec -node=a -service=b -tag=c -verbose true
watch -type=key -key=k
watch -type=keyprefix -prefix=k
watch -type=nodes
watch -type=service -service=a -tag=b -passingonly=true
watch -type=checks -state=passing
watch -type=checks -service=x
watch -type=event -name=e
watch -type=connect_roots
watch -type=agent_service -service=x
lock -n=2 x true
"""
ADDRESSES = (
    "127.0.0.1:1", "http://127.0.0.1:1", "unix:///nonexistent/socket",
    "127.0.0.1:99999", "127.0.0.1:zz", "ftp://127.0.0.1:1", "localhost:1",
    "http://127.0.0.1:1/", "https://127.0.0.1:1", "[::1]:1", "a b:1", ":1",
    "http://", "127.0.0.1", "unix://", "http://user@127.0.0.1:1")

CLIENT = """
members -http-addr=127.0.0.1:2
members -http-addr=
members -http-addr
members -token-file=/nonexistent
members -token-file=dir
members -token-file=token
members -token-file=empty
members -token=a -token-file=token
members -ca-file=/nonexistent
members -ca-file=token
members -ca-file=dir
members -ca-path=/nonexistent
members -ca-path=dir
members -client-cert=/nonexistent
members -client-key=/nonexistent
members -client-cert=/nonexistent -client-key=/nonexistent
members -client-cert=token -client-key=token
members -tls-server-name=x
kv get -namespace=foo x
kv get -namespace= x
CONSUL_HTTP_SSL=true members
CONSUL_HTTP_SSL=false members
CONSUL_HTTP_SSL=zz members
CONSUL_HTTP_SSL=true CONSUL_HTTP_SSL_VERIFY=false members
CONSUL_HTTP_SSL_VERIFY=zz members
CONSUL_HTTP_SSL_VERIFY= members
CONSUL_NAMESPACE=foo kv get x
CONSUL_HTTP_AUTH=a:b members
CONSUL_HTTP_AUTH=a members
CONSUL_HTTP_TOKEN=x members
CONSUL_HTTP_TOKEN_FILE=/nonexistent members
CONSUL_HTTP_TOKEN_FILE=token CONSUL_HTTP_TOKEN=x members
CONSUL_CACERT=/nonexistent members
CONSUL_CACERT=token members
CONSUL_CAPATH=/nonexistent members
CONSUL_CLIENT_CERT=/nonexistent members
CONSUL_CLIENT_KEY=/nonexistent members
CONSUL_TLS_SERVER_NAME=x members
CONSUL_HTTP_ADDR=zz://a members
CONSUL_HTTP_ADDR= members -http-addr=127.0.0.1:3
"""

STDIN = (
    ("kv import -", "{"), ("kv import -", ""), ("kv put -base64 a -", "!!"),
    ("kv put -base64 a !!", None), ("kv put a -", "text"),
    ("kv import -", '[{"key":"a","value":"aGk="}]'),
    ("services register -", '{"service": {"name": "x"}}'),
    ("services register -", "{"), ("services deregister -", "{"),
)

# Completion: lines as a shell gives them in COMP_LINE.
LINES = (
    "consul", "consul ", "consul k", "consul kv", "consul kv ",
    "consul kv g", "consul kv get ", "consul kv get -", "consul kv get -b",
    "consul kv get -datacenter ", "consul kv get x", "consul kv zz ",
    "consul -", "consul -a", "consul -h", "consul --", "consul zz ",
    "consul operator ", "consul operator raft ", "consul operator raft l",
    "consul catalog nodes -", "consul members -status ", "consul me",
    "consul c", "consul -version ", "consul snapshot s", "consul  k",
    "consul operator autopilot ", "consul validate ", "consul zz",
    "consul leave ", "consul f", "consul version -format ")


def split(text):
    """Rows of words, and the environment that stands before them."""
    for line in text.strip().split("\n"):
        words = shlex.split(line)
        environment = {"CONSUL_HTTP_ADDR": NOBODY}
        while words and "=" in words[0] and words[0].startswith("CONSUL"):
            name, value = words.pop(0).split("=", 1)
            environment[name] = value
        yield words, environment


def wrong_flags(flags_of):
    """Each flag of each command with a wrong value, or without any."""
    for command in COMMANDS:
        words = command.split()
        yield words + ["-no-such-flag"]
        for name, kind in flags_of(words):
            if command == "agent" and kind == "value":
                yield words + ["-" + name]  # most start an agent
            elif kind is None:
                yield words + ["-%s=zz" % name]
            elif kind in ("int", "uint", "duration", "value"):
                yield words + ["-%s=zz" % name]
            else:
                yield words + ["-" + name]


def rows(flags_of):
    """All of them."""
    nobody = {"CONSUL_HTTP_ADDR": NOBODY}
    for group, text in (("general", GENERAL), ("mistakes", MISTAKES),
                        ("nobody there", UNREACHED + MORE_UNREACHED),
                        ("client flags and environment", CLIENT)):
        for words, environment in split(text):
            yield group, words, environment, None
    for address in ADDRESSES[1:]:
        for words, _ in split(UNREACHED):
            yield "addresses", words, {"CONSUL_HTTP_ADDR": address}, None
    for words in wrong_flags(flags_of):
        yield "wrong flags", words, nobody, None
    for command in COMMANDS:
        yield "help", command.split() + ["-h"], nobody, None
        if command not in ("agent", "snapshot restore", "lock"):
            yield ("too many arguments", command.split() + shlex.split(
                COMMANDS[command]) + ["extra", "x"], nobody, None)
    for line, text in STDIN:
        yield ("standard input", shlex.split(line), nobody,
               None if text is None else text.encode())
    for line in LINES:
        yield "completion", [], {"COMP_LINE": line}, None
