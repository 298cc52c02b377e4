/*
 * Queries: asked of all by gossip, answered straight to who asked, and over
 * relays besides (serf query.go; serf.go, handleQuery; wire/gossip.md 10.4).
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "core.h"
#include "logarithm.h"

#define PMAX_RELAY	   5
#define QUERY_TIMEOUT_MULT 16
#define RELAYS_MAX	   16
#define INTERNAL_PING	   "_serf_ping"

/* --- Answering. --- */

static bool
is_too_long(struct step *s, const struct message *message)
{
	/* Serf does not count memberlist's type byte. */
	return (message_size(message) - 1 > s->g->options.response_bytes_max);
}

/* Straight to `to`, without gossip; what is for us takes no detour. */
static void
send_response(struct step *s, const struct endpoint *to,
    const struct query_response *response)
{
	struct message message = {
		.kind = MESSAGE_QUERY_RESPONSE,
		.as.query_response = *response,
	};

	if (is_too_long(s, &message))
		effects_note(s->fx, GOSSIP_NOTE_FULL, (struct slice){ 0 },
		    SLICE("response"));
	else if (endpoint_equal(to, &s->g->self->address))
		serf_on_response(s, response);
	else
		send_alone(s, to, false, &message, 1);
}

static bool
fits_relay(const struct step *s, const struct member *member)
{
	return (member->status == MEMBER_ALIVE && member != s->g->self &&
		member->versions.of[1] >= PMAX_RELAY);
}

/* serf query.go, relayResponse. */
static void
relay_response(struct step *s, const struct asked_query *asked,
    const struct query_response *response)
{
	struct gossip *g = s->g;
	struct member *relays[RELAYS_MAX];
	size_t wanted = asked->relay_factor, count;
	struct query_response *copy;
	struct message message = { .kind = MESSAGE_RELAY };

	if (wanted == 0 || g->serf_count < wanted + 1)
		return;
	copy = arena_alloc(&s->fx->arena, sizeof(*copy));
	*copy = *response;
	copy->from = arena_copy(&s->fx->arena, response->from);
	copy->payload = arena_copy(&s->fx->arena, response->payload);
	message.as.relay.to = asked->source;
	message.as.relay.to_node = buf_slice(&asked->source_node);
	message.as.relay.response = copy;
	if (is_too_long(s, &message))
		return;
	count = swim_choose(
	    s, wanted < RELAYS_MAX ? wanted : RELAYS_MAX, relays, fits_relay);
	for (size_t i = 0; i < count; i++)
		send_alone(s, &relays[i]->address, false, &message, 1);
}

static void
answer(struct step *s, const struct asked_query *asked, uint32_t flags,
    struct slice payload)
{
	struct query_response response = {
		.ltime = asked->ltime,
		.id = asked->id,
		.from = member_name(s->g->self),
		.flags = flags,
		.payload = payload,
	};

	send_response(s, &asked->source, &response);
	relay_response(s, asked, &response);
}

/* The oldest of those not answered makes room. */
static struct asked_query *
remember_asked(struct step *s, const struct query *query)
{
	struct gossip *g = s->g;
	uint64_t number = ++g->last_asked;
	struct asked_query *asked = &g->asked[number % ASKED_MAX];

	asked->number = number;
	asked->ltime = query->ltime;
	asked->id = query->id;
	asked->source = query->source;
	asked->relay_factor = query->relay_factor;
	asked->deadline = instant_add(s->now, query->timeout);
	buf_reset(&asked->source_node);
	buf_put_slice(&asked->source_node, query->source_node);
	return (asked);
}

static void
deliver(struct step *s, const struct query *query)
{
	struct asked_query *asked = remember_asked(s, query);

	if (query->flags & QUERY_WANTS_ACK)
		answer(s, asked, RESPONSE_IS_ACK, (struct slice){ 0 });
	if (slice_is(query->name, INTERNAL_PING)) {
		asked->number = 0;
		return;
	}
	effects_asked(s->fx, &(struct gossip_asked){
				 .id = asked->number,
				 .name = query->name,
				 .payload = query->payload,
				 .from = query->source_node,
				 .from_address = query->source,
				 .deadline = asked->deadline,
			     });
}

static bool
is_for_us(const struct gossip *g, const struct query *query)
{
	for (size_t i = 0; i < query->filter_count; i++)
		if (!filter_matches(query->filters[i], member_name(g->self),
			buf_slice(&g->self->meta)))
			return (false);
	return (true);
}

/* False: an old one, or one we have seen. */
static bool
is_new(struct gossip *g, const struct query *query)
{
	struct query_slot *slot;

	if (query->ltime < g->query_min ||
	    (g->query_clock > GOSSIP_EVENT_TICKS &&
		query->ltime < g->query_clock - GOSSIP_EVENT_TICKS))
		return (false);
	if (g->queries == NULL)
		g->queries = xcalloc(GOSSIP_EVENT_TICKS, sizeof(*g->queries));
	slot = &g->queries[query->ltime % GOSSIP_EVENT_TICKS];
	if (slot->ltime != query->ltime) {
		slot->ltime = query->ltime;
		slot->count = 0;
	}
	for (uint32_t i = 0; i < slot->count; i++)
		if (slot->ids[i] == query->id)
			return (false);
	if (slot->count == QUERIES_PER_TICK) {
		g->dropped++;
		return (false);
	}
	slot->ids[slot->count++] = query->id;
	return (true);
}

bool
serf_on_query(struct step *s, const struct query *query)
{
	struct gossip *g = s->g;

	clock_witness(&g->query_clock, query->ltime);
	if (!is_new(g, query))
		return (false);
	if (is_for_us(g, query))
		deliver(s, query);
	return ((query->flags & QUERY_NO_REBROADCAST) == 0);
}

void
serf_respond(struct step *s, uint64_t number, struct slice payload)
{
	struct asked_query *asked = &s->g->asked[number % ASKED_MAX];

	if (number == 0 || asked->number != number)
		return; /* answered, or pushed out by newer ones */
	asked->number = 0;
	if (instant_before(s->now, asked->deadline))
		answer(s, asked, 0, payload);
}

/* --- Asking. --- */

static struct own_query *
free_query(struct gossip *g)
{
	for (size_t i = 0; i < QUERIES_MAX; i++)
		if (!g->own_queries[i].is_open)
			return (&g->own_queries[i]);
	return (NULL);
}

static struct duration
default_timeout(const struct gossip *g)
{
	size_t alive = 0;

	for (size_t i = 0; i < g->node_count; i++)
		alive += !swim_is_gone(g->nodes[i]);
	return (NANOSECONDS(g->options.timing.gossip_interval.ns *
			    QUERY_TIMEOUT_MULT * logarithm10_up(alive + 1)));
}

static struct query
make_query(struct step *s, const struct gossip_event *event)
{
	struct gossip *g = s->g;
	struct duration timeout = event->as.query.timeout;

	return ((struct query){
	    .ltime = g->query_clock,
	    .id = (uint32_t)random_below(&g->random, INT32_MAX),
	    .source = g->self->address,
	    .source_node = member_name(g->self),
	    .filters = event->as.query.filters,
	    .filter_count = event->as.query.filter_count,
	    .flags = event->as.query.wants_ack ? QUERY_WANTS_ACK : 0,
	    .relay_factor = event->as.query.relay_factor,
	    .timeout = timeout.ns > 0 ? timeout : default_timeout(g),
	    .name = event->as.query.name,
	    .payload = event->as.query.payload,
	});
}

void
serf_query_fire(struct step *s, const struct gossip_event *event)
{
	struct gossip *g = s->g;
	uint64_t command = event->as.query.id;
	struct message message = { .kind = MESSAGE_QUERY };
	struct query *query = &message.as.query;
	struct own_query *own = free_query(g);

	*query = make_query(s, event);
	if (message_size(&message) - 1 > g->options.query_bytes_max) {
		effects_done(s->fx, command, false,
		    arena_printf(&s->fx->arena,
			"query exceeds limit of %zu bytes",
			g->options.query_bytes_max));
		return;
	}
	if (own == NULL) {
		effects_done(
		    s->fx, command, false, SLICE("too many queries at once"));
		return;
	}
	own->is_open = true;
	own->command = command;
	own->ltime = query->ltime;
	own->id = query->id;
	own->deadline = instant_add(s->now, query->timeout);
	own->acks.count = own->responses.count = 0;
	(void)serf_on_query(s, query);
	broadcast_put(&g->query_queue, &message, NULL, NULL);
}

/* --- What is answered to us. --- */

static bool
is_first_from(struct gossip *g, struct names_seen *seen, struct slice name)
{
	uint64_t hash = keyed_hash(g->members.key, name);

	for (size_t i = 0; i < seen->count; i++)
		if (seen->hashes[i] == hash)
			return (false);
	if (seen->count >= GOSSIP_NODES_MAX)
		return (false);
	if (seen->count == seen->capacity) {
		seen->capacity = seen->capacity * 2 + 8;
		seen->hashes = xreallocarray(
		    seen->hashes, seen->capacity, sizeof(*seen->hashes));
	}
	seen->hashes[seen->count++] = hash;
	return (true);
}

void
serf_on_response(struct step *s, const struct query_response *response)
{
	struct gossip *g = s->g;
	bool is_ack = (response->flags & RESPONSE_IS_ACK) != 0;
	struct own_query *own = g->own_queries;

	while (own < g->own_queries + QUERIES_MAX &&
	       (!own->is_open || own->ltime != response->ltime ||
		   own->id != response->id))
		own++;
	if (own == g->own_queries + QUERIES_MAX ||
	    !is_first_from(
		g, is_ack ? &own->acks : &own->responses, response->from))
		return;
	effects_reply(s->fx, &(struct gossip_reply){
				 .id = own->command,
				 .from = response->from,
				 .is_ack = is_ack,
				 .payload = response->payload,
			     });
}

void
serf_on_relay(struct step *s, const struct relay *relay)
{
	struct message message = {
		.kind = MESSAGE_RELAYED,
		.as.relayed = relay->bytes,
	};

	if (relay->to.ip_size > 0 && !send_is_too_big(s->g, &message))
		send_alone(s, &relay->to, false, &message, 1);
}

void
serf_query_tick(struct step *s)
{
	for (size_t i = 0; i < QUERIES_MAX; i++) {
		struct own_query *own = &s->g->own_queries[i];

		if (!own->is_open || !is_due(s, own->deadline))
			continue;
		own->is_open = false;
		effects_done(s->fx, own->command, true, (struct slice){ 0 });
	}
}

struct instant
serf_query_deadline(const struct gossip *g)
{
	struct instant due = INSTANT_NEVER;

	for (size_t i = 0; i < QUERIES_MAX; i++)
		if (g->own_queries[i].is_open)
			due = sooner(due, g->own_queries[i].deadline);
	return (due);
}

void
serf_queries_free(struct gossip *g)
{
	for (size_t i = 0; i < QUERIES_MAX; i++) {
		free(g->own_queries[i].acks.hashes);
		free(g->own_queries[i].responses.hashes);
	}
	free(g->queries);
	for (size_t i = 0; i < ASKED_MAX; i++)
		buf_deinit(&g->asked[i].source_node);
}
