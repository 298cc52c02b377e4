/*
 * How long questions take: those of our domain, and of addresses.
 *
 * Source  api/config.md 7; Consul's dns.go, handleQuery and handlePtr
 */
#ifndef DNSD_FIGURES_H
#define DNSD_FIGURES_H

#include "common/config.h"
#include "common/metrics.h"
#include "packet.h"
#include "settings.h"

struct figures {
	struct metric *domain; /* lent */
	struct metric *pointer;
	/* The end of one question is the beginning of the next in the same
	 * turn, which saves every other look at the clock. */
	struct instant at;
};

void figures_init(struct figures *, const struct config *);
/* A question that came at `begun` was answered. */
void figures_answered(struct figures *, const struct dns_settings *,
    const struct dns_query *, struct instant begun);

#endif
