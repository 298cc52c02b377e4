/*
 * Probing: one member after the other is pinged, then pinged by others and
 * over TCP, and suspected if none of it brought an answer (memberlist
 * state.go, probeNode; net.go, handleIndirectPing).
 */
#include <assert.h>
#include <string.h>

#include "common/xmalloc.h"
#include "core.h"

#define PMAX_TCP_PING 3 /* who answers a ping over TCP */
#define PMAX_NACK     4 /* who sends nacks */
#define CHOSEN_MAX    16

static struct ping
make_ping(struct step *s, const struct member *target, uint32_t sequence)
{
	return ((struct ping){
	    .sequence = sequence,
	    .node = member_name(target),
	    .source = s->g->self->address,
	    .source_node = member_name(s->g->self),
	});
}

/* --- A probe. --- */

static struct duration
scaled_interval(const struct gossip *g)
{
	return (
	    NANOSECONDS(g->options.timing.probe_interval.ns * (g->health + 1)));
}

static void
ping_target(struct step *s, const struct member *target)
{
	struct gossip *g = s->g;
	struct message messages[2] = { {
	    .kind = MESSAGE_PING,
	    .as.ping = make_ping(s, target, g->probe.sequence),
	} };

	if (target->state == SWIM_ALIVE || g->options.is_without_lifeguard) {
		send_with_gossip(s, &target->address, &messages[0]);
		return;
	}
	/* Buddy system: the suspect hears of it first, and can refute. */
	messages[1] = (struct message){
		.kind = MESSAGE_SUSPECT,
		.as.accusation = { target->incarnation, member_name(target),
		    member_name(g->self) },
	};
	send_alone(s, &target->address, true, messages, 2);
}

static void
probe_begin(struct step *s, struct member *target)
{
	struct gossip *g = s->g;

	g->probe = (struct probe){
		.phase = PROBE_DIRECT,
		.target = target,
		.incarnation = target->incarnation,
		.sequence = ++g->sequence,
		.sent = s->now,
		.end = instant_add(s->now, scaled_interval(g)),
	};
	ping_target(s, target);
}

/* The next that is worth it; NULL if nobody is. */
static struct member *
next_target(struct step *s)
{
	struct gossip *g = s->g;

	for (size_t checked = 0; checked <= g->node_count; checked++) {
		struct member *member;

		if (g->probe_place >= g->node_count) {
			swim_reshuffle(s);
			g->probe_place = 0;
			continue;
		}
		member = g->nodes[g->probe_place++];
		if (member != g->self && !swim_is_gone(member))
			return (member);
	}
	return (NULL);
}

static void
probe_end(struct gossip *g, int health_delta)
{
	swim_health(g, health_delta);
	memset(&g->probe, 0, sizeof(g->probe));
}

static bool
fits_helper(const struct step *s, const struct member *member)
{
	return (swim_fits_alive(s, member) && member != s->g->probe.target);
}

static void
ask_helpers(struct step *s, const struct member *target)
{
	struct gossip *g = s->g;
	struct member *helpers[CHOSEN_MAX];
	unsigned wanted = g->options.timing.indirect_checks;
	size_t count = swim_choose(
	    s, wanted < CHOSEN_MAX ? wanted : CHOSEN_MAX, helpers, fits_helper);

	for (size_t i = 0; i < count; i++) {
		bool wants_nack = helpers[i]->versions.of[1] >= PMAX_NACK &&
				  !g->options.is_without_lifeguard;
		struct message message = {
			.kind = MESSAGE_INDIRECT_PING,
			.as.indirect_ping = {
			    .sequence = g->probe.sequence,
			    .node = member_name(target),
			    .target = target->address,
			    .wants_nack = wants_nack,
			    .source = g->self->address,
			    .source_node = member_name(g->self),
			},
		};

		g->probe.expected_nacks += wants_nack;
		send_with_gossip(s, &helpers[i]->address, &message);
	}
}

static void
ping_by_stream(struct step *s, const struct member *target)
{
	struct gossip *g = s->g;
	struct gossip_stream *stream;

	if (target->versions.of[1] < PMAX_TCP_PING)
		return;
	stream = effects_stream(s->fx);
	g->probe.stream = ++g->last_stream;
	stream->kind = STREAM_PING;
	stream->id = g->probe.stream;
	stream->to = target->address;
	stream->deadline = g->probe.end;
	stream->ping = make_ping(s, target, g->probe.sequence);
	stream->ping.node = arena_copy(&s->fx->arena, stream->ping.node);
	stream->ping.source_node =
	    arena_copy(&s->fx->arena, stream->ping.source_node);
}

/* The direct ping was not answered in time. */
static void
probe_widen(struct step *s)
{
	struct gossip *g = s->g;
	const struct gossip_timing *t = &g->options.timing;
	struct duration rest =
	    NANOSECONDS(t->probe_interval.ns - t->probe_timeout.ns);
	struct instant end = instant_add(s->now, rest);

	/* If we come late ourselves (no CPU), helpers still get their time.
	 * memberlist would take its own lateness for the target's. */
	if (!g->options.is_without_lifeguard &&
	    instant_before(g->probe.end, end))
		g->probe.end = end;
	g->probe.phase = PROBE_INDIRECT;
	ask_helpers(s, g->probe.target);
	ping_by_stream(s, g->probe.target);
}

/* All time is up. */
static void
probe_fail(struct step *s)
{
	struct gossip *g = s->g;
	struct probe probe = g->probe;
	struct accusation suspect = {
		.incarnation = probe.incarnation,
		.node = member_name(probe.target),
		.from = member_name(g->self),
	};

	if (probe.is_stream_acked) {
		effects_note(s->fx, GOSSIP_NOTE_TCP_ONLY,
		    member_name(probe.target), (struct slice){ 0 });
		probe_end(g, -1);
		return;
	}
	/* Where helpers do not answer either, it is rather us (Lifeguard,
	 * LHA-Probe). */
	if (probe.expected_nacks == 0)
		probe_end(g, 1);
	else
		probe_end(g, probe.nacks < probe.expected_nacks
				 ? (int)(probe.expected_nacks - probe.nacks)
				 : 0);
	effects_note(
	    s->fx, GOSSIP_NOTE_SUSPECT, suspect.node, (struct slice){ 0 });
	swim_on_suspect(s, &suspect);
}

static void
probe_continue(struct step *s)
{
	struct gossip *g = s->g;
	struct probe *probe = &g->probe;
	struct duration timeout = g->options.timing.probe_timeout;

	if (probe->phase == PROBE_NONE)
		return;
	if (probe->target == NULL || swim_is_gone(probe->target)) {
		probe_end(g, 0);
		return;
	}
	if (probe->phase == PROBE_DIRECT &&
	    is_due(s, instant_add(probe->sent, timeout)))
		probe_widen(s);
	if (probe->phase == PROBE_INDIRECT && is_due(s, probe->end))
		probe_fail(s);
}

static void errands_tick(struct step *);

void
probe_tick(struct step *s)
{
	struct gossip *g = s->g;
	struct member *target;

	errands_tick(s);
	probe_continue(s);
	if (!is_due(s, g->probe_at))
		return;
	g->probe_at =
	    next_tick(g->probe_at, g->options.timing.probe_interval, s->now);
	if (g->probe.phase != PROBE_NONE)
		return;
	target = next_target(s);
	if (target != NULL)
		probe_begin(s, target);
}

static struct instant
phase_deadline(const struct gossip *g)
{
	switch (g->probe.phase) {
	case PROBE_DIRECT:
		return (instant_add(
		    g->probe.sent, g->options.timing.probe_timeout));
	case PROBE_INDIRECT:
		return (g->probe.end);
	case PROBE_NONE:
		break;
	}
	return (INSTANT_NEVER);
}

struct instant
probe_deadline(const struct gossip *g)
{
	struct instant due = sooner(g->probe_at, phase_deadline(g));

	if (g->errand_count > 0)
		due = sooner(due, g->errands[g->errand_first].until);
	return (due);
}

static void
learn_distance(struct step *s, const struct ack *ack)
{
	struct gossip *g = s->g;
	struct member *target = g->probe.target;

	if (!ack->has_coord || target == NULL)
		return;
	if (target->peer == NULL)
		target->peer = xcalloc(1, sizeof(*target->peer));
	(void)coord_update(&g->coord, target->peer, &ack->coord,
	    instant_since(s->now, g->probe.sent), &g->random);
}

bool
probe_on_stream(struct step *s, uint64_t stream, bool is_acked)
{
	if (stream != s->g->probe.stream)
		return (false);
	s->g->probe.is_stream_acked = is_acked;
	return (true);
}

void
probe_on_nack(struct step *s, const struct nack *nack)
{
	struct probe *probe = &s->g->probe;

	if (probe->phase != PROBE_NONE && nack->sequence == probe->sequence)
		probe->nacks++;
}

/* --- Errands: pings for others. --- */

static struct errand *
errand_at(struct gossip *g, size_t place)
{
	return (&g->errands[(g->errand_first + place) % ERRANDS_MAX]);
}

void
probe_on_indirect(struct step *s, const struct endpoint *from,
    const struct indirect_ping *asked)
{
	struct gossip *g = s->g;
	bool has_source = asked->source.ip_size > 0 && asked->source.port > 0;
	struct message message = {
		.kind = MESSAGE_PING,
		.as.ping = {
		    .sequence = ++g->sequence,
		    .node = asked->node,
		    .source = g->self->address,
		    .source_node = member_name(g->self),
		},
	};

	if (g->errand_count == ERRANDS_MAX || asked->target.ip_size == 0) {
		g->dropped++;
		return;
	}
	*errand_at(g, g->errand_count++) = (struct errand){
		.sequence = g->sequence,
		.asked_sequence = asked->sequence,
		.asker = has_source ? asked->source : *from,
		.wants_nack = asked->wants_nack,
		.until = instant_add(s->now, g->options.timing.probe_timeout),
	};
	send_with_gossip(s, &asked->target, &message);
}

static void
errands_tick(struct step *s)
{
	struct gossip *g = s->g;

	while (g->errand_count > 0) {
		struct errand *errand = errand_at(g, 0);
		struct message nack = {
			.kind = MESSAGE_NACK,
			.as.nack = { errand->asked_sequence },
		};

		if (!is_due(s, errand->until))
			break;
		if (errand->sequence != 0 && errand->wants_nack)
			send_with_gossip(s, &errand->asker, &nack);
		g->errand_first = (g->errand_first + 1) % ERRANDS_MAX;
		g->errand_count--;
	}
}

static void
errand_done(struct step *s, uint32_t sequence)
{
	for (size_t i = 0; i < s->g->errand_count; i++) {
		struct errand *errand = errand_at(s->g, i);
		struct message ack = {
			.kind = MESSAGE_ACK,
			.as.ack = { .sequence = errand->asked_sequence },
		};

		if (errand->sequence != sequence)
			continue;
		send_with_gossip(s, &errand->asker, &ack);
		errand->sequence = 0;
		return;
	}
}

/* --- Pings and acks. --- */

void
probe_on_ping(
    struct step *s, const struct endpoint *from, const struct ping *ping)
{
	struct gossip *g = s->g;
	bool has_source = ping->source.ip_size > 0 && ping->source.port > 0;
	struct message ack = {
		.kind = MESSAGE_ACK,
		.as.ack = { ping->sequence, true, g->coord.coord },
	};

	/* Another had this address before, or will have it. */
	if (ping->node.size > 0 &&
	    !slice_equal(ping->node, member_name(g->self)))
		return;
	send_with_gossip(s, has_source ? &ping->source : from, &ack);
}

void
probe_on_ack(struct step *s, const struct ack *ack)
{
	struct gossip *g = s->g;

	if (g->probe.phase == PROBE_NONE ||
	    ack->sequence != g->probe.sequence) {
		errand_done(s, ack->sequence);
		return;
	}
	if (g->probe.phase == PROBE_DIRECT)
		learn_distance(s, ack);
	probe_end(g, -1);
}
