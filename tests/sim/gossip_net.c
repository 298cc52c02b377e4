/* The nodes of the simulated pool, and the net between them. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "gossip_sim.h"

#define MS	       1000000LL
#define DELAY_LEAST_NS (200 * 1000LL)
#define RETRY_JOIN_MS  5000
#define PORT	       8301

uint64_t
roll(struct pool *p, uint64_t sides)
{
	uint64_t mixed = p->random += 0x9e3779b97f4a7c15; /* splitmix64 */

	mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
	return ((mixed ^ (mixed >> 31)) % sides);
}

bool
chance(struct pool *p, unsigned in_a_thousand)
{
	return (roll(p, 1000) < in_a_thousand);
}

/* --- The agenda: a heap by time. --- */

static bool
is_earlier(const struct happening *a, const struct happening *b)
{
	if (a->at.ns != b->at.ns)
		return (a->at.ns < b->at.ns);
	return (a->order < b->order);
}

static void
swap(struct happening *a, struct happening *b)
{
	struct happening other = *a;

	*a = *b;
	*b = other;
}

struct happening *
happen(struct pool *p, enum happening_kind kind, size_t node, int64_t in_ns)
{
	size_t at = p->agenda_count++;

	if (at == p->agenda_capacity) {
		p->agenda_capacity = p->agenda_capacity * 2 + 64;
		p->agenda = xreallocarray(
		    p->agenda, p->agenda_capacity, sizeof(*p->agenda));
	}
	p->agenda[at] = (struct happening){
		.at = instant_add(p->now, NANOSECONDS(in_ns)),
		.order = ++p->order,
		.kind = kind,
		.node = node,
		.life = p->nodes[node].life,
	};
	while (at > 0 && is_earlier(&p->agenda[at], &p->agenda[(at - 1) / 2])) {
		swap(&p->agenda[at], &p->agenda[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	return (&p->agenda[at]);
}

static struct happening
agenda_take(struct pool *p)
{
	struct happening first = p->agenda[0];
	size_t at = 0;

	p->agenda[0] = p->agenda[--p->agenda_count];
	for (;;) {
		size_t least = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
			if (child < p->agenda_count &&
			    is_earlier(&p->agenda[child], &p->agenda[least]))
				least = child;
		if (least == at)
			return (first);
		swap(&p->agenda[at], &p->agenda[least]);
		at = least;
	}
}

/* --- Parcels. --- */

static struct parcel *
parcel_new(enum parcel_kind kind, size_t from, size_t to)
{
	struct parcel *parcel = xcalloc(1, sizeof(*parcel));

	parcel->kind = kind;
	parcel->from = from;
	parcel->to = to;
	arena_init(&parcel->arena);
	return (parcel);
}

static void
parcel_free(struct parcel *parcel)
{
	if (parcel == NULL)
		return;
	arena_deinit(&parcel->arena);
	free(parcel);
}

static void
copy_nodes(
    struct arena *arena, struct push_pull *to, const struct push_pull *from)
{
	to->nodes =
	    arena_array(arena, from->node_count + 1, sizeof(*to->nodes));
	for (size_t i = 0; i < from->node_count; i++) {
		to->nodes[i] = from->nodes[i];
		to->nodes[i].name = arena_copy(arena, from->nodes[i].name);
		to->nodes[i].meta = arena_copy(arena, from->nodes[i].meta);
	}
}

static void
copy_statuses(
    struct arena *arena, struct push_pull *to, const struct push_pull *from)
{
	to->status_times = arena_array(
	    arena, from->status_count + 1, sizeof(*to->status_times));
	for (size_t i = 0; i < from->status_count; i++)
		to->status_times[i] = (struct status_time){
			arena_copy(arena, from->status_times[i].name),
			from->status_times[i].ltime,
		};
	to->left_members =
	    arena_array(arena, from->left_count + 1, sizeof(*to->left_members));
	for (size_t i = 0; i < from->left_count; i++)
		to->left_members[i] = arena_copy(arena, from->left_members[i]);
}

static void
copy_events(
    struct arena *arena, struct push_pull *to, const struct push_pull *from)
{
	to->events =
	    arena_array(arena, from->event_count + 1, sizeof(*to->events));
	for (size_t i = 0; i < from->event_count; i++) {
		const struct event_tick *tick = &from->events[i];
		struct event_body *bodies =
		    arena_array(arena, tick->count, sizeof(*bodies));

		for (size_t j = 0; j < tick->count; j++) {
			bodies[j].name =
			    arena_copy(arena, tick->events[j].name);
			bodies[j].payload =
			    arena_copy(arena, tick->events[j].payload);
		}
		to->events[i] =
		    (struct event_tick){ tick->ltime, bodies, tick->count };
	}
}

static void
parcel_set_state(struct parcel *parcel, const struct push_pull *state)
{
	parcel->state = *state;
	copy_nodes(&parcel->arena, &parcel->state, state);
	copy_statuses(&parcel->arena, &parcel->state, state);
	copy_events(&parcel->arena, &parcel->state, state);
}

static void
parcel_set_messages(
    struct parcel *parcel, const struct message *messages, size_t count)
{
	struct arena *arena = &parcel->arena;

	parcel->messages = arena_array(arena, count, sizeof(*messages));
	parcel->message_count = count;
	for (size_t i = 0; i < count; i++) {
		const struct message *m = &messages[i];

		message_copy(&parcel->messages[i], m,
		    arena_alloc(arena, message_text_bytes(m) + 1));
	}
}

/* --- The net. --- */

/* SIZE_MAX: nobody has this address. */
static size_t
node_at(const struct pool *p, const struct endpoint *address)
{
	size_t place = (size_t)address->ip[2] << 8 | address->ip[3];

	if (place >= p->node_count ||
	    !endpoint_equal(&p->nodes[place].address, address))
		return (SIZE_MAX);
	return (place);
}

static bool
is_cut_off(const struct pool *p, size_t a, size_t b)
{
	return (p->is_cut && p->nodes[a].is_abroad != p->nodes[b].is_abroad);
}

static int64_t
delay(struct pool *p)
{
	int64_t ns = DELAY_LEAST_NS + (int64_t)roll(p, (uint64_t)p->delay_ns);

	/* One in a hundred takes a detour. */
	return (chance(p, 10) ? ns * 20 : ns);
}

static void
send_parcel(struct pool *p, struct parcel *parcel, int64_t in_ns)
{
	struct happening *one = happen(p, HAPPEN_PARCEL, parcel->to, in_ns);

	one->parcel = parcel;
}

static bool
is_stream(const struct parcel *parcel)
{
	return (parcel->kind != PARCEL_PACKET);
}

/* What is cut off or lost does not arrive; TCP repeats what was lost. */
static void
leave_node(struct pool *p, struct parcel *parcel)
{
	int64_t ns = delay(p);

	if (is_cut_off(p, parcel->from, parcel->to) ||
	    (!is_stream(parcel) && chance(p, p->loss))) {
		parcel_free(parcel);
		return;
	}
	if (is_stream(parcel))
		ns = 3 * ns + (chance(p, p->loss) ? 200 * MS : 0);
	send_parcel(p, parcel, ns);
}

static void
keep(struct parcel ***list, size_t *count, size_t *capacity,
    struct parcel *parcel)
{
	if (*count == *capacity) {
		*capacity = *capacity * 2 + 8;
		*list = xreallocarray(*list, *capacity, sizeof(**list));
	}
	(*list)[(*count)++] = parcel;
}

static void
post(struct pool *p, struct parcel *parcel)
{
	struct node *from = &p->nodes[parcel->from];

	if (from->condition == CONDITION_STALLED)
		keep(&from->held, &from->held_count, &from->held_capacity,
		    parcel);
	else
		leave_node(p, parcel);
}

/* --- Effects. --- */

static void
use_packets(struct pool *p, size_t at)
{
	const struct gossip_effects *fx = &p->fx;

	for (size_t i = 0; i < fx->packets.count; i++) {
		const struct gossip_packet *packet = &fx->packets.items[i];
		size_t to = node_at(p, &packet->to);
		unsigned copies = 1 + chance(p, p->doubling);

		p->counts.packets++;
		for (; to != SIZE_MAX && copies > 0; copies--) {
			struct parcel *parcel =
			    parcel_new(PARCEL_PACKET, at, to);

			parcel_set_messages(parcel,
			    &fx->messages.items[packet->first], packet->count);
			post(p, parcel);
		}
	}
}

static void
use_stream(struct pool *p, size_t at, const struct gossip_stream *stream)
{
	size_t to = node_at(p, &stream->to);
	struct parcel *parcel;
	struct happening *timeout;
	bool is_pull = stream->kind == STREAM_PUSH_PULL;

	timeout = happen(p, HAPPEN_STREAM_TIMEOUT, at,
	    instant_since(stream->deadline, p->now).ns);
	timeout->stream = stream->id;
	if (to == SIZE_MAX)
		return; /* no such host: it times out */
	parcel = parcel_new(is_pull ? PARCEL_PULL : PARCEL_PING, at, to);
	parcel->stream = stream->id;
	parcel->life = p->nodes[at].life;
	if (is_pull)
		parcel_set_state(parcel, stream->state);
	p->counts.pulls += is_pull;
	post(p, parcel);
}

/* The answer to a push/pull that has just been handed in. */
static void
use_reply(struct pool *p, size_t at, const struct gossip_stream *stream,
    const struct parcel *asked)
{
	struct parcel *parcel = parcel_new(PARCEL_PULL_ANSWER, at, asked->from);

	parcel->stream = asked->stream;
	parcel->life = asked->life;
	parcel_set_state(parcel, stream->state);
	post(p, parcel);
}

static void
use_done(struct pool *p, size_t at, const struct gossip_done *done)
{
	struct node *node = &p->nodes[at];

	if (done->id == p->query_id) {
		p->is_query_done = true;
	} else if (done->id == node->join_id) {
		node->has_joined = done->is_ok;
		if (!done->is_ok)
			happen(p, HAPPEN_RETRY_JOIN, at, RETRY_JOIN_MS * MS);
	}
}

static void
use_replies(struct pool *p)
{
	for (size_t i = 0; i < p->fx.replies.count; i++) {
		if (p->fx.replies.items[i].id != p->query_id)
			continue;
		if (p->fx.replies.items[i].is_ack)
			p->query_acks++;
		else
			p->query_replies++;
	}
}

static void
use_effects(struct pool *p, size_t at, const struct parcel *asked)
{
	const struct gossip_effects *fx = &p->fx;

	use_packets(p, at);
	for (size_t i = 0; i < fx->streams.count; i++) {
		if (fx->streams.items[i].kind == STREAM_REPLY)
			use_reply(p, at, &fx->streams.items[i], asked);
		else
			use_stream(p, at, &fx->streams.items[i]);
	}
	for (size_t i = 0; i < fx->done.count; i++)
		use_done(p, at, &fx->done.items[i]);
	use_replies(p);
}

/* --- Steps. --- */

static void
plan_tick(struct pool *p, size_t at)
{
	struct node *node = &p->nodes[at];
	struct instant due;

	if (node->g == NULL)
		return;
	due = gossip_deadline(node->g);
	if (instant_before(due, p->now))
		due = p->now;
	if (!instant_before(due, node->tick_at))
		return;
	node->tick_at = due;
	happen(p, HAPPEN_TICK, at, due.ns - p->now.ns);
}

/* An answer to each query that has come, at once. */
static void
answer_queries(struct pool *p, size_t at)
{
	uint64_t ids[16];
	size_t count = p->fx.asked.count;

	for (size_t i = 0; i < count && i < 16; i++)
		ids[i] = p->fx.asked.items[i].id;
	for (size_t i = 0; i < count && i < 16; i++) {
		struct gossip_event event = { .kind = GOSSIP_RESPOND };

		event.as.respond.asked = ids[i];
		event.as.respond.payload = SLICE("here");
		node_step(p, at, &event);
	}
}

static void
step(struct pool *p, size_t at, struct gossip_event *event,
    const struct parcel *asked)
{
	struct node *node = &p->nodes[at];
	bool has_left;

	assert(node->g != NULL);
	p->counts.steps++;
	event->now = p->now;
	gossip_effects_reset(&p->fx);
	gossip_step(node->g, event, &p->fx);
	check_step(p, at);
	use_effects(p, at, asked);
	has_left = p->fx.has_left;
	if (p->fx.asked.count > 0)
		answer_queries(p, at);
	if (has_left) {
		node->has_left = true;
		node_stop(p, at);
		return;
	}
	plan_tick(p, at);
}

void
node_step(struct pool *p, size_t at, struct gossip_event *event)
{
	step(p, at, event, NULL);
}

/* --- What arrives. --- */

static void
open_packet(struct pool *p, const struct parcel *parcel)
{
	for (size_t i = 0; i < parcel->message_count; i++) {
		struct gossip_event event = { .kind = GOSSIP_MESSAGE };

		event.as.message.from = p->nodes[parcel->from].address;
		event.as.message.message = &parcel->messages[i];
		if (p->nodes[parcel->to].g != NULL)
			node_step(p, parcel->to, &event);
	}
}

static void
open_pull(struct pool *p, const struct parcel *parcel)
{
	struct gossip_event event = { .kind = GOSSIP_PUSH_PULL };

	event.as.push_pull.stream = parcel->stream;
	event.as.push_pull.from = p->nodes[parcel->from].address;
	event.as.push_pull.state = &parcel->state;
	step(p, parcel->to, &event, parcel);
}

static void
send_back(struct pool *p, const struct parcel *asked, enum parcel_kind kind)
{
	struct parcel *parcel = parcel_new(kind, asked->to, asked->from);

	parcel->stream = asked->stream;
	parcel->life = asked->life;
	leave_node(p, parcel);
}

static void
open_answer(struct pool *p, const struct parcel *parcel)
{
	struct gossip_event event = { .kind = GOSSIP_STREAM_ANSWER };

	if (parcel->life != p->nodes[parcel->to].life)
		return;
	if (parcel->kind == PARCEL_REFUSED) {
		event.kind = GOSSIP_STREAM_FAILED;
		event.as.failed.stream = parcel->stream;
		event.as.failed.why = SLICE("connection refused");
	} else {
		event.as.answer.stream = parcel->stream;
		event.as.answer.state =
		    parcel->kind == PARCEL_PULL_ANSWER ? &parcel->state : NULL;
	}
	node_step(p, parcel->to, &event);
}

static void
open_parcel(struct pool *p, const struct parcel *parcel)
{
	bool is_question =
	    parcel->kind == PARCEL_PULL || parcel->kind == PARCEL_PING;

	if (p->nodes[parcel->to].g == NULL) {
		if (is_question)
			send_back(p, parcel, PARCEL_REFUSED);
	} else if (parcel->kind == PARCEL_PACKET) {
		open_packet(p, parcel);
	} else if (parcel->kind == PARCEL_PULL) {
		open_pull(p, parcel);
	} else if (parcel->kind == PARCEL_PING) {
		send_back(p, parcel, PARCEL_PING_ANSWER);
	} else {
		open_answer(p, parcel);
	}
}

static void
arrive(struct pool *p, struct parcel *parcel)
{
	struct node *node = &p->nodes[parcel->to];

	if (node->condition == CONDITION_WELL) {
		open_parcel(p, parcel);
		parcel_free(parcel);
	} else if (is_stream(parcel) || node->waiting_count < INBOX_MAX) {
		keep(&node->waiting, &node->waiting_count,
		    &node->waiting_capacity, parcel);
	} else {
		parcel_free(parcel);
	}
}

/* --- Nodes. --- */

void
node_start(struct pool *p, size_t at)
{
	struct node *node = &p->nodes[at];
	static const uint8_t tags[GOSSIP_META_BYTES_MAX];
	struct gossip_event event = { .kind = GOSSIP_START };
	struct gossip_options options = {
		.timing = gossip_timing_lan,
		.seed = roll(p, UINT64_MAX),
		.is_without_lifeguard = p->is_without_lifeguard,
		.meta = slice(tags, p->meta_bytes),
	};

	assert(node->g == NULL);
	if (!node->was_started) {
		snprintf(node->name, sizeof(node->name), "node-%zu", at);
		node->address = (struct endpoint){
			{ 10, 0, (uint8_t)(at >> 8), (uint8_t)at }, 4, PORT
		};
	}
	options.name = slice_of_text(node->name);
	options.address = node->address;
	node->g = gossip_new(&options);
	node->was_started = true;
	node->life++;
	node->has_joined = false;
	node->incarnation = 0;
	node->tick_at = INSTANT_NEVER;
	for (size_t i = 0; i < EVENTS_MAX; i++)
		p->has_event[i][at] = 0;
	for (size_t i = 0; i < p->node_count; i++)
		p->has_seen_left[at * p->node_count + i] = 0;
	node_step(p, at, &event);
}

static void
drop_all(struct parcel **list, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		parcel_free(list[i]);
	*count = 0;
}

void
node_stop(struct pool *p, size_t at)
{
	struct node *node = &p->nodes[at];

	gossip_free(node->g);
	node->g = NULL;
	node->life++;
	node->condition = CONDITION_WELL;
	node->spell++;
	drop_all(node->waiting, &node->waiting_count);
	drop_all(node->held, &node->held_count);
}

/* One that runs, and better one that has joined: two that joined each other
 * would be content alone. */
static size_t
way_in(struct pool *p, size_t at)
{
	size_t first = p->is_star ? 0 : (size_t)roll(p, p->node_count);
	size_t found = at;

	for (size_t i = 0; i < p->node_count; i++) {
		size_t to = (first + i) % p->node_count;

		if (to == at || p->nodes[to].g == NULL)
			continue;
		if (p->nodes[to].has_joined)
			return (to);
		if (found == at)
			found = to;
	}
	return (found);
}

void
node_join(struct pool *p, size_t at)
{
	struct gossip_event event = { .kind = GOSSIP_JOIN };
	size_t to = way_in(p, at);

	p->nodes[at].join_id = (uint64_t)at + 1;
	event.as.join.id = p->nodes[at].join_id;
	event.as.join.to = p->nodes[to].address;
	if (to != at)
		node_step(p, at, &event);
}

void
node_weaken(struct pool *p, size_t at, enum condition condition, int64_t for_ns)
{
	struct node *node = &p->nodes[at];
	struct happening *end;

	if (node->g == NULL || node->condition != CONDITION_WELL)
		return;
	node->condition = condition;
	node->spell++;
	end = happen(p, HAPPEN_AWAKE, at, for_ns);
	end->stream = node->spell;
}

/* First what has come, then the clock. */
void
node_awake(struct pool *p, size_t at)
{
	struct node *node = &p->nodes[at];
	struct parcel **waiting = node->waiting, **held = node->held;
	size_t waiting_count = node->waiting_count;
	size_t held_count = node->held_count;

	node->condition = CONDITION_WELL;
	node->waiting = node->held = NULL;
	node->waiting_count = node->waiting_capacity = 0;
	node->held_count = node->held_capacity = 0;
	for (size_t i = 0; i < held_count; i++)
		leave_node(p, held[i]);
	for (size_t i = 0; i < waiting_count; i++)
		arrive(p, waiting[i]);
	free(held);
	free(waiting);
	if (node->g != NULL)
		node_step(p, at, &(struct gossip_event){ GOSSIP_TICK });
}

/* --- The clock. --- */

static void
on_tick(struct pool *p, const struct happening *one)
{
	struct node *node = &p->nodes[one->node];

	if (node->g == NULL || node->life != one->life)
		return;
	if (node->tick_at.ns == one->at.ns)
		node->tick_at = INSTANT_NEVER;
	if (node->condition == CONDITION_FROZEN)
		return; /* it ticks when it awakes */
	if (!instant_before(p->now, gossip_deadline(node->g)))
		node_step(p, one->node, &(struct gossip_event){ GOSSIP_TICK });
	else
		plan_tick(p, one->node);
}

static void
on_stream_timeout(struct pool *p, const struct happening *one)
{
	struct gossip_event event = { .kind = GOSSIP_STREAM_FAILED };
	struct node *node = &p->nodes[one->node];

	if (node->g == NULL || node->life != one->life)
		return;
	event.as.failed.stream = one->stream;
	event.as.failed.why = SLICE("i/o timeout");
	if (node->condition != CONDITION_FROZEN)
		node_step(p, one->node, &event);
	else /* it learns of it late */
		happen(p, HAPPEN_STREAM_TIMEOUT, one->node, 100 * MS)->stream =
		    one->stream;
}

static void
run_one(struct pool *p, struct happening *one)
{
	struct node *node = &p->nodes[one->node];

	switch (one->kind) {
	case HAPPEN_PARCEL:
		arrive(p, one->parcel);
		break;
	case HAPPEN_TICK:
		on_tick(p, one);
		break;
	case HAPPEN_STREAM_TIMEOUT:
		on_stream_timeout(p, one);
		break;
	case HAPPEN_AWAKE:
		if (node->condition != CONDITION_WELL &&
		    node->spell == one->stream)
			node_awake(p, one->node);
		break;
	case HAPPEN_RESTART:
		if (node->g == NULL) {
			node_start(p, one->node);
			node_join(p, one->node);
		}
		break;
	case HAPPEN_RETRY_JOIN:
		if (node->g != NULL && node->life == one->life)
			node_join(p, one->node);
		break;
	case HAPPEN_FAULT:
		on_fault(p);
		break;
	case HAPPEN_HEAL:
		on_heal(p);
		break;
	case HAPPEN_WORK:
		on_work(p);
		break;
	case HAPPEN_STARVE:
		on_starve(p, one->node);
		break;
	}
}

bool
run_next(struct pool *p, struct instant end)
{
	struct happening one;

	if (p->agenda_count == 0 || !instant_before(p->agenda[0].at, end)) {
		p->now = end;
		return (false);
	}
	one = agenda_take(p);
	p->now = one.at;
	run_one(p, &one);
	return (true);
}

void
pool_clear(struct pool *p)
{
	for (size_t i = 0; i < p->node_count; i++) {
		if (p->nodes[i].g != NULL)
			node_stop(p, i);
		free(p->nodes[i].waiting);
		free(p->nodes[i].held);
	}
	while (p->agenda_count > 0)
		parcel_free(p->agenda[--p->agenda_count].parcel);
	free(p->agenda);
	free(p->has_seen_left);
	gossip_effects_deinit(&p->fx);
	memset(p, 0, sizeof(*p));
}
