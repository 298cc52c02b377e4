/*
 * Consul's tags: what an agent says about itself to all members.
 *
 * Source  wire/gossip.md 9.5 and 13.1
 */
#ifndef GOSSIPD_TAGS_H
#define GOSSIPD_TAGS_H

#include "common/config.h"

/* Our own, in bytewise order of their names; lent by the configuration and
 * the arena. */
struct pair_list tags_of_config(
    const struct config *, bool is_wan, struct arena *);
/* As a member's meta: ff and a map. */
void tags_encode(const struct pair_list *, struct buf *);
/* And back, sorted; what is malformed ends the list. */
struct pair_list tags_of_meta(struct slice meta, struct arena *);

#endif
