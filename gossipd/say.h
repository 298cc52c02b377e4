/*
 * What happens in a pool, in the log: Serf's and memberlist's lines.
 *
 * Source  serf serf.go, memberlist state.go; api/cli.md 2
 */
#ifndef GOSSIPD_SAY_H
#define GOSSIPD_SAY_H

#include "pool.h"

void say_change(const struct pool *, const struct member_change *);
void say_note(struct pool *, const struct gossip_note *);

#endif
