# The agent of this machine. As it stands: one server on its own, which speaks
# to this machine alone. That is enough for a first look, and safe to start.
#
# proconsul.conf(5) tells of every key. All files of this folder that end in
# .hcl or .json are read, by name: definitions of services and checks are best
# kept in files of their own. Of a key that is given twice the later file's
# counts; lists are joined.
#
# Lines that begin with "#" and a key are suggestions. After a change:
#	proconsul validate /etc/proconsul.d
#	systemctl reload proconsul.target	(or: proconsul reload)
# The log then says of each changed key whether it is applied, or what has to
# be restarted for it.

data_dir = "/var/lib/proconsul"

# --- What this agent is. ---

# A server keeps the state, with others or on its own. Of three servers all say
# 3, and begin together when the third has come; only their first start heeds
# it. A client agent, beside the applications of every other machine, has
# neither of these two lines, but a retry_join.
server           = true
bootstrap_expect = 1

# The host's name, where nothing is said. Must be unique in the cluster.
#node_name = "n1"
#datacenter = "dc1"

# --- How other agents reach it (ports 8300, 8301 and 8302). ---

# 127.0.0.1 is nobody's way to us: for a cluster, say an address of this
# machine, or how it is found, as in "{{ GetPrivateIP }}".
bind_addr = "127.0.0.1"
#bind_addr = "192.0.2.10"

# Names or addresses of some of the other agents, asked until one answers.
#retry_join = ["s1.example.com", "s2.example.com", "s3.example.com"]

# Gossip is read by everyone on its way, unless all agents have the same
# encrypt = "KEY", where `proconsul keygen` makes the KEY.

# --- How clients reach it. ---

# HTTP and the command line (8500), and DNS (8600). There are no tokens: who
# reaches these ports may read and write everything. For ports below 1024 see
# SOCKETS in proconsul.target(8).
#client_addr = "127.0.0.1"
#client_addr = "0.0.0.0"
#ports = { dns = 53 }
#recursors = ["192.0.2.53"]
#dns_config = { node_ttl = "5s" allow_stale = true max_stale = "10s" }

# The web page, at http://127.0.0.1:8500/ui/.
#ui = true

# --- What it does for others. ---

# Scripts as checks, run by the user _runner: those of the files here, or those
# that come by HTTP, too.
#enable_local_script_checks = true
#enable_script_checks = true

# --- What it says of itself. ---

#log_level = "debug"
#telemetry = { prometheus_retention_time = "60s" disable_hostname = true }
