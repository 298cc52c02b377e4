/*
 * Services and checks that the API registered, in the data directory, so that
 * they are there again after a restart; byte for byte where and as Consul
 * keeps them.
 *
 * A file is written beside its place, synced, and renamed: it is the old one
 * or the new one, whatever happens. With -dev nothing is written.
 *
 * Errors  logged; what can't be saved is still registered, as in Consul
 * Source  api/config.md 6; Consul agent/agent.go, persistService and others
 */
#ifndef HEALTHD_PERSIST_H
#define HEALTHD_PERSIST_H

#include "local.h"

struct persist {
	const char *data_dir; /* lent; "" where nothing is saved */
	int services;	      /* folders; -1 where nothing is saved */
	int checks;
	int states;
};

/* Make the folders, if need be, and give them to our user; before privileges
 * are dropped. fatal() if that can't be. */
void persist_open(struct persist *, const char *data_dir);
/* All that was saved, into the tables. What files have defined is there
 * already, and wins; its saved copy goes. */
void persist_load(struct persist *, struct local *, struct instant now);
/* Save or drop what the effect names; others are none of ours. */
void persist_do(struct persist *, struct local *, const struct effect *);

#endif
