/*
 * What catalogd hears unasked: members of the LAN pool that came, changed or
 * went. And where user events go.
 *
 * Source  wire/gossip.md 13.5, 13.7
 */
#ifndef GOSSIPD_TELL_H
#define GOSSIPD_TELL_H

#include "pool.h"

void tell_change(struct pool *, const struct member_change *);
void tell_event(struct pool *, const struct user_event *);
/* catalogd is new, and knows nobody. */
void tell_all(struct pool *);

#endif
