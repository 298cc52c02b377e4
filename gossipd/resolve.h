/*
 * Names to addresses, by the system's resolver, which blocks: so in a thread
 * that lives as long as one question.
 *
 * Source  getaddrinfo(3); Go's texts for what is not found
 */
#ifndef GOSSIPD_RESOLVE_H
#define GOSSIPD_RESOLVE_H

#include <ev.h>

#include "message.h"

#define RESOLVE_ADDRESSES_MAX 64

struct resolved {
	struct endpoint addresses[RESOLVE_ADDRESSES_MAX]; /* without ports */
	size_t count;
	char why[640]; /* where there are none: "lookup db: no such host" */
};

typedef void resolve_fn(void *arg, const struct resolved *);

/* `done` is called once, never before this returns. */
void resolve(struct ev_loop *, const char *host, resolve_fn *done, void *arg);

#endif
