/*
 * `recursors`: who answers the DNS questions that are not ours.
 *
 * Source  api/dns.md 7; Consul agent/dns.go, recursorAddr
 */
#ifndef COMMON_CONFIG_RECURSORS_H
#define COMMON_CONFIG_RECURSORS_H

#include "arena.h"
#include "err.h"

struct config;

/* More are refused: each costs every lost question its time. */
#define CONFIG_RECURSORS_MAX 32

struct config_recursor {
	const char *host; /* an IP address, or a name */
	uint16_t port;
};

struct config_recursors {
	struct config_recursor items[CONFIG_RECURSORS_MAX];
	size_t count;
};

/* Templates filled in, each address once and with a port; texts are in the
 * arena. `why` has Consul's text on failure. */
MUST_CHECK enum err config_recursors_read(const struct config *, struct arena *,
    struct config_recursors *out, struct buf *why);

#endif
