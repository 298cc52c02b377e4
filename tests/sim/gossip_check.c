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
	/* By its own last word; others may have it from hearsay, and learn of
	 * a newer incarnation than they knew. */
	if (change->kind == CHANGE_LEAVE && subject->has_left &&
	    change->member.swim == SWIM_LEFT)
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

static enum member_status
status_of(const struct pool *p, size_t observer, size_t subject)
{
	struct gossip_member seen = { 0 };

	(void)gossip_member_find(
	    p->nodes[observer].g, slice_of_text(p->nodes[subject].name), &seen);
	return (seen.status);
}

/* What `observer` should see of one that runs, given enough time. */
static bool
sees_running(const struct pool *p, size_t observer, size_t subject)
{
	const struct node *node = &p->nodes[subject];
	struct gossip_member seen;

	return (gossip_member_find(
		    p->nodes[observer].g, slice_of_text(node->name), &seen) &&
		seen.status == MEMBER_ALIVE && seen.swim == SWIM_ALIVE &&
		seen.incarnation == node->incarnation &&
		endpoint_equal(&seen.address, &node->address));
}

/* One that does not: has left, says everyone, if it could tell anybody. */
static bool
is_agreed_gone(const struct pool *p, size_t subject, size_t *observer)
{
	bool has_left = false, has_failed = false;

	for (size_t i = 0; i < p->node_count; i++) {
		enum member_status status;

		if (p->nodes[i].g == NULL)
			continue;
		status = status_of(p, i, subject);
		has_left = has_left || status == MEMBER_LEFT;
		has_failed = has_failed || status == MEMBER_FAILED;
		if (status == MEMBER_ALIVE || status == MEMBER_LEAVING ||
		    (has_left && has_failed)) {
			*observer = i;
			return (false);
		}
	}
	return (true);
}

static bool
is_agreed(const struct pool *p, size_t subject, size_t *observer)
{
	if (!p->nodes[subject].was_started)
		return (true);
	if (p->nodes[subject].g == NULL)
		return (is_agreed_gone(p, subject, observer));
	for (size_t i = 0; i < p->node_count; i++)
		if (p->nodes[i].g != NULL && !sees_running(p, i, subject)) {
			*observer = i;
			return (false);
		}
	return (true);
}

bool
check_converged(struct pool *p, char *why, size_t why_size)
{
	for (size_t i = 0; i < p->node_count; i++) {
		size_t observer;

		if (is_agreed(p, i, &observer))
			continue;
		if (why != NULL)
			snprintf(why, why_size, "%s sees %s with status %u",
			    p->nodes[observer].name, p->nodes[i].name,
			    status_of(p, observer, i));
		return (false);
	}
	return (true);
}
