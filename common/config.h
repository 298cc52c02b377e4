/*
 * The agent's configuration: flags, files and defaults, merged as Consul does.
 *
 * Every key of Consul 1.8.7 is a row of config_keys.h; a key or flag whose
 * capability is not built yet is refused by name (config_refuse). A daemon
 * reads the members it needs, and nothing else.
 *
 * Source  api/config.md, api/cli.md 2
 */
#ifndef COMMON_CONFIG_H
#define COMMON_CONFIG_H

#include "arena.h"
#include "bytes.h"
#include "clock.h"
#include "config_address.h"
#include "config_keys.h"
#include "err.h"
#include "local_types.h"
#include "log.h"

#define CONFIG_ADDRESSES_MAX 8

struct reload_changes {
	struct reload_change *items;
	size_t count;
};

struct config_addresses {
	char text[CONFIG_ADDRESSES_MAX][ADDRESS_TEXT_MAX]; /* "127.0.0.1",
							    * "unix:///path" */
	size_t count;
};

/* What is run with: defaults filled in, addresses worked out. Texts are NUL
 * terminated and live as long as the struct. */
struct config {
	struct arena arena;
	struct config_keys keys; /* as merged; for what is not below */
	const char *data_dir;	 /* "" with -dev */
	const char *datacenter;
	const char *node_name;
	const char *node_id;	/* lower case; "" only before the first start */
	const char *domain;	/* lower case, with a dot at the end */
	const char *alt_domain; /* likewise, or "" */
	const char *ui_content_path; /* "/ui/": slashes at both ends */
	const char *bind_address;
	const char *advertise_address;
	const char *advertise_wan_address;
	const char *serf_lan_address; /* where gossip listens */
	const char *serf_wan_address;
	const char *version; /* "1.8.7": what we are compatible with */
	bool is_server;
	bool is_dev;
	bool is_bootstrap;  /* may elect itself: bootstrap, expect 1, or dev */
	bool has_bootstrap; /* the same without dev, as Consul prints it */
	bool has_ui;
	int64_t bootstrap_expect; /* 0 where it is 1: see is_bootstrap */
	struct config_addresses client_addresses;
	struct config_addresses http_addresses;
	struct config_addresses dns_addresses;
	int http_port; /* -1 is off, likewise below */
	int dns_port;
	int serf_lan_port;
	int serf_wan_port;
	int server_port;
	enum log_level log_level;
	bool log_json;
	bool leave_on_terminate;
	bool skip_leave_on_interrupt;
	struct pair_list node_meta; /* with consul-network-segment */
	/* lan, wan and their _ipv4 or _ipv6 beside what was configured. */
	struct pair_list tagged_addresses;
	/* Definitions of files, in order, already in the API's form; all checks
	 * of a service are in its `checks`. */
	struct service_definition *services;
	size_t service_count;
	struct check_definition *checks;
	size_t check_count;
	/* Files and folders named on the command line, for Landlock and reload.
	 */
	const char **paths;
	size_t path_count;
	/* Against the one before, if this is of a reload. */
	struct reload_changes changes;
	const char **warnings; /* to log at start */
	size_t warning_count;
};

/* Read flags and files. NULL and *why (Consul's text, e.g. "data_dir cannot be
 * empty") when anything is wrong. `argv` starts with the first flag. */
MUST_CHECK struct config *config_load(int argc, char **argv, struct buf *why);
void config_free(struct config *);
/* For `validate`: paths of files and folders, and before them, if it was
 * given, "-config-format=FORMAT". */
MUST_CHECK struct config *config_validate(
    int argc, char **argv, struct buf *why);

#endif
