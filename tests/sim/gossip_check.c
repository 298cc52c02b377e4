/* What must always hold in the simulated pool; see gossip_sim.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gossip_sim.h"

void
broken(struct pool *p, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("not ok\n# at %.3f s: ", (double)p->now.ns / 1e9);
	vprintf(format, arguments);
	printf("\n# see it again: make sim SEED=%" PRIu64 "\n", p->seed);
	va_end(arguments);
	fflush(stdout);
	exit(1);
}

static size_t
number_of(struct slice name)
{
	size_t number = 0;

	for (size_t i = strlen("node-"); i < name.size; i++)
		number = number * 10 + (size_t)(name.data[i] - '0');
	return (number);
}

/* --- After each step. --- */

static void
check_packets(struct pool *p)
{
	const struct gossip_effects *fx = &p->fx;

	for (size_t i = 0; i < fx->packets.count; i++) {
		const struct gossip_packet *packet = &fx->packets.items[i];
		size_t bytes = packet->count > 1 ? GOSSIP_COMPOUND_BYTES : 0;

		for (size_t j = 0; j < packet->count; j++)
			bytes += (packet->count > 1 ? GOSSIP_PART_BYTES : 0) +
				 message_size(
				     &fx->messages.items[packet->first + j]);
		if (bytes > GOSSIP_PACKET_BYTES ||
		    packet->count > GOSSIP_COMPOUND_PARTS_MAX)
			broken(p, "a packet of %zu bytes, %u parts", bytes,
			    packet->count);
		p->counts.bytes += bytes;
		if (bytes > p->counts.bytes_max)
			p->counts.bytes_max = bytes;
	}
}

static void
check_events(struct pool *p, size_t at)
{
	for (size_t i = 0; i < p->fx.events.count; i++) {
		struct slice name = p->fx.events.items[i].name;
		size_t number = number_of(name);

		if (number >= EVENTS_MAX || p->has_event[number][at])
			broken(p, "%s: event %.*s came twice",
			    p->nodes[at].name, SLICE_ARGS(name));
		p->has_event[number][at] = 1;
	}
}

static bool
is_slow(const struct node *node)
{
	return (node->is_starved || node->condition != CONDITION_WELL);
}

static void
check_change(struct pool *p, size_t at, const struct member_change *change)
{
	size_t about = number_of(change->member.name);
	struct node *subject = &p->nodes[about];
	uint8_t *has_seen = &p->has_seen_left[at * p->node_count + about];

	if (change->kind == CHANGE_JOIN && *has_seen)
		broken(p, "%s: %s had left and is back", p->nodes[at].name,
		    subject->name);
	if (change->kind == CHANGE_LEAVE && subject->has_left)
		*has_seen = 1;
	if (change->kind == CHANGE_FAILED && subject->g != NULL) {
		if (is_slow(subject))
			p->counts.slow_failures++;
		else
			p->counts.false_failures++;
		if (!is_slow(subject) && !is_slow(&p->nodes[at]))
			p->counts.false_at_well++;
	}
}

static void
check_self(struct pool *p, size_t at)
{
	struct node *node = &p->nodes[at];
	struct gossip_member self;

	if (!gossip_member_find(node->g, slice_of_text(node->name), &self))
		broken(p, "%s does not know itself", node->name);
	if (self.incarnation < node->incarnation)
		broken(p, "%s: incarnation fell from %u to %u", node->name,
		    node->incarnation, self.incarnation);
	node->incarnation = self.incarnation;
}

void
check_step(struct pool *p, size_t at)
{
	check_packets(p);
	check_events(p, at);
	for (size_t i = 0; i < p->fx.changes.count; i++)
		check_change(p, at, &p->fx.changes.items[i]);
	check_self(p, at);
}

/* --- Now and then. --- */

/* What `observer` should see of `subject`, given enough time. */
static bool
sees_truth(const struct pool *p, size_t observer, size_t subject)
{
	const struct node *node = &p->nodes[subject];
	struct gossip_member seen;

	if (!gossip_member_find(
		p->nodes[observer].g, slice_of_text(node->name), &seen))
		return (node->g == NULL);
	if (node->g != NULL)
		return (seen.status == MEMBER_ALIVE &&
			seen.swim == SWIM_ALIVE &&
			seen.incarnation == node->incarnation &&
			endpoint_equal(&seen.address, &node->address));
	/* Who has crashed is failed, or was made to leave. */
	return (seen.status == MEMBER_LEFT ||
		(!node->has_left && seen.status == MEMBER_FAILED));
}

bool
check_converged(struct pool *p, char *why, size_t why_size)
{
	for (size_t i = 0; i < p->node_count; i++) {
		if (p->nodes[i].g == NULL)
			continue;
		for (size_t j = 0; j < p->node_count; j++) {
			struct gossip_member seen = { 0 };

			if (!p->nodes[j].was_started || sees_truth(p, i, j))
				continue;
			if (why == NULL)
				return (false);
			(void)gossip_member_find(p->nodes[i].g,
			    slice_of_text(p->nodes[j].name), &seen);
			snprintf(why, why_size,
			    "%s sees %s with status %u, incarnation %u",
			    p->nodes[i].name, p->nodes[j].name, seen.status,
			    seen.incarnation);
			return (false);
		}
	}
	return (true);
}
