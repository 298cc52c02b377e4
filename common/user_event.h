/*
 * Consul's envelope around the payload of a user event: who it is for, and an
 * id. The one thing that Consul writes with msgpack's newer forms.
 *
 * Source  wire/gossip.md 13.5
 */
#ifndef COMMON_USER_EVENT_H
#define COMMON_USER_EVENT_H

#include "local_types.h"

#define USER_EVENT_PREFIX  "consul:event:"     /* of Serf's name */
#define USER_EVENT_LEADER  "consul:new-leader" /* payload: the leader's name */
#define USER_EVENT_VERSION 1

/* All but the name and Lamport time of Serf's own event, which are around it.
 */
void user_event_encode(const struct user_event_entry *, struct buf *);
/* *out is zeroed first; its texts are lent by the bytes. */
MUST_CHECK enum err user_event_decode(struct slice, struct user_event_entry *);

/* What stands for an event as an index: both halves of its UUID, over one
 * another; 0 for what is no UUID. Source: Consul's uuidToUint64. */
uint64_t user_event_index(struct slice id);

#endif
