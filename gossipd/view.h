/* Members and figures of a pool, as catalogd and people see them. */
#ifndef GOSSIPD_VIEW_H
#define GOSSIPD_VIEW_H

#include "common/local_types.h"
#include "pool.h"

/* Lent by the member and the arena. */
void view_member(
    const struct gossip_member *, struct arena *, struct serf_member *out);
void view_members(
    const struct pool *, struct arena *, struct serf_members *out);
/* A section of `consul info`: serf_lan or serf_wan. */
void view_stats(const struct pool *, struct arena *, struct stats_section *out);
/* And a section that Consul has not: what came by its port and went, and what
 * was dropped: sealed by no key of ours, malformed, over a limit. */
void view_traffic(
    const struct pool *, struct arena *, struct stats_section *out);
/* Of all members that have told where they are, and of this one. */
void view_coordinates(
    const struct pool *, struct arena *, struct coordinates *out);
void view_coordinate(
    const struct coord *, struct arena *, struct vivaldi_coord *out);

#endif
