/* The flags of `consul agent`; see config_flags.h. */
#include <string.h>

#include "config_flags.h"
#include "config_keys.h"
#include "config_tree.h"

/* clang-format off */
/*	kind   name   key   its value's name   help */
/* (The row C is listed among the common ones.) */
#define AGENT_FLAGS(X, C) \
	X(TEXT, "advertise", "advertise_addr", "value", \
	    "Address that other agents are told to use for this one.") \
	X(TEXT, "advertise-wan", "advertise_addr_wan", "value", \
	    "The same for agents of other datacenters.") \
	X(LIST, "allow-write-http-from", "http_config.allow_write_http_from", "value", \
	    "Network (CIDR) whose clients may call endpoints that write. May be given several times; by default all may.") \
	X(TEXT, "alt-domain", "alt_domain", "value", \
	    "A second domain that DNS answers for.") \
	X(TEXT, "bind", "bind_addr", "value", \
	    "Address on which other agents of the cluster reach this one.") \
	X(BOOL, "bootstrap", "bootstrap", "", \
	    "This server may elect itself, alone.") \
	X(INT,  "bootstrap-expect", "bootstrap_expect", "value", \
	    "Number of servers to wait for before the first election.") \
	X(INT,  "check_output_max_size", "check_output_max_size", "value", \
	    "Bytes of a check's output that are kept.") \
	X(TEXT, "client", "client_addr", "value", \
	    "Addresses, separated by blanks, on which clients are served: HTTP and DNS.") \
	X(LIST, "config-dir", NULL, "value", \
	    "Directory whose *.hcl and *.json files are read, sorted by name. May be given several times.") \
	X(LIST, "config-file", NULL, "value", \
	    "Configuration file, in HCL or JSON. May be given several times.") \
	X(TEXT, "config-format", NULL, "string", \
	    "How all configuration files are read, whatever they are called: 'json' or 'hcl'.") \
	X(TEXT, "data-dir", "data_dir", "value", \
	    "Directory in which the agent keeps its state.") \
	C(TEXT, "datacenter", "datacenter", "value", \
	    "Name of the datacenter that this agent is in.") \
	X(TEXT, "default-query-time", "default_query_time", "value", \
	    "How long a blocking query waits if it does not say so itself.") \
	X(BOOL, "dev", NULL, "", \
	    "Development mode: a server on its own that keeps nothing on disk.") \
	X(BOOL, "disable-host-node-id", "disable_host_node_id", "", \
	    "Make the node ID at random, not from what the host is.") \
	X(BOOL, "disable-keyring-file", "disable_keyring_file", "", \
	    "Keep gossip keys in memory only.") \
	X(INT,  "dns-port", "ports.dns", "value", \
	    "Port on which DNS is served.") \
	X(TEXT, "domain", "domain", "value", \
	    "Domain that DNS answers for.") \
	X(BOOL, "enable-local-script-checks", "enable_local_script_checks", "", \
	    "Allow health checks that run commands if they come from configuration files.") \
	X(BOOL, "enable-script-checks", "enable_script_checks", "", \
	    "Allow health checks that run commands, wherever they come from.") \
	X(TEXT, "encrypt", "encrypt", "value", \
	    "Key that gossip is encrypted with.") \
	X(INT,  "grpc-port", "ports.grpc", "value", \
	    "Port on which gRPC is served.") \
	X(LIST, "hcl", NULL, "value", \
	    "A piece of configuration in HCL. May be given several times.") \
	X(INT,  "http-port", "ports.http", "value", \
	    "Port on which HTTP is served.") \
	X(INT,  "https-port", "ports.https", "value", \
	    "Port on which HTTPS is served.") \
	X(LIST, "join", "start_join", "value", \
	    "Address of an agent to join at start. May be given several times.") \
	X(LIST, "join-wan", "start_join_wan", "value", \
	    "Address of a server in another datacenter to join at start. May be given several times.") \
	X(TEXT, "log-file", "log_file", "value", \
	    "File into which the log is written, too.") \
	X(BOOL, "log-json", "log_json", "", \
	    "Write the log as JSON.") \
	X(TEXT, "log-level", "log_level", "value", \
	    "Least level that is logged: trace, debug, info, warn or err.") \
	X(INT,  "log-rotate-bytes", "log_rotate_bytes", "value", \
	    "Size at which a new log file is begun.") \
	X(TEXT, "log-rotate-duration", "log_rotate_duration", "value", \
	    "Time after which a new log file is begun.") \
	X(INT,  "log-rotate-max-files", "log_rotate_max_files", "value", \
	    "Number of old log files that are kept.") \
	X(TEXT, "max-query-time", "max_query_time", "value", \
	    "The longest that a blocking query may wait.") \
	X(TEXT, "node", "node_name", "value", \
	    "Name of this node; no other in the cluster may have it. The host's name by default.") \
	X(TEXT, "node-id", "node_id", "value", \
	    "UUID of this node. By default one that is made at the first start and kept in the data directory.") \
	X(LIST, "node-meta", "node_meta", "key:value", \
	    "A key and a value that describe this node. May be given several times.") \
	X(BOOL, "non-voting-server", "non_voting_server", "", \
	    "(Enterprise-only) A server without a vote. Accepted, and without effect.") \
	X(TEXT, "pid-file", "pid_file", "value", \
	    "File into which the agent's process ID is written.") \
	X(LIST, "primary-gateway", "primary_gateways", "value", \
	    "Mesh gateway of the primary datacenter to reach it by. May be given several times.") \
	X(INT,  "protocol", "protocol", "value", \
	    "Version of the gossip protocol to speak.") \
	X(INT,  "raft-protocol", "raft_protocol", "value", \
	    "Version of the Raft protocol to speak.") \
	X(LIST, "recursor", "recursors", "value", \
	    "DNS server to ask about names of other domains. May be given several times.") \
	X(BOOL, "rejoin", "rejoin_after_leave", "", \
	    "Join the cluster again even if this agent has left it.") \
	X(TEXT, "retry-interval", "retry_interval", "value", \
	    "Time between attempts to join.") \
	X(TEXT, "retry-interval-wan", "retry_interval_wan", "value", \
	    "Time between attempts to join other datacenters.") \
	X(LIST, "retry-join", "retry_join", "value", \
	    "Address of an agent to join, again and again until it works. May be given several times.") \
	X(LIST, "retry-join-wan", "retry_join_wan", "value", \
	    "The same for a server of another datacenter.") \
	X(INT,  "retry-max", "retry_max", "value", \
	    "Number of attempts to join; 0 means no end of them.") \
	X(INT,  "retry-max-wan", "retry_max_wan", "value", \
	    "Number of attempts to join other datacenters; 0 means no end of them.") \
	X(TEXT, "segment", "segment", "value", \
	    "(Enterprise-only) Network segment to join.") \
	X(LIST, "serf-lan-allowed-cidrs", "serf_lan_allowed_cidrs", "value", \
	    "Network (CIDR) from which agents may join. May be given several times.") \
	X(TEXT, "serf-lan-bind", "serf_lan", "value", \
	    "Address for gossip inside the datacenter.") \
	X(INT,  "serf-lan-port", "ports.serf_lan", "value", \
	    "Port for gossip inside the datacenter.") \
	X(LIST, "serf-wan-allowed-cidrs", "serf_wan_allowed_cidrs", "value", \
	    "Network (CIDR) from which servers of other datacenters may join. May be given several times.") \
	X(TEXT, "serf-wan-bind", "serf_wan", "value", \
	    "Address for gossip between datacenters.") \
	X(INT,  "serf-wan-port", "ports.serf_wan", "value", \
	    "Port for gossip between datacenters.") \
	X(BOOL, "server", "server", "", \
	    "Be a server: keep the state, and take part in elections.") \
	X(INT,  "server-port", "ports.server", "value", \
	    "Port for calls between agents, and for Raft.") \
	X(BOOL, "syslog", "enable_syslog", "", \
	    "Log to syslog, too.") \
	X(BOOL, "ui", "ui", "", \
	    "Serve the built-in web page.") \
	X(TEXT, "ui-content-path", "ui_content_path", "value", \
	    "Path under which the web page is served. By default /ui/.") \
	X(TEXT, "ui-dir", "ui_dir", "value", \
	    "Directory with a web page of your own.")
/* clang-format on */

const struct flag config_flag_table[] = {
#define X(kind, name, key, value, help) \
	{ name, FLAG_##kind, 0, value, help, NULL, false },
#define C(kind, name, key, value, help) \
	{ name, FLAG_##kind, 0, value, help, NULL, true },
	AGENT_FLAGS(X, C)
#undef C
#undef X
	    { 0 },
};

/* The key of each flag; NULL for those that set none. */
static const char *const keys[] = {
#define X(kind, name, key, value, help) key,
	AGENT_FLAGS(X, X)
#undef X
};

static struct json *
value_node(const struct flag *flag, const char *text, struct arena *arena,
    struct buf *why)
{
	struct json *node = config_tree_text(arena, text);
	struct buf reason = { 0 };
	int64_t number;

	if (flag->kind == FLAG_BOOL) {
		node->kind = JSON_BOOL;
		if (flag_parse_bool(text, &node->boolean) == ERR_OK)
			return (node);
		buf_put_text(&reason, "strconv.ParseBool: parsing ");
		flag_put_quoted(&reason, text);
		buf_put_text(&reason, ": invalid syntax");
	} else if (flag->kind == FLAG_INT) {
		node->kind = JSON_NUMBER;
		if (flag_parse_int(text, &number, &reason) == ERR_OK) {
			node->text =
			    arena_printf(arena, "%jd", (intmax_t)number);
			return (node);
		}
	} else {
		return (node);
	}
	flag_mistake(flag, text, buf_text(&reason), why);
	buf_deinit(&reason);
	return (NULL);
}

/* "key:value"; without a colon the value is empty. */
static void
node_meta_put(struct config_flags *out, const char *text, struct arena *arena)
{
	const char *colon = strchr(text, ':');
	struct slice key =
	    slice(text, colon != NULL ? (size_t)(colon - text) : strlen(text));
	struct json *map = config_tree_take(out->values, "node_meta"), *value;

	if (map == NULL)
		map = config_tree_object(arena);
	value = config_tree_text(arena, colon != NULL ? colon + 1 : "");
	config_tree_put_key(map, key, value, arena);
	config_tree_put(out->values, "node_meta", map, arena);
}

static void
list_put(struct config_flags *out, const char *path, struct json *value,
    struct arena *arena)
{
	struct json *holder = config_tree_object(arena), *list;

	/* A tree of its own for each text, then merged: lists append. */
	list = config_tree_list(arena, value);
	config_tree_put(holder, path, list, arena);
	out->lists =
	    config_tree_merge(out->lists, holder, &config_keys_type, arena);
}

/* Flags that set no key say where to read, and how. */
static void
source_put(struct config_flags *out, const char *name, const char *value,
    struct arena *arena)
{
	if (strcmp(name, "dev") == 0)
		out->is_dev = strcmp(value, "true") == 0;
	else if (strcmp(name, "config-format") == 0)
		out->format = value;
	else if (strcmp(name, "hcl") == 0)
		flag_list_add(&out->texts, value, arena);
	else
		flag_list_add(&out->paths, value, arena);
}

static enum err
flag_take(const struct flag *flag, const char *text, struct arena *arena,
    struct config_flags *out, struct buf *why)
{
	const char *key = keys[flag - config_flag_table];
	struct json *node = value_node(flag, text, arena, why);

	if (node == NULL)
		return (ERR_INVALID);
	if (key == NULL)
		source_put(out, flag->name,
		    node->kind != JSON_BOOL ? text
		    : node->boolean	    ? "true"
					    : "false",
		    arena);
	else if (strcmp(key, "node_meta") == 0)
		node_meta_put(out, text, arena);
	else if (flag->kind == FLAG_LIST)
		list_put(out, key, node, arena);
	else
		config_tree_put(out->values, key, node, arena);
	return (ERR_OK);
}

enum err
config_flags_read(int argc, char **argv, struct arena *arena,
    struct config_flags *out, struct buf *why)
{
	const struct flag *flag;
	const char *text;
	enum err err;
	int i;

	*out = (struct config_flags){
		.lists = config_tree_object(arena),
		.values = config_tree_object(arena),
		.format = "",
	};
	while (flags_next(
	    config_flag_table, &argc, &argv, &flag, &text, &err, why)) {
		err = flag_take(flag, text, arena, out, why);
		if (err != ERR_OK)
			return (err);
	}
	if (err != ERR_OK || argc == 0)
		return (err);
	buf_put_text(why, "Unexpected extra arguments: [");
	for (i = 0; i < argc; i++)
		buf_printf(why, "%s%s", i > 0 ? " " : "", argv[i]);
	buf_put_u8(why, ']');
	return (ERR_REFUSED);
}
