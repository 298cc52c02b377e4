/*
 * Who is in the LAN pool, as gossipd tells it; kept on leader, follower and
 * client alike. And what a server's tags say of it.
 *
 * Source  wire/gossip.md 13.1 (tags); Consul's metadata/server.go
 */
#ifndef CATALOGD_MEMBERS_H
#define CATALOGD_MEMBERS_H

#include <sys/queue.h>

#include "arena.h"
#include "clock.h"
#include "local_types.h"

enum member_status {
	MEMBER_NONE = 0, /* reaped or pruned */
	MEMBER_ALIVE = 1,
	MEMBER_LEAVING = 2,
	MEMBER_LEFT = 3,
	MEMBER_FAILED = 4,
};

struct member {
	TAILQ_ENTRY(member) entry;
	struct arena arena; /* of what follows */
	struct serf_member serf;
	bool is_told; /* by the gossipd that is there now */
};

struct members {
	TAILQ_HEAD(, member) list;
	bool is_complete; /* all of this gossipd's have been told */
	struct instant complete_since;
};

void members_init(struct members *);
/* By name, in any case; NULL if there is none. */
struct member *members_find(struct members *, struct slice name);
/* Somebody came or changed; the member as it is kept. */
struct member *members_put(struct members *, const struct serf_member *);
void members_drop(struct members *, struct member *);
/* Another gossipd, which has not told anybody yet. */
void members_begin(struct members *);

/* Whether those who are not in the list are gone. An agent that has just
 * started finds the others one by one; Consul takes them out of the catalog
 * until it has found them. */
bool members_settled(const struct members *);

/* Empty where there is none. */
struct slice member_tag(const struct serf_member *, const char *name);
bool member_is_server(const struct serf_member *, const char *datacenter);
uint16_t member_port(const struct serf_member *); /* of its calls; or 0 */
/* "ip:port" of its calls. */
struct slice member_address(const struct serf_member *, struct arena *);
/* "1.8.7" of the build "1.8.7:f2b7..." */
struct slice member_version(const struct serf_member *);

#endif
