/*
 * The commands of `proconsul`, a row each: a new one is a row here and a file
 * with its function.
 *
 * Each gets the arguments behind its name and returns the exit status. The
 * argument "-h" alone asks for its usage on standard output (flags_help) and
 * status 0. Command line mistakes go to standard error and are status 1.
 *
 * Source  api/cli.md 1 and 3
 */
#ifndef PROCONSUL_COMMANDS_H
#define PROCONSUL_COMMANDS_H

#include <stdbool.h>
#include <stdio.h>

/* clang-format off */
/*	name              function         synopsis */
#define COMMANDS(X)                                                            \
	X("agent",                     agent_run,                              \
	    "Runs an agent of the cluster")                                    \
	X("audit",                     audit_run,                              \
	    "Compares what daemons may do with what is declared")              \
	X("catalog datacenters",       catalog_datacenters_run,                \
	    "Lists the datacenters known")                                     \
	X("catalog nodes",             catalog_nodes_run,                      \
	    "Lists the nodes of a datacenter")                                 \
	X("catalog services",          catalog_services_run,                   \
	    "Lists the services of a datacenter")                              \
	X("daemon leave",              daemon_leave_run,                       \
	    "Makes gossipd leave before the daemons are stopped")              \
	X("daemon reload",             daemon_reload_run,                      \
	    "Makes single daemons read their configuration again")             \
	X("event",                     event_run,                              \
	    "Fires an event")                                                  \
	X("exec",                      exec_run,                               \
	    "Runs a command on many nodes")                                    \
	X("force-leave",               force_leave_run,                        \
	    "Takes a failed member as having left")                            \
	X("info",                      info_run,                               \
	    "Prints figures about the agent")                                  \
	X("join",                      join_run,                               \
	    "Makes the agent join a cluster")                                  \
	X("keygen",                    keygen_run,                             \
	    "Prints a new encryption key")                                     \
	X("keyring",                   keyring_run,                            \
	    "Manages gossip encryption keys")                                  \
	X("kv delete",                 kv_delete_run,                          \
	    "Deletes keys")                                                    \
	X("kv export",                 kv_export_run,                          \
	    "Prints keys and values as JSON")                                  \
	X("kv get",                    kv_get_run,                             \
	    "Prints values or keys")                                           \
	X("kv import",                 kv_import_run,                          \
	    "Writes what export has printed")                                  \
	X("kv put",                    kv_put_run,                             \
	    "Writes a key")                                                    \
	X("leave",                     leave_run,                              \
	    "Makes the agent leave its cluster and end")                       \
	X("lock",                      lock_run,                               \
	    "Runs a program while a lock is held")                             \
	X("maint",                     maint_run,                              \
	    "Controls maintenance of the node or a service")                   \
	X("members",                   members_run,                            \
	    "Lists the members of the cluster")                                \
	X("monitor",                   monitor_run,                            \
	    "Prints the agent's log as it goes on")                            \
	X("operator autopilot get-config", operator_autopilot_get_run,         \
	    "Prints autopilot's settings")                                     \
	X("operator autopilot set-config", operator_autopilot_set_run,         \
	    "Changes autopilot's settings")                                    \
	X("operator raft list-peers",  operator_raft_list_run,                 \
	    "Lists the servers in the Raft configuration")                     \
	X("operator raft remove-peer", operator_raft_remove_run,               \
	    "Removes a server from the Raft configuration")                    \
	X("reload",                    reload_run,                             \
	    "Makes the agent read its configuration again")                    \
	X("rtt",                       rtt_run,                                \
	    "Estimates the round trip between nodes")                          \
	X("services deregister",       services_deregister_run,                \
	    "Takes services off the agent")                                    \
	X("services register",         services_register_run,                  \
	    "Registers services with the agent")                               \
	X("setup",                     setup_run,                              \
	    "Makes the directories of daemons that start as units")            \
	X("snapshot inspect",          snapshot_inspect_run,                   \
	    "Shows what a snapshot file is")                                   \
	X("snapshot restore",          snapshot_restore_run,                   \
	    "Puts a snapshot in the place of the servers' state")              \
	X("snapshot save",             snapshot_save_run,                      \
	    "Saves the servers' state into a file")                            \
	X("validate",                  validate_run,                           \
	    "Checks configuration files")                                      \
	X("version",                   version_run,                            \
	    "Prints the version")                                              \
	X("watch",                     watch_run,                              \
	    "Shows changes, or runs a program at each")

/* Consul's commands, and all below them, that are not built yet: known, and
 * refused by name. */
/*	name                  synopsis */
#define COMMANDS_LATER(X)                                                      \
	X("acl",                "Manages tokens, policies and roles")          \
	X("config",             "Manages central configuration entries")       \
	X("connect",            "Manages the service mesh")                    \
	X("debug",              "Records an archive for debugging")            \
	X("intention",          "Manages who may talk to whom in the mesh")    \
	X("login",              "Trades a credential for a token")             \
	X("logout",             "Gives a token of login back")                 \
	X("tls",                "Makes certificates")

/* Names that only stand before those of others: `kv` of `kv get`. */
/*	name              what it is about, then text of its own usage */
#define COMMAND_GROUPS(X)                                                      \
	X("catalog",       "Reads the catalog of nodes and services",          \
	    "  Questions to the catalog of the whole datacenter.")             \
	X("daemon",        "Speaks to the daemons of this machine by signals",\
	    "  For service managers, and for who has no token.")              \
	X("kv",            "Reads and writes keys",                            \
	    "  Keys and values of the store.")                                 \
	X("operator",      "Tools for those who run the cluster",              \
	    "  Tools for those who run the cluster; use them with care.")      \
	X("operator autopilot", "Shows and changes autopilot's settings",      \
	    "  How the leader looks after its servers.")                       \
	X("operator raft", "Shows and changes the Raft configuration",         \
	    "  The servers that take part in consensus.")                      \
	X("services",      "Registers services with the agent",                \
	    "  The services of the local agent; for those of all, see "        \
	    "`catalog`.")                                                \
	X("snapshot",      "Saves and restores the servers' state",            \
	    "  All that the servers hold, as a file: for disasters.")
/* clang-format on */

/* A group has no `run`, a command that comes later neither. */
struct command {
	const char *name; /* words separated by one blank */
	const char *synopsis;
	int (*run)(int argc, char **argv);
	const char *about; /* of a group */
};

#define X(name, run, synopsis) int run(int argc, char **argv);
COMMANDS(X)
#undef X

/* The command with the longest name that starts `argv`; *used is its words.
 * NULL: none. */
const struct command *command_find(int argc, char **argv, int *used);
/* The one with the alphabetically next name one word below `parent` ("" is
 * above all); `previous` NULL for the first. */
const struct command *command_after(const char *parent, const char *previous);
/* The part of `name` below `parent` if it is one word, else NULL. */
const char *command_name_below(const char *name, const char *parent);
/* A line each: "    get    Prints values or keys". */
void print_commands_below(FILE *, const char *parent);
void print_group_usage(FILE *, const struct command *group);

/* A shell's question how a line could go on (COMP_LINE), answered; false when
 * there is none. */
bool complete_line(FILE *);
/* Tell the user's shells to ask us, or no more; the exit status. `called` is
 * how we were: the name to complete. */
int complete_install(bool installs, bool uninstalls, const char *called);

#endif
