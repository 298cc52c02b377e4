/*
 * What the configuration says about serving HTTP, made ready to be used.
 *
 * Source  api/config.md: http_config, limits, addresses; api/http.md 1.2, 1.11
 */
#ifndef HTTPD_POLICY_H
#define HTTPD_POLICY_H

#include "arena.h"
#include "config.h"

struct network; /* addresses that may write */

struct policy {
	struct arena arena;	  /* of all texts below */
	unsigned connections_max; /* of one client address */
	uint64_t kv_value_max;	  /* bytes, if a request says its size */
	uint64_t txn_max;	  /* likewise */
	uint64_t txn_ops_max;
	size_t body_max;	      /* the larger of the two */
	struct duration wait_default; /* of blocking reads */
	struct duration wait_max;
	struct duration discovery_max_stale; /* 0: reads ask the leader */
	struct slice api_headers;  /* "Name: value\r\n", on every /v1 answer */
	struct slice ui_headers;   /* the same on files of the page */
	struct slice ui_dir;	   /* files of the page; empty: our own */
	struct slice ui_path;	   /* "/ui/" */
	struct slice_list blocked; /* prefixes of paths */
	struct network *writers;
	size_t writer_count; /* 0: everybody may write */
	bool refuses_unprintable;
	bool has_cache; /* ?cached is listened to */
};

/* fatal() on a network that is none. */
void policy_init(struct policy *, const struct config *);
void policy_deinit(struct policy *);

bool policy_blocks(const struct policy *, struct slice path);
/* `address` is that of the peer, 4 or 16 bytes; of a Unix socket, none. */
bool policy_lets_write(const struct policy *, struct slice address);

#endif
