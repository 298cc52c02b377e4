/*
 * Packets: what goes into one, within its size. What is sent anyway takes
 * gossip along (memberlist net.go, sendMsg and getBroadcasts).
 */
#include <assert.h>

#include "core.h"

#define PMAX_CHECKSUM 5 /* who reads hasCrc (memberlist net.go) */

/* Bytes for parts and what is around each of them. */
static size_t
room_of(const struct gossip *g)
{
	return (g->options.packet_bytes - GOSSIP_COMPOUND_BYTES -
		(g->is_encrypted ? GOSSIP_ENCRYPT_BYTES : 0));
}

bool
send_is_too_big(const struct gossip *g, const struct message *message)
{
	return (message_size(message) + GOSSIP_PART_BYTES > room_of(g));
}

bool
send_has_gossip(const struct gossip *g)
{
	size_t waiting = g->swim_queue.count + g->intent_queue.count +
			 g->query_queue.count + g->event_queue.count;

	return (waiting > 0 && g->node_count > 1); /* there is somebody */
}

bool
send_has_news(const struct gossip *g)
{
	unsigned limit =
	    broadcast_limit(g->options.timing.retransmit_mult, g->node_count);

	return (g->swim_queue.count > 0 &&
		g->swim_queue.items[0]->transmits < limit / 2);
}

struct filling {
	struct gossip_effects *fx;
	const struct endpoint *to;
	bool has_checksum;
	bool has_begun;
};

static void
fill(void *arg, const struct message *message)
{
	struct filling *filling = arg;

	if (!filling->has_begun)
		effects_packet(filling->fx, filling->to, filling->has_checksum);
	filling->has_begun = true;
	effects_message(filling->fx, message);
}

/* memberlist's queue first, then Serf's (serf delegate.go, GetBroadcasts). */
static void
fill_with_gossip(struct step *s, struct filling *filling, size_t room)
{
	struct gossip *g = s->g;
	unsigned mult = g->options.timing.retransmit_mult;
	unsigned swim_limit = broadcast_limit(mult, g->node_count);
	unsigned serf_limit = broadcast_limit(mult, g->serf_count);

	if (!send_has_gossip(g))
		return;
	room -= broadcast_take(
	    &g->swim_queue, GOSSIP_PART_BYTES, room, swim_limit, fill, filling);
	room -= broadcast_take(&g->intent_queue, GOSSIP_PART_BYTES, room,
	    serf_limit, fill, filling);
	room -= broadcast_take(&g->query_queue, GOSSIP_PART_BYTES, room,
	    serf_limit, fill, filling);
	(void)broadcast_take(&g->event_queue, GOSSIP_PART_BYTES, room,
	    serf_limit, fill, filling);
}

void
send_with_gossip(
    struct step *s, const struct endpoint *to, const struct message *message)
{
	struct filling filling = { .fx = s->fx, .to = to, .has_begun = true };
	size_t used = message_size(message) + GOSSIP_PART_BYTES;

	effects_packet(s->fx, to, false);
	effects_message(s->fx, message);
	if (used < room_of(s->g))
		fill_with_gossip(s, &filling, room_of(s->g) - used);
}

void
send_alone(struct step *s, const struct endpoint *to, bool has_checksum,
    const struct message *messages, size_t count)
{
	assert(count > 0);
	effects_packet(s->fx, to, has_checksum);
	for (size_t i = 0; i < count; i++)
		effects_message(s->fx, &messages[i]);
}

bool
send_gossip(struct step *s, const struct member *to)
{
	struct filling filling = {
		.fx = s->fx,
		.to = &to->address,
		.has_checksum = to->versions.of[1] >= PMAX_CHECKSUM,
	};

	fill_with_gossip(s, &filling, room_of(s->g));
	return (filling.has_begun);
}
